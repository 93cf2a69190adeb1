/* SPDX-License-Identifier: MIT
 *
 * Message queues, semaphores and shared memory of System V, inside one process. */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include "calls.h"

#define PAGE 4096l

struct text {
    long type;
    char text[16];
};

static int send(int q, long type, const char *text, int flags)
{
    struct text m = {.type = type};
    strcpy(m.text, text);
    return msgsnd(q, &m, strlen(text) + 1, flags);
}

static void receive(int q, size_t size, long type, int flags)
{
    struct text m = {0, "?"};
    long n = msgrcv(q, &m, size, type, flags);
    if (n < 0)
        printf("receive %ld: %s\n", type, strerror(errno));
    else
        printf("receive %ld: %ld bytes, type %ld, %.16s\n", type, n, m.type, m.text);
}

static void messages(void)
{
    static char large[8200];
    struct msqid_ds ds;
    int q = msgget(IPC_PRIVATE, 0640), other;
    OK(q);
    T(msgget(0x70697468, 0));
    OK(other = msgget(0x70697468, IPC_CREAT | 0600));
    T(msgget(0x70697468, IPC_CREAT | IPC_EXCL));
    IS(msgget(0x70697468, 0) == other);
    T(send(q, 3, "three", 0));
    T(send(q, 1, "one", 0));
    T(send(q, 2, "two", 0));
    T(send(q, 1, "another", 0));
    T(send(q, 0, "zero", 0));
    T(send(q, -1, "minus", 0));
    T(msgctl(q, IPC_STAT, &ds));
    printf("%o %lu %lu %lu\n", ds.msg_perm.mode, ds.msg_qnum, ds.msg_cbytes, ds.msg_qbytes);
    IS(ds.msg_lspid == getpid() && ds.msg_lrpid == 0 && ds.msg_stime > 0 && ds.msg_rtime == 0);
    receive(q, 16, 2, MSG_EXCEPT);
    receive(q, 16, -2, 0);
    receive(q, 2, 2, 0);
    receive(q, 2, 2, MSG_NOERROR);
    receive(q, 16, 7, IPC_NOWAIT);
    receive(q, 16, 0, 0);
    receive(q, 16, 0, IPC_NOWAIT);
    T(msgrcv(q, large, (size_t)-1, 0, 0));
    T(msgrcv(q, NULL, 16, 0, IPC_NOWAIT));
    T(msgrcv(-1, large, 16, 0, 0));
    T(msgsnd(q, NULL, 1, 0));
    T(msgsnd(-1, large, 1, 0));
    large[0] = 1;
    T(msgsnd(q, large, 8193, 0));
    T(msgsnd(q, large, 8192, 0));
    T(msgsnd(q, large, 8192, IPC_NOWAIT));
    T(msgsnd(q, large, 1, IPC_NOWAIT));
    ds.msg_qbytes = 100;
    ds.msg_perm.mode = 0123;
    T(msgctl(q, IPC_SET, &ds));
    T(msgsnd(q, large, 0, IPC_NOWAIT));
    T(msgctl(q, IPC_STAT, &ds));
    printf("%o %lu\n", ds.msg_perm.mode, ds.msg_qbytes);
    T(msgctl(q, IPC_STAT, NULL));
    T(msgctl(q, IPC_SET, NULL));
    T(msgctl(q, 99, &ds));
    T(msgctl(-1, IPC_STAT, &ds));
    struct msginfo info;
    OK(msgctl(q, IPC_INFO, (struct msqid_ds *)&info));
    printf("%d %d\n", info.msgmax, info.msgmnb);
    T(msgctl(q, IPC_RMID, NULL));
    T(msgctl(q, IPC_RMID, NULL));
    T(send(q, 1, "gone", 0));
    receive(q, 16, 0, 0);
    T(msgctl(other, IPC_RMID, NULL));
    T(msgget(0x70697468, 0));
}

static int op(int s, unsigned short n, short add, short flags)
{
    struct sembuf b = {n, add, flags};
    return semop(s, &b, 1);
}

static void semaphores(void)
{
    struct sembuf ops[501] = {{0, 1, 0}, {1, -1, IPC_NOWAIT}, {0, 5, 0}};
    unsigned short values[3] = {0};
    struct semid_ds ds;
    struct timespec soon = {0, 1000000}, bad = {0, 1000000000};
    int s = semget(IPC_PRIVATE, 3, 0600), named;
    OK(s);
    T(semget(IPC_PRIVATE, 0, 0600));
    T(semget(IPC_PRIVATE, -1, 0600));
    T(semget(IPC_PRIVATE, 32001, 0600));
    T(semget(0x70697468, 1, 0));
    OK(named = semget(0x70697468, 2, IPC_CREAT | 0600));
    T(semget(0x70697468, 3, 0));
    IS(semget(0x70697468, 0, 0) == named && semget(0x70697468, 2, IPC_CREAT) == named);
    T(semget(0x70697468, 2, IPC_CREAT | IPC_EXCL));
    T(semctl(s, 0, GETVAL));
    T(semctl(s, 0, GETPID));
    T(op(s, 0, 2, 0));
    IS(semctl(s, 0, GETPID) == getpid());
    T(op(s, 0, -1, 0));
    T(op(s, 0, -2, IPC_NOWAIT));
    T(op(s, 0, 0, IPC_NOWAIT));
    T(op(s, 1, 0, IPC_NOWAIT));
    T(op(s, 3, 1, 0));
    T(semop(s, ops, 3));
    T(semctl(s, 0, GETVAL));
    T(semop(s, ops, 0));
    T(semop(s, ops, 501));
    T(semop(s, NULL, 1));
    T(semop(-1, ops, 1));
    T(semtimedop(s, &(struct sembuf){1, -1, 0}, 1, &soon));
    T(semtimedop(s, &(struct sembuf){1, -1, 0}, 1, &bad));
    T(semctl(s, 1, SETVAL, 32767));
    T(op(s, 1, 1, 0));
    T(semctl(s, 1, SETVAL, 32768));
    T(semctl(s, 1, SETVAL, -1));
    T(semctl(s, 3, SETVAL, 1));
    T(semctl(s, -1, GETVAL));
    T(semctl(s, 0, GETALL, values));
    printf("%d %d %d\n", values[0], values[1], values[2]);
    values[2] = 40000;
    T(semctl(s, 0, SETALL, values));
    values[2] = 7;
    values[0] = 0;
    T(semctl(s, 0, SETALL, values));
    T(semctl(s, 2, GETVAL));
    T(op(s, 0, 1, SEM_UNDO));
    T(semctl(s, 0, GETNCNT));
    T(semctl(s, 0, GETZCNT));
    /* the same semaphore twice in one call */
    ops[0] = (struct sembuf){2, -7, 0};
    ops[1] = (struct sembuf){2, 0, 0};
    ops[2] = (struct sembuf){2, 3, 0};
    T(semop(s, ops, 3));
    T(semctl(s, 2, GETVAL));
    T(semctl(s, 0, IPC_STAT, &ds));
    printf("%o %lu\n", ds.sem_perm.mode, (unsigned long)ds.sem_nsems);
    IS(ds.sem_otime > 0 && ds.sem_ctime > 0);
    ds.sem_perm.mode = 0777;
    T(semctl(s, 0, IPC_SET, &ds));
    T(semctl(s, 0, IPC_STAT, &ds));
    printf("%o\n", ds.sem_perm.mode);
    T(semctl(s, 0, IPC_STAT, NULL));
    T(semctl(s, 0, 99));
    struct seminfo info;
    OK(semctl(0, 0, IPC_INFO, &info));
    printf("%d %d %d %d %d\n", info.semmni, info.semmns, info.semmsl, info.semopm, info.semvmx);
    T(semctl(s, 0, IPC_RMID));
    T(op(s, 0, 1, 0));
    T(semctl(s, 0, GETVAL));
    T(semctl(named, 0, IPC_RMID));
}

static void memory(void)
{
    struct shmid_ds ds;
    int s = shmget(IPC_PRIVATE, 3 * PAGE + 1, 0600), named;
    OK(s);
    T(shmget(IPC_PRIVATE, 0, 0600));
    OK(named = shmget(0x70697468, 100, IPC_CREAT | 0600));
    T(shmget(0x70697468, 101, 0));
    IS(shmget(0x70697468, 100, 0) == named && shmget(0x70697468, 0, 0) == named);
    T(shmget(0x70697468, 1, IPC_CREAT | IPC_EXCL));
    char *a = shmat(s, NULL, 0), *b = shmat(s, NULL, SHM_RDONLY);
    IS(a != (char *)-1 && b != (char *)-1 && a != b);
    strcpy(a + 3 * PAGE + 100, "seen twice");
    printf("%s\n", b + 3 * PAGE + 100);
    T(mprotect(b, (size_t)PAGE, PROT_READ | PROT_WRITE));
    T(shmctl(s, IPC_STAT, &ds));
    printf("%o %zu %lu\n", ds.shm_perm.mode, ds.shm_segsz, (unsigned long)ds.shm_nattch);
    IS(ds.shm_cpid == getpid() && ds.shm_lpid == getpid() && ds.shm_atime > 0 && ds.shm_dtime == 0);
    OK(shmat(s, a, 0));
    OK(shmat(s, a + 1, 0));
    OK(shmat(s, NULL, SHM_REMAP));
    IS(shmat(named, a + 7, SHM_RND | SHM_REMAP) == a);
    a[0] = 'n';
    IS(a[1 + 3 * PAGE + 100] == 'e' && b[0] == 0);
    T(shmdt(a));
    T(shmdt(a));
    T(shmdt(a + PAGE));
    T(munmap(a + PAGE, 3 * (size_t)PAGE));
    T(shmctl(s, IPC_STAT, &ds));
    printf("%lu\n", (unsigned long)ds.shm_nattch);
    a = shmat(named, NULL, 0);
    printf("%c\n", a[0]);
    T(shmctl(named, IPC_RMID, NULL));
    T(shmget(0x70697468, 0, 0));
    T(shmctl(named, IPC_STAT, &ds));
    printf("%o %lu %d\n", ds.shm_perm.mode, (unsigned long)ds.shm_nattch, ds.shm_perm.key);
    a[1] = 'x';
    T(shmdt(a));
    T(shmctl(named, IPC_STAT, &ds));
    T(shmctl(s, SHM_LOCK, NULL));
    T(shmctl(s, IPC_STAT, &ds));
    printf("%o\n", ds.shm_perm.mode);
    T(shmctl(s, SHM_UNLOCK, NULL));
    ds.shm_perm.mode = 0644;
    T(shmctl(s, IPC_SET, &ds));
    T(shmctl(s, IPC_STAT, &ds));
    printf("%o\n", ds.shm_perm.mode);
    T(shmctl(s, 99, &ds));
    T(shmctl(s, IPC_STAT, NULL));
    T(shmctl(-1, IPC_STAT, &ds));
    T(shmdt(b));
    T(shmctl(s, IPC_STAT, &ds));
    IS(ds.shm_dtime > 0 && ds.shm_nattch == 0);
    T(shmctl(s, IPC_RMID, NULL));
    T(shmctl(s, IPC_RMID, NULL));
    OK(shmat(s, NULL, 0));
    T(shmdt(NULL));
    T(shmdt(&ds));
}

int main(void)
{
    messages();
    semaphores();
    memory();
    return 0;
}
