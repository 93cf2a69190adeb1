/* SPDX-License-Identifier: MIT
 *
 * pith-monitor: loads an image and runs it, as a sandboxed process or in a virtual machine. Users
 * start it as `pith run` (bin/pith is a link to it), Linux as the interpreter of an image that was
 * executed by name (start.c). Everything is decided here; what it is decided with stands in the
 * modules. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <unistd.h>

#include "abi/image.h"
#include "monitor/core/boot.h"
#include "monitor/core/machine.h"
#include "monitor/core/policy.h"
#include "monitor/core/say.h"
#include "monitor/dev/net_trace.h"
#include "monitor/kvm/guest.h"
#include "monitor/kvm/plan.h"
#include "monitor/options.h"
#include "monitor/process/guest.h"
#include "monitor/process/load.h"
#include "monitor/process/signals.h"
#include "monitor/process/vdso.h"
#include "monitor/sandbox/filter.h"
#include "monitor/sandbox/lockdown.h"
#include "monitor/start.h"

enum { EXIT_CANNOT_START = 125, EXIT_REFUSED = 126 };

#define CONFTEST_FILE "conftest.val"

int main(int argc, char **argv, char **envp);

static struct machine machine;
static struct options options;
static struct policies policies;

static int64_t now(void)
{
    struct timespec ts = {0, 0};
    machine.gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static _Noreturn void refuse(int err, const char *why)
{
    say("%s: %s", machine.name, why);
    _exit(err == -ENOEXEC ? EXIT_REFUSED : EXIT_CANNOT_START);
}

static int show_sandbox(void)
{
    struct filter_params params = {.heap_len = 1,
                                   .pool = 1,
                                   .in_fds = 1u << STDIN_FILENO,
                                   .out_fds = 1u << STDOUT_FILENO | 1u << STDERR_FILENO,
                                   .die_signals = lockdown_die_signals() | signals_passed_on(),
                                   .vcpu = options.way == WAY_KVM ? STDERR_FILENO + 1 : 0,
                                   .set_base = options.way != WAY_KVM && !guest_sets_base(),
                                   .allow_jit = options.allow_jit};
    struct filter_call calls[FILTER_ROWS];
    for (unsigned i = 0; i < machine.disks.count; i++)
        machine.disks.dev[i].fd = (int)(STDERR_FILENO + 1 + i);
    filter_allow_disks(&params, &machine.disks);
    for (unsigned i = 0; i < machine.nets.count; i++)
        params.in_fds |= 1ull << (STDERR_FILENO + 1 + machine.disks.count + i);
    params.out_fds |= params.in_fds & ~1ull;
    if (machine.nets.trace)
        params.out_fds |= 1ull << (STDERR_FILENO + 1 + machine.disks.count + machine.nets.count);
    filter_table(&params, calls);
    return filter_show(calls) ? EXIT_CANNOT_START : 0;
}

/* A program that may have no console reads nothing there, and what it writes is lost. Messages of the library OS and
 * of the monitor still go to standard error. */
static void withhold_consoles(struct machine *m)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        refuse(-errno, "cannot open /dev/null in the place of its console");
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    m->consoles.dev[1].out = STDOUT_FILENO;
    close(fd);
}

/* Sets the consoles up. Returns the first descriptor that is not the guest's. */
static unsigned set_consoles(struct machine *m, bool by_name)
{
    static const uint64_t none = 0;
    m->consoles = (struct consoles){.count = 2, .pending = &none, .now = now};
    m->consoles.dev[0] =
        (struct console){.name = "stdio", .in = STDIN_FILENO, .out = STDOUT_FILENO};
    m->consoles.dev[1] = (struct console){.name = "stderr", .in = -1, .out = STDERR_FILENO};
    if (!policies_device(&policies, PITH_POLICY_CONSOLE))
        withhold_consoles(m);
    if (!by_name || !(m->image.flags & PITH_NOTE_CONFTEST))
        return STDERR_FILENO + 1;

    int fd = open(CONFTEST_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0) {
        say("%s: cannot make %s: %s", m->name, CONFTEST_FILE, strerror(errno));
        return STDERR_FILENO + 1;
    }
    if (fd != STDERR_FILENO + 1) {
        dup2(fd, STDERR_FILENO + 1);
        close(fd);
    }
    m->consoles.dev[m->consoles.count++] =
        (struct console){.name = CONFTEST_FILE, .in = -1, .out = STDERR_FILENO + 1};
    return STDERR_FILENO + 2;
}

static void set_clock(struct machine *m)
{
    const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
    void *found = vdso ? vdso_find(vdso, vdso_len(vdso), "__vdso_clock_gettime") : NULL;
    m->gettime = found ? (int (*)(int, struct timespec *))found : gettime_call;
}

static void lay_out(struct machine *m, const struct boot_input *in)
{
    uint64_t need;
    if (!layout_make(&m->image, options.mem_len, boot_area_len(m, in), shared_area_len(m),
                     &m->layout, &need))
        return;
    say("%s: %lu KiB of memory are too little: it needs at least %lu KiB (-m %luK)", m->name,
        (unsigned long)(options.mem_len >> 10), (unsigned long)(need >> 10),
        (unsigned long)(need >> 10));
    _exit(EXIT_CANNOT_START);
}

/* (first_fd): of those that come after the consoles'. */
static void lock_down(struct machine *m, unsigned first_fd)
{
    struct filter_params params = {
        .heap = (uint64_t)m->mem + m->layout.heap.at,
        .heap_len = m->layout.heap.len,
        .pool = m->pool,
        .in_fds = 1ull << STDIN_FILENO,
        .out_fds = (1ull << first_fd) - 1 - (1ull << STDIN_FILENO),
        .die_signals = m->die_signals | signals_passed_on(),
        .pid = m->pid,
        .allow_jit = m->allow_jit && m->backend->in_process,
        .set_base = m->backend->in_process && !guest_sets_base(),
    };
    const char *what = "cannot place a descriptor";
    int err = 0;
    if (m->backend->keep) {
        params.vcpu = (int)first_fd++;
        err = m->backend->keep((unsigned)params.vcpu);
    }
    if (!err)
        err = disks_place(&m->disks, first_fd);
    unsigned nets_fd = first_fd + m->disks.count, end_fd = nets_fd + m->nets.count;
    if (!err)
        err = nets_place(&m->nets, nets_fd);
    int trace = err ? err : net_trace_place(end_fd);
    if (trace < 0)
        err = trace;
    if (!err) {
        filter_allow_disks(&params, &m->disks);
        params.in_fds |= (1ull << end_fd) - (1ull << nets_fd);
        end_fd += (unsigned)trace;
        params.out_fds |= (1ull << end_fd) - (1ull << nets_fd);
        err = lockdown(&params, end_fd, &what);
    }
    if (err) {
        say("%s: %s: %s", m->name, what, strerror(-err));
        _exit(EXIT_CANNOT_START);
    }
}

/* The caller's environment may hold secrets that were not passed on, and the guest can read this
 * process's memory. */
static void wipe_environment(char **envp)
{
    char *first = *envp, *last = first;
    for (; *envp; envp++)
        last = *envp;
    /* The kernel puts the strings one after the other. */
    if (first)
        memset(first, 0, (size_t)(last - first) + strlen(last));
}

/* Finds out what the machine may have. */
static void enforce(struct machine *m, int fd)
{
    const char *why;
    int err = policies_read(&policies, &m->image, fd, options.policy, &why);
    if (err)
        refuse(err, why);
    options.nets = &m->nets;
    options.disks = &m->disks;
    if (!policies_permit(&policies, &options, m->name))
        _exit(EXIT_REFUSED);
}

/* Loads and runs the image at (path). (in) holds arguments and environment. */
static _Noreturn void run(struct machine *m, const char *path, struct boot_input *in, char **envp)
{
    bool by_name = start_image_entry != 0;
    uint64_t random[5];
    const char *why;

    guest_prepare(m);
    signals_catch_faults(m);
    int fd = load_open(m, path, &why);
    if (fd < 0)
        refuse(fd, why);
    if (plan_choose(by_name ? WAY_PROCESS : options.way, &m->backend, &why))
        refuse(-EIO, why);
    if (by_name)
        load_unmap_kernel_copy(m, start_image_entry);
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        refuse(-EIO, "no random numbers from the host");
    memcpy(in->entropy, random + 1, sizeof(in->entropy));
    if (!m->image.network)
        m->nets.count = 0;
    in->settings = options.settings;
    enforce(m, fd);
    in->setting_count = options.setting_count;
    lay_out(m, in);
    if (nets_open(&m->nets) || policies_gates(&policies, &options))
        _exit(EXIT_CANNOT_START);
    int err = load_image(m, fd, random[0], options.no_aslr, &why);
    if (err)
        refuse(err, why);

    unsigned first_fd = set_consoles(m, by_name);
    if (disks_open(&m->disks))
        _exit(EXIT_CANNOT_START);
    set_clock(m);
    if (net_trace_open(&m->nets, m->gettime))
        _exit(EXIT_CANNOT_START);
    in->enforced = PITH_ENFORCED_WX | (m->allow_jit ? PITH_ENFORCED_JIT : 0);
    err = m->backend->prepare(m, in, &why);
    if (err && options.way == WAY_AUTO && !m->backend->in_process) {
        say("%s: %s: it runs as a process", m->name, why);
        m->backend = &process_backend;
        err = load_image(m, fd, random[0], options.no_aslr, &why);
        err = err ? err : m->backend->prepare(m, in, &why);
    }
    if (err)
        refuse(-EIO, why);
    boot_write(m, in);
    m->consoles.pending = &m->shared->pending;
    m->consoles.nets = &m->nets;
    if (load_seal(m))
        refuse(-EIO, "the host refuses to protect memory");
    if (!by_name)
        wipe_environment(envp);
    signals_start(options.timeout_us);
    lock_down(m, first_fd);
    m->backend->enter(m);
}

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);
    return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

/* Whether "--on qemu" or a policy stands anywhere, which pith-cli knows about. If it turns out to be an
 * argument of the image's, or is compiled, pith-cli comes back here. */
static bool may_want_cli(char **argv)
{
    for (; *argv; argv++)
        if (!strncmp(*argv, "--on=qemu", 9) || !strncmp(*argv, "--policy", 8) ||
            !strcmp(*argv, "--show-policy") ||
            (!strcmp(*argv, "--on") && argv[1] && !strncmp(argv[1], "qemu", 4)))
            return true;
    return false;
}

/* Whatever is not "pith run", or needs no monitor, is for pith-cli, which stands beside this
 * program. */
static int other_command(char **argv)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
    char *slash = len > 0 ? memrchr(path, '/', (size_t)len) : NULL;
    if (slash && slash + sizeof("/pith-cli") <= path + sizeof(path)) {
        strcpy(slash, "/pith-cli");
        execv(path, argv);
    }
    say("cannot start pith-cli beside the monitor: %s", strerror(errno));
    return EXIT_CANNOT_START;
}

int main(int argc, char **argv, char **envp)
{
    struct boot_input in = {.argc = argc, .argv = argv};
    char why[300];
    /* "pith run ..."; as pith-monitor it takes the options at once. */
    bool is_pith = !start_image_entry && argc && !ends_with(argv[0], "pith-monitor");
    if (is_pith && (argc < 2 || strcmp(argv[1], "run") != 0 || may_want_cli(argv)))
        return other_command(argv);
    machine.name = argc ? argv[0] : "";
    machine.pid = getpid();
    machine.die_signals = lockdown_die_signals();
    if (start_image_entry) {
        options.mem_len = MEM_LEN_DEFAULT;
        in.envp = envp;
        while (envp[in.envc])
            in.envc++;
        run(&machine, "/proc/self/exe", &in, envp);
    }

    if (is_pith) {
        argc--;
        argv++;
    }
    options.disks = &machine.disks;
    options.nets = &machine.nets;
    if (options_parse(argc, argv, envp, &options, why, sizeof(why))) {
        say("%s", why);
        return EXIT_CANNOT_START;
    }
    if (options.action == OPTIONS_HELP)
        return fputs(options_help, stdout) < 0 || fflush(stdout) ? EXIT_CANNOT_START : 0;
    if (options.action == OPTIONS_SANDBOX)
        return show_sandbox();
    if (options.action == OPTIONS_PLAN)
        return plan_show(options.way) ? EXIT_CANNOT_START : 0;
    in.argc = argc - options.image;
    in.argv = argv + options.image;
    in.envc = options.env_count;
    in.envp = options.env;
    machine.name = in.argv[0];
    machine.allow_jit = options.allow_jit;
    run(&machine, in.argv[0], &in, envp);
}
