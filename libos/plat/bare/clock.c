/* SPDX-License-Identifier: MIT
 *
 * Time from the time stamp counter, and sleeping. Nothing is read before the program asks for the
 * first time: then the counter's frequency comes from the hypervisor or the CPU, or, if neither
 * tells it, from less than a millisecond of comparison with a clock whose frequency is known. Wall
 * time comes from kvmclock or the battery-backed clock, once. */
#include <time.h>

#include "arch/cpu.h"
#include "arch/ring0.h"
#include "bare/bare.h"
#include "bare/virtio.h"
#include "iface/clock.h"

#define MHZ 1000000ull

/* Hypervisor leaves; KVM's features and clock (Linux, Documentation/virt/kvm/x86/{cpuid,msr}.rst).
 */
#define LEAF_HYPERVISOR 0x40000000u
#define LEAF_KVM        0x40000001u
#define LEAF_FREQUENCY  0x40000010u
#define KVM_CLOCK2      (1u << 3)
#define MSR_KVM_TIME    0x4b564d01u

/* Local APIC (Intel SDM volume 3, chapter 11). The timer of QEMU's and KVM's counts at 1 GHz. */
#define APIC(reg)      (*(volatile uint32_t *)(BARE_APIC + (reg)))
#define APIC_EOI       0xb0
#define APIC_SPURIOUS  0xf0
#define APIC_LVT_TIMER 0x320
#define APIC_COUNT     0x380
#define APIC_CURRENT   0x390
#define APIC_DIVIDE    0x3e0
#define APIC_ENABLE    0x100u
#define APIC_DIVIDE_1  0xbu
#define APIC_MASKED    0x10000u
#define APIC_HZ        (1000 * MHZ)
#define TICK_NS        5000000u

/* The 8254: channel 2, gated by port 0x61. */
#define PIT_HZ       1193182ull
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

#define CALIBRATION_NS 500000u

/* How long to sleep at most where nothing would wake us: input on the serial line or a device
 * without interrupts, then anything. */
#define NAP_LISTENING_NS 1000000
#define NAP_NS           1000000000

static bool has_apic; /* the local APIC's timer can be used, at APIC_HZ */

/* What is found is filled in for the library OS, which then reads the counter by itself. */
static struct pith_clock *const shown = &bare_boot.clock;

/* The hypervisor's signature, and its highest leaf; 0 if there is none. */
static unsigned hypervisor(unsigned name[3])
{
    unsigned a, b, c, d;

    __cpuid(1, a, b, c, d);
    if (!(c & 1u << 31))
        return 0;
    __cpuid(LEAF_HYPERVISOR, a, name[0], name[1], name[2]);
    return a;
}

static bool is(const unsigned name[3], const char *text)
{
    return __builtin_memcmp(name, text, 12) == 0;
}

/* struct pvclock_vcpu_time_info: KVM fills it when its address is written. */
static uint64_t kvm_hz(void)
{
    static volatile struct {
        uint32_t version, pad;
        uint64_t tsc, system;
        uint32_t multiplier;
        int8_t shift;
        uint8_t flags, pad2[2];
    } info __attribute__((aligned(64)));
    unsigned features, b, c, d;

    __cpuid(LEAF_KVM, features, b, c, d);
    if (!(features & KVM_CLOCK2))
        return 0;
    msr_write(MSR_KVM_TIME, (uintptr_t)&info | 1);
    uint64_t multiplier = info.multiplier;
    int shift = info.shift;
    msr_write(MSR_KVM_TIME, 0);
    if (multiplier == 0)
        return 0;
    /* ns = (ticks << shift) * multiplier >> 32 */
    uint64_t hz = ((uint64_t)NSEC_PER_SEC << 32) / multiplier;
    return shift >= 0 ? hz >> shift : hz << -shift;
}

/* Crystal frequency times ratio (CPUID 0x15). */
static uint64_t cpu_hz(void)
{
    unsigned a, b, c, d;

    if (!__get_cpuid(0x15, &a, &b, &c, &d) || a == 0)
        return 0;
    return (uint64_t)c * b / a;
}

static void apic_start(void)
{
    /* The old interrupt controllers must not send anything once interrupts are on. */
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    if (!pages_map_device(BARE_APIC))
        return;
    APIC(APIC_SPURIOUS) = APIC_ENABLE | BARE_SPURIOUS_VECTOR;
    APIC(APIC_DIVIDE) = APIC_DIVIDE_1;
    has_apic = true;
}

/* One reading of both clocks at nearly the same time: the closest of a few. */
static uint64_t read_both(uint64_t *tsc)
{
    uint64_t best = UINT64_MAX, count = 0;

    for (int i = 0; i < 8; i++) {
        uint64_t before = cpu_tsc(), now = APIC(APIC_CURRENT), after = cpu_tsc();
        if (after - before < best) {
            best = after - before;
            *tsc = before + (after - before) / 2;
            count = now;
        }
    }
    return count;
}

static uint64_t apic_calibrate(void)
{
    uint64_t from, to;

    APIC(APIC_LVT_TIMER) = APIC_MASKED;
    APIC(APIC_COUNT) = UINT32_MAX;
    uint64_t start = read_both(&from);
    while (start - APIC(APIC_CURRENT) < CALIBRATION_NS)
        ;
    uint64_t passed = start - read_both(&to);
    APIC(APIC_COUNT) = 0;
    return (to - from) * (APIC_HZ / MHZ) / passed * MHZ;
}

/* Channel 2 counts down once; bit 5 of the gate's port tells when it is done. 0: there is no such
 * clock.
 */
static uint64_t pit_calibrate(void)
{
    unsigned count = (unsigned)(PIT_HZ * CALIBRATION_NS / NSEC_PER_SEC);
    uint64_t limit = 100000;

    out8(PIT_GATE, (in8(PIT_GATE) & ~2u) | 1u);
    out8(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
    out8(PIT_CHANNEL2, (uint8_t)count);
    out8(PIT_CHANNEL2, (uint8_t)(count >> 8));
    uint64_t from = cpu_tsc();
    if (in8(PIT_GATE) & 0x20)
        return 0;
    while (!(in8(PIT_GATE) & 0x20))
        if (--limit == 0)
            return 0;
    return (cpu_tsc() - from) * PIT_HZ / count;
}

static uint64_t find_frequency(void)
{
    unsigned name[3] = {0}, a, b, c, d;
    unsigned leaves = hypervisor(name);
    uint64_t hz = 0;
    bool kvm = is(name, "KVMKVMKVM\0\0\0"), tcg = is(name, "TCGTCGTCGTCG");

    if (kvm || tcg)
        apic_start();
    if (leaves >= LEAF_FREQUENCY) {
        __cpuid(LEAF_FREQUENCY, a, b, c, d);
        hz = a * 1000ull;
    }
    if (!hz && kvm)
        hz = kvm_hz();
    if (!hz)
        hz = cpu_hz();
    if (!hz && has_apic)
        hz = apic_calibrate();
    if (!hz)
        hz = pit_calibrate();
    if (!hz) {
        say_text("pith: the machine does not tell how fast its clock is: taking 1 GHz\n");
        hz = 1000 * MHZ;
    }
    return hz;
}

static void start_once(void)
{
    if (likely(shown->tsc_ns))
        return;
    shown->tsc_base = cpu_tsc();
    shown->mono_base_ns = NSEC_PER_SEC;
    shown->tsc_ns = pith_clock_tick(find_frequency());
}

/* Starts at one second, so that no time is 0, which means "at once" as a deadline. */
int64_t clock_now(void)
{
    start_once();
    return pith_clock_ns(shown, shown->mono_base_ns, cpu_tsc());
}

static unsigned rtc(unsigned reg)
{
    out8(0x70, (uint8_t)reg);
    return in8(0x71);
}

static unsigned from_bcd(unsigned n)
{
    return n / 16 * 10 + n % 16;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar after 2000-02: years are taken to begin
 * in March.
 */
static int64_t days(unsigned year, unsigned month, unsigned day)
{
    unsigned m = month > 2 ? month - 3 : month + 9, y = month > 2 ? year : year - 1;

    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Seconds since the Epoch from the battery-backed clock (MC146818), in UTC; 0: there is none. Read
 * twice until both agree, so that no update came in between. */
static int64_t rtc_seconds(void)
{
    static const uint8_t regs[6] = {9, 8, 7, 4, 2, 0}; /* year ... second */
    unsigned now[6], before[6] = {0}, again = 0;

    if (rtc(13) == 0xff)
        return 0;
    do {
        __builtin_memcpy(before, now, sizeof(now));
        for (size_t i = 0; i < 6; i++)
            now[i] = rtc(regs[i]);
    } while (again++ == 0 || (again < 10 && __builtin_memcmp(before, now, sizeof(now)) != 0));
    bool binary = rtc(11) & 4;
    for (size_t i = 0; i < 6 && !binary; i++)
        now[i] = from_bcd(now[i]);
    return days(2000 + now[0], now[1], now[2]) * 86400 + now[3] * 3600 + now[4] * 60 + now[5];
}

static int64_t wall_seconds(void)
{
    int64_t seconds = rtc_seconds();

    if (seconds == 0)
        say_text("pith: the machine does not tell the time of day: it starts in 1970\n");
    return seconds;
}

int bare_gettime(int id, struct timespec *ts)
{
    int64_t now = clock_now();

    if (id == CLOCK_REALTIME) {
        int64_t since = now - (int64_t)shown->mono_base_ns;
        now = wall_seconds() * NSEC_PER_SEC;
        shown->wall_base_ns = (uint64_t)(now - since) | 1; /* not 0: it is known */
    }
    ts->tv_sec = now / NSEC_PER_SEC;
    ts->tv_nsec = now % NSEC_PER_SEC;
    return 0;
}

void clock_wait(int64_t deadline)
{
    int64_t now = clock_now(), left = deadline - now;
    int64_t most = console_listens() || virtio_needs_naps() ? NAP_LISTENING_NS : NAP_NS;

    if (left <= 0)
        return;
    if (!has_apic) {
        __asm__ volatile("pause");
        return;
    }
    APIC(APIC_LVT_TIMER) = BARE_TIMER_VECTOR;
    APIC(APIC_COUNT) = (uint32_t)(left < most ? left : most);
    cpu_sleep();
    APIC(APIC_COUNT) = 0;
}

void clock_tick(void)
{
    start_once();
    if (!has_apic)
        return;
    APIC(APIC_LVT_TIMER) = BARE_TIMER_VECTOR;
    APIC(APIC_COUNT) = TICK_NS;
}

bool clock_interrupts(void)
{
    return has_apic;
}

void clock_interrupt_done(void)
{
    APIC(APIC_EOI) = 0;
}
