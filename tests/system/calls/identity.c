/* SPDX-License-Identifier: MIT
 *
 * Identity and limits: user ids, process ids, uname, resource limits, scheduling. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "calls.h"

static void ids(void)
{
    uid_t r, e, s;
    T(getuid());
    T(geteuid());
    T(getgid());
    T(getegid());
    T(getresuid(&r, &e, &s));
    printf("%u %u %u\n", r, e, s);
    T(setuid(0));
    T(setgid(0));
    T(setreuid(0, 0));
    T(setresgid(0, 0, 0));
    IS(getpid() > 0);
    IS(getppid() >= 0);
    IS(getpid() == gettid());
    T(getpgid(99999999));
    T(getsid(99999999));
}

static void names(void)
{
    struct utsname u;
    char name[16] = "";
    T(uname(&u));
    printf("%s %s\n", u.sysname, u.machine);
    IS(*u.release && *u.version && *u.nodename);
    char host[65], tiny[1];
    T(gethostname(host, sizeof(host)));
    IS(!strcmp(host, u.nodename));
    T(gethostname(tiny, 1));
    T(prctl(PR_SET_NAME, "a rather long name"));
    T(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    T(prctl(9999));
}

static void limits(void)
{
    struct rlimit l, bad = {10, 5};
    static const int which[] = {RLIMIT_NOFILE, RLIMIT_STACK, RLIMIT_AS,
                                RLIMIT_DATA,   RLIMIT_FSIZE, RLIMIT_CORE};
    for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++)
        printf("limit %d: %d %d\n", which[i], getrlimit(which[i], &l), l.rlim_cur <= l.rlim_max);
    T(getrlimit(99, &l));
    T(setrlimit(99, &l));
    T(setrlimit(RLIMIT_NOFILE, &bad));
    getrlimit(RLIMIT_NOFILE, &l);
    l.rlim_cur = 100;
    T(setrlimit(RLIMIT_NOFILE, &l));
    T(getrlimit(RLIMIT_NOFILE, &l));
    printf("%llu\n", (unsigned long long)l.rlim_cur);
    T(prlimit(0, RLIMIT_NOFILE, NULL, &l));
    T(sysconf(_SC_OPEN_MAX));
    struct sysinfo info;
    T(sysinfo(&info));
    IS(info.totalram > 0 && info.freeram <= info.totalram && info.mem_unit > 0);
}

static void scheduling(void)
{
    cpu_set_t cpus;
    T(sched_yield());
    T(sched_getaffinity(0, sizeof(cpus), &cpus) >= 0);
    IS(CPU_COUNT(&cpus) >= 1);
    T(sched_getcpu() >= 0);
}

static void randomness(void)
{
    unsigned char a[64] = {0}, b[64] = {0}, big[1000];
    T(getrandom(a, sizeof(a), 0));
    T(getrandom(b, sizeof(b), GRND_NONBLOCK));
    IS(memcmp(a, b, sizeof(a)));
    T(getrandom(big, sizeof(big), GRND_RANDOM));
    T(getrandom(a, 0, 0));
    T(getrandom(a, 1, 0x1000));
    T(getentropy(a, 256 - 192));
    T(getentropy(big, 257));
    int counts[256] = {0};
    for (int i = 0; i < 1000; i++)
        counts[big[i]]++;
    int most = 0;
    for (int i = 0; i < 256; i++)
        most = counts[i] > most ? counts[i] : most;
    IS(most < 30);
}

int main(void)
{
    ids();
    names();
    limits();
    scheduling();
    randomness();
    return 0;
}
