/* SPDX-License-Identifier: MIT
 *
 * Constants of the bare machine that assembly and C share (Intel SDM volume 3; AMD APM volume 2).
 */
#ifndef PITH_BARE_MACHINE_H
#define PITH_BARE_MACHINE_H

#define BARE_CS        0x08
#define BARE_SS        0x10
#define BARE_TR        0x18
#define BARE_GDT_BYTES 40

#define BARE_CR0       0x80010033 /* PG WP NE ET MP PE */
#define BARE_CR4_FIRST 0x620      /* OSXMMEXCPT OSFXSR PAE */

#define BARE_TRAP_STACK 8192

#define BARE_EXCEPTIONS  32
#define BARE_ERROR_CODES 0x60227d00 /* bit N: exception N has an error code */

/* Interrupts: behind the exceptions; the spurious one must end in 1111. */
#define BARE_TIMER_VECTOR    32
#define BARE_SIGNAL_VECTOR   33
#define BARE_SPURIOUS_VECTOR 47
#define BARE_VECTORS         48

#define BARE_APIC 0xfee00000

#endif
