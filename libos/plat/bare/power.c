/* SPDX-License-Identifier: MIT
 *
 * The end. Every VMM has another way to say it; a port that nobody listens on is harmless. The last
 * one, a triple fault, resets any machine. */
#include "abi/runner.h"

#include "arch/ring0.h"
#include "bare/bare.h"

#define DEBUG_EXIT_PORT 0xf4  /* QEMU's isa-debug-exit: ends QEMU with 2 * status + 1 */
#define ACPI_PORT       0x604 /* PM1a control of QEMU's pc and q35 */
#define ACPI_OFF        0x2000
#define KEYBOARD_PORT   0x64 /* Firecracker, Cloud Hypervisor, microvm with an i8042 */
#define KEYBOARD_RESET  0xfe
#define RESET_PORT      0xcf9
#define RESET_FULL      0x06

_Noreturn void power_off(int status)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};

    status &= 255;
    out8(PITH_RUNNER_PORT, PITH_RUNNER_EXIT);
    out8(PITH_RUNNER_PORT, (uint8_t)status);
    out32(DEBUG_EXIT_PORT, (uint32_t)status);
    if (status != 0) {
        say_text("pith: ended with exit status ");
        say_number((unsigned)status);
        say_text("\n");
    }
    out16(ACPI_PORT, ACPI_OFF);
    out8(KEYBOARD_PORT, KEYBOARD_RESET);
    out8(RESET_PORT, RESET_FULL);
    for (;;)
        __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}
