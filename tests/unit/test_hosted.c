/* SPDX-License-Identifier: MIT
 *
 * The hosted platform over a boot info and a monitor of this test: what is refused at start, both
 * clocks, the device table, the mapping of calls and signals. The clock is included whole, for its
 * arithmetic.
 *
 * sources: libos/plat/hosted/plat.c libos/plat/hosted/device.c
 * uses:    plat arch abi */
#include <errno.h>
#include <time.h>

#include "unit.h"
#include "abi/device.h"
#include "arch/cpu.h"
#include "iface/clock.h"
#include "iface/plat.h"
#include "plat/hosted.h"

#include "../../libos/plat/hosted/clock.c"

static struct {
    long number, a, b, c; /* of the latest call */
    long answer;
    char log[200];
    jmp_buf end; /* for calls that do not return */
} monitor;

static long serve(long number, long a, long b, long c)
{
    monitor.number = number;
    monitor.a = a;
    monitor.b = b;
    monitor.c = c;
    if (number == PITH_HC_LOG)
        snprintf(monitor.log, sizeof(monitor.log), "%.*s", (int)b, (const char *)a);
    if (number >= PITH_HC_EXIT && number <= PITH_HC_CRASH)
        longjmp(monitor.end, 1);
    return monitor.answer;
}

static struct pith_shared shared;
static struct pith_boot boot;
static struct timespec host_time;
static int host_clock;

static int gettime(int id, struct timespec *ts)
{
    host_clock = id;
    *ts = host_time;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    memset(&monitor, 0, sizeof(monitor));
    memset(&shared, 0, sizeof(shared));
    boot = (struct pith_boot){
        .magic = PITH_BOOT_MAGIC,
        .version = PITH_ABI_VERSION,
        .size = sizeof(boot),
        .mem_len = UINT64_MAX,
        .args = {(uintptr_t) "prog\0arg\0K=V"},
        .args_len = 13,
        .argc = 2,
        .envc = 1,
        .hypercall = {(uintptr_t)serve},
        .shared = {(uintptr_t)&shared},
        .clock.gettime = {(uintptr_t)gettime},
    };
    return 0;
}

static void start_accepts(void **state)
{
    (void)state;
    boot.generation = 9;
    plat_start(&boot);
    assert_int_equal(plat_info.argc, 2);
    assert_string_equal(plat_info.args + 5, "arg");
    assert_int_equal(*plat_info.generation, 9);
    assert_null(plat_info.root);
    boot.args_len = boot.argc = boot.envc = 0;
    plat_start(&boot);
    /* A later monitor, with a longer struct. */
    boot.size += 100;
    plat_start(&boot);
    assert_int_equal(monitor.number, 0);
}

static void refuses(const char *why)
{
    monitor.log[0] = '\0';
    if (!setjmp(monitor.end))
        plat_start(&boot);
    assert_int_equal(monitor.number, PITH_HC_EXIT);
    assert_int_equal(monitor.a, 125);
    assert_non_null(strstr(monitor.log, why));
    setup(NULL);
}

static void start_refuses(void **state)
{
    (void)state;
    boot.version++;
    refuses("another version");
    boot.size--;
    refuses("another version");
    boot.clock.gettime.addr = 0;
    boot.clock.tsc_ns = boot.clock.mono_base_ns = 1;
    refuses("clock");
    boot.clock.gettime.addr = 0;
    refuses("clock");
    boot.args_len--;
    refuses("malformed arguments");
    boot.argc++;
    refuses("malformed arguments");
    boot.envc = 0;
    refuses("malformed arguments");
    boot.argc = boot.envc = UINT32_MAX;
    refuses("malformed arguments");
    boot.args_len = 0;
    refuses("malformed arguments");
}

static void clock_of_the_host(void **state)
{
    (void)state;
    plat_start(&boot);
    host_time = (struct timespec){9000000000, 999999999};
    assert_int_equal(clock_monotonic(), 9000000000999999999);
    assert_int_equal(host_clock, CLOCK_MONOTONIC);
    clock_wall();
    assert_int_equal(host_clock, CLOCK_REALTIME);
}

/* The counter is the real one: its base is set so that a given number of ticks has passed, give or
 * take what passes between here and there, which is below a millisecond or so. */
static void tsc_is(uint64_t ticks, uint64_t hz, nsec_t expect)
{
    boot.clock = (struct pith_clock){
        .tsc_ns = pith_clock_tick(hz),
        .tsc_base = cpu_tsc() - ticks,
        .mono_base_ns = 1000,
        .wall_base_ns = 5000000,
    };
    nsec_t mono = clock_monotonic();
    assert_in_range(mono, expect + 1000, expect + 1000 + 100 * 1000000);
    assert_in_range(clock_wall() - mono, 4999000, 4999000 + 100 * 1000000);
}

static void clock_by_tsc(void **state)
{
    (void)state;
    plat_start(&boot);
    tsc_is(0, 2250000000, 0);
    tsc_is(2250000000, 2250000000, NSEC_PER_SEC);
    /* A counter that lags behind its base stands still. */
    boot.clock.tsc_base = cpu_tsc() + 1000000000000;
    assert_int_equal(clock_monotonic(), 1000);
    /* A clock whose base the monitor does not know yet. */
    boot.clock.gettime.addr = (uintptr_t)gettime;
    boot.clock.wall_base_ns = 0;
    host_time = (struct timespec){7, 8};
    assert_int_equal(clock_wall(), 7 * NSEC_PER_SEC + 8);
    assert_int_equal(clock_monotonic(), 1000);
}

/* The error of a tick's length, less than 2^-32 ns, adds up to less than 6 s in 100 years. */
static void ticks_do_not_overflow(void **state)
{
    const uint64_t years = 100 * 365 * 86400ull, hz = 2250000000;
    struct pith_clock c = {.tsc_ns = pith_clock_tick(hz)};

    (void)state;
    assert_int_equal(pith_clock_ns(&c, 7, 9), 7 + 3);
    assert_in_range(pith_clock_ns(&c, 0, years * hz), (years - 6) * NSEC_PER_SEC,
                    years * NSEC_PER_SEC);
    c.tsc_ns = pith_clock_tick(1);
    assert_int_equal(pith_clock_ns(&c, 0, years), years * NSEC_PER_SEC);
}

static struct {
    struct pith_device table[2];
    _Alignas(16) char desc[64];
    _Alignas(16) char avail[32];
    _Alignas(16) char used[64];
    struct pith_console_config config;
} memory;

static void good_device(void)
{
    boot.mem.addr = (uintptr_t)&memory;
    boot.mem_len = sizeof(memory);
    boot.devices.addr = (uintptr_t)memory.table;
    boot.device_count = 2;
    memory.table[0] = (struct pith_device){.type = PITH_DEVICE_NET, .name = "dev"};
    memory.table[1] = (struct pith_device){
        .type = PITH_DEVICE_CONSOLE,
        .name = "dev",
        .features = 77,
        .config = {(uintptr_t)&memory.config},
        .config_len = sizeof(memory.config),
        .queue[1] =
            {{(uintptr_t)memory.desc}, {(uintptr_t)memory.avail}, {(uintptr_t)memory.used}, 4, 0},
    };
    plat_start(&boot);
}

static int find(void)
{
    struct plat_device dev;
    int err = plat_device_find(PITH_DEVICE_CONSOLE, "dev", &dev);

    if (!err) {
        assert_int_equal(dev.features, 77);
        assert_ptr_equal(dev.queue[1].used, memory.used);
        assert_int_equal(dev.queue[0].size, 0);
    }
    good_device();
    return err;
}

static void devices(void **state)
{
    struct plat_device dev;

    (void)state;
    good_device();
    assert_int_equal(find(), 0);
    assert_int_equal(plat_device_find(PITH_DEVICE_CONSOLE, "de", &dev), -ENODEV);
    assert_int_equal(plat_device_find(PITH_DEVICE_CONSOLE, "dev2", &dev), -ENODEV);
    assert_int_equal(plat_device_find(PITH_DEVICE_BLOCK, "dev", &dev), -ENODEV);
    assert_int_equal(plat_device_at(PITH_DEVICE_CONSOLE, 0, &dev), 0);
    assert_string_equal(dev.name, "dev");
    assert_int_equal(plat_device_at(PITH_DEVICE_CONSOLE, 1, &dev), -ENODEV);
    assert_int_equal(plat_device_at(PITH_DEVICE_BLOCK, 0, &dev), -ENODEV);
    memset(memory.table[1].name, 'd', sizeof(memory.table[1].name));
    assert_int_equal(plat_device_find(PITH_DEVICE_CONSOLE, "dddd", &dev), -ENODEV);
    good_device();

    memory.table[1].queue[1].size = 3;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].queue[1].size = 65536;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].queue[1].desc.addr += 8;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].queue[1].used.addr = (uintptr_t)(&memory + 1) - 4;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].queue[1].avail.addr = UINT64_MAX - 1;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].config_len = sizeof(memory) + 1;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].config.addr = 0;
    assert_int_equal(find(), -ENODEV);
    memory.table[1].config.addr = memory.table[1].config_len = 0;
    assert_int_equal(find(), 0);
    boot.device_count = UINT32_MAX;
    assert_int_equal(find(), -ENODEV);
}

static void calls(void **state)
{
    static char page[4096];

    (void)state;
    plat_start(&boot);
    monitor.answer = 3;
    assert_int_equal(plat_poll(1234), 3);
    assert_true(monitor.number == PITH_HC_POLL && monitor.a == 1234);
    monitor.answer = -EACCES;
    assert_int_equal(plat_protect(page, 4096, 7), -EACCES);
    assert_true(monitor.number == PITH_HC_PROTECT && monitor.a == (long)page && monitor.b == 4096 &&
                monitor.c == 7);
    monitor.answer = 0;
    plat_release(page, 4096);
    assert_int_equal(monitor.number, PITH_HC_RELEASE);
    if (!setjmp(monitor.end))
        plat_die(15);
    assert_true(monitor.number == PITH_HC_DIE && monitor.a == 15);
    if (!setjmp(monitor.end))
        plat_crash(6, "why");
    assert_true(monitor.number == PITH_HC_CRASH && monitor.a == 6 && monitor.c == 3);
}

static void signals(void **state)
{
    (void)state;
    plat_start(&boot);
    plat_signals_catch(0x4000);
    assert_int_equal(shared.caught, 0x4000);
    assert_true(monitor.number == PITH_HC_SIGNALS && monitor.a == 0x4000);
    monitor.number = 0;
    plat_signals_catch(0);
    plat_signals_catch(0x4000);
    assert_int_equal(monitor.number, 0);
    plat_signals_catch(0x2);
    assert_true(monitor.number == PITH_HC_SIGNALS && monitor.a == 0x4002);
    assert_int_equal(plat_signals_take(), 0);
    shared.pending = 0x4002;
    assert_int_equal(plat_signals_take(), 0x4002);
    assert_int_equal(shared.pending, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(start_accepts, setup),
        cmocka_unit_test_setup(start_refuses, setup),
        cmocka_unit_test_setup(clock_of_the_host, setup),
        cmocka_unit_test_setup(clock_by_tsc, setup),
        cmocka_unit_test_setup(ticks_do_not_overflow, setup),
        cmocka_unit_test_setup(devices, setup),
        cmocka_unit_test_setup(calls, setup),
        cmocka_unit_test_setup(signals, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
