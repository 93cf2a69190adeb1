/* SPDX-License-Identifier: MIT
 *
 * What KVM this host has, and creating a machine with it. */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/kvm/vm.h"
#include "monitor/process/guest.h"

static bool has_hardware(void)
{
    unsigned a, b, c, d;
    /* The module's name first: cpuid may trap to a hypervisor of this host, and cost more. */
    if (!access("/sys/module/kvm_pvm", F_OK))
        return false;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 5)) /* VMX */
        return true;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & 1u << 2); /* SVM */
}

bool vm_is_software(void)
{
    static enum { UNKNOWN, SOFTWARE, HARDWARE } kind;
    if (kind == UNKNOWN)
        kind = has_hardware() ? HARDWARE : SOFTWARE;
    return kind == SOFTWARE;
}

static const char *open_fault(int error)
{
    switch (error) {
    case ENOENT:
        return "there is no /dev/kvm: this host has no KVM, or its kernel module is not loaded";
    case EACCES:
    case EPERM:
        return "no permission for /dev/kvm: its group, often kvm, is not among this user's";
    case ENODEV:
    case ENXIO:
        return "/dev/kvm is there, but no KVM behind it: the kernel module is not loaded";
    case EMFILE:
    case ENFILE:
        return "/dev/kvm cannot be opened: too many open files";
    default:
        return "/dev/kvm cannot be opened";
    }
}

static const char *missing_capability(int kvm)
{
    static const struct {
        long cap;
        const char *why;
    } needed[] = {
        {KVM_CAP_USER_MEMORY, "this host's KVM lacks KVM_CAP_USER_MEMORY"},
        {KVM_CAP_IMMEDIATE_EXIT, "this host's KVM lacks KVM_CAP_IMMEDIATE_EXIT (Linux 4.13)"},
        {KVM_CAP_GET_TSC_KHZ, "this host's KVM lacks KVM_CAP_GET_TSC_KHZ: its clock is not stable"},
        {KVM_CAP_XCRS, "this host's KVM lacks KVM_CAP_XCRS"},
        {KVM_CAP_EXT_CPUID, "this host's KVM lacks KVM_CAP_EXT_CPUID"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(needed); i++)
        if (ioctl(kvm, KVM_CHECK_EXTENSION, needed[i].cap) <= 0)
            return needed[i].why;
    const int sync = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
    if ((ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) & sync) != sync)
        return "this host's KVM lacks KVM_CAP_SYNC_REGS (Linux 4.17)";
    return NULL;
}

static int fail(int fd, const char **why, const char *fault)
{
    int err = fd < 0 ? -errno : -ENOTSUP;
    *why = fault;
    return err;
}

/* Descriptors below 3 are the guest's, even those that the caller left closed. */
static int above_stdio(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int err = errno;
    close(fd);
    errno = err;
    return higher;
}

static int create_vm(struct kvm_vm *vm, const char **why)
{
    do
        vm->vm = above_stdio(ioctl(vm->kvm, KVM_CREATE_VM, 0));
    while (vm->vm < 0 && errno == EINTR);
    if (vm->vm < 0)
        return fail(-1, why,
                    errno == EBUSY    ? "KVM is busy: another hypervisor uses the processor"
                    : errno == EMFILE ? "KVM cannot create a machine: too many open files"
                    : errno == ENOMEM ? "KVM cannot create a machine: the host has no memory for it"
                                      : "KVM cannot create a machine (KVM_CREATE_VM)");
    vm->vcpu = above_stdio(ioctl(vm->vm, KVM_CREATE_VCPU, 0));
    if (vm->vcpu < 0)
        return fail(-1, why, "KVM cannot create a virtual processor (KVM_CREATE_VCPU)");
    int len = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    vm->run = len < (int)sizeof(*vm->run)
                  ? MAP_FAILED
                  : mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
    if (vm->run == MAP_FAILED)
        return fail(-1, why, "KVM does not share a virtual processor's state");
    int khz = ioctl(vm->vcpu, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0)
        return fail(0, why, "KVM does not tell the frequency of the time stamp counter");
    vm->tsc_khz = (uint64_t)khz;
    return 0;
}

int vm_create(struct kvm_vm *vm, const char **why)
{
    const char *missing;
    int err;

    *vm = (struct kvm_vm){.vm = -1, .vcpu = -1};
    vm->kvm = above_stdio(open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (vm->kvm < 0)
        return fail(-1, why, open_fault(errno));
    int version = ioctl(vm->kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION)
        err = fail(0, why, "/dev/kvm has another interface than version 12");
    /* The only part of a machine's processor that an old one lacks: better found out now. */
    else if (!guest_sets_base())
        err = fail(0, why, "the processor, or this host's kernel, lacks FSGSBASE");
    else if ((missing = missing_capability(vm->kvm)))
        err = fail(0, why, missing);
    else
        err = create_vm(vm, why);
    if (err) {
        close(vm->kvm);
        if (vm->vm >= 0)
            close(vm->vm);
        if (vm->vcpu >= 0)
            close(vm->vcpu);
    }
    return err;
}
