/* SPDX-License-Identifier: MIT
 *
 * /proc/sysvipc: the lines of this program's own objects, and that they go. */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "calls.h"

/* Prints the line of object (id) of (kind): its columns without the identifier, the process's
 * number in columns (pid) and the one after as P, times as T, and how long it is. */
static void show(const char *kind, int id, int pid)
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/sysvipc/%s", kind);
    FILE *f = fopen(path, "r");

    need(f && fgets(line, sizeof(line), f), path);
    printf("%s", line);
    while (fgets(line, sizeof(line), f)) {
        size_t len = strlen(line);
        char *word = strtok(line, " \n"), *key = word;
        word = strtok(NULL, " \n");
        if (atoi(word) != id)
            continue;
        printf("%s (%zu):", key, len);
        for (int i = 0; (word = strtok(NULL, " \n")); i++) {
            long n = atol(word);
            bool own = (i == pid || i == pid + 1) && n == getpid();
            printf(own ? " P" : n > 1000000000 ? " T" : " %s", word);
        }
        printf("\n");
        fclose(f);
        return;
    }
    printf("%s: none\n", kind);
    fclose(f);
}

static void messages(void)
{
    struct {
        long type;
        char text[10];
    } m = {1, "text"};
    int id = msgget(IPC_PRIVATE, 0640);

    need(id >= 0 && msgsnd(id, &m, 7, 0) == 0 && msgsnd(id, &m, 3, 0) == 0, "msgsnd");
    show("msg", id, 3);
    T(msgctl(id, IPC_RMID, NULL));
    show("msg", id, 3);
}

static void semaphores(void)
{
    int id = semget((key_t)0x81234567, 3, IPC_CREAT | IPC_EXCL | 0600);

    need(id >= 0, "semget");
    show("sem", id, -2);
    T(semop(id, &(struct sembuf){1, 2, 0}, 1));
    show("sem", id, -2);
    T(semctl(id, 0, IPC_RMID));
    show("sem", id, -2);
}

static void memory(void)
{
    int id = shmget(IPC_PRIVATE, 5000, 0600);
    char *at = shmat(id, NULL, 0);

    need(at != (char *)-1, "shmat");
    at[0] = at[4096] = 1;
    show("shm", id, 2);
    T(shmctl(id, IPC_RMID, NULL));
    show("shm", id, 2);
    T(shmdt(at));
    show("shm", id, 2);
}

int main(void)
{
    messages();
    semaphores();
    memory();
    return 0;
}
