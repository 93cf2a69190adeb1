/* SPDX-License-Identifier: MIT
 *
 * The choice between the back ends. Software KVM is taken only when asked for: there a guest gains
 * no wall that a sandboxed process does not have, and starts slower. */
#include "monitor/kvm/plan.h"

#include <errno.h>
#include <stdio.h>

#include "monitor/kvm/guest.h"
#include "monitor/kvm/vm.h"
#include "monitor/process/guest.h"

/* Why (way) does not try KVM, or NULL. */
static const char *kvm_unwanted(enum options_way way)
{
    if (way == WAY_PROCESS)
        return "--on process was asked for";
    if (way == WAY_AUTO && vm_is_software())
        return "no hardware support for KVM here; software KVM only with --on kvm";
    return NULL;
}

int plan_choose(enum options_way way, const struct backend **backend, const char **why)
{
    *backend = &process_backend;
    if (kvm_unwanted(way))
        return 0;
    int err = kvm_create(why);
    if (!err)
        *backend = &kvm_backend;
    return way == WAY_AUTO ? 0 : err;
}

int plan_show(enum options_way way)
{
    const struct backend *backend;
    const char *why = kvm_unwanted(way);
    bool unwanted = why != NULL;
    int err = plan_choose(way, &backend, &why);

    if (!err && backend == &kvm_backend)
        printf("kvm      chosen: %s KVM\n", vm_is_software() ? "software" : "hardware");
    else
        printf("kvm      not chosen: %s\n", why);
    if (!err && backend == &process_backend)
        printf("process  chosen%s\n", way == WAY_AUTO && !unwanted ? ": KVM cannot be used" : "");
    else
        printf("process  not chosen: %s\n", err ? "--on kvm was asked for" : "kvm is");
    return fflush(stdout) || err ? -EIO : 0;
}
