/* SPDX-License-Identifier: MIT
 *
 * Running out of descriptors: every call that makes one says so, makes nothing else, and works
 * again as soon as there is room. */
#include "calls.h"
#include <sys/resource.h>

#define LIMIT 12

static void set_limit(rlim_t limit)
{
    struct rlimit r = {limit, limit < 4096 ? 4096 : limit};
    T(setrlimit(RLIMIT_NOFILE, &r));
}

/* Opens until it fails. */
static int fill_up(void)
{
    int n = 0;

    while (open("file", O_RDONLY) >= 0)
        n++;
    printf("filled up after %d: %s\n", n, strerror(errno));
    return n;
}

static void everything_fails(void)
{
    int p[2] = {-2, -2};

    T(open("file", O_RDONLY));
    T(open("new", O_CREAT | O_RDWR, 0644));
    T(open("missing", O_RDONLY));
    T(creat("new", 0644));
    T(openat(AT_FDCWD, ".", O_DIRECTORY));
    T(openat(AT_FDCWD, ".", O_PATH));
    T(openat(AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600));
    T(dup(0));
    T(dup2(0, LIMIT - 1));
    T(dup2(0, LIMIT));
    T(dup2(0, 1 << 20));
    T(dup3(0, LIMIT, O_CLOEXEC));
    T(fcntl(0, F_DUPFD, 0));
    T(fcntl(0, F_DUPFD_CLOEXEC, LIMIT - 1));
    T(fcntl(0, F_DUPFD, LIMIT));
    T(fcntl(0, F_DUPFD, -1));
    T(pipe(p));
    T(pipe2(p, O_NONBLOCK));
    IS(p[0] == -2 && p[1] == -2);
    IS(fopen("file", "r") == NULL && errno == EMFILE);
    T(access("new", F_OK));
}

static void one_is_free(void)
{
    int p[2] = {-2, -2};

    T(close(LIMIT - 3));
    T(pipe(p));
    IS(p[0] == -2 && p[1] == -2);
    T(open("new", O_CREAT | O_RDWR, 0644));
    T(write(LIMIT - 3, "abc", 3));
    T(dup(0));
    T(close(LIMIT - 3));
    show_file("new");
    T(unlink("new"));
    T(close(LIMIT - 2));
    T(close(LIMIT - 1));
    T(pipe(p));
    T(write(p[1], "x", 1));
    IS(p[0] == LIMIT - 2 || p[0] == LIMIT - 3);
    T(fcntl(0, F_DUPFD, LIMIT - 1));
}

int main(void)
{
    enter_folder();
    put_file("file", "text");
    /* Whatever the program was started with. */
    for (int fd = 3; fd < 4096; fd++)
        close(fd);
    set_limit(LIMIT);
    T(fill_up());
    everything_fails();
    one_is_free();
    for (int fd = 3; fd < LIMIT; fd++)
        close(fd);
    T(fill_up());
    /* Open descriptors above the limit stay, and can be used. */
    set_limit(5);
    T(fcntl(LIMIT - 1, F_GETFD));
    T(read(LIMIT - 1, (char[4]){0}, 4));
    T(dup(LIMIT - 1));
    T(dup2(LIMIT - 1, 4));
    T(dup2(LIMIT - 1, LIMIT - 1));
    T(close(LIMIT - 1));
    T(fcntl(LIMIT - 1, F_GETFD));
    set_limit(LIMIT);
    T(open("file", O_RDONLY));
    for (int fd = 3; fd < LIMIT; fd++)
        close(fd);
    set_limit(3000);
    T(fill_up());
    T(close(2999));
    T(dup(0));
    T(dup(0));
    return 0;
}
