/* SPDX-License-Identifier: MIT
 *
 * The system calls that tell what machine this is. It says Linux, in a version whose calls it
 * follows, since programs and their configure scripts decide by that name; release and version name
 * Pith. */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "iface/plat.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "posix/timespec.h"
#include "time/uptime.h"

#define NAME_SIZE 65 /* of each string in struct utsname; names have one less */

__attribute__((weak, visibility("hidden"))) void page_count(struct page_counts *c);

/* Set by the program; until then the environment's HOSTNAME at boot, or "pith". */
static char host_name[NAME_SIZE];
static bool host_named;
static char domain_name[NAME_SIZE] = "(none)";

static const char *boot_variable(const char *name_and_equals)
{
    const char *s = plat_info.args;
    size_t len = strlen(name_and_equals);

    for (unsigned i = 0; i < plat_info.argc + plat_info.envc; i++) {
        if (i >= plat_info.argc && strncmp(s, name_and_equals, len) == 0)
            return s + len;
        s += strlen(s) + 1;
    }
    return NULL;
}

static const char *host(void)
{
    if (!host_named) {
        const char *name = boot_variable("HOSTNAME=");
        if (!name || !*name)
            name = "pith";
        memcpy(host_name, name, strnlen(name, NAME_SIZE - 1));
        host_named = true;
    }
    return host_name;
}

long pith_sys_uname(long result)
{
    struct utsname *u = (struct utsname *)result;

    if (!user_writable(u, sizeof(*u)))
        return -EFAULT;
    memset(u, 0, sizeof(*u));
    strcpy(u->sysname, "Linux");
    strcpy(u->nodename, host());
    strcpy(u->release, "6.1.0-pith");
    strcpy(u->version, "Pith " PITH_VERSION);
    strcpy(u->machine, "x86_64");
    strcpy(u->domainname, domain_name);
    return 0;
}

static long set_name(char *name, long text, long count)
{
    int len = (int)count;

    if (!cred_may(CAP_SYS_ADMIN))
        return -EPERM;
    if (len < 0 || len >= NAME_SIZE)
        return -EINVAL;
    if (!user_readable((const void *)text, (size_t)len))
        return -EFAULT;
    memset(name, 0, NAME_SIZE);
    memcpy(name, (const void *)text, (size_t)len);
    return 0;
}

long pith_sys_sethostname(long text, long len)
{
    HOLD;
    long err = set_name(host_name, text, len);

    if (!err)
        host_named = true;
    return err;
}

long pith_sys_setdomainname(long text, long len)
{
    HOLD;
    return set_name(domain_name, text, len);
}

long pith_sys_sysinfo(long result)
{
    HOLD;
    struct sysinfo *info = (struct sysinfo *)result;
    struct page_counts c = {0};

    if (!user_writable(info, offsetof(struct sysinfo, __reserved)))
        return -EFAULT;
    /* Without an allocator linked in, nothing of the heap is in use. */
    size_t free_bytes = plat_info.heap_len;
    if (page_count) {
        page_count(&c);
        free_bytes = c.used[PAGE_FREE] * PAGE_SIZE;
    }
    /* Linux's struct ends where libc's has spare bytes. */
    memset(info, 0, offsetof(struct sysinfo, __reserved));
    info->uptime = (unsigned long)(uptime() / NSEC_PER_SEC);
    info->totalram = plat_info.mem_len;
    info->freeram = free_bytes;
    info->procs = 1;
    info->mem_unit = 1;
    return 0;
}

long pith_sys_getcpu(long cpu, long node, long unused)
{
    (void)unused;
    if ((cpu && !user_writable((void *)cpu, sizeof(unsigned))) ||
        (node && !user_writable((void *)node, sizeof(unsigned))))
        return -EFAULT;
    if (cpu)
        *(unsigned *)cpu = 0;
    if (node)
        *(unsigned *)node = 0;
    return 0;
}

/* Execution domains: kept, without effect. */
long pith_sys_personality(long persona)
{
    HOLD;
    static unsigned current;
    unsigned before = current;

    if ((unsigned)persona != 0xffffffffu)
        current = (unsigned)persona;
    return before;
}
