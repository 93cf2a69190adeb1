/* SPDX-License-Identifier: MIT
 *
 * Reaches into every part of the library OS: files, pipes, sockets, message queues, timers,
 * signals, threads, memory. Prints "ok". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: " #condition "\n", __LINE__);                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static volatile sig_atomic_t caught;
static int ends[2];

static void handler(int number)
{
    caught += number;
}

static void *writer(void *unused)
{
    (void)unused;
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    CHECK(write(ends[1], "thread", 6) == 6);
    return NULL;
}

static void files(void)
{
    char text[64] = "";
    int watch = inotify_init(), from, to;

    CHECK(inotify_add_watch(watch, "/", IN_CREATE) >= 0);
    CHECK((from = open("/from", O_RDWR | O_CREAT, 0600)) >= 0 && write(from, "file", 4) == 4);
    CHECK((to = open("/to", O_RDWR | O_CREAT, 0600)) >= 0);
    CHECK(lseek(from, 0, SEEK_SET) == 0 && sendfile(to, from, NULL, 4) == 4);
    CHECK(pread(to, text, sizeof text, 0) == 4 && strcmp(text, "file") == 0);
    CHECK(read(watch, text, sizeof text) > 0);
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
    CHECK(map != MAP_FAILED && map[0] == 'f' && msync(map, 4096, MS_SYNC) == 0 &&
          munmap(map, 4096) == 0);
    CHECK(rename("/to", "/from") == 0 && unlink("/from") == 0);
    CHECK((from = open("/proc/self/maps", O_RDONLY)) >= 0 && read(from, text, sizeof text) > 0);
}

static void talk(void)
{
    char text[64] = "";
    int pair[2], queue;
    pthread_t thread;

    CHECK(pipe(ends) == 0 && pthread_create(&thread, NULL, writer, NULL) == 0);
    CHECK(read(ends[0], text, sizeof text) == 6 && pthread_join(thread, NULL) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    CHECK(send(pair[0], "socket", 6, 0) == 6 && recv(pair[1], text, sizeof text, 0) == 6);
    struct {
        long type;
        char text[8];
    } message = {1, "queue"};
    CHECK((queue = msgget(IPC_PRIVATE, 0600)) >= 0 && msgsnd(queue, &message, 8, 0) == 0);
    CHECK(msgrcv(queue, &message, 8, 0, 0) == 8 && msgctl(queue, IPC_RMID, NULL) == 0);
}

static void time_passes(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int poll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timer_t signals;

    CHECK(timerfd_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 1000000}, NULL) == 0);
    CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, timer, &event) == 0 &&
          epoll_wait(poll, &event, 1, -1) == 1);
    signal(SIGUSR1, handler);
    struct sigevent by = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    CHECK(timer_create(CLOCK_MONOTONIC, &by, &signals) == 0);
    CHECK(timer_settime(signals, 0, &(struct itimerspec){.it_value.tv_nsec = 1000000}, NULL) == 0);
    while (!caught)
        ;
    CHECK(raise(SIGUSR1) == 0 && caught == 2 * SIGUSR1);
}

int main(void)
{
    files();
    talk();
    time_passes();
    puts("ok");
    return 0;
}
