/* SPDX-License-Identifier: MIT
 *
 * Policies of a machine. */
#include "monitor/core/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/gate.h"

static union {
    struct pith_policy head;
    uint8_t bytes[PITH_POLICY_MAX];
} room[PACKET_POLICIES];

static int add(struct policies *ps, size_t len, const char *whose, const char **why)
{
    const struct pith_policy *p = &room[ps->count].head;
    if (!policy_sound(p, len)) {
        *why = "its policy, or that of --policy, is not sound";
        return -ENOEXEC;
    }
    ps->whose[ps->count] = whose;
    ps->policy[ps->count++] = p;
    return 0;
}

int policies_read(struct policies *ps, const struct image *img, int fd, const char *hex,
                  const char **why)
{
    int err = 0;
    if (img->policy_len) {
        ssize_t n = pread(fd, room[0].bytes, img->policy_len, (off_t)img->policy);
        *why = "cannot be read";
        if (n != (ssize_t)img->policy_len)
            return -EIO;
        err = add(ps, img->policy_len, "the image's policy", why);
    }
    if (!err && hex)
        err = add(ps, policy_from_hex(hex, room[ps->count].bytes), "the policy of --policy", why);
    return err;
}

/* The end of a message: where it is said. */
static void refuse(const struct policies *ps, unsigned i, unsigned line, const char *name,
                   const char *what)
{
    if (line)
        say("%s: %s: %s does not permit it, in line %u", name, what, ps->whose[i], line);
    else
        say("%s: %s: %s does not permit it: it has no line that does", name, what, ps->whose[i]);
}

static bool permit_device(const struct policies *ps, unsigned device, const char *name,
                          const char *what)
{
    for (unsigned i = 0; i < ps->count; i++) {
        const struct pith_policy *p = ps->policy[i];
        if (p->devices & device)
            continue;
        refuse(ps, i, policy_device_line(p, device), name, what);
        return false;
    }
    return true;
}

bool policies_permit(const struct policies *ps, struct options *o, const char *name)
{
    for (unsigned i = 0; i < ps->count; i++) {
        uint64_t max = ps->policy[i]->memory_max;
        if (!max || o->mem_len <= max)
            continue;
        if (o->mem_given) {
            refuse(ps, i, ps->policy[i]->memory_line, name, "so much memory (-m)");
            return false;
        }
        o->mem_len = align_down(max, PAGE_SIZE);
    }
    return (!o->nets || !o->nets->count || permit_device(ps, PITH_POLICY_NET, name, "--net")) &&
           (!o->disks || !o->disks->count || permit_device(ps, PITH_POLICY_DISK, name, "--disk"));
}

bool policies_device(const struct policies *ps, unsigned device)
{
    for (unsigned i = 0; i < ps->count; i++)
        if (!(ps->policy[i]->devices & device))
            return false;
    return true;
}

/* The servers of names in "ADDR/LEN,GATEWAY,DNS". */
static void add_resolver(struct packet_rules *r, const char *setting)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t addr[16] = {[10] = 0xff, [11] = 0xff};
    const char *dns = strchr(setting, ',');
    dns = dns ? strchr(dns + 1, ',') : NULL;
    size_t len = dns ? strcspn(dns + 1, ",") : 0;
    if (len == 0 || len >= sizeof(text))
        return;
    memcpy(text, dns + 1, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, addr + 12) == 1 || inet_pton(AF_INET6, text, addr) == 1)
        packet_add_resolver(r, addr);
}

int policies_gates(const struct policies *ps, const struct options *o)
{
    struct packet_rules rules = {.policies = 0};
    int err = 0;
    for (unsigned i = 0; i < ps->count; i++)
        if (policy_limits_net(ps->policy[i]))
            rules.policy[rules.policies++] = ps->policy[i];
    if (rules.policies == 0)
        return 0;
    for (unsigned i = 0; i < o->setting_count; i++)
        if (o->settings[i].net != SETTING_POLICY)
            add_resolver(&rules, o->settings[i].value);
    for (unsigned i = 0; i < o->nets->count && !err; i++)
        err = gate_open(&o->nets->dev[i], &rules);
    return err;
}
