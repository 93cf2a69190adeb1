/* SPDX-License-Identifier: MIT
 *
 * What a program starts with: arguments, environment, auxiliary vector, thread-local storage,
 * standard input.
 *
 * args: one two=2 --three -- * \n last
 * env: ALPHA=first BETA= LANG=C.UTF-8
 * stdin: line one\nline two\nno newline at the end */
#define _GNU_SOURCE
#include <elf.h>
#include <sys/auxv.h>
#include "calls.h"

extern char **environ;

static _Thread_local int zeroed, set = 42;
static _Thread_local char aligned[100] __attribute__((aligned(64))) = "thread-local";

static void arguments(int argc, char **argv)
{
    printf("argc %d\n", argc);
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    IS(argv[argc] == NULL);
    IS(argv[0] && *argv[0]);
    IS(program_invocation_name == argv[0]);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void environment(void)
{
    size_t n = 0;
    while (environ[n])
        n++;
    qsort(environ, n, sizeof(*environ), by_text);
    for (size_t i = 0; i < n; i++)
        printf("environment: %s\n", environ[i]);
    T(setenv("GAMMA", "new", 0));
    T(setenv("ALPHA", "kept", 0));
    T(setenv("BETA", "changed", 1));
    T(setenv("A=B", "x", 1));
    T(unsetenv("LANG"));
    T(putenv((char[]){"DELTA=put"}));
    printf("%s %s %s %s %d\n", getenv("ALPHA"), getenv("BETA"), getenv("GAMMA"), getenv("DELTA"),
           getenv("LANG") == NULL);
    T(clearenv());
    IS(getenv("ALPHA") == NULL);
}

static void vector(void)
{
    T(getauxval(AT_PAGESZ));
    T(getauxval(AT_CLKTCK));
    T(getauxval(AT_SECURE));
    T(getauxval(AT_UID));
    IS(getauxval(AT_RANDOM) != 0);
    IS(getauxval(AT_PHDR) != 0);
    T(getauxval(AT_PHENT));
    const Elf64_Phdr *ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
    size_t loads = 0;
    for (size_t i = 0; i < getauxval(AT_PHNUM); i++)
        loads += ph[i].p_type == PT_LOAD;
    IS(loads >= 3);
    T(getpagesize());
    T(sysconf(_SC_PAGESIZE));
    IS(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    errno = 0;
    T(getauxval(9999));
    printf("%s\n", strerror(errno));
}

static void thread_local(void)
{
    printf("%d %d %s\n", zeroed, set, aligned);
    IS((uintptr_t)aligned % 64 == 0);
    zeroed = 7;
    set++;
    printf("%d %d\n", zeroed, set);
}

static void input(void)
{
    char line[64];
    while (fgets(line, sizeof(line), stdin))
        printf("input: %s%s", line, strchr(line, '\n') ? "" : "|\n");
    T(feof(stdin) != 0);
    T(ferror(stdin));
    T(read(0, line, 1));
    T(isatty(0));
    T(isatty(1));
}

int main(int argc, char **argv)
{
    arguments(argc, argv);
    environment();
    vector();
    thread_local();
    input();
    return 7;
}
