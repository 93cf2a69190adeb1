/* SPDX-License-Identifier: MIT
 *
 * The sandbox's filter. Its program is run by a small interpreter and compared with what is allowed
 * as written down here once more, on edges and on random calls; and it is installed, so that Linux
 * accepts it.
 *
 * sources: monitor/sandbox/filter.c
 * uses:    monitor abi */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "monitor/sandbox/filter.h"

static struct sock_filter code[FILTER_CODE_MAX];
static size_t code_len;
static struct filter_params params;

static void compile(void)
{
    struct filter_call calls[FILTER_ROWS];
    filter_table(&params, calls);
    code_len = filter_compile(calls, code);
    assert_true(code_len <= FILTER_CODE_MAX);
}

static int start(void **state)
{
    (void)state;
    params = (struct filter_params){.heap = 0x123456789000,
                                    .heap_len = 0x10000000,
                                    .pool = 0x234567890000,
                                    .in_fds = 1 << 0,
                                    .out_fds = 1 << 1 | 1 << 2,
                                    .die_signals = 1ull << (SIGTERM - 1) | 1ull << (SIGINT - 1) |
                                                   1ull << (SIGABRT - 1) | 1ull << (SIGSEGV - 1) |
                                                   1ull << (SIGUSR1 - 1),
                                    .pid = 4711};
    compile();
    return 0;
}

/* Classic BPF as seccomp has it. Fails the test on anything that is not in it or leaves the
 * program. */
static uint32_t interpret(const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0;
    for (size_t pc = 0; pc < code_len; pc++) {
        const struct sock_filter *f = &code[pc];
        bool jump = false;
        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(f->k <= sizeof(*data) - 4 && f->k % 4 == 0);
            memcpy(&a, (const char *)data + f->k, 4);
            continue;
        case BPF_LD | BPF_IMM:
            a = f->k;
            continue;
        case BPF_MISC | BPF_TAX:
            x = a;
            continue;
        case BPF_ALU | BPF_RSH | BPF_X:
            assert_true(x < 32);
            a >>= x;
            continue;
        case BPF_RET | BPF_K:
            return f->k;
        case BPF_JMP | BPF_JEQ | BPF_K:
            jump = a == f->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            jump = a > f->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            jump = a >= f->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            jump = (a & f->k) != 0;
            break;
        default:
            fail_msg("unknown instruction 0x%x", f->code);
        }
        pc += jump ? f->jt : f->jf;
    }
    fail_msg("the program has no end");
    return 0;
}

static uint32_t answer(int nr, const uint64_t *args)
{
    struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64};
    memcpy(d.args, args, sizeof(d.args));
    return interpret(&d);
}

static bool heap_range(const uint64_t *a)
{
    return a[0] >= params.heap && a[0] < params.heap + params.heap_len && a[1] <= params.heap_len;
}

/* What Linux takes as an int is one: the upper half does not count. */
static bool allowed(int nr, const uint64_t *a)
{
    uint32_t i0 = (uint32_t)a[0], i1 = (uint32_t)a[1], i2 = (uint32_t)a[2], i3 = (uint32_t)a[3];
    switch (nr) {
    case SYS_pwritev2:
        return (uint32_t)a[5] == 0 && i0 < 32 &&
               ((params.out_fds >> i0 & 1 && a[3] == UINT64_MAX) ||
                (params.disk_out_fds >> i0 & 1 && a[3] <= params.disk_max));
    case SYS_preadv2:
        return (uint32_t)a[5] == 0 && i0 < 32 &&
               ((params.in_fds >> i0 & 1 && a[3] == UINT64_MAX) ||
                (params.disk_fds >> i0 & 1 && a[3] <= params.disk_max));
    case SYS_fdatasync:
        return i0 < 32 && (params.disk_out_fds >> i0 & 1);
    case SYS_ppoll:
        return a[3] == 0;
    case SYS_clock_gettime:
        return !params.vcpu && i0 <= 1;
    case SYS_ioctl: /* KVM_RUN is 0xae80 */
        return params.vcpu && i0 == (uint32_t)params.vcpu && i1 == 0xae80;
    case SYS_mprotect:
        if (params.allow_jit && (i2 == 4 || i2 == 5))
            return heap_range(a);
        return heap_range(a) && (i2 <= 3);
    case SYS_mmap:
        return heap_range(a) && i2 == 0 && i3 == 0x4032;
    case SYS_mremap:
        return params.pool && a[0] >= params.pool && a[0] - params.pool < params.heap_len &&
               a[1] == 0 && a[2] <= params.heap_len && a[3] == 3 && a[4] >= params.heap &&
               a[4] - params.heap < params.heap_len;
    case SYS_madvise:
        return heap_range(a) && (i2 == 4 || i2 == 9 || i2 == 14);
    case SYS_rt_sigaction:
        return i0 >= 1 && i0 < 32 && (params.die_signals >> (i0 - 1) & 1);
    case SYS_tgkill:
        return i0 == (uint32_t)params.pid && i1 == (uint32_t)params.pid;
    case SYS_rt_sigreturn:
    case SYS_exit_group:
        return true;
    default:
        return false;
    }
}

static void check(int nr, const uint64_t *args)
{
    uint32_t want = allowed(nr, args) ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP;
    if (answer(nr, args) != want)
        fail_msg("call %d (%lx, %lx, %lx, %lx): expected %x", nr, (long)args[0], (long)args[1],
                 (long)args[2], (long)args[3], want);
}

static void every_number(void **state)
{
    const uint64_t none[6] = {0};
    (void)state;
    for (int nr = -10; nr < 2000; nr++)
        check(nr, none);
    for (int nr = 0; nr < 600; nr++)
        check(nr | 0x40000000, none); /* x32 */
}

static void other_architectures(void **state)
{
    static const uint32_t archs[] = {AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
        for (int nr = 0; nr < 600; nr++) {
            struct seccomp_data d = {.nr = nr, .arch = archs[i]};
            assert_int_equal(interpret(&d), SECCOMP_RET_KILL_PROCESS);
        }
}

/* A number near one that matters. */
static uint64_t interesting(uint64_t *seed)
{
    const uint64_t values[] = {0,
                               1,
                               2,
                               3,
                               4,
                               5,
                               6,
                               7,
                               14,
                               31,
                               32,
                               64,
                               0x32,
                               0x4032,
                               4711,
                               1ull << 32,
                               UINT64_MAX,
                               params.heap,
                               params.heap + params.heap_len,
                               params.heap_len,
                               params.heap + params.heap_len / 2,
                               params.heap & ~0xffffffffull,
                               params.heap << 32};
    uint64_t v = values[random_below(seed, sizeof(values) / sizeof(values[0]))];
    switch (random_below(seed, 6)) {
    case 0:
        return v + 1;
    case 1:
        return v - 1;
    case 2:
        return v ^ 1ull << random_below(seed, 64);
    default:
        return v;
    }
}

static void random_calls(uint64_t seed)
{
    static const int numbers[] = {SYS_pwritev2,      SYS_preadv2,  SYS_fdatasync, SYS_ppoll,
                                  SYS_clock_gettime, SYS_mprotect, SYS_mmap,      SYS_madvise,
                                  SYS_rt_sigaction,  SYS_tgkill,   SYS_open};
    unsigned passed = 0;
    for (int i = 0; i < 400000; i++) {
        uint64_t args[6];
        int nr = numbers[random_below(&seed, sizeof(numbers) / sizeof(numbers[0]))];
        for (int j = 0; j < 6; j++)
            args[j] = interesting(&seed);
        if (random_below(&seed, 2)) {
            args[0] = params.heap + random_below(&seed, params.heap_len);
            args[1] = random_below(&seed, 2 * params.heap_len);
        }
        check(nr, args);
        passed += allowed(nr, args);
    }
    assert_true(passed > 5000); /* both answers were tried */
}

static void arguments(void **state)
{
    (void)state;
    random_calls(1);
}

static void arguments_with_jit(void **state)
{
    (void)state;
    params.allow_jit = true;
    compile();
    random_calls(2);
    for (uint64_t prot = 0; prot < 64; prot++) {
        const uint64_t args[6] = {params.heap, 4096, prot};
        assert_int_equal(answer(SYS_mprotect, args),
                         prot <= 5 ? SECCOMP_RET_ALLOW : SECCOMP_RET_TRAP);
    }
}

/* Heaps that cross a multiple of 4 GiB, or are larger than it, need the longer checks. */
static void large_heaps(void **state)
{
    static const struct {
        uint64_t heap, len;
    } heaps[] = {
        {0x2fffff000, 0x3000},         {0x2fffff000, 0x1000},        {0x300000000, 0x1000},
        {0x123400001000, 0x500000000}, {0x7f0000000000, 1ull << 40}, {0x123400000000, 1ull << 32},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(heaps) / sizeof(heaps[0]); i++) {
        params.heap = heaps[i].heap;
        params.heap_len = heaps[i].len;
        compile();
        random_calls(3 + i);
    }
}

/* Everything right, or one argument of it anything: at random it never is. */
static void shared_pages(void **state)
{
    uint64_t seed = 9;
    unsigned passed = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t args[6] = {params.pool + random_below(&seed, params.heap_len), 0,
                            random_below(&seed, 2 * params.heap_len), 3,
                            params.heap + random_below(&seed, params.heap_len)};
        if (random_below(&seed, 2)) {
            uint64_t edge = random_below(&seed, 2)
                                ? params.pool + random_below(&seed, 2) * params.heap_len -
                                      random_below(&seed, 2)
                                : interesting(&seed);
            args[random_below(&seed, 5)] = edge;
        }
        check(SYS_mremap, args);
        passed += allowed(SYS_mremap, args);
    }
    assert_true(passed > 50000);
    params.pool = 0;
    compile();
    const uint64_t none[6] = {0, 0, 4096, 3, params.heap};
    assert_int_equal(answer(SYS_mremap, none), SECCOMP_RET_TRAP);
}

/* Runs (fn) in a child behind the filter. Returns its wait status. */
static int behind_filter(void (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        params.pid = getpid();
        compile();
        struct sock_fprog prog = {(unsigned short)code_len, code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog))
            syscall(SYS_exit_group, 99);
        fn();
        syscall(SYS_exit_group, 7);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void do_nothing(void)
{
}

static void do_socket(void)
{
    syscall(SYS_socket, 2, 1, 0);
}

static void do_kill_parent(void)
{
    syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void do_i386_exit(void)
{
    __asm__ volatile("int $0x80" : : "a"(1), "b"(7) : "memory");
}

static void in_linux(void **state)
{
    (void)state;
    int status = behind_filter(do_nothing);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    status = behind_filter(do_socket);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    status = behind_filter(do_kill_parent);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    status = behind_filter(do_i386_exit);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* Descriptors, positions and flags near those that count, for consoles and disks. */
static void random_transfers(uint64_t seed)
{
    static const int numbers[] = {SYS_pwritev2, SYS_preadv2, SYS_fdatasync};
    const uint64_t positions[] = {0,
                                  1,
                                  UINT64_MAX,
                                  INT64_MAX,
                                  UINT32_MAX,
                                  1ull << 32,
                                  params.disk_max,
                                  params.disk_max + 1,
                                  params.disk_max - 1,
                                  params.disk_max | 1ull << 63,
                                  params.disk_max << 32};
    unsigned passed = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t args[6] = {
            random_below(&seed, 12), random_next(&seed),
            random_next(&seed),      positions[random_below(&seed, 11)],
            random_next(&seed),      random_below(&seed, 4) ? 0 : random_next(&seed)};
        int nr = numbers[random_below(&seed, 3)];
        check(nr, args);
        passed += allowed(nr, args);
    }
    assert_true(passed > 1000);
}

static void disks(void **state)
{
    struct disks ds = {.count = 4};
    static const uint64_t sizes[] = {512, 1ull << 20, 1ull << 32, (3ull << 40) + 512};
    (void)state;
    random_transfers(10);
    for (unsigned i = 0; i < 4; i++) {
        ds.dev[i].size = sizes[i];
        ds.dev[i].fd = (int)i + 3;
    }
    ds.dev[1].read_only = true;
    for (ds.count = 1; ds.count <= 4; ds.count++) {
        start(state);
        filter_allow_disks(&params, &ds);
        assert_int_equal(params.disk_fds, (8u << ds.count) - 8);
        assert_int_equal(params.disk_out_fds, ((8u << ds.count) - 8) & ~16u);
        assert_int_equal(params.disk_max, sizes[ds.count - 1]);
        compile();
        random_transfers(10 + ds.count);
        random_calls(20 + ds.count);
    }
    ds.count = 1;
    ds.dev[0].read_only = true;
    start(state);
    filter_allow_disks(&params, &ds);
    compile();
    random_transfers(30);
}

static void virtual_processor(void **state)
{
    uint64_t seed = 40;
    unsigned passed = 0;
    (void)state;
    params.vcpu = 5;
    compile();
    every_number(state);
    random_calls(41);
    for (int i = 0; i < 100000; i++) {
        uint64_t args[6] = {random_below(&seed, 8),
                            random_below(&seed, 2) ? 0xae80
                                                   : 0xae80 ^ 1u << random_below(&seed, 32),
                            random_next(&seed)};
        check(SYS_ioctl, args);
        passed += allowed(SYS_ioctl, args);
    }
    assert_true(passed > 1000);
}

/* Twelve, and one more for shared pages. */
static void few_calls(void **state)
{
    struct filter_call calls[FILTER_ROWS];
    struct disks ds = {.count = DISKS_MAX};
    unsigned distinct = 0, rows = 0;
    (void)state;
    for (unsigned i = 0; i < DISKS_MAX; i++)
        ds.dev[i].fd = (int)i + 3;
    filter_allow_disks(&params, &ds);
    filter_table(&params, calls);
    for (; calls[rows].name; rows++) {
        unsigned i = 0;
        while (calls[i].number != calls[rows].number)
            i++;
        distinct += i == rows;
    }
    assert_true(rows < FILTER_ROWS);
    assert_int_equal(distinct, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_number, start),
        cmocka_unit_test_setup(other_architectures, start),
        cmocka_unit_test_setup(arguments, start),
        cmocka_unit_test_setup(arguments_with_jit, start),
        cmocka_unit_test_setup(large_heaps, start),
        cmocka_unit_test_setup(shared_pages, start),
        cmocka_unit_test_setup(in_linux, start),
        cmocka_unit_test_setup(disks, start),
        cmocka_unit_test_setup(virtual_processor, start),
        cmocka_unit_test_setup(few_calls, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
