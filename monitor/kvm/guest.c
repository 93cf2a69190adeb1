/* SPDX-License-Identifier: MIT
 *
 * Running a machine: doorbells and what else ends KVM_RUN. One thread, one virtual processor. A
 * signal for the monitor ends KVM_RUN; its handler (process/signals.c) does all there is to do.
 * Behind the sandbox KVM_RUN is the only call of KVM that can be made. */
#include "monitor/kvm/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/boot.h"
#include "monitor/core/crash.h"
#include "monitor/core/hypercall.h"
#include "monitor/core/say.h"
#include "monitor/core/upcall.h"
#include "monitor/kvm/area.h"
#include "monitor/kvm/vm.h"
#include "monitor/process/guest.h"
#include "monitor/process/signals.h"

#define FLAGS_ALWAYS (1u << 1)
/* CPL 3 may use ports, and so ring by one. It may then also mask interrupts, of which it gets none.
 */
#define FLAGS_IOPL         (3u << 12)
#define UPCALL_FLAGS_CLEAR (1u << 8 | 1u << 10 | 1u << 18) /* TF, DF, AC */

extern const char kvm_stub[], kvm_stub_probe[];

static struct kvm_vm vm;

/* The clock as the guest reads it, and how far its counter is ahead of the monitor's. */
static struct pith_clock guest_clock;
static uint64_t tsc_ahead;

static uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* The guest's monotonic clock: a deadline then means to the monitor what it means to the guest,
 * however far the host adjusts its own clock. */
static int64_t guest_now(void)
{
    return pith_clock_ns(&guest_clock, guest_clock.mono_base_ns, tsc() + tsc_ahead);
}

int kvm_create(const char **why)
{
    return vm_create(&vm, why);
}

static int reserve(struct machine *m, uint64_t base, uint64_t span)
{
    m->mem_base = base;
    return vm_reserve(&vm, m, span);
}

/* Sets the registers that the next KVM_RUN starts with. */
static void start_at(uint64_t rip, uint64_t rsp, uint64_t rdi)
{
    vm.run->s.regs.regs = (struct kvm_regs){
        .rip = rip, .rsp = rsp, .rdi = rdi, .rflags = FLAGS_ALWAYS | (vm.by_port ? FLAGS_IOPL : 0)};
    vm.run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
}

static bool rang(const struct machine *m, uint64_t *bell)
{
    const struct kvm_run *run = vm.run;
    if (run->exit_reason == KVM_EXIT_IO) {
        *bell = run->io.port;
        return run->io.direction == KVM_EXIT_IO_OUT && run->io.size == 1 && run->io.count == 1;
    }
    uint64_t at = run->mmio.phys_addr - vm_doorbell(&vm, m);
    *bell = at / 8;
    return run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write && run->mmio.len == 8 &&
           at < PAGE_SIZE && at % 8 == 0;
}

static uint64_t ns(const struct machine *m, int clock)
{
    struct timespec ts = {0, 0};
    m->gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Runs the stub's probe: the proof that the machine works and its doorbell is heard. Sets *ahead to
 * how far its time stamp counter is ahead of the monitor's. */
static bool probe(const struct machine *m, uint64_t *ahead)
{
    uint64_t bell, before = tsc();
    int err;

    vm.run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    start_at(vm_stub(&vm, m) + (uint64_t)(kvm_stub_probe - kvm_stub), 0, 0);
    while ((err = ioctl(vm.vcpu, KVM_RUN, 0)) && errno == EINTR)
        ;
    uint64_t after = tsc();
    if (err || !rang(m, &bell) || bell != BELL_PROBE)
        return false;
    uint64_t guest = (vm.run->s.regs.regs.rdx << 32) + (uint32_t)vm.run->s.regs.regs.rax;
    *ahead = guest >= before && guest <= after ? 0 : guest - after;
    return true;
}

/* The port is the cheaper doorbell, but software KVM has none for CPL 3. While it is tried,
 * exceptions ring by the store: one that means that there is no port must not meet the port again.
 */
static bool start(const struct machine *m)
{
    vm_write_gates(&vm, m);
    vm.by_port = !vm_is_software();
    if (vm.by_port && probe(m, &tsc_ahead)) {
        vm_write_gates(&vm, m);
        return true;
    }
    vm.by_port = false;
    return probe(m, &tsc_ahead);
}

static int prepare(struct machine *m, struct boot_input *in, const char **why)
{
    int err = vm_build(&vm, m, why);
    if (err)
        return err;
    if (!start(m)) {
        *why = "the virtual machine does not start: its processor did not reach the doorbell";
        return -EIO;
    }
    guest_clock = (struct pith_clock){.tsc_ns = pith_clock_tick(vm.tsc_khz * 1000),
                                      .mono_base_ns = ns(m, CLOCK_MONOTONIC),
                                      .tsc_base = tsc() + tsc_ahead,
                                      .wall_base_ns = ns(m, CLOCK_REALTIME)};
    in->hypercall = vm_stub(&vm, m);
    in->clock = guest_clock;
    in->features = PITH_FEATURE_FSGSBASE;
    m->consoles.now = guest_now;
    return 0;
}

static int keep(unsigned fd)
{
    if ((unsigned)vm.vcpu != fd && dup3(vm.vcpu, (int)fd, O_CLOEXEC) < 0)
        return -errno;
    vm.vcpu = (int)fd;
    return 0;
}

/* Has KVM copy state out, of the kinds (which): it does so at each end of KVM_RUN, which here is at
 * once. The general registers stay as the last exit left them. */
static struct kvm_sync_regs *fetch(uint64_t which)
{
    vm.run->kvm_valid_regs = which;
    vm.run->immediate_exit = 1;
    ioctl(vm.vcpu, KVM_RUN, 0);
    vm.run->immediate_exit = 0;
    vm.run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    return &vm.run->s.regs;
}

/* Changes the guest's tables. Should they have another root now, the processor gets it with the
 * next KVM_RUN. */
static long map(uint64_t addr, uint64_t phys, uint64_t len, uint64_t flags)
{
    int err = tables_map(&vm.tables, addr, phys, len, flags);
    if (tables_root(&vm.tables) != vm.root) {
        vm.root = tables_root(&vm.tables);
        fetch(KVM_SYNC_X86_SREGS)->sregs.cr3 = vm.root;
        vm.run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    }
    return err;
}

/* The monitor's own mapping changes first: should the host refuse, the guest's is as it was. KVM
 * forgets a page when the monitor's mapping of it changes. One that becomes or stops being
 * executable may keep its protection there, so it is taken away in between. */
static long protect(struct machine *m, uint64_t addr, uint64_t len, unsigned prot)
{
    uint64_t at = addr - m->mem_base, host = (uint64_t)m->mem + at;
    if (m->allow_jit && syscall(SYS_mprotect, host, len, PROT_NONE))
        return -ENOMEM;
    if (syscall(SYS_mprotect, host, len, prot & (PITH_PROT_READ | PITH_PROT_WRITE)))
        return -ENOMEM;
    if ((prot & PITH_PROT_WRITE) && len >= TABLES_REGION)
        guest_advise_huge(host, len);
    return map(addr, vm.kept_len + at, len, tables_flags(prot));
}

static long release(struct machine *m, uint64_t addr, uint64_t len, bool shared)
{
    long err = guest_release((uint64_t)m->mem + (addr - m->mem_base), len, shared);
    return err ? err : map(addr, 0, len, 0);
}

/* The guest's page tables know nothing of it: the same place of its memory shows other pages. */
static long share(struct machine *m, uint64_t addr, uint64_t from, uint64_t len)
{
    uint64_t at = addr - m->mem_base;
    long err = guest_share(m, (uint64_t)m->mem + at, from, len);
    return err ? err
               : map(addr, vm.kept_len + at, len, tables_flags(PITH_PROT_READ | PITH_PROT_WRITE));
}

static __attribute__((noreturn)) void crash(struct machine *m, int sig, uint64_t reason,
                                            uint64_t len, const struct guest_frame *frame)
{
    signals_report_begin(sig);
    crash_report_call(m, sig, reason, len, frame);
    _exit(128 + sig);
}

/* The registers as the last exit left them. */
static struct crash_fault fault_here(void)
{
    const struct kvm_regs *r = &vm.run->s.regs.regs;
    return (struct crash_fault){
        .reg = {r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8, r->r9,
                r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip, r->rflags},
    };
}

static _Noreturn void report(const struct machine *m, const struct crash_fault *f)
{
    signals_report_begin(f->sig);
    crash_report_fault(m, f);
    _exit(128 + f->sig);
}

static int signal_of(unsigned vector)
{
    switch (vector) {
    case VECTOR_DIVIDE:
    case VECTOR_X87:
    case VECTOR_SIMD:
        return SIGFPE;
    case VECTOR_DEBUG:
    case VECTOR_BREAKPOINT:
        return SIGTRAP;
    case VECTOR_UNDEFINED:
        return SIGILL;
    case VECTOR_ALIGNMENT:
        return SIGBUS;
    default:
        return SIGSEGV;
    }
}

/* Software KVM reports "int n" as undefined, the processor as a protection fault. */
static bool is_int(const struct machine *m, uint64_t rip)
{
    uint64_t code;
    return crash_guest_word(m, rip, &code) && (code & 0xff) == 0xcd;
}

/* Interrupts the guest, which stands as (at) says, if it wants to be. */
static bool upcall(struct machine *m, const struct pith_upcall_frame *at)
{
    struct kvm_regs *r = &vm.run->s.regs.regs;
    uint64_t rip, rsp;
    if (!upcall_begin(m, at, &rip, &rsp))
        return false;
    r->rip = rip;
    r->rsp = rsp;
    r->rflags = at->rflags & ~(uint64_t)UPCALL_FLAGS_CLEAR;
    vm.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
    return true;
}

/* A signal of the host's ended KVM_RUN, most often a tick. An exception that KVM has yet to deliver
 * belongs to where the guest stands: it goes first, and this tick is left out. */
static void tick(struct machine *m)
{
    if (!m->upcall)
        return;
    const struct kvm_regs *r = &vm.run->s.regs.regs;
    if (!fetch(KVM_SYNC_X86_EVENTS)->events.exception.injected)
        (void)upcall(m, &(struct pith_upcall_frame){.rip = r->rip,
                                                    .rsp = r->rsp,
                                                    .rflags = r->rflags,
                                                    .vector = PITH_UPCALL_NO_FAULT});
}

/* The processor left its frame at the end of the exception stack. The guest could have changed it
 * or rung itself: then it is told what it says, or its report is wrong. */
static void exception(struct machine *m, unsigned vector)
{
    const unsigned with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 |
                                1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;
    const uint64_t *end = (const uint64_t *)(vm.kept + AREA_STACK + PAGE_SIZE);
    struct crash_fault f = fault_here();

    if (vector == VECTOR_UNDEFINED && is_int(m, end[-5]))
        vector = VECTOR_PROTECTION;
    f.sig = signal_of(vector);
    f.vector = vector;
    f.error = with_error >> vector & 1 ? (unsigned)end[-6] : 0;
    f.reg[CRASH_RIP] = end[-5];
    f.reg[CRASH_FLAGS] = end[-3];
    f.reg[CRASH_RSP] = end[-2];
    if (vector == VECTOR_PAGE)
        f.addr = fetch(KVM_SYNC_X86_SREGS)->sregs.cr2;
    if (!upcall(m, &(struct pith_upcall_frame){.rip = f.reg[CRASH_RIP],
                                               .rsp = f.reg[CRASH_RSP],
                                               .rflags = f.reg[CRASH_FLAGS],
                                               .vector = vector,
                                               .error = f.error,
                                               .addr = f.addr}))
        report(m, &f);
}

/* KVM_RUN ended otherwise than by a doorbell, with (error) if it is not 0. */
static _Noreturn void stopped(const struct machine *m, int error)
{
    struct crash_fault f = fault_here();
    char text[120];

    f.sig = SIGSEGV;
    f.other = text;
    if (error == EFAULT) {
        f.sig = SIGBUS;
        f.other =
            "bus error: the image file was changed or cut short while it ran, or the host has "
            "no memory left";
    } else if (error) {
        snprintf(text, sizeof(text), "KVM cannot run the machine any further: %s", strerror(error));
    } else if (vm.run->exit_reason == KVM_EXIT_IO) {
        f.other = "input or output at a port: an instruction that programs may not use";
    } else if (vm.run->exit_reason == KVM_EXIT_MMIO) {
        f.other = "the program touched the doorbell's page, which only calls of the monitor use";
    } else if (vm.run->exit_reason == KVM_EXIT_SHUTDOWN) {
        f.other = "the virtual processor shut down: an exception could not be delivered";
    } else {
        snprintf(text, sizeof(text), "the virtual processor stopped: exit reason %u of KVM",
                 vm.run->exit_reason);
    }
    report(m, &f);
}

static void call(struct machine *m)
{
    struct kvm_regs *r = &vm.run->s.regs.regs;
    struct guest_frame frame = {.rsp = r->rsp, .rbp = r->rbp};
    if (!crash_guest_word(m, r->rsp, &frame.rip))
        frame.rip = 0;
    r->rax = (uint64_t)hypercall_serve(m, (long)r->rdi, (long)r->rsi, (long)r->rdx, (long)r->rcx,
                                       &frame);
    vm.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

static __attribute__((noreturn)) void enter(struct machine *m)
{
    const struct layout *l = &m->layout;
    uint64_t bell;

    /* The 8 bytes at the end of the stack are 0, as a return address the end of every back-trace.
     */
    start_at(m->mem_base + m->image.entry, m->mem_base + l->stack.at + l->stack.len - 8,
             m->mem_base + l->boot.at);
    for (;;) {
        if (ioctl(vm.vcpu, KVM_RUN, 0)) {
            if (errno == EINTR)
                tick(m);
            else if (errno != EAGAIN)
                stopped(m, errno);
        } else if (!rang(m, &bell)) {
            stopped(m, 0);
        } else if (bell == BELL_CALL) {
            call(m);
        } else if (bell >= BELL_EXCEPTION && bell < BELL_EXCEPTION + VECTORS) {
            exception(m, (unsigned)(bell - BELL_EXCEPTION));
        } else {
            stopped(m, 0);
        }
    }
}

const struct backend kvm_backend = {
    .reserve = reserve,
    .prepare = prepare,
    .keep = keep,
    .enter = enter,
    .protect = protect,
    .release = release,
    .share = share,
    .die = signals_die,
    .pass_on = signals_pass_on,
    .crash = crash,
};
