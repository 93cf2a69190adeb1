/* SPDX-License-Identifier: MIT
 *
 * Credentials, what they allow, and the calls on capabilities: see creds.h. */
#include "posix/creds.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/clone.h"

/* Lost with the file system id of root, and regained (setfsuid(2)). */
#define CAPS_OF_FILES                                                                              \
    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) |               \
     CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID))

static const struct creds roots = {.effective = CAPS_ALL, .permitted = CAPS_ALL};

const struct creds *creds_of(const struct thread *t)
{
    return t->creds ? t->creds : &roots;
}

static const struct creds *own(void)
{
    return creds_of(thread_self);
}

void creds_drop(struct thread *t)
{
    struct creds *c = t->creds;

    t->creds = NULL;
    if (!c || --c->refs > 0)
        return;
    heap_free(c->groups, c->group_count * sizeof(gid_t));
    heap_free(c, sizeof(*c));
}

struct creds *creds_change(void)
{
    const struct creds *now = own();

    if (now->refs == 1)
        return thread_self->creds;
    struct creds *c = heap_alloc(sizeof(*c));
    gid_t *groups = now->group_count ? heap_alloc(now->group_count * sizeof(gid_t)) : NULL;
    if (!c || (now->group_count && !groups)) {
        heap_free(groups, now->group_count * sizeof(gid_t));
        heap_free(c, sizeof(*c));
        return NULL;
    }
    *c = *now;
    c->refs = 1;
    c->groups = groups;
    if (groups)
        memcpy(groups, now->groups, now->group_count * sizeof(gid_t));
    creds_drop(thread_self);
    thread_self->creds = c;
    return c;
}

void creds_spread(void)
{
    HOLD;
    for (struct thread *t = sched_next ? sched_next(NULL) : NULL; t; t = sched_next(t)) {
        t->secure_bits = thread_self->secure_bits;
        if (t == thread_self)
            continue;
        creds_drop(t);
        t->creds = thread_self->creds;
        if (t->creds)
            t->creds->refs++;
    }
}

static bool is_root(const struct ids *i)
{
    return i->real == 0 || i->effective == 0 || i->saved == 0;
}

void creds_adjust(struct creds *now, const struct ids *before)
{
    const struct ids *user = &now->user;

    if (thread_self->secure_bits & SECURE_NO_SETUID_FIXUP)
        return;
    if (is_root(before) && !is_root(user)) {
        if (!(thread_self->secure_bits & SECURE_KEEP_CAPS))
            now->permitted = now->effective = 0;
        now->ambient = 0;
    }
    if (before->effective == 0 && user->effective != 0)
        now->effective = 0;
    if (before->effective != 0 && user->effective == 0)
        now->effective = now->permitted;
}

void creds_adjust_files(struct creds *now, uint32_t before)
{
    if (thread_self->secure_bits & SECURE_NO_SETUID_FIXUP)
        return;
    if (before == 0 && now->user.fs != 0)
        now->effective &= ~CAPS_OF_FILES;
    if (before != 0 && now->user.fs == 0)
        now->effective |= CAPS_OF_FILES & now->permitted;
}

static struct cred ids_of(const struct creds *c)
{
    const struct ids *user = &c->user, *group = &c->group;

    return (struct cred){user->real,       user->effective, user->saved, group->real,
                         group->effective, group->saved,    user->fs,    group->fs};
}

void cred_get(struct cred *c)
{
    *c = ids_of(own());
}

void cred_tell(const struct thread *t, struct cred_told *told)
{
    const struct creds *c = creds_of(t);

    *told = (struct cred_told){ids_of(c),      c->groups,    c->group_count, c->inheritable,
                               c->permitted,   c->effective, c->ambient};
}

bool cred_has(unsigned cap)
{
    return own()->effective & CAP_BIT(cap);
}

/* Whether (gid) is (first) or one of the supplementary groups. */
static bool is_member(const struct creds *c, gid_t gid, gid_t first)
{
    for (unsigned i = 0; i < c->group_count; i++)
        if (c->groups[i] == gid)
            return true;
    return gid == first;
}

bool cred_in_group(gid_t gid)
{
    return is_member(own(), gid, own()->group.fs);
}

/* What capabilities(7) lets pass whatever the mode says. */
static bool overrides(uint64_t caps, mode_t mode, unsigned may)
{
    bool reads = may == MAY_READ || (S_ISDIR(mode) && !(may & MAY_WRITE));

    if (reads && caps & CAP_BIT(CAP_DAC_READ_SEARCH))
        return true;
    return caps & CAP_BIT(CAP_DAC_OVERRIDE) &&
           (!(may & MAY_EXEC) || S_ISDIR(mode) || mode & 0111);
}

static bool real; /* access(2) asks: not as whom files are opened */

void cred_as_real(bool on)
{
    real = on;
}

/* POSIX, 4.7 "File Access Permissions". */
bool cred_allows(uid_t owner, gid_t of_group, mode_t mode, unsigned may)
{
    const struct creds *c = own();
    uint32_t id = real ? c->user.real : c->user.fs;
    uint64_t caps = c->effective;
    mode_t bits = mode;

    if (real && !(thread_self->secure_bits & SECURE_NO_SETUID_FIXUP))
        caps = id == 0 ? c->permitted : 0;
    if (id == owner)
        bits >>= 6;
    else if (is_member(c, of_group, real ? c->group.real : c->group.fs))
        bits >>= 3;
    return (bits & may) == may || overrides(caps, mode, may);
}

long creds_ambient(unsigned long what, long cap)
{
    const struct creds *now = own();
    bool clear = what == PR_CAP_AMBIENT_CLEAR_ALL;

    if (what == PR_CAP_AMBIENT_IS_SET)
        return now->ambient >> cap & 1;
    if (what == PR_CAP_AMBIENT_RAISE && (!(now->permitted & now->inheritable & CAP_BIT(cap)) ||
                                         thread_self->secure_bits & SECURE_NO_AMBIENT_RAISE))
        return -EPERM;
    struct creds *c = creds_change();
    if (!c)
        return -ENOMEM;
    if (what == PR_CAP_AMBIENT_RAISE)
        c->ambient |= CAP_BIT(cap);
    else
        c->ambient &= clear ? 0 : ~CAP_BIT(cap);
    return 0;
}

/* How many words the version of the header has for each set. Linux says which it would like. */
static long check_header(struct __user_cap_header_struct *header)
{
    if (!user_readable(header, sizeof(header->version)))
        return -EFAULT;
    switch (header->version) {
    case _LINUX_CAPABILITY_VERSION_1:
        return _LINUX_CAPABILITY_U32S_1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        return _LINUX_CAPABILITY_U32S_3;
    default:
        return user_give_int((long)&header->version, _LINUX_CAPABILITY_VERSION_3) ?: -EINVAL;
    }
}

long pith_sys_capget(long header, long data)
{
    HOLD;
    struct __user_cap_header_struct *h = (struct __user_cap_header_struct *)header;
    struct __user_cap_data_struct *d = (struct __user_cap_data_struct *)data;
    long words = check_header(h);

    /* Asking for the version alone is no error. */
    if (words < 0 || !d)
        return words == -EFAULT || (d && words < 0) ? words : 0;
    if (!user_readable(h, sizeof(*h)))
        return -EFAULT;
    if (h->pid < 0)
        return -EINVAL;
    const struct thread *t = thread_by_id(h->pid);
    if (!t)
        return -ESRCH;
    if (!user_writable(d, (size_t)words * sizeof(*d)))
        return -EFAULT;
    const struct creds *c = creds_of(t);
    for (int i = 0; i < words; i++)
        d[i] = (struct __user_cap_data_struct){(uint32_t)(c->effective >> 32 * i),
                                               (uint32_t)(c->permitted >> 32 * i),
                                               (uint32_t)(c->inheritable >> 32 * i)};
    return 0;
}

/* Of the wanted sets those may be had that are permitted already: capabilities(7). */
static bool may_have(const struct creds *now, const struct creds *want)
{
    uint64_t more = want->inheritable & ~now->inheritable;

    if (more & ~(CAPS_ALL & ~thread_self->bounding_dropped))
        return false;
    if (more & ~now->permitted && !cred_has(CAP_SETPCAP))
        return false;
    return !(want->permitted & ~now->permitted) && !(want->effective & ~want->permitted);
}

long pith_sys_capset(long header, long data)
{
    HOLD;
    struct __user_cap_header_struct *h = (struct __user_cap_header_struct *)header;
    const struct __user_cap_data_struct *d = (const struct __user_cap_data_struct *)data;
    long words = check_header(h);

    if (words < 0)
        return words;
    if (!user_readable(h, sizeof(*h)))
        return -EFAULT;
    if (h->pid != 0 && h->pid != thread_self->tid)
        return -EPERM;
    if (!user_readable(d, (size_t)words * sizeof(*d)))
        return -EFAULT;
    struct creds want = {0};
    for (int i = 0; i < words; i++) {
        want.effective |= (uint64_t)d[i].effective << 32 * i;
        want.permitted |= (uint64_t)d[i].permitted << 32 * i;
        want.inheritable |= (uint64_t)d[i].inheritable << 32 * i;
    }
    const uint64_t known = CAP_BIT(CAP_LAST_CAP + 1) - 1;
    want.effective &= known;
    want.permitted &= known;
    want.inheritable &= known;
    if (!may_have(own(), &want))
        return -EPERM;
    struct creds *c = creds_change();
    if (!c)
        return -ENOMEM;
    c->effective = want.effective;
    c->permitted = want.permitted;
    c->inheritable = want.inheritable;
    c->ambient &= c->permitted & c->inheritable;
    return 0;
}
