/* SPDX-License-Identifier: MIT
 *
 * The policies that stand in the image and in the machine's settings. Both are read in their
 * places, once, when something is first asked. One that is not sound permits nothing: the monitor
 * would not have started it. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "abi/image.h"
#include "abi/policy_match.h"
#include "base/log.h"
#include "iface/plat.h"
#include "iface/policy.h"

static const struct pith_policy nothing = {
    PITH_POLICY_MAGIC, PITH_POLICY_VERSION, sizeof(nothing), 0, 0, 0, 0, 0, {0}, 0};

static struct {
    bool loaded;
    unsigned count;
    const struct pith_policy *policy[2];
    struct pith_policy room[2][PITH_POLICY_MAX / sizeof(struct pith_policy)];
    struct policy_told told;
} state;

static void add(size_t len)
{
    const struct pith_policy *p = state.room[state.count];

    state.policy[state.count++] = policy_sound(p, len) ? p : &nothing;
}

/* The policy's note among the (len) bytes of notes at (at). */
static void look_at_notes(const char *at, size_t len)
{
    Elf64_Nhdr h;

    for (size_t pos = 0; len - pos >= sizeof(h);) {
        memcpy(&h, at + pos, sizeof(h));
        size_t name = pos + sizeof(h), desc = name + align_up(h.n_namesz, 4);
        if (h.n_descsz > len || desc > len - h.n_descsz)
            return;
        if (h.n_type == PITH_NOTE_POLICY && h.n_namesz == sizeof(PITH_NOTE_NAME) &&
            memcmp(at + name, PITH_NOTE_NAME, sizeof(PITH_NOTE_NAME)) == 0 && state.count == 0) {
            size_t n = min_size(h.n_descsz, PITH_POLICY_MAX);
            memcpy(state.room[0], at + desc, n);
            add(n);
        }
        pos = min_size(desc + align_up(h.n_descsz, 4), len);
    }
}

static void look_at_image(void)
{
    const Elf64_Ehdr *elf = (const Elf64_Ehdr *)plat_info.image;
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(plat_info.image + elf->e_phoff);

    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (ph[i].p_type == PT_NOTE &&
            range_inside(ph[i].p_vaddr, ph[i].p_filesz, 0, plat_info.image_len))
            look_at_notes(plat_info.image + ph[i].p_vaddr, ph[i].p_filesz);
}

static void look_at_settings(void)
{
    const char *hex = plat_setting("policy", 0);

    if (hex)
        add(policy_from_hex(hex, (uint8_t *)state.room[state.count]));
}

static bool limits(unsigned kinds)
{
    if (!state.loaded) {
        state.loaded = true;
        look_at_image();
        look_at_settings();
    }
    for (unsigned i = 0; i < state.count; i++)
        if ((state.policy[i]->any & kinds) != kinds)
            return true;
    return false;
}

bool policy_on_net(void)
{
    return limits(1u << PITH_POLICY_LISTEN | 1u << PITH_POLICY_CONNECT | 1u << PITH_POLICY_LOOKUP);
}

bool policy_on_files(void)
{
    return limits(1u << PITH_POLICY_WRITE);
}

static void tell_text(const char *what, const char *text, size_t len)
{
    char buf[160];
    size_t n = min_size(len, sizeof(buf) - 1);

    memcpy(buf, text, n);
    buf[n] = '\0';
    if (policy_is_new(&state.told,
                      policy_hash(policy_hash(POLICY_HASH_START, what, strlen(what)), text, len)))
        log_line("the policy does not permit %s %s: EACCES", what, buf);
}

static void tell_net(const char *what, unsigned protocol, const uint8_t *addr, unsigned port)
{
    const char *name = protocol == 6 ? "tcp" : protocol == 17 ? "udp" : "ip";
    uint32_t h =
        policy_hash(policy_hash(policy_hash(POLICY_HASH_START, what, strlen(what)), addr, 16),
                    &port, sizeof(port));

    if (!policy_is_new(&state.told, policy_hash(h, &protocol, sizeof(protocol))))
        return;
    if (addr[10] == 0xff && addr[11] == 0xff)
        log_line("the policy does not permit %s %s %u.%u.%u.%u port %u: EACCES", what, name,
                 addr[12], addr[13], addr[14], addr[15], port);
    else
        log_line("the policy does not permit %s %s %x:%x:%x:%x:%x:%x:%x:%x port %u: EACCES", what,
                 name, addr[0] << 8 | addr[1], addr[2] << 8 | addr[3], addr[4] << 8 | addr[5],
                 addr[6] << 8 | addr[7], addr[8] << 8 | addr[9], addr[10] << 8 | addr[11],
                 addr[12] << 8 | addr[13], addr[14] << 8 | addr[15], port);
}

int policy_may_listen(unsigned protocol, const uint8_t *own, unsigned port)
{
    for (unsigned i = 0; i < state.count; i++) {
        if (policy_permits_net(state.policy[i], PITH_POLICY_LISTEN, protocol, own, port))
            continue;
        tell_net("listening on", protocol, own, port);
        return -EACCES;
    }
    return 0;
}

/* Whether (p) permits the question in (w). (name): room for it. */
static int query_permitted(const struct pith_policy *p, const struct policy_way *w,
                           char name[POLICY_NAME_MAX], bool *permitted)
{
    int len = w->len ? policy_query_name(w->query, w->len, name) : -1;

    if (w->len == 0)
        *permitted = !policy_none(p, PITH_POLICY_LOOKUP);
    else
        *permitted = p->any >> PITH_POLICY_LOOKUP & 1 ||
                     (len >= 0 && policy_permits_text(p, PITH_POLICY_LOOKUP, name, (size_t)len));
    return len;
}

int policy_may_send(const struct policy_way *w)
{
    for (unsigned i = 0; i < state.count; i++) {
        const struct pith_policy *p = state.policy[i];
        char name[POLICY_NAME_MAX];
        bool permitted = false;
        int len = -1;
        if (policy_permits_net(p, PITH_POLICY_CONNECT, w->protocol, w->peer, w->port) ||
            (w->own && policy_permits_net(p, PITH_POLICY_LISTEN, w->protocol, w->own, w->own_port)))
            continue;
        if (w->query)
            len = query_permitted(p, w, name, &permitted);
        if (permitted)
            continue;
        if (len >= 0)
            tell_text("looking up", name, (size_t)len);
        else
            tell_net("sending to", w->protocol, w->peer, w->port);
        return -EACCES;
    }
    return 0;
}

int policy_may_change(const char *path, size_t len)
{
    for (unsigned i = 0; i < state.count; i++) {
        if (policy_permits_text(state.policy[i], PITH_POLICY_WRITE, path, len))
            continue;
        tell_text("changing", path, len);
        return -EACCES;
    }
    return 0;
}
