/* SPDX-License-Identifier: MIT
 *
 * The texts of /proc that tell of the machine: formats as in proc(5). */
#include <cpuid.h>
#include <string.h>

#include "iface/plat.h"
#include "mm/page.h"
#include "proc/internal.h"
#include "random/random.h"
#include "time/uptime.h"
#include "vfs/mount.h"

static void cpuid_words(char *to, unsigned leaf, unsigned first, unsigned count)
{
    unsigned r[4];

    __cpuid(leaf, r[0], r[1], r[2], r[3]);
    memcpy(to, r + first, count * sizeof *r);
}

/* The words of "flags" that programs choose code by: bit of a register of a CPUID leaf. */
static const struct {
    unsigned char leaf, reg, bit; /* reg: 0 eax ... 3 edx */
    const char *name;
} features[] = {
    {1, 3, 0, "fpu"},       {1, 3, 4, "tsc"},     {1, 3, 8, "cx8"},     {1, 3, 15, "cmov"},
    {1, 3, 23, "mmx"},      {1, 3, 25, "sse"},    {1, 3, 26, "sse2"},   {1, 2, 0, "pni"},
    {1, 2, 1, "pclmulqdq"}, {1, 2, 9, "ssse3"},   {1, 2, 12, "fma"},    {1, 2, 13, "cx16"},
    {1, 2, 19, "sse4_1"},   {1, 2, 20, "sse4_2"}, {1, 2, 22, "movbe"},  {1, 2, 23, "popcnt"},
    {1, 2, 25, "aes"},      {1, 2, 28, "avx"},    {1, 2, 29, "f16c"},   {1, 2, 30, "rdrand"},
    {7, 1, 3, "bmi1"},      {7, 1, 5, "avx2"},    {7, 1, 8, "bmi2"},    {7, 1, 9, "erms"},
    {7, 1, 16, "avx512f"},  {7, 1, 18, "rdseed"}, {7, 1, 29, "sha_ni"},
};

void proc_cpuinfo(struct text *t)
{
    char vendor[13] = {0}, model[49] = {0};
    unsigned reg[8][4] = {{0}};

    cpuid_words(vendor, 0, 1, 1);
    cpuid_words(vendor + 4, 0, 3, 1);
    cpuid_words(vendor + 8, 0, 2, 1);
    for (unsigned i = 0; i < 3; i++)
        cpuid_words(model + 16 * i, 0x80000002u + i, 0, 4);
    __cpuid(1, reg[1][0], reg[1][1], reg[1][2], reg[1][3]);
    __get_cpuid_count(7, 0, &reg[7][0], &reg[7][1], &reg[7][2], &reg[7][3]);
    unsigned family = reg[1][0] >> 8 & 15, extended = family == 15 ? reg[1][0] >> 20 & 255 : 0;
    text_str(t, "processor\t: 0\nvendor_id\t: ");
    text_str(t, vendor);
    text_str(t, "\ncpu family\t: ");
    text_dec(t, family + extended, 0, ' ');
    text_str(t, "\nmodel\t\t: ");
    text_dec(t, (reg[1][0] >> 4 & 15) | (reg[1][0] >> 12 & 0xf0), 0, ' ');
    text_str(t, "\nmodel name\t: ");
    text_str(t, model);
    text_str(t, "\nstepping\t: ");
    text_dec(t, reg[1][0] & 15, 0, ' ');
    text_str(t, "\nphysical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\nfpu\t\t: yes\nflags\t\t:");
    for (unsigned i = 0; i < ARRAY_LEN(features); i++) {
        if (reg[features[i].leaf][features[i].reg] >> features[i].bit & 1) {
            text_char(t, ' ');
            text_str(t, features[i].name);
        }
    }
    text_str(t, "\n\n");
}

void proc_meminfo(struct text *t)
{
    struct page_counts c;
    size_t kib = PAGE_SIZE / 1024;

    page_count(&c);
    text_line(t, "MemTotal:       ", plat_info.mem_len / 1024, " kB");
    text_line(t, "MemFree:        ", c.used[PAGE_FREE] * kib, " kB");
    text_line(t, "MemAvailable:   ", c.used[PAGE_FREE] * kib, " kB");
    text_line(t, "Buffers:        ", 0, " kB");
    text_line(t, "Cached:         ", 0, " kB");
    text_line(t, "SwapTotal:      ", 0, " kB");
    text_line(t, "SwapFree:       ", 0, " kB");
    text_line(t, "AnonPages:      ", (c.used[PAGE_ANON] + c.used[PAGE_BRK]) * kib, " kB");
}

static void seconds(struct text *t, nsec_t ns)
{
    text_dec(t, (uint64_t)(ns / NSEC_PER_SEC), 0, ' ');
    text_char(t, '.');
    text_dec(t, (uint64_t)(ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100)), 2, '0');
}

void proc_uptime(struct text *t)
{
    seconds(t, uptime());
    text_str(t, " 0.00\n");
}

/* Nobody keeps an average of a machine with one thread. */
void proc_loadavg(struct text *t)
{
    text_str(t, "0.00 0.00 0.00 1/1 1\n");
}

void proc_stat(struct text *t)
{
    uint64_t ticks = (uint64_t)(uptime() / (NSEC_PER_SEC / 100));

    for (int i = 0; i < 2; i++) {
        text_str(t, i ? "cpu0 " : "cpu  ");
        text_dec(t, ticks, 0, ' ');
        text_str(t, " 0 0 0 0 0 0 0 0 0\n");
    }
    text_str(t, "intr 0\nctxt 0\nbtime ");
    text_dec(t, (uint64_t)((clock_wall() - uptime()) / NSEC_PER_SEC), 0, ' ');
    text_str(t, "\nprocesses 1\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

void proc_version(struct text *t)
{
    text_str(t, "Linux version " RELEASE " (pith) #1\n");
}

void proc_filesystems(struct text *t)
{
#define LINE(type) "nodev\t" type "\n"
    text_str(t, FS_TYPES(LINE));
#undef LINE
}

void proc_osrelease(struct text *t)
{
    text_str(t, RELEASE "\n");
}

/* A random UUID (RFC 9562, version 4). */
static void put_uuid(struct text *t, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 16; i++) {
        uint8_t b = bytes[i];
        if (i == 6)
            b = (b & 0x0f) | 0x40;
        if (i == 8)
            b = (b & 0x3f) | 0x80;
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_char(t, '-');
        text_hex(t, b, 2, '0');
    }
    text_char(t, '\n');
}

void proc_uuid(struct text *t)
{
    uint8_t bytes[16];

    random_bytes(bytes, sizeof bytes);
    put_uuid(t, bytes);
}

void proc_boot_id(struct text *t)
{
    static uint8_t bytes[16];
    static bool made;

    if (!made)
        random_bytes(bytes, sizeof bytes);
    made = true;
    put_uuid(t, bytes);
}
