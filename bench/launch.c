/* SPDX-License-Identifier: MIT
 *
 * Measures how long programs take from exec to their first output and to their end.
 *
 *     launch ROUNDS COMMAND [ARG...] [-- COMMAND [ARG...]]...
 *
 * Runs all commands in turn, ROUNDS times (so that what else the machine does meets all alike),
 * each with standard output to a pipe, and prints a line for each command: median and minimum, in
 * microseconds, of the time to the first byte, of the whole life and of the processor time in it,
 * and how many rounds printed nothing or ended with another status than 0. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define MAX_COMMANDS 8

struct command {
    char **argv;
    double *first, *life, *cpu; /* microseconds, one per round */
    int bad;
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what, int error)
{
    fprintf(stderr, "launch: %s: %s\n", what, strerror(error));
    exit(2);
}

static void run(struct command *c, int round)
{
    char buf[65536];
    int p[2], status = 0;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    struct rusage use;

    if (pipe2(p, O_CLOEXEC))
        fail("pipe", errno);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, p[1], 1);
    double start = now_us();
    int error = posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ);
    if (error)
        fail(c->argv[0], error);
    close(p[1]);
    bool printed = read(p[0], buf, sizeof(buf)) > 0;
    c->first[round] = now_us() - start;
    while (read(p[0], buf, sizeof(buf)) > 0)
        continue;
    wait4(pid, &status, 0, &use);
    c->life[round] = now_us() - start;
    c->cpu[round] = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
                    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    c->bad += !printed || status != 0;
    close(p[0]);
    posix_spawn_file_actions_destroy(&actions);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct command commands[MAX_COMMANDS];
    int n = 0, rounds = argc > 2 ? atoi(argv[1]) : 0;

    if (rounds < 1) {
        fprintf(stderr, "usage: launch ROUNDS COMMAND [ARG...] [-- COMMAND [ARG...]]...\n");
        return 2;
    }
    for (int i = 2; i < argc && n < MAX_COMMANDS; i++) {
        commands[n] = (struct command){.argv = &argv[i],
                                       .first = calloc((size_t)rounds, sizeof(double)),
                                       .life = calloc((size_t)rounds, sizeof(double)),
                                       .cpu = calloc((size_t)rounds, sizeof(double))};
        if (!commands[n].first || !commands[n].life || !commands[n].cpu)
            fail("memory", ENOMEM);
        n++;
        while (i < argc && strcmp(argv[i], "--"))
            i++;
        argv[i] = NULL;
    }
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < n; i++)
            run(&commands[i], r);
    for (int i = 0; i < n; i++) {
        struct command *c = &commands[i];
        qsort(c->first, (size_t)rounds, sizeof(double), ascending);
        qsort(c->life, (size_t)rounds, sizeof(double), ascending);
        qsort(c->cpu, (size_t)rounds, sizeof(double), ascending);
        printf("first %.1f %.1f life %.1f %.1f cpu %.1f %.1f bad %d\n", c->first[rounds / 2],
               c->first[0], c->life[rounds / 2], c->life[0], c->cpu[rounds / 2], c->cpu[0], c->bad);
    }
    return 0;
}
