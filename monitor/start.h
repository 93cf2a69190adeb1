/* SPDX-License-Identifier: MIT
 *
 * How the monitor was started. */
#ifndef PITH_MONITOR_START_H
#define PITH_MONITOR_START_H

#include <stdint.h>

/* 0: started by its own name. Else it is the interpreter (PT_INTERP) of an image that was executed
 * by name, and this is the address where the kernel has put that image's entry point. */
extern uintptr_t start_image_entry;

#endif
