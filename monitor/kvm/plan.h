/* SPDX-License-Identifier: MIT
 *
 * Which way an image is run. */
#ifndef PITH_MONITOR_KVM_PLAN_H
#define PITH_MONITOR_KVM_PLAN_H

#include "monitor/core/machine.h"
#include "monitor/options.h"

/* Chooses the back end for (way); for WAY_AUTO, KVM where the processor supports it and it can be
 * had, else the process. With KVM, its machine has been created. Returns 0; else a negative error
 * number with *why in words (static text). */
must_check int plan_choose(enum options_way way, const struct backend **backend, const char **why);

/* Writes one line for each way to standard output: chosen, or why not. Returns 0, or -EIO. */
must_check int plan_show(enum options_way way);

#endif
