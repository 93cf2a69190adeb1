/* SPDX-License-Identifier: MIT
 *
 * /proc/sysvipc: what there is of message queues, semaphores and shared memory, as columns of
 * proc(5). It comes where a string of the program names it (docs/decisions/0062), and asks the
 * calls that the program has. */
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "base/base.h"
#include "pith_calls.h"
#include "proc/proc.h"
#include "vfs/text.h"
#include "vfs/tree.h"

#pragma weak pith_sys_msgctl
#pragma weak pith_sys_semctl
#pragma weak pith_sys_shmctl

struct column {
    int width;
    uint64_t n;
};

/* Keys are shown as numbers with a sign. */
static void put_key(struct text *t, int32_t key)
{
    uint32_t n = key < 0 ? -(uint32_t)key : (uint32_t)key;
    unsigned width = 1 + (key < 0);

    for (uint32_t rest = n; rest >= 10; rest /= 10)
        width++;
    for (; width < 10; width++)
        text_char(t, ' ');
    if (key < 0)
        text_char(t, '-');
    text_dec(t, n, 0, ' ');
}

static void start_line(struct text *t, const struct ipc_perm *perm, long id)
{
    put_key(t, perm->key);
    text_char(t, ' ');
    text_dec(t, (uint64_t)id, 10, ' ');
    text_oct(t, perm->mode, 6, ' ');
}

static void end_line(struct text *t, const struct column *columns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        text_char(t, ' ');
        text_dec(t, columns[i].n, (unsigned)columns[i].width, ' ');
    }
    text_char(t, '\n');
}

#define OWNERS(perm)                                                                               \
    {5, (perm).uid}, {5, (perm).gid}, {5, (perm).cuid},                                            \
    {                                                                                              \
        5, (perm).cgid                                                                             \
    }
#define TIME(at)                                                                                   \
    {                                                                                              \
        10, (uint64_t)(at)                                                                         \
    }

static void msg_text(struct text *t)
{
    struct msqid_ds ds;
    struct msginfo info;
    long last = pith_sys_msgctl ? pith_sys_msgctl(0, MSG_INFO, (long)&info) : -1;

    text_str(t, "       key      msqid perms      cbytes       qnum lspid lrpid"
                "   uid   gid  cuid  cgid      stime      rtime      ctime\n");
    for (long i = 0; i <= last; i++) {
        long id = pith_sys_msgctl(i, MSG_STAT_ANY, (long)&ds);
        if (id < 0)
            continue;
        start_line(t, &ds.msg_perm, id);
        const struct column rest[] = {{11, ds.msg_cbytes},         {10, ds.msg_qnum},
                                      {5, (unsigned)ds.msg_lspid}, {5, (unsigned)ds.msg_lrpid},
                                      OWNERS(ds.msg_perm),         TIME(ds.msg_stime),
                                      TIME(ds.msg_rtime),          TIME(ds.msg_ctime)};
        end_line(t, rest, ARRAY_LEN(rest));
    }
}

static void sem_text(struct text *t)
{
    struct semid_ds ds;
    struct seminfo info;
    long last = pith_sys_semctl ? pith_sys_semctl(0, 0, SEM_INFO, (long)&info) : -1;

    text_str(
        t,
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    for (long i = 0; i <= last; i++) {
        long id = pith_sys_semctl(i, 0, SEM_STAT_ANY, (long)&ds);
        if (id < 0)
            continue;
        start_line(t, &ds.sem_perm, id);
        const struct column rest[] = {
            {10, ds.sem_nsems}, OWNERS(ds.sem_perm), TIME(ds.sem_otime), TIME(ds.sem_ctime)};
        end_line(t, rest, ARRAY_LEN(rest));
    }
}

static void shm_text(struct text *t)
{
    struct shmid_ds ds;
    struct shm_info info;
    long last = pith_sys_shmctl ? pith_sys_shmctl(0, SHM_INFO, (long)&info) : -1;

    text_str(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid"
                "  cuid  cgid      atime      dtime      ctime                   rss"
                "                  swap\n");
    for (long i = 0; i <= last; i++) {
        long id = pith_sys_shmctl(i, SHM_STAT_ANY, (long)&ds);
        if (id < 0)
            continue;
        start_line(t, &ds.shm_perm, id);
        /* Memory is taken when a segment is attached, all of it. */
        const struct column rest[] = {{21, ds.shm_segsz},
                                      {5, (unsigned)ds.shm_cpid},
                                      {5, (unsigned)ds.shm_lpid},
                                      {6, ds.shm_nattch},
                                      OWNERS(ds.shm_perm),
                                      TIME(ds.shm_atime),
                                      TIME(ds.shm_dtime),
                                      TIME(ds.shm_ctime),
                                      {21, ds.shm_atime ? align_up(ds.shm_segsz, PAGE_SIZE) : 0},
                                      {21, 0}};
        end_line(t, rest, ARRAY_LEN(rest));
    }
}

static const struct tree_node files[] = {
    {.name = "msg", .mode = S_IFREG | 0444, .text = msg_text},
    {.name = "sem", .mode = S_IFREG | 0444, .text = sem_text},
    {.name = "shm", .mode = S_IFREG | 0444, .text = shm_text},
};

static const struct tree_node top[] = {
    {.name = "sysvipc", .mode = S_IFDIR | 0555, .children = files, .count = ARRAY_LEN(files)},
};

void proc_sysvipc(struct tree_node *root)
{
    (void)tree_add(root, top, ARRAY_LEN(top));
}
