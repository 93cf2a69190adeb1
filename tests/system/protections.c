/* SPDX-License-Identifier: MIT
 *
 * Random changes of protections, by calls of the monitor on memory of the heap, against a model:
 * what must be accessible is, with its contents. Then touches one page that must not be. args: SEED
 * STEPS HOW   HOW: "read" or "write"; prints the address that it touches */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/boot.h"
#include "abi/hypercall.h"

#define PAGE   4096ul
#define REGION (2ul << 20)
#define PAGES  (5 * 512u)
#define READ   PITH_PROT_READ
#define WRITE  PITH_PROT_WRITE

extern const struct pith_boot *pith_hosted_boot;

static uint64_t state;
static char *base;
static uint8_t prot[PAGES];
static uint64_t content[PAGES];

static unsigned any(unsigned below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 20) % below;
}

static long call(long n, void *at, uint64_t len, uint64_t c)
{
    return ((long (*)(long, long, long, long))pith_hosted_boot->hypercall.addr)(n, (long)at, (long)len,
                                                                           (long)c);
}

static uint64_t *word(unsigned page)
{
    return (uint64_t *)(base + page * PAGE + page % 512 * 8);
}

static void step(void)
{
    static const unsigned grain[] = {1, 16, 512};
    unsigned g = grain[any(3)], from = any(PAGES) / g * g,
             n = (any(g == 1 ? 40 : PAGES / g) + 1) * g;
    unsigned p = (unsigned[]){0, READ, READ | WRITE, READ | WRITE, 9}[any(5)];
    n = n < PAGES - from ? n : PAGES - from;
    long err = p == 9 ? call(PITH_HC_RELEASE, base + from * PAGE, n * PAGE, 0)
                      : call(PITH_HC_PROTECT, base + from * PAGE, n * PAGE, p);
    if (err) {
        printf("call: %ld\n", err);
        exit(1);
    }
    for (unsigned i = from; i < from + n; i++) {
        prot[i] = p == 9 ? 0 : (uint8_t)p;
        content[i] = p == 9 ? 0 : content[i];
    }
}

static sigjmp_buf faulted;
static void *fault_at;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    fault_at = info->si_addr;
    siglongjmp(faulted, 1);
}

/* The access faults, and at this address. */
static void must_fault(volatile uint64_t *at, int write)
{
    if (!sigsetjmp(faulted, 1)) {
        if (write)
            *at = 1;
        else
            (void)*at;
    } else if (fault_at == at) {
        return;
    }
    printf("%s of %p: %s\n", write ? "write" : "read", (void *)at,
           fault_at == at ? "no fault" : "fault elsewhere");
    exit(3);
}

static void check_faults(void)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    for (unsigned i = 0; i < PAGES; i++) {
        fault_at = NULL;
        if (!(prot[i] & WRITE))
            must_fault(word(i), 1);
        if (!(prot[i] & READ))
            must_fault(word(i), 0);
    }
    signal(SIGSEGV, SIG_DFL);
}

static void check(unsigned every)
{
    for (unsigned i = any(every); i < PAGES; i += every) {
        if (prot[i] & READ && *word(i) != content[i]) {
            printf("page %u has %lx, not %lx\n", i, (unsigned long)*word(i),
                   (unsigned long)content[i]);
            exit(2);
        }
        if (prot[i] & WRITE)
            *word(i) = content[i] = state + i;
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
    char *p = mmap(NULL, PAGES * PAGE + REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    base = (char *)(((uintptr_t)p + REGION - 1) / REGION * REGION);
    /* From scratch: as memory that no one has asked for yet, or used as a whole. */
    if (any(2)) {
        memset(base, 1, PAGES * PAGE);
        memset(content, 1, sizeof(content));
        memset(prot, READ | WRITE, sizeof(prot));
    } else if (call(PITH_HC_RELEASE, base, PAGES * PAGE, 0)) {
        return 1;
    }
    int steps = atoi(argv[2]);
    for (int i = 0; i < steps; i++) {
        step();
        check(i % 16 == 15 ? 1 : 23);
        if (i % 24 == 12)
            check_faults();
    }
    check_faults();
    check(1);
    unsigned write = argv[3][0] == 'w', bad = any(PAGES);
    for (unsigned i = 0; i < PAGES && prot[bad] & (write ? WRITE : READ); i++)
        bad = (bad + 1) % PAGES;
    if (prot[bad] & (write ? WRITE : READ))
        call(PITH_HC_PROTECT, base + bad * PAGE, PAGE, write ? READ : 0);
    printf("%p\n", (void *)word(bad));
    fflush(stdout);
    if (write)
        *(volatile uint64_t *)word(bad) = 1;
    else
        *(volatile uint64_t *)word(bad);
    puts("not stopped");
    return 0;
}
