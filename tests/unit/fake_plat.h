/* SPDX-License-Identifier: MIT
 *
 * A platform for tests on the host: iface/plat.h and iface/clock.h over a mapped region, a clock
 * that stands still unless moved, and ends of the machine that a test can catch. Needs no cmocka,
 * so fuzzers use it too.
 *
 * assert_failed, log_line and the plat_device_ functions are weak: a test may link the real ones, or its own.
 */
#ifndef PITH_TESTS_FAKE_PLAT_H
#define PITH_TESTS_FAKE_PLAT_H

#include <setjmp.h>

#include "iface/plat.h"

enum fake_end { FAKE_RUNS, FAKE_EXITED, FAKE_DIED, FAKE_CRASHED };

/* Set and read freely by tests. */
struct fake {
    nsec_t now;  /* clock_monotonic */
    nsec_t wall; /* clock_wall when (now) is 0 */
    int (*poll)(
        nsec_t deadline); /* plat_poll. NULL: moves (now) to the deadline, aborts without one */
    unsigned polls;       /* calls so far */
    uint64_t caught;      /* what plat_signals_catch said */
    uint64_t pending;     /* what plat_signals_take will fetch */
    bool jit;             /* executable pages are allowed */
    unsigned protects, releases; /* calls so far */
    unsigned protect_failures;   /* calls that answered -ENOMEM so far, half done */
    unsigned protect_fails_in;   /* that many calls from now they begin to; 0: never */
    unsigned protect_fails_for;  /* and how many in a row; 0: all from then on */
    char log[1 << 14];           /* plat_log, NUL-terminated; what does not fit is dropped */
    size_t log_len;
    void *thread_pointer;
    bool catch_end; /* an end of the machine jumps to (back) instead of aborting */
    jmp_buf back;
    enum fake_end ended; /* how; (status) is the exit status or signal */
    int status;
    char reason[256]; /* of a crash */
};
extern struct fake fake;

/* Sets everything above to its initial state, with the clock at one second and wall time in 2023.
 * The heap stays. For the start of every test. */
void fake_reset(void);

/* Gives plat_info a new heap of (pages) inaccessible zero pages, in place of the last one. It is a
 * mapping of its own with the start aligned to (align) bytes, a power of two of at least a page. */
void fake_heap(size_t pages, size_t align);

/* The protection (PROT_* bits) of the heap page at (addr) as last set, and whether any byte was
 * backed by the host, as mincore has it. */
int fake_prot(const void *addr);
bool fake_resident(const void *addr);

/* Runs (statement) and is true when it ended the machine in the way (how); (fake.status) and
 * (fake.reason) then say more. */
#define FAKE_ENDS(statement, how)                                                                  \
    ({                                                                                             \
        fake.ended = FAKE_RUNS;                                                                    \
        fake.catch_end = true;                                                                     \
        if (!setjmp(fake.back)) {                                                                  \
            statement;                                                                             \
        }                                                                                          \
        fake.catch_end = false;                                                                    \
        fake.ended == (how);                                                                       \
    })

#endif
