/* SPDX-License-Identifier: MIT
 *
 * Capabilities, and that ids, groups and capabilities are each thread's own when they are changed by the system calls
 * themselves. Each part runs in a thread, so that the next one starts as root again. */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "calls.h"

static struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
static struct __user_cap_data_struct data[2];

#define BIT(cap) (1u << (cap) % 32)

static void show(const char *name, int cap)
{
    syscall(SYS_capget, &header, data);
    const struct __user_cap_data_struct *d = &data[cap / 32];
    printf("%s: effective %d, permitted %d, inheritable %d\n", name, !!(d->effective & BIT(cap)),
           !!(d->permitted & BIT(cap)), !!(d->inheritable & BIT(cap)));
}
#define SHOW(cap) show(#cap, cap)

static void show_some(void)
{
    SHOW(CAP_CHOWN);
    SHOW(CAP_SETUID);
    SHOW(CAP_KILL);
}

static int effective(int cap, bool on)
{
    syscall(SYS_capget, &header, data);
    data[cap / 32].effective &= ~BIT(cap);
    if (on)
        data[cap / 32].effective |= BIT(cap);
    return (int)syscall(SYS_capset, &header, data);
}

static int drop(int cap)
{
    return effective(cap, false);
}

static void show_ids(void)
{
    uid_t u[3];
    gid_t g[3];

    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    printf("users %u %u %u, files %d; groups %u %u %u and %d\n", u[0], u[1], u[2], setfsuid(-1), g[0],
           g[1], g[2], getgroups(0, NULL));
}

static void show_status(void)
{
    static const char *const wanted[] = {"Umask", "Uid", "Gid", "Groups", "SigBlk", "CapInh",
                                         "CapAmb", "NoNewPrivs"};
    char line[200];
    FILE *f = fopen("/proc/thread-self/status", "r");

    while (f && fgets(line, sizeof(line), f))
        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                fputs(line, stdout);
    if (f)
        fclose(f);
}

static void give_up_all(void)
{
    T(syscall(SYS_setuid, -1));
    T(syscall(SYS_setresuid, 10, 20, 30));
    show_ids();
    show_some();
    T(syscall(SYS_setresuid, 30, -1, -1));
    T(syscall(SYS_setresuid, 10, -1, -1));
    T(syscall(SYS_setuid, 0));
    show_ids();
    show_status();
}

static void give_up_for_a_while(void)
{
    struct rlimit limit;

    T(syscall(SYS_setreuid, -1, 65534));
    show_some();
    T(effective(CAP_CHOWN, true));
    T(prlimit(0, RLIMIT_NOFILE, NULL, &limit));
    T(syscall(SYS_setreuid, -1, 0));
    show_some();
}

static void keep(void)
{
    T(prctl(PR_SET_KEEPCAPS, 1));
    T(syscall(SYS_setresuid, 99, 99, 99));
    show_some();
    T(effective(CAP_SETUID, true));
    T(syscall(SYS_setuid, 0));
    show_ids();
    T(prctl(PR_GET_KEEPCAPS));
}

static void for_files(void)
{
    int fd;

    T(syscall(SYS_setfsuid, 77));
    show_some();
    T(open("roots", O_RDONLY));
    T(syscall(SYS_setfsuid, 0));
    show_some();
    IS((fd = open("roots", O_RDONLY)) >= 0);
    close(fd);
}

static void of_files(void)
{
    int fd;

    T(drop(CAP_DAC_OVERRIDE));
    IS((fd = open("others", O_RDONLY)) >= 0);
    close(fd);
    T(open("others", O_WRONLY));
    T(open("dir/new", O_CREAT | O_WRONLY, 0600));
    T(access("dir/none", F_OK));
    T(drop(CAP_DAC_READ_SEARCH));
    T(open("others", O_RDONLY));
    T(access("dir/none", F_OK));
    T(access("others", R_OK));
    T(faccessat(AT_FDCWD, "others", R_OK, AT_EACCESS));
    T(drop(CAP_CHOWN));
    T(chown("others", 1, 1));
    T(drop(CAP_FOWNER));
    T(chmod("others", 0777));
    T(effective(CAP_CHOWN, true));
    T(chown("others", 5, 5));
}

static void of_ids(void)
{
    gid_t group = 1;

    T(drop(CAP_SETGID));
    T(syscall(SYS_setgroups, 1, &group));
    T(syscall(SYS_setgid, 7));
    T(drop(CAP_SETUID));
    T(syscall(SYS_setuid, 5));
    T(syscall(SYS_setuid, 0));
}

static void of_the_system(void)
{
    T(drop(CAP_SYS_RESOURCE));
    T(prctl(PR_SET_MM, 0, 0, 0, 0));
    T(drop(CAP_SYS_NICE));
    T(setpriority(PRIO_PROCESS, 0, 5));
    T(setpriority(PRIO_PROCESS, 0, 1));
    T(drop(CAP_SYS_CHROOT));
    T(chroot("/"));
    T(drop(CAP_SYS_ADMIN));
    T(sethostname("a", 1));
}

static void of_semaphores(void)
{
    int id = semget(IPC_PRIVATE, 1, 0600 | IPC_CREAT);
    struct semid_ds s = {.sem_perm.mode = 0400};
    struct sembuf up = {0, 1, 0}, zero = {0, 0, 0};

    T(drop(CAP_IPC_OWNER));
    T(semctl(id, 0, IPC_SET, &s));
    T(semop(id, &up, 1));
    s.sem_perm.mode = 0200;
    T(semctl(id, 0, IPC_SET, &s));
    T(semop(id, &zero, 1));
    T(semctl(id, 0, GETVAL));
    T(semctl(id, 0, IPC_STAT, &s));
    T(semctl(id, 0, IPC_RMID));
}

static void sets(void)
{
    T(syscall(SYS_capget, &header, data));
    data[0].permitted &= ~BIT(CAP_CHOWN);
    T(syscall(SYS_capset, &header, data)); /* still effective */
    data[0].effective &= ~BIT(CAP_CHOWN);
    T(syscall(SYS_capset, &header, data));
    T(effective(CAP_CHOWN, true));
    syscall(SYS_capget, &header, data);
    data[0].permitted |= BIT(CAP_CHOWN);
    T(syscall(SYS_capset, &header, data));
    syscall(SYS_capget, &header, data);
    data[0].inheritable = BIT(CAP_KILL);
    T(syscall(SYS_capset, &header, data));
    SHOW(CAP_KILL);
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    show_status();
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    T(prctl(PR_CAPBSET_READ, CAP_KILL));
    T(prctl(PR_CAPBSET_DROP, CAP_KILL));
    T(prctl(PR_CAPBSET_READ, CAP_KILL));
    T(prctl(PR_CAPBSET_DROP, 99));
    T(prctl(PR_SET_SECUREBITS, 1 << 6)); /* no raising */
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    T(drop(CAP_SETPCAP));
    T(prctl(PR_CAPBSET_DROP, CAP_SETUID));
    T(prctl(PR_SET_SECUREBITS, 0));
}

static void versions(void)
{
    static const unsigned version[] = {0, _LINUX_CAPABILITY_VERSION_1, _LINUX_CAPABILITY_VERSION_2};
    struct __user_cap_header_struct h = {0};

    for (int i = 0; i < 3; i++) {
        h.version = version[i];
        T(syscall(SYS_capget, &h, NULL));
        printf("version %x\n", h.version);
        h.version = version[i];
        T(syscall(SYS_capget, &h, data));
        h.version = version[i];
        T(syscall(SYS_capset, &h, NULL));
    }
    h = header;
    h.pid = -1;
    T(syscall(SYS_capget, &h, data));
    T(syscall(SYS_capget, &h, NULL));
    h.pid = 9999999;
    T(syscall(SYS_capget, &h, data));
    T(syscall(SYS_capset, &h, data));
    h.pid = getpid();
    T(syscall(SYS_capget, &h, data));
    T(syscall(SYS_capset, &h, data));
    h.pid = (int)syscall(SYS_gettid);
    T(syscall(SYS_capset, &h, data));
    T(syscall(SYS_capset, &h, 1));
}

static void groups(void)
{
    static gid_t many[65537];
    gid_t some[3] = {500, 123, 7};

    T(syscall(SYS_setgroups, 3, some));
    T(getgroups(3, some));
    printf("%d %d %d\n", some[0], some[1], some[2]);
    show_status();
    for (int i = 0; i < 65537; i++)
        many[i] = 70000 - i;
    T(syscall(SYS_setgroups, 65536, many));
    T(getgroups(65536, many));
    printf("%d ... %d\n", many[0], many[65535]);
    T(syscall(SYS_setgroups, 65537, many));
    T(syscall(SYS_setgroups, 0, NULL));
    T(getgroups(0, NULL));
}

static void no_new_rights(void)
{
    T(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    T(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show_status();
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *waiting(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&turn);
    show_ids();
    pthread_mutex_unlock(&turn);
    return NULL;
}

/* libc's functions are about all threads. */
static void by_libc(void)
{
    pthread_t t;

    pthread_mutex_lock(&turn);
    need(pthread_create(&t, NULL, waiting, NULL) == 0, "thread");
    T(setgid(3));
    T(setuid(4));
    pthread_mutex_unlock(&turn);
    pthread_join(t, NULL);
    T(setuid(0));
}

static void *run(void *part)
{
    ((void (*)(void))part)();
    return NULL;
}

#define PART(name)                                                                                 \
    do {                                                                                           \
        pthread_t t;                                                                               \
        puts("- " #name);                                                                          \
        need(pthread_create(&t, NULL, run, name) == 0, "thread");                                  \
        pthread_join(t, NULL);                                                                     \
        show_ids();                                                                                \
    } while (0)

int main(void)
{
    enter_folder();
    umask(0137);
    put_file("roots", "x");
    chmod("roots", 0600);
    put_file("others", "x");
    need(chown("others", 33, 33) == 0 && chmod("others", 0600) == 0, "others");
    need(mkdir("dir", 0700) == 0 && chown("dir", 33, 33) == 0 && chmod("dir", 0700) == 0, "dir");
    show_ids();
    show_some();
    PART(give_up_all);
    PART(give_up_for_a_while);
    PART(keep);
    PART(for_files);
    PART(of_files);
    PART(of_ids);
    PART(of_the_system);
    PART(of_semaphores);
    PART(sets);
    PART(versions);
    PART(groups);
    PART(no_new_rights);
    T(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    PART(by_libc);
    show_some();
    return 0;
}
