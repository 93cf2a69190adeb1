/* SPDX-License-Identifier: MIT
 *
 * Credentials: ids, groups and capabilities. Each thread has its own, as on Linux; those that nobody has changed are
 * root's and exist nowhere. A new thread shares its maker's until either changes them. Callers are held. */
#ifndef PITH_POSIX_CREDS_H
#define PITH_POSIX_CREDS_H

#include <sys/types.h>

#include "base/base.h"
#include "iface/cred.h"
#include "thread/thread.h"

#define CREDS_HOOK __attribute__((weak, visibility("hidden")))

/* SECBIT_*: each has a bit above it that locks it. */
#define SECURE_NO_SETUID_FIXUP  (1u << 2)
#define SECURE_KEEP_CAPS        (1u << 4)
#define SECURE_NO_AMBIENT_RAISE (1u << 6)
#define SECURE_BITS             0x555u
#define SECURE_LOCKS            (SECURE_BITS << 1)

struct ids {
    uint32_t real, effective, saved, fs;
};

struct creds {
    unsigned refs; /* threads that have them */
    struct ids user, group;
    gid_t *groups; /* supplementary ones, (group_count), in order */
    unsigned group_count;
    uint64_t effective, permitted, inheritable, ambient; /* sets of capabilities */
};

/* Those of (t). */
CREDS_HOOK const struct creds *creds_of(const struct thread *t);

/* The calling thread's, to be changed. NULL: out of memory. */
struct creds *creds_change(void);

/* What happens to capabilities when the user ids have become those of (now), which were (before):
 * capabilities(7). */
void creds_adjust(struct creds *now, const struct ids *before);

/* The same where only the id for files was (before). */
void creds_adjust_files(struct creds *now, uint32_t before);

/* The end of (t). */
CREDS_HOOK void creds_drop(struct thread *t);

/* prctl(PR_CAP_AMBIENT). */
CREDS_HOOK long creds_ambient(unsigned long what, long cap);

/* For libc: all threads have what the calling one has from now on. */
void creds_spread(void);

#endif
