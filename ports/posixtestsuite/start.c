/* SPDX-License-Identifier: MIT
 *
 * The start of an image with several tests: runs the one that its first argument names. A test that
 * comes to where it starts another process ends there, with status OTHER_PROCESS. */
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_SUCH_TEST  98
#define OTHER_PROCESS 99

struct test {
    const char *name;
    int (*main)(int argc, char **argv, char **envp);
};

extern const struct test tests[]; /* written by group; the last one has no name */

int main(int argc, char **argv, char **envp)
{
    for (const struct test *t = tests; argc > 1 && t->name; t++)
        if (strcmp(t->name, argv[1]) == 0)
            return t->main(argc - 1, argv + 1, envp);
    return NO_SUCH_TEST;
}

static int other_process(void)
{
    fflush(NULL);
    _exit(OTHER_PROCESS);
}

pid_t fork(void)
{
    return other_process();
}

pid_t wait(int *status)
{
    (void)status;
    return other_process();
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    (void)pid, (void)status, (void)options;
    return other_process();
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    (void)path, (void)argv, (void)envp;
    return other_process();
}

int execl(const char *path, const char *arg, ...)
{
    (void)path, (void)arg;
    return other_process();
}

int system(const char *command)
{
    (void)command;
    return other_process();
}
