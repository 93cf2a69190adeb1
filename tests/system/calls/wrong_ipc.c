/* SPDX-License-Identifier: MIT
 *
 * Wrong and unusual arguments of the calls on IPC, events, attributes and transfers. */
#define _GNU_SOURCE
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <mqueue.h>
#include "calls.h"

static struct timespec *tsp(long a, long b)
{
    static struct timespec t;
    t = (struct timespec){a, b};
    return &t;
}

static void ipc(void)
{
    int q, sh, se;
    char b[100];
    struct msqid_ds md;
    struct shmid_ds sd;
    struct sembuf so = {9, 1, 0};
    union {
        int val;
        void *p;
    } su = {0};
    puts("-- ipc");
    T(msgget(0x5eed1234, 0));
    q = msgget(IPC_PRIVATE, 0600);
    T(msgsnd(q, b, -1, 0));
    *(long *)b = 0;
    T(msgsnd(q, b, 1, 0));
    *(long *)b = 1;
    T(msgsnd(q, b, 8193, 0));
    T(msgsnd(q, b, 0, 0));
    T(msgrcv(q, b, -1, 0, 0));
    T(msgrcv(q, b, 0, 7, IPC_NOWAIT));
    T(msgrcv(q, b, 0, 0, 040000));
    T(msgrcv(q, b, 0, 0, IPC_NOWAIT));
    T(msgrcv(q, b, 0, 0, IPC_NOWAIT));
    T(msgctl(q, 99, &md));
    T(msgctl(-1, IPC_STAT, &md));
    T(msgctl(q, IPC_STAT, (void *)8));
    T(msgctl(q, IPC_RMID, 0));
    T(msgctl(q, IPC_RMID, 0));
    T(msgsnd(q, b, 0, 0));
    T(shmget(IPC_PRIVATE, 0, 0600));
    T(shmget(0x5eed1234, 100, 0));
    sh = shmget(0x5eed0077, 4096, 0600 | IPC_CREAT);
    T(shmget(0x5eed0077, 8192, 0));
    T(shmget(0x5eed0077, 0, 0) == sh);
    T(shmget(0x5eed0077, 1, IPC_CREAT | IPC_EXCL));
    T(shmat(sh, (void *)1, 0) == (void *)-1);
    T(errno);
    T(shmat(-1, 0, 0) == (void *)-1);
    T(errno);
    T(shmdt((void *)1));
    T(shmdt(0));
    T(shmctl(sh, 99, &sd));
    T(shmctl(sh, IPC_STAT, (void *)8));
    T(shmctl(sh, IPC_RMID, 0));
    T(shmctl(sh, IPC_STAT, &sd));
    T(shmget(IPC_PRIVATE, -1, 0600));
    T(semget(IPC_PRIVATE, 0, 0600));
    T(semget(IPC_PRIVATE, -1, 0600));
    T(semget(IPC_PRIVATE, 32001, 0600));
    se = semget(0x5eed0078, 2, 0600 | IPC_CREAT);
    T(semget(0x5eed0078, 3, 0));
    T(semop(se, &so, 1));
    T(semop(se, &so, 0));
    T(semop(se, &so, 501));
    T(semop(-1, &so, 1));
    so.sem_num = 0;
    so.sem_op = 32767;
    T(semop(se, &so, 1));
    so.sem_op = 1;
    T(semop(se, &so, 1));
    so.sem_op = 0;
    so.sem_flg = IPC_NOWAIT;
    T(semop(se, &so, 1));
    su.val = 32768;
    T(semctl(se, 0, SETVAL, su));
    su.val = -1;
    T(semctl(se, 0, SETVAL, su));
    T(semctl(se, 5, GETVAL));
    T(semctl(se, 0, 99));
    T(semctl(se, 0, GETPID) == getpid());
    T(semctl(se, 0, GETNCNT));
    T(syscall(SYS_semtimedop, se, &so, 1, tsp(0, -1)));
    T(semctl(se, 0, IPC_RMID));
    T(semctl(se, 0, GETVAL));
    struct mq_attr ma = {0, -1, 8};
    T(mq_open("/x", O_RDWR));
    T(mq_open("x/y", O_CREAT | O_RDWR, 0600, 0));
    T(mq_open("/", O_CREAT | O_RDWR, 0600, 0));
    T(mq_open("/x", O_CREAT | O_RDWR, 0600, &ma));
    ma.mq_maxmsg = 2;
    mqd_t mq = mq_open("/x", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &ma);
    T(mq_send(mq, b, 9, 0));
    T(mq_send(mq, b, 1, 32768));
    T(mq_send(mq, b, 1, 3));
    T(mq_send(mq, b, 0, 4));
    T(mq_send(mq, b, 1, 5));
    T(mq_receive(mq, b, 7, 0));
    T(mq_receive(mq, b, 8, 0));
    T(mq_timedsend(mq, b, 1, 1, tsp(0, -1)));
    T(mq_unlink("/nope"));
    T(mq_unlink("/x"));
    T(mq_unlink("/x"));
}

static void rest(void)
{
    char b[100];
    int in = inotify_init1(IN_NONBLOCK), e = eventfd(0, EFD_NONBLOCK);
    uint64_t x = -1;
    puts("-- rest");
    put_file("f", "x");
    T(inotify_init1(1));
    T(inotify_add_watch(in, "nope", IN_ACCESS));
    T(inotify_add_watch(in, "f", 0));
    T(inotify_add_watch(e, "f", 1));
    T(inotify_add_watch(in, "f", IN_ONLYDIR | 1));
    T(inotify_add_watch(in, "f", IN_MASK_ADD | IN_MASK_CREATE | 1));
    T(inotify_rm_watch(in, 9));
    T(inotify_rm_watch(e, 1));
    T(read(in, b, 100));
    T(inotify_add_watch(in, "f", 1));
    T(inotify_add_watch(in, "f", IN_MASK_CREATE | 1));
    show_file("f");
    T(read(in, b, 15));
    T(read(in, b, 16));
    T(write(in, b, 1));
    T(write(e, &x, 8));
    T(write(e, &x, 7));
    x--;
    T(write(e, &x, 8));
    x = 1;
    T(write(e, &x, 8));
    T(read(e, &x, 7));
    T(read(e, &x, 8));
    T(x == 0xfffffffffffffffeull);
    T(read(e, &x, 8));
    T(pread(e, &x, 8, 0));
    T(lseek(e, 5, SEEK_SET));
    T(ftruncate(e, 0));
    T(fsync(e));
    T(fchmod(e, 0600));
    T(setxattr("f", "", "v", 1, 0));
    T(setxattr("f", "user.", "v", 1, 0));
    T(setxattr("f", "user.a", "v", 1, XATTR_REPLACE));
    T(setxattr("f", "user.a", "v", 1, 4));
    T(setxattr("f", "user.a", "value", 5, 0));
    T(setxattr("f", "user.a", "v", 1, XATTR_CREATE));
    T(getxattr("f", "user.a", b, 1));
    T(getxattr("f", "user.a", b, 0));
    T(getxattr("f", "user.b", b, 9));
    T(listxattr("f", b, 1));
    T(listxattr("f", 0, 0));
    T(removexattr("f", "user.b"));
    T(removexattr("f", "user.a"));
    T(setxattr("f", "bogus.a", "v", 1, 0));
    T(setxattr("nope", "user.a", "v", 1, 0));
    T(setxattr("f", "user.a", "v", 65537, 0));
    T(setxattr("f", "user.a", "", 0, 0));
    T(getxattr("f", "user.a", b, 9));
    int p[2], fd = open("f", O_RDWR), o = open("g", O_RDWR | O_CREAT, 0600),
              ap = open("g", O_WRONLY | O_APPEND);
    pipe(p);
    off_t off = -1;
    T(sendfile(o, fd, &off, 1));
    off = 5;
    T(sendfile(o, fd, &off, 1));
    T(sendfile(ap, fd, 0, 1));
    T(sendfile(o, p[0], 0, 0));
    T(sendfile(99, fd, 0, 1));
    T(sendfile(fd, 99, 0, 1));
    T(sendfile(p[1], fd, 0, 1));
    T(syscall(SYS_splice, fd, 0, o, 0, 1, 0));
    T(syscall(SYS_splice, p[0], &off, o, 0, 1, 0));
    T(syscall(SYS_splice, p[0], 0, ap, 0, 1, 0));
    T(syscall(SYS_splice, p[0], 0, p[1], 0, 1, 0));
    T(syscall(SYS_splice, p[1], 0, o, 0, 1, 0));
    T(syscall(SYS_splice, p[0], 0, o, 0, 0, 0));
    T(syscall(SYS_tee, p[0], o, 1, 0));
    off = -1;
    T(syscall(SYS_splice, fd, &off, p[1], 0, 1, 0));
    T(syscall(SYS_preadv2, fd, 0, 0, 0, 0, 0x1000));
    T(syscall(SYS_pwritev2, fd, 0, 0, 0, 0, 0x80));
    T(syscall(SYS_preadv2, p[0], 0, 0, 0, 0, 0));
    T(syscall(SYS_openat2, -100, "f", b, 1));
    struct {
        uint64_t f, m, r;
    } h = {0, 1, 0};
    T(syscall(SYS_openat2, -100, "f", &h, 24));
    h.m = 0;
    h.r = 999;
    T(syscall(SYS_openat2, -100, "f", &h, 24));
    h.r = 0;
    h.f = 1ull << 40;
    T(syscall(SYS_openat2, -100, "f", &h, 24));
    h.f = O_CREAT;
    h.m = 010000;
    T(syscall(SYS_openat2, -100, "f", &h, 24));
    h = (typeof(h)){0, 0, 8};
    T(syscall(SYS_openat2, -100, "/f", &h, 24));
    T(syscall(SYS_openat2, -100, "../f", &h, 24));
    T(syscall(SYS_getdents64, fd, b, 100));
    T(syscall(SYS_getdents64, open(".", 0), b, 1));
    T(syscall(SYS_getdents64, open(".", 0), 8, 100));
    T(syscall(SYS_fcntl, fd, F_SETLK, 8));
    struct flock fl = {9};
    T(fcntl(fd, F_SETLK, &fl));
    fl.l_type = F_RDLCK;
    fl.l_whence = 9;
    T(fcntl(fd, F_SETLK, &fl));
    fl.l_whence = 0;
    fl.l_start = -1;
    T(fcntl(fd, F_SETLK, &fl));
    fl.l_start = 0;
    T(fcntl(p[1], F_SETLK, &fl));
    T(fcntl(fd, F_OFD_SETLK, &fl));
    fl.l_pid = 1;
    T(fcntl(fd, F_OFD_SETLK, &fl));
    fl.l_type = F_UNLCK;
    T(fcntl(fd, F_GETLK, &fl));
    fl.l_type = F_WRLCK;
    fl.l_pid = 0;
    fl.l_start = LLONG_MAX;
    fl.l_len = 2;
    T(fcntl(fd, F_SETLK, &fl));
    fl.l_start = 5;
    fl.l_len = -6;
    T(fcntl(fd, F_SETLK, &fl));
    fl.l_len = -5;
    T(fcntl(fd, F_SETLK, &fl));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    enter_folder();
    ipc();
    rest();
    return 0;
}
