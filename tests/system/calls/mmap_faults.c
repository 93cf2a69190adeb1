/* SPDX-License-Identifier: MIT
 *
 * Faults on memory: which signal, which code and which address; and handlers that make the memory
 * accessible and go on, as garbage collectors do. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include "calls.h"

#define PAGE 4096l
#define RW   (PROT_READ | PROT_WRITE)

static sigjmp_buf back;
static volatile int signal_got, code_got;
static char *volatile address_got;

static void leave(int sig, siginfo_t *info, void *context)
{
    (void)context;
    signal_got = sig;
    code_got = info->si_code;
    address_got = info->si_addr;
    siglongjmp(back, 1);
}

static void try(const char *what, char *p, bool write)
{
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *(volatile char *)p = 1;
        else
            (void)*(volatile char *)p;
        printf("%s: no fault\n", what);
        return;
    }
    const char *code = "?";
    if (signal_got == SIGSEGV)
        code = code_got == SEGV_MAPERR   ? "SEGV_MAPERR"
               : code_got == SEGV_ACCERR ? "SEGV_ACCERR"
                                         : "?";
    else if (code_got == BUS_ADRERR)
        code = "BUS_ADRERR";
    printf("%s: %s %s%s\n", what, strsignal(signal_got), code,
           address_got == p ? "" : ", another address");
}

static char *heap;
static int faults;

/* Opens the page that was touched, for one more access. */
static void open_page(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1);
    faults++;
    mprotect((void *)page, (size_t)PAGE, RW);
}

int main(void)
{
    struct sigaction act = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
    enter_folder();
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    need(fd >= 0 && ftruncate(fd, PAGE + 10) == 0, "file");
    char *s = mmap(NULL, 4 * (size_t)PAGE, RW, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 4 * (size_t)PAGE, RW, MAP_PRIVATE, fd, 0);
    char *r = mmap(NULL, (size_t)PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *n = mmap(NULL, (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try("shared, last page", s + 2 * PAGE - 1, true);
    try("shared, behind", s + 2 * PAGE, true);
    try("shared, behind, read", s + 3 * PAGE + 5, false);
    try("private, behind", p + 2 * PAGE + 7, true);
    try("read-only, written", r + 3, true);
    try("read-only, read", r + 3, false);
    try("inaccessible", n + 9, false);
    munmap(n, (size_t)PAGE);
    try("unmapped", n + 9, false);
    try("nothing there", (char *)8, true);
    ftruncate(fd, 0);
    try("cut off", s, false);
    try("cut off, private", p, false);
    ftruncate(fd, 4 * PAGE);
    try("there again", s + 3 * PAGE, true);
    mprotect(s, (size_t)PAGE, PROT_READ);
    try("protected", s, true);

    act.sa_sigaction = open_page;
    sigaction(SIGSEGV, &act, NULL);
    heap = mmap(NULL, 64 * (size_t)PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < 3; round++) {
        mprotect(heap, 64 * (size_t)PAGE, round % 2 ? PROT_NONE : PROT_READ);
        for (int i = 0; i < 64; i += 1 + round)
            heap[i * PAGE + i]++;
        printf("round %d: %d faults\n", round, faults);
    }
    for (int i = 0; i < 64; i++)
        putchar('0' + heap[i * PAGE + i]);
    putchar('\n');
    return 0;
}
