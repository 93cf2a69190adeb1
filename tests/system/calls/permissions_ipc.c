/* SPDX-License-Identifier: MIT
 *
 * Permissions of System V IPC and of message queues, for a program that has given up root. */
#define _GNU_SOURCE
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "calls.h"

#define USER 1000

static void become(uid_t uid)
{
    need(seteuid(0) == 0 && seteuid(uid) == 0, "seteuid");
}

static const int modes[] = {0600, 0604, 0602, 0606};
#define MODES 4

static void memory(void)
{
    struct shmid_ds ds = {0};
    for (int i = 0; i < MODES; i++) {
        int key = 7100 + i, id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | modes[i]);
        need(id >= 0, "shmget");
        become(USER);
        printf("mode %o\n", modes[i]);
        OK(shmget(key, 0, 0));
        OK(shmget(key, 0, 0400));
        OK(shmget(key, 0, 0200));
        OK(shmget(key, 0, 0666));
        OK((long)shmat(id, NULL, SHM_RDONLY));
        OK((long)shmat(id, NULL, 0));
        T(shmctl(id, IPC_STAT, &ds));
        T(shmctl(id, IPC_SET, &ds));
        T(shmctl(id, IPC_RMID, NULL));
        become(0);
        T(shmctl(id, IPC_RMID, NULL));
    }
    become(USER);
    int id = shmget(IPC_PRIVATE, 4096, 0400);
    T(shmctl(id, IPC_STAT, &ds));
    printf("%u %u %o\n", ds.shm_perm.uid, ds.shm_perm.cuid, ds.shm_perm.mode);
    OK((long)shmat(id, NULL, 0));
    T(shmctl(id, IPC_RMID, NULL));
    become(0);
}

static void semaphores(void)
{
    struct semid_ds ds = {0};
    struct sembuf up = {0, 1, IPC_NOWAIT}, zero = {0, 0, IPC_NOWAIT};
    for (int i = 0; i < MODES; i++) {
        int key = 7200 + i, id = semget(key, 1, IPC_CREAT | IPC_EXCL | modes[i]);
        need(id >= 0, "semget");
        become(USER);
        printf("mode %o\n", modes[i]);
        OK(semget(key, 0, 0));
        OK(semget(key, 0, 0600));
        T(semop(id, &zero, 1));
        T(semop(id, &up, 1));
        T(semctl(id, 0, GETVAL));
        T(semctl(id, 0, SETVAL, 1));
        T(semctl(id, 0, IPC_STAT, &ds));
        T(semctl(id, 0, IPC_SET, &ds));
        T(semctl(id, 0, IPC_RMID));
        become(0);
        T(semctl(id, 0, IPC_RMID));
    }
}

static void messages(void)
{
    struct msqid_ds ds = {0};
    struct {
        long type;
        char text[4];
    } m = {1, "abc"};
    for (int i = 0; i < MODES; i++) {
        int key = 7300 + i, id = msgget(key, IPC_CREAT | IPC_EXCL | modes[i]);
        need(id >= 0, "msgget");
        become(USER);
        printf("mode %o\n", modes[i]);
        OK(msgget(key, 0));
        OK(msgget(key, 0600));
        T(msgsnd(id, &m, 4, IPC_NOWAIT));
        T(msgrcv(id, &m, 4, 0, IPC_NOWAIT));
        T(msgctl(id, IPC_STAT, &ds));
        T(msgctl(id, IPC_SET, &ds));
        T(msgctl(id, IPC_RMID, NULL));
        become(0);
        T(msgctl(id, IPC_RMID, NULL));
    }
}

static void queues(void)
{
    static const char name[] = "/pith-permissions";
    umask(0);
    mq_unlink(name);
    for (int i = 0; i < MODES; i++) {
        need(mq_open(name, O_CREAT | O_EXCL | O_RDWR, modes[i], NULL) >= 0, "mq_open");
        become(USER);
        printf("mode %o\n", modes[i]);
        OK(mq_open(name, O_RDONLY));
        OK(mq_open(name, O_WRONLY));
        OK(mq_open(name, O_RDWR));
        OK(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL));
        T(mq_unlink(name));
        become(0);
        T(mq_unlink(name));
    }
    become(USER);
    OK(mq_open(name, O_CREAT | O_RDWR, 0600, NULL));
    T(mq_unlink(name));
    become(0);
}

int main(void)
{
    memory();
    semaphores();
    messages();
    queues();
    return 0;
}
