/* SPDX-License-Identifier: MIT
 *
 * Wrong pointers for the calls on signals, locks and scheduling. */
#include "bad_pointers.h"
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>

DEFINE(rt_sigaction)
DEFINE(rt_sigprocmask)
DEFINE(rt_sigpending)
DEFINE(rt_sigtimedwait)
DEFINE(sigaltstack)
DEFINE(futex)
DEFINE(sched_setparam)
DEFINE(sched_getparam)
DEFINE(sched_setscheduler)
DEFINE(sched_rr_get_interval)

static const int one[1] = {1};
static const stack_t disabled = {.ss_flags = SS_DISABLE};

static const struct call calls[] = {
    {"rt_sigaction",
     do_rt_sigaction,
     {{NUMBER, SIGUSR1, NULL}, {IN, 32, NULL}, {OUT, 32, NULL}, {NUMBER, 8, NULL}},
     NULL,
     false},
    {"rt_sigprocmask",
     do_rt_sigprocmask,
     {{NUMBER, SIG_BLOCK, NULL}, {IN, 8, NULL}, {OUT, 8, NULL}, {NUMBER, 8, NULL}},
     NULL,
     false},
    {"rt_sigpending", do_rt_sigpending, {{OUT, 8, NULL}, {NUMBER, 8, NULL}}, NULL, false},
    {"rt_sigtimedwait",
     do_rt_sigtimedwait,
     {{IN, 8, NULL}, {OUT, 128, NULL}, {TIME, 16, NULL}, {NUMBER, 8, NULL}},
     NULL,
     false},
    {"sigaltstack", do_sigaltstack, {{IN, 24, &disabled}, {OUT, 24, NULL}}, NULL, false},
    {"futex wait",
     do_futex,
     {{IN, 4, one},
      {NUMBER, FUTEX_WAIT_PRIVATE, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     false},
    {"futex wait until",
     do_futex,
     {{IN, 4, NULL},
      {NUMBER, FUTEX_WAIT_PRIVATE, NULL},
      {NUMBER, 0, NULL},
      {TIME, 16, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     false},
    {"sched_setparam", do_sched_setparam, {{NUMBER, 0, NULL}, {IN, 4, NULL}}, NULL, false},
    {"sched_getparam", do_sched_getparam, {{NUMBER, 0, NULL}, {OUT, 4, NULL}}, NULL, false},
    {"sched_setscheduler",
     do_sched_setscheduler,
     {{NUMBER, 0, NULL}, {NUMBER, SCHED_OTHER, NULL}, {IN, 4, NULL}},
     NULL,
     false},
    {"sched_rr_get_interval",
     do_sched_rr_get_interval,
     {{NUMBER, 0, NULL}, {OUT, 16, NULL}},
     NULL,
     false},
};

int main(void)
{
    try_calls(calls, sizeof(calls) / sizeof(calls[0]));
    return 0;
}
