/* SPDX-License-Identifier: MIT
 *
 * Memory policies on a machine with one node. */
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "calls.h"

#define PAGE 4096ul

static char *page, *hole;

static long set(int mode, uint64_t nodes, unsigned long max)
{
    return syscall(SYS_set_mempolicy, mode, &nodes, max);
}

static long bind(char *at, size_t len, int mode, uint64_t nodes, unsigned flags)
{
    return syscall(SYS_mbind, at, len, mode, &nodes, 65, flags);
}

/* What get_mempolicy answers. */
static void get(const void *addr, int flags)
{
    int mode = -1;
    uint64_t nodes[2] = {99, 99};
    long r = syscall(SYS_get_mempolicy, &mode, nodes, 129, addr, flags);

    if (r)
        printf("  %s\n", strerror(errno));
    else
        printf("  mode %x nodes %d %d\n", mode, (int)nodes[0], (int)nodes[1]);
}

static void policies(void)
{
    static const int flags[] = {0,
                                MPOL_F_STATIC_NODES,
                                MPOL_F_RELATIVE_NODES,
                                1 << 13,
                                MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES,
                                1 << 12};
    uint64_t two[2] = {1, 1};

    get(NULL, 0);
    for (int mode = -1; mode <= 8; mode++) {
        for (int i = 0; i < 6; i++) {
            printf("mode %d, flags %x\n", mode, flags[i]);
            for (uint64_t nodes = 0; nodes < 4; nodes++) {
                T(set(mode | flags[i], nodes, 65));
                get(NULL, 0);
            }
            get(NULL, MPOL_F_NODE);
        }
    }
    T(set(MPOL_BIND, 1, 0));
    T(set(MPOL_BIND, 1, 1));
    T(set(MPOL_BIND, 1, 2));
    T(set(MPOL_BIND, 1, 40000));
    T(syscall(SYS_set_mempolicy, MPOL_BIND, hole, 65));
    T(syscall(SYS_set_mempolicy, MPOL_BIND, NULL, 65));
    T(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
    two[1] = 1ull << 63;
    T(syscall(SYS_set_mempolicy, MPOL_BIND, two, 128));
    two[1] = 0;
    T(syscall(SYS_set_mempolicy, MPOL_BIND, two, 129));
    T(set(MPOL_DEFAULT, 0, 65));
}

static void questions(void)
{
    uint64_t nodes = 7;
    int mode = 7;

    printf("questions:\n");
    for (int flags = 0; flags < 16; flags++) {
        printf("flags %x\n", flags);
        get(NULL, flags);
        get(page, flags);
        get(hole + PAGE, flags);
    }
    T(syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0));
    T(syscall(SYS_get_mempolicy, NULL, &nodes, 0, NULL, 0));
    T(syscall(SYS_get_mempolicy, NULL, &nodes, 1, NULL, MPOL_F_MEMS_ALLOWED));
    IS(nodes == 7);
    T(syscall(SYS_get_mempolicy, NULL, &nodes, 2, NULL, MPOL_F_MEMS_ALLOWED));
    IS(nodes == 1);
    T(syscall(SYS_get_mempolicy, &mode, hole, 65, NULL, 0));
    IS(mode == 0);
    T(syscall(SYS_get_mempolicy, hole, NULL, 0, NULL, 0));
    T(syscall(SYS_get_mempolicy, NULL, &nodes, 40000, NULL, 0));
}

static void binding(void)
{
    printf("mbind:\n");
    T(bind(page, PAGE, MPOL_BIND, 1, 0));
    T(bind(page, PAGE, MPOL_BIND, 1, MPOL_MF_STRICT | MPOL_MF_MOVE));
    T(bind(page, PAGE, MPOL_BIND, 0, 0));
    T(bind(page, PAGE, MPOL_BIND, 2, 0));
    T(bind(page, PAGE, MPOL_DEFAULT, 1, 0));
    T(bind(page, PAGE, MPOL_INTERLEAVE, 1, 8));
    T(bind(page, PAGE, 9, 1, 0));
    T(bind(page + 1, PAGE, MPOL_BIND, 1, 0));
    T(bind(page, 1, MPOL_PREFERRED, 1, 0));
    T(bind(page, 0, MPOL_BIND, 0, 0));
    T(bind(page, -PAGE, MPOL_BIND, 1, 0));
    T(bind(hole + PAGE, PAGE, MPOL_BIND, 1, 0));
    T(bind(page, PAGE, MPOL_DEFAULT, 0, 0));
    T(syscall(SYS_get_mempolicy, NULL, NULL, 0, ~0ul, MPOL_F_ADDR));
    T(madvise(page, PAGE, MADV_DONTNEED)); /* no call has locked it */
}

int main(void)
{
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    hole = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED && hole != MAP_FAILED, "memory");
    *page = 1;
    munmap(hole + PAGE, PAGE);
    policies();
    questions();
    binding();
    return 0;
}
