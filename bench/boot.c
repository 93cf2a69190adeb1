/* SPDX-License-Identifier: MIT
 *
 * A probe of the bare platform's boot: keeps the time stamp counter at the end of every stage, and
 * prints the differences. On a machine of QEMU with -icount shift=0 they are numbers of
 * instructions. */
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#define STAGES_MAX 16

/* What libos/plat/bare calls; see bare.h there. */
void pith_bare_stage(const char *name, uint32_t tsc);

static struct {
    const char *name;
    uint32_t tsc;
} stages[STAGES_MAX];
static unsigned count;

static uint32_t counter(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low;
}

/* Before everything: no stack protector, no library. */
__attribute__((optimize("no-stack-protector"))) void pith_bare_stage(const char *name, uint32_t tsc)
{
    if (count < STAGES_MAX) {
        stages[count].name = name;
        stages[count++].tsc = tsc ? tsc : counter();
    }
}

int main(void)
{
    pith_bare_stage("library OS and libc", 0);
#ifdef NETWORK
    if (count > STAGES_MAX) /* never: the image has them */
        (void)(socket(AF_INET, SOCK_STREAM, 0) + socket(AF_INET6, SOCK_DGRAM, 0));
#endif
    for (unsigned i = 1; i < count; i++)
        printf("%-22s %8u\n", stages[i].name, stages[i].tsc - stages[i - 1].tsc);
    printf("%-22s %8u\n", "entry to main", stages[count - 1].tsc - stages[0].tsc);
    return 0;
}
