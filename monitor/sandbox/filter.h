/* SPDX-License-Identifier: MIT
 *
 * The sandbox of the monitor: which system calls the process may make once the guest runs,
 * as a program for seccomp and in words. One table makes both. */
#ifndef PITH_MONITOR_FILTER_H
#define PITH_MONITOR_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#include "base/base.h"
#include "monitor/dev/block.h"

/* What the checks depend on. */
struct filter_params {
    uint64_t heap, heap_len; /* where the guest may change its memory; an inaccessible area at least
                                as long as the heap follows it */
    uint64_t pool; /* address of the shared pages of the heap, as many bytes; 0: there are none */
    uint64_t out_fds;      /* bit N: descriptor N may be written, at its position */
    uint64_t in_fds;       /* bit N: descriptor N may be read, at its position */
    uint64_t disk_fds;     /* bit N: descriptor N is a disk, to be read anywhere up to disk_max */
    uint64_t disk_out_fds; /* those of them that may be written and flushed too */
    uint64_t disk_max;     /* bytes of the largest disk */
    uint64_t die_signals;  /* bit N-1: the action of signal N may be changed */
    int pid;               /* of this process, whose only thread has the same number */
    int vcpu; /* descriptor of the virtual processor; 0: the guest is a part of this process */
    bool allow_jit;
    bool set_base; /* the guest's FS and GS base are set by a system call */
};

enum filter_check {
    CHECK_NONE,    /* no check: ends the list */
    CHECK_IS,      /* the argument is (a) */
    CHECK_AT_MOST, /* at most (a) */
    CHECK_RANGE,   /* at least (a) and below (b) */
    CHECK_ONE_OF,  /* a number 0 to 31 whose bit is set in (a) */
};

struct filter_arg {
    uint8_t index; /* of the argument, from 0 */
    uint8_t check; /* enum filter_check */
    bool is_long;  /* all 64 bits are checked. Else Linux takes it as an int or looks at the lower
                      half only */
    const char *name;
    uint64_t a, b;
    const char *text; /* the check in words, where numbers say little; or NULL */
};

#define FILTER_CALLS    14  /* system calls, at most */
#define FILTER_ROWS     17  /* of the table, at most, and the end: one that has no name */
#define FILTER_ARGS     5   /* checked ones of a call, at most, and the end */
#define FILTER_CODE_MAX 192 /* jumps to its end span less than 256 */

struct filter_call {
    uint16_t number;
    const char *name;
    const char *purpose;
    bool or_next; /* a call that fails a check here is allowed if it passes those of the next row,
                     which is of the same call */
    struct filter_arg arg[FILTER_ARGS];
};

/* Adds to (params) what the disks need: their descriptors, below 32, and sizes are set. */
void filter_allow_disks(struct filter_params *params, const struct disks *disks);

/* Fills (calls), FILTER_ROWS of them, with what is allowed under (params). Everything else is not.
 */
void filter_table(const struct filter_params *params, struct filter_call *calls);

/* Translates (calls) to a filter program in (code), FILTER_CODE_MAX instructions. Returns its
 * length. The program answers SECCOMP_RET_KILL_PROCESS to calls of another architecture,
 * SECCOMP_RET_ALLOW to what the table allows and SECCOMP_RET_TRAP to the rest. */
size_t filter_compile(const struct filter_call *calls, struct sock_filter *code);

/* Writes the table in words to standard output. Returns 0, or -EIO. */
int filter_show(const struct filter_call *calls);

#endif
