/* SPDX-License-Identifier: MIT
 *
 * Files that send signals, asked to by nothing but syscall(2). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include "calls.h"

static volatile sig_atomic_t got;

static void count(int sig)
{
    (void)sig;
    got++;
}

int main(void)
{
    int p[2];

    need(pipe(p) == 0 && signal(SIGIO, count) != SIG_ERR, "pipe");
    T(syscall(SYS_fcntl, p[0], F_SETOWN, getpid()));
    IS(syscall(SYS_fcntl, p[0], F_GETOWN) == getpid());
    T(syscall(SYS_fcntl, p[0], F_SETFL, O_ASYNC));
    T(write(p[1], "x", 1));
    IS(got == 1);
    return 0;
}
