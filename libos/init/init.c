/* SPDX-License-Identifier: MIT
 *
 * Boot. Compiled without stack protector: this is where the canary comes from. */
#include <elf.h>
#include <string.h>

#include "iface/plat.h"
#include "init/init.h"
#include "proc/proc.h"
#include "random/chacha.h"
#include "thread/thread.h"
#include "time/uptime.h"
#include "virtio/console.h"

/* Services with something to do at boot. Weak: one that was not linked is NULL and costs nothing.
 */
#define SERVICE __attribute__((weak, visibility("hidden")))
SERVICE void console_start(void);
SERVICE void uptime_start(void);

/* What compiled code reads through the thread pointer (x86-64 psABI; gcc's stack protector): libc
 * puts a block of its own in this one's place. */
static struct {
    void *self;
    uintptr_t unused[4];
    uintptr_t canary; /* at %fs:0x28 */
} boot_thread;

/* 16 bytes for the program's libc (AT_RANDOM), and the canary: derived from the monitor's entropy
 * by a one-way function, since programs can read them and random/ uses the same entropy. */
static struct {
    uint8_t for_program[16];
    uintptr_t canary;
} secrets;

static void make_secrets(void)
{
    static const uint32_t nonce[3] = {'b', 'o', 'o'};
    uint8_t block[CHACHA_BLOCK];

    chacha_block(block, plat_info.entropy, 0, nonce);
    memcpy(&secrets, block, sizeof(secrets));
    explicit_bzero(block, sizeof(block));
    /* A lowest byte of 0 ends strings that run into the canary. */
    secrets.canary &= ~(uintptr_t)0xff;
}

static void start_services(void)
{
    if (uptime_start)
        uptime_start();
    if (console_start)
        console_start();
}

/* Inline: no image has it twice but those that read /proc/self/auxv. */
static inline __attribute__((always_inline)) void fill_aux(Elf64_auxv_t *aux, const char *path)
{
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)plat_info.image;
    const struct {
        uint64_t type, value;
    } entries[PROCESS_AUX_COUNT] = {
        {AT_PHDR, (uintptr_t)plat_info.image + elf->e_phoff},
        {AT_PHENT, elf->e_phentsize},
        {AT_PHNUM, elf->e_phnum},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, (uintptr_t)plat_info.image + elf->e_entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_SECURE, 0},
        {AT_CLKTCK, 100},
        {AT_HWCAP, 0},
        {AT_HWCAP2, 0},
        {AT_RANDOM, (uintptr_t)secrets.for_program},
        {AT_EXECFN, (uintptr_t)path},
        {AT_NULL, 0},
    };

    memcpy(aux, entries, sizeof(entries));
}

void process_aux(Elf64_auxv_t *aux, const char *path)
{
    fill_aux(aux, path);
}

/* Points (count) entries of (vector), and a NULL behind them, to the strings that start at (text).
 * Returns the end of the last one. */
static char *point(char **vector, unsigned count, char *text)
{
    for (unsigned i = 0; i < count; i++) {
        vector[i] = text;
        text += strlen(text) + 1;
    }
    vector[count] = NULL;
    return text;
}

/* Half the stack, as much as Linux would allow of it and more, may go to arguments. */
static void check_room(size_t need)
{
    static const char message[] = "pith: arguments and environment do not fit on the stack: pass "
                                  "less, or give more memory (-m)\n";

    if (need <= plat_info.stack_len / 2)
        return;
    plat_log(message, sizeof(message) - 1);
    plat_exit(125);
}

_Noreturn void init_main(int (*program)(int, char **, char **))
{
    boot_thread.self = &boot_thread;
    (void)plat_set_thread_pointer(&boot_thread);
    thread_start();
    make_secrets();
    boot_thread.canary = secrets.canary;

    start_services();

    /* The strings are copied: the monitor's are read-only, and programs write to argv. */
    unsigned argc = plat_info.argc;
    unsigned envc = plat_info.envc;
    size_t vector_len =
        (argc + envc + 2) * sizeof(char *) + PROCESS_AUX_COUNT * sizeof(Elf64_auxv_t);
    size_t len = vector_len + plat_info.args_len;
    check_room(len);
    char **argv = __builtin_alloca(len);
    char *text = (char *)argv + vector_len;
    memcpy(text, plat_info.args, plat_info.args_len);
    char *env_text = point(argv, argc, text);
    point(argv + argc + 1, envc, env_text);
    fill_aux((Elf64_auxv_t *)(argv + argc + envc + 2), argc > 0 ? argv[0] : "");
    plat_exit(__libc_start_main(program, (int)argc, argv));
}
