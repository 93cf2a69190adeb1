/* SPDX-License-Identifier: MIT
 *
 * From the first instruction of 64-bit C to the image's hosted entry point. Until relocate has run,
 * nothing that holds an address may be used: no initialised pointer, no table of strings. */
#include "abi/runner.h"
#include "arch/cpu.h"
#include "arch/ring0.h"
#include "bare/bare.h"
#include "bare/elf_image.h"
#include "bare/virtio.h"

/* The Xen project's include/public/arch-x86/hvm/start_info.h describes both. */
struct start_info {
    uint32_t magic; /* overwritten by entry.S */
    uint32_t version;
    uint32_t flags, modules;
    uint64_t modlist, cmdline, rsdp;
    uint64_t memmap; /* from version 1 on */
    uint32_t memmap_entries, reserved;
};

struct memmap_entry {
    uint64_t addr, len;
    uint32_t type, reserved;
};

#define MEMMAP_RAM 1

#define FIRST_MAPPED (1ull << 30) /* what entry.S has mapped */
#define STACK_MIN    (64ull << 10)
#define STACK_MAX    (8ull << 20)
#define TABLES_EXTRA 24 /* page tables besides one for each 2 MiB */

#define CMDLINE_MAX 65536

#define CR4_MORE    (1u << 16) /* FSGSBASE */
#define CR4_OSXSAVE (1u << 18)
#define XCR0_STATES 0xe7 /* x87, SSE, AVX, AVX-512 */
#define EFER        0xc0000080
#define EFER_NX     (1u << 11)

#define R_RELATIVE 8
#define DT_RELRSZ_ 35
#define DT_RELR_   36

extern const Elf64_Ehdr image_header __asm__("__ehdr_start") __attribute__((visibility("hidden")));

struct bare_layout bare_layout;
struct pith_boot bare_boot;
static struct pith_shared shared;

_Noreturn void bare_refuse(const char *why)
{
    say_text("pith: ");
    say_text(why);
    say_text("\n");
    power_off(125);
}

static void relocate_rela(uint64_t base, const Elf64_Rela *r, uint64_t len)
{
    for (const Elf64_Rela *end = r + len / sizeof(*r); r < end; r++)
        if (ELF64_R_TYPE(r->r_info) == R_RELATIVE)
            *(uint64_t *)(base + r->r_offset) = base + (uint64_t)r->r_addend;
}

/* An even entry is the address of one word; an odd one a bitmap of the 63 words that follow. */
static void relocate_relr(uint64_t base, const uint64_t *r, uint64_t len)
{
    uint64_t *next = NULL;

    for (const uint64_t *end = r + len / sizeof(*r); r < end; r++) {
        if (*r & 1) {
            for (uint64_t bits = *r >> 1, i = 0; bits; bits >>= 1, i++)
                if (bits & 1)
                    next[i] += base;
            next += 63;
        } else {
            next = (uint64_t *)(base + *r);
            *next++ += base;
        }
    }
}

static void relocate(uint64_t base)
{
    uint64_t rela = 0, rela_len = 0, relr = 0, relr_len = 0;
    const Elf64_Phdr *ph = elf_find(&image_header, PT_DYNAMIC);

    for (const Elf64_Dyn *d = (const Elf64_Dyn *)(base + ph->p_vaddr); d->d_tag != DT_NULL; d++) {
        uint64_t value = d->d_un.d_val;
        if (d->d_tag == DT_RELA)
            rela = value;
        else if (d->d_tag == DT_RELASZ)
            rela_len = value;
        else if (d->d_tag == DT_RELR_)
            relr = value;
        else if (d->d_tag == DT_RELRSZ_)
            relr_len = value;
    }
    relocate_rela(base, (const Elf64_Rela *)(base + rela), rela_len);
    relocate_relr(base, (const uint64_t *)(base + relr), relr_len);
}

/* Names all that is missing before it ends the machine. */
static void check_cpu(uint64_t *cr4)
{
    unsigned a, b = 0, c, d, features, extended;
    bool good = true;

    __cpuid(0x80000001, a, b, c, extended);
    __cpuid(1, a, b, features, d);
    __cpuid_count(7, 0, a, b, c, d);
    if (!(extended & 1u << 20)) {
        say_text("pith: this machine's CPU cannot protect data from execution (NX)\n");
        good = false;
    }
    if (!(b & 1u)) {
        say_text(
            "pith: this machine's CPU has no FSGSBASE instructions (QEMU without KVM: -cpu max)\n");
        good = false;
    }
    if (!good)
        bare_refuse("the image cannot run here");
    msr_write(EFER, msr_read(EFER) | EFER_NX);
    *cr4 = BARE_CR4_FIRST | CR4_MORE | (features & 1u << 26 ? CR4_OSXSAVE : 0);
}

static void enable_cpu(void)
{
    uint64_t cr4;

    check_cpu(&cr4);
    cr4_write(cr4);
    if (cr4 & CR4_OSXSAVE) {
        unsigned a, b, c, d;
        __cpuid_count(13, 0, a, b, c, d);
        xcr0_write(a & XCR0_STATES);
    }
}

/* The end of the memory that the image lies in. */
static uint64_t memory_end(const struct start_info *si, uint64_t image, uint64_t image_end)
{
    const struct memmap_entry *map = (const struct memmap_entry *)si->memmap;

    if (si->version < 1 || si->memmap_entries == 0)
        bare_refuse("the machine passes no memory map");
    for (uint32_t i = 0; i < si->memmap_entries; i++)
        if (map[i].type == MEMMAP_RAM &&
            range_inside(image, image_end - image, map[i].addr, map[i].len))
            return align_down(map[i].addr + map[i].len, PAGE_SIZE);
    bare_refuse("the image does not fit in the machine's memory: give it more");
}

static uint64_t stack_len(uint64_t memory)
{
    uint64_t len = align_down(memory / 16, PAGE_SIZE);

    return len < STACK_MIN ? STACK_MIN : len > STACK_MAX ? STACK_MAX : len;
}

/* Everything but the heap, which takes the rest. Returns the first free address. */
static uint64_t lay_out(uint64_t image, size_t args_max, uint64_t end)
{
    struct bare_layout *l = &bare_layout;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(image + image_header.e_phoff);

    l->image = image;
    for (unsigned i = 0; i < image_header.e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD)
            continue;
        l->image_len = align_up(ph[i].p_vaddr + ph[i].p_memsz, PAGE_SIZE);
        if (ph[i].p_flags & PF_X) {
            l->text = image + ph[i].p_vaddr;
            l->text_len = ph[i].p_memsz;
        }
    }
    l->args = image + l->image_len;
    l->args_len = align_up(args_max, PAGE_SIZE);
    l->tables = l->args + l->args_len;
    l->tables_len = (end / (2ull << 20) + TABLES_EXTRA) * PAGE_SIZE;
    l->stack = l->tables + l->tables_len + PAGE_SIZE;
    l->stack_len = stack_len(end - image);
    return l->stack + l->stack_len;
}

static size_t length(const char *text)
{
    size_t len = 0;

    while (len < CMDLINE_MAX && text[len])
        len++;
    return len;
}

/* The root file system: the fifth PT_LOAD. */
static void find_root(void)
{
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(bare_layout.image + image_header.e_phoff);
    unsigned loads = 0;

    for (unsigned i = 0; i < image_header.e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD && ++loads == 5) {
            bare_boot.root.addr = bare_layout.image + ph[i].p_vaddr;
            bare_boot.root_len = ph[i].p_memsz;
        }
    }
}

static void fill_boot(uint64_t end)
{
    const struct bare_layout *l = &bare_layout;

    bare_boot.magic = PITH_BOOT_MAGIC;
    bare_boot.version = PITH_ABI_VERSION;
    bare_boot.size = sizeof(bare_boot);
    bare_boot.mem.addr = bare_boot.image.addr = l->image;
    bare_boot.mem_len = end - l->image;
    bare_boot.image_len = l->image_len;
    bare_boot.stack.addr = l->stack;
    bare_boot.stack_len = l->stack_len;
    bare_boot.heap.addr = l->heap;
    bare_boot.heap_len = l->heap_len;
    bare_boot.args.addr = l->args;
    bare_boot.enforced = PITH_ENFORCED_WX;
    bare_boot.features = PITH_FEATURE_FSGSBASE;
    bare_boot.shared.addr = (uintptr_t)&shared;
    bare_boot.hypercall.addr = (uintptr_t)bare_hypercall;
    bare_boot.clock.gettime.addr = (uintptr_t)bare_gettime;
    find_root();
    entropy_gather(bare_boot.entropy);
}

_Noreturn void bare_start(uint64_t start_info, uint32_t tsc)
{
    const struct start_info *si = (const struct start_info *)start_info;
    uint64_t image = (uintptr_t)&image_header;
    const char *line = si->cmdline ? (const char *)si->cmdline : "";
    struct bare_layout *l = &bare_layout;

    if (pith_bare_stage)
        pith_bare_stage(NULL, tsc);
    stage_done("to 64-bit mode");
    relocate(image);
    stage_done("relocation");
    l->name = "image";
    serial_start();
    out8(PITH_RUNNER_PORT, PITH_RUNNER_READY);
    stage_done("serial ports");
    traps_start();
    enable_cpu();
    stage_done("traps, CPU features");
    uint64_t end = memory_end(si, image, image + 1);
    size_t line_len = length(line);
    if (line_len == CMDLINE_MAX)
        bare_refuse("the machine's command line is longer than 64 KiB");
    uint64_t heap = lay_out(image, line_len + 8, end);
    if (heap >= end)
        bare_refuse("the image does not fit in the machine's memory: give it more");
    if (l->stack > FIRST_MAPPED)
        bare_refuse("the image is larger than the 1 GiB that a bare machine can start");
    l->heap = heap;
    l->heap_len = end - heap;
    bare_boot.args_len = cmdline_split(line, (char *)l->args, &bare_boot.argc, &bare_boot.envc);
    bare_boot.settings.addr = l->args + bare_boot.args_len;
    bare_boot.settings_len = cmdline_settings(line, (char *)bare_boot.settings.addr);
    l->name = (const char *)l->args;
    mmio_read(line);
    stage_done("layout, command line");
    pages_start();
    stage_done("page tables");
    console_devices_start();
    bare_boot.devices.addr = (uintptr_t)bare_devices;
    bare_boot.device_count = CONSOLE_DEVICES + virtio_start();
    line_start();
    fill_boot(end);
    stage_done("devices, entropy");
    bare_enter(&bare_boot, l->stack + l->stack_len);
}
