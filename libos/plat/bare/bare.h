/* SPDX-License-Identifier: MIT
 *
 * The bare platform: a monitor inside the image. It takes a PVH guest's machine in ring 0, and
 * offers the rest of the image exactly what a monitor offers from outside, the boot info, devices
 * and hypercalls of abi/; so everything above is the same code on both, chosen by a pointer that is
 * there anyway. docs/bare.md has the whole.
 *
 * Guest memory is mapped where it is: virtual and physical addresses are equal. One CPU; interrupts
 * are on only inside clock_wait, until the program asks for upcalls (upcall.c). Everything here is
 * compiled for general registers only, because exceptions interrupt code that uses the others. */
#ifndef PITH_BARE_H
#define PITH_BARE_H

#include "abi/boot.h"
#include "abi/device.h"
#include "abi/hypercall.h"
#include "arch/cpu.h"
#include "bare/machine.h"
#include "base/base.h"

/* Where everything lies. Set by bare_start before the page tables are made. */
struct bare_layout {
    uint64_t image, image_len;
    uint64_t text, text_len;     /* inside the image */
    uint64_t args, args_len;     /* pages behind the image */
    uint64_t stack, stack_len;   /* a page that stays unmapped is below */
    uint64_t tables, tables_len; /* page tables come from here; not mapped as memory */
    uint64_t heap, heap_len;
    const char *name; /* argv[0], for messages */
};
extern struct bare_layout bare_layout;

/* What an exception has left on its stack; see entry.S. */
struct bare_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* start.c: takes the machine from the PVH entry: the address of struct hvm_start_info, and the low
 * half of the time stamp counter at the first instruction. */
_Noreturn void bare_start(uint64_t start_info, uint32_t tsc);

/* Called with the name of each stage of the boot that has ended, and the counter where it is not
 * that of the call. Only bench/boot.c defines it. */
__attribute__((weak, visibility("hidden"))) void pith_bare_stage(const char *name, uint32_t tsc);

static inline void stage_done(const char *name)
{
    if (pith_bare_stage)
        pith_bare_stage(name, 0);
}

/* entry.S: the image's hosted entry point, on the stack that ends at (sp). */
_Noreturn void bare_enter(const struct pith_boot *boot, uint64_t sp);
extern struct pith_boot bare_boot;

/* The local APIC's number, by which interrupts are sent to it. */
static inline uint32_t cpu_apic_id(void)
{
    unsigned a, b, c, d;

    __cpuid(1, a, b, c, d);
    return b >> 24;
}

/* Prints "pith: " and (why), and ends the machine with status 125. */
_Noreturn void bare_refuse(const char *why);

/* cmdline.c: splits the machine's command line (docs/bare.md has the syntax) into (out), which has
 * room for strlen(line) + 8 bytes: the arguments, then the variables, NUL-terminated. Without
 * arguments there is one, "image". Returns the bytes written. */
size_t cmdline_split(const char *line, char *out, uint32_t *argc, uint32_t *envc);

/* The words "pith.NAME=VALUE" of (line), which are neither arguments nor variables unless quoted, as
 * NAME=VALUE, NUL-terminated, in (out). Together with what cmdline_split writes they take no more
 * than strlen(line) + 8 bytes. Returns the bytes written. */
size_t cmdline_settings(const char *line, char *out);

/* The next word of (*line) that names a device, as Linux has it: what follows
 * "virtio_mmio.device=". NULL: there is none. (*line) moves behind it. These words are no
 * arguments, unless quoted. */
const char *cmdline_device(const char **line);

/* Reads SIZE@ADDRESS:INTERRUPT[:ID]. False: it is nothing like it. The numbers may be anything
 * below 2^56, the size with its unit below 2^64 or wrapped. */
struct mmio_word {
    uint64_t size, base;
    uint32_t irq;
};
bool cmdline_mmio(const char *text, struct mmio_word *w);

/* pages.c: makes the final page tables of bare_layout and the image's segments, and loads them. */
void pages_start(void);

/* Sets protection, gives back, as abi/hypercall.h says for whole pages of the heap. */
long pages_protect(uint64_t addr, uint64_t len, unsigned prot);
long pages_release(uint64_t addr, uint64_t len);

/* PITH_HC_SHARE: the shared page of a page is its own memory. */
long pages_share(uint64_t addr, uint64_t from, uint64_t len);

/* Maps one page of a device, uncached. False: no memory is left for tables. */
bool pages_map_device(uint64_t addr);

/* The same for what holds the (len) bytes at (addr), which may come from a device: outside of
 * memory and of the interrupt controllers, of 1 MiB at most, else false. */
bool pages_map_registers(uint64_t addr, uint64_t len);

/* Takes (n) pages from the heap's begin, before the boot info tells of it, mapped and zeroed. 0:
 * there are none to spare. */
uint64_t pages_take(size_t n);

/* Makes sure that all of (len) bytes of memory can be read, or if (write) written, and have pages
 * behind them: a device does not fault. Returns 0; -EFAULT; -EOPNOTSUPP: a page shows another one's
 * memory (pages_share). */
long pages_reach(uint64_t addr, uint64_t len, bool write);

/* Serves a page fault: memory that is allowed but was never touched gets its page, zeroed. False:
 * the access is a fault of the program. */
bool pages_fault(uint64_t addr, uint64_t error);

/* Whether the aligned word at (addr) can be read. */
bool pages_readable(uint64_t addr);

/* traps.c: descriptor tables and exceptions. */
void traps_start(void);

/* crash.c: prints the report of an exception, or of a call of PITH_HC_CRASH whose frame pointer is
 * (rbp), and ends the machine with status 128 + (sig). crash_trace: a back-trace alone. */
void crash_trace(uint64_t rip, uint64_t rsp, uint64_t rbp);
_Noreturn void crash_exception(const struct bare_frame *f, uint64_t cr2);
_Noreturn void crash_call(int sig, const char *reason, size_t len, uint64_t rbp);

/* serial.c: two 16550s, COM1 for the program's input and output, COM2, if there, for messages and
 * standard error. serial_get returns a byte or -1. serial_listen: from now on bytes that come to COM2 interrupt
 * (BARE_SIGNAL_VECTOR); false: it is not there, or cannot. */
enum serial_port { SERIAL_OUT, SERIAL_ERR, SERIAL_PORTS };
void serial_start(void);
void serial_put(enum serial_port port, const char *text, size_t len);
int serial_get(enum serial_port port);
bool serial_listen(void);

/* say.c: pieces of messages, on the serial port for them: text; a number, decimal, or hexadecimal
 * with at least (digits) digits. */
void say_text(const char *text);
void say_number(uint64_t n);
void say_hex(uint64_t n, unsigned digits);

/* line.c: a virtio console, where there is one. line_get as serial_get, and line_put as serial_put,
 * which calls it where there is no serial port. */
void line_start(void);
bool line_there(void);
int line_get(void);
void line_put(const char *text, size_t len);

/* console.c: the console devices of abi/device.h. console_serve returns the number of buffers used;
 * console_listens tells whether somebody waits for input from a serial port. */
#define CONSOLE_DEVICES 2
#define VIRTIO_DEVICES  24
extern struct pith_device bare_devices[CONSOLE_DEVICES + VIRTIO_DEVICES];
void console_devices_start(void);
int console_serve(void);
bool console_listens(void);

/* hypercall.c: what abi/hypercall.h says. */
long bare_hypercall(long number, long a, long b, long c);

/* clock.c: pith_clock.gettime; monotonic time; sleeping until (deadline), or shorter. */
struct timespec;
int bare_gettime(int id, struct timespec *ts);
int64_t clock_now(void);
void clock_wait(int64_t deadline);

/* Makes the timer interrupt in some ms, again; tells the interrupt controller that an interrupt has
 * been taken. */
void clock_tick(void);
void clock_interrupt_done(void);

/* Whether there is a known interrupt controller, once the clock was asked. */
bool clock_interrupts(void);

/* upcall.c: PITH_HC_UPCALL; no interrupts while a call is served, and from its end on; a tick, and
 * an exception at which a page fault was for (addr), of code that stands at (f): whether the
 * program takes it. Nothing happens, and false, as long as it has not asked for upcalls. */
long upcall_register(uint64_t addr);
void upcall_pause(void);
void upcall_go_on(void);
void upcall_tick(struct bare_frame *f);
bool upcall_fault(struct bare_frame *f, uint64_t addr);

/* signals.c: PITH_HC_SIGNALS; what COM2 says when it interrupts; whether signals wait for the program. */
long signals_catch(uint64_t set);
void signals_receive(void);
bool signals_pending(void);

/* ioapic.c: makes an edge of interrupt line (irq) interrupt at (vector): a line that stays high until it is
 * acknowledged does so once. False: there is no such line. */
bool ioapic_route(uint32_t irq, unsigned vector);

/* entropy.c: fills the 32 bytes of the boot info; devices have been started. */
void entropy_gather(uint8_t out[32]);

/* power.c: ends the machine; docs/bare.md says how the status gets out. */
_Noreturn void power_off(int status);

#endif
