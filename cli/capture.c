/* SPDX-License-Identifier: MIT
 *
 * Asking other programs. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"

extern char **environ;

/* Starts the program with its standard output in a pipe. Returns the pipe's end or a negative error
 * number. */
static int spawn_reading(char *const argv[], pid_t *pid)
{
    int fds[2];
    if (pipe(fds) < 0)
        return -errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    int err = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (err != 0) {
        close(fds[0]);
        return -err;
    }
    return fds[0];
}

int capture_text(char *const argv[], char *buf, size_t size)
{
    pid_t pid;
    int fd = spawn_reading(argv, &pid);
    if (fd < 0)
        return fd;

    /* Everything is read, or the program might die of a closed pipe. */
    size_t n = 0;
    char rest[512];
    ssize_t got;
    do {
        got = n + 1 < size ? read(fd, buf + n, size - n - 1) : read(fd, rest, sizeof(rest));
        if (got > 0 && n + 1 < size)
            n += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    close(fd);

    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    buf[n] = '\0';
    return status == 0 ? 0 : -EIO;
}

int capture_line(char *const argv[], char *buf, size_t size)
{
    int err = capture_text(argv, buf, size);
    char *end = err == 0 ? strchr(buf, '\n') : NULL;
    if (err == 0 && end == NULL)
        return -EIO;
    if (end != NULL)
        *end = '\0';
    return err;
}
