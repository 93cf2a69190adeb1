/* SPDX-License-Identifier: MIT
 *
 * Lock-down before the guest's first instruction. There are no namespaces: the filter has neither
 * open nor socket, so there is nothing that they would hide, and a network namespace alone costs
 * several times a whole start. */
#include "monitor/sandbox/lockdown.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define BIT(sig) (1ull << ((sig)-1))

uint64_t lockdown_die_signals(void)
{
    return BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGABRT) |
           BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGUSR1) | BIT(SIGSEGV) | BIT(SIGUSR2) | BIT(SIGPIPE) |
           BIT(SIGTERM) | BIT(SIGSTKFLT) | BIT(SIGXCPU) | BIT(SIGXFSZ) | BIT(SIGVTALRM) |
           BIT(SIGPROF) | BIT(SIGIO) | BIT(SIGPWR);
}

/* The bounding set stays: what it could give is gained by execve only, which is refused twice, by
 * no_new_privs and by the filter. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct have[2], none[2] = {{0}};
    if (syscall(SYS_capget, &header, have))
        return -errno;
    if (!(have[0].effective | have[0].permitted | have[0].inheritable | have[1].effective |
          have[1].permitted | have[1].inheritable))
        return 0;
    return syscall(SYS_capset, &header, none) ? -errno : 0;
}

static int install_filter(const struct filter_params *params)
{
    struct filter_call calls[FILTER_ROWS];
    struct sock_filter code[FILTER_CODE_MAX];
    filter_table(params, calls);
    struct sock_fprog prog = {(unsigned short)filter_compile(calls, code), code};
    /* The guest may read all of this process anyway: speculation has nothing more to tell it. */
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog)
               ? -errno
               : 0;
}

/* Closes descriptors and gives privileges up. */
static int give_up(unsigned first_fd, const char **what)
{
    if (syscall(SYS_close_range, first_fd, ~0u, 0)) {
        *what = "cannot close descriptors (close_range): Linux 5.9 or later is needed";
        return -errno;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        *what = "cannot give up gaining privileges (no_new_privs)";
        return -errno;
    }
    *what = "cannot drop capabilities";
    return drop_capabilities();
}

static const char no_filter[] =
    "cannot install the sandbox: this host's kernel, or a container that Pith runs in, does not allow "
    "seccomp filters";

int lockdown(const struct filter_params *params, unsigned first_fd, const char **what)
{
    int err = give_up(first_fd, what);
    if (!err) {
        err = install_filter(params);
        *what = no_filter;
    }
    return err;
}

int lockdown_gate(unsigned first_fd, const char **what)
{
    /* Linux makes restart_syscall of a poll that a stop has interrupted. */
    static const unsigned allowed[] = {SYS_read,     SYS_write,      SYS_poll,
                                       SYS_pwritev2, SYS_exit_group, SYS_restart_syscall};
    struct sock_filter code[5 + ARRAY_LEN(allowed)];
    unsigned n = 0, calls = ARRAY_LEN(allowed);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0,
                                             (uint8_t)(calls + 1));
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < calls; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                                 (uint8_t)(calls - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog prog = {(unsigned short)n, code};
    int err = give_up(first_fd, what);
    if (!err && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog)) {
        *what = no_filter;
        err = -errno;
    }
    return err;
}
