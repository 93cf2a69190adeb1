/* SPDX-License-Identifier: MIT
 *
 * What KVM itself takes for a machine such as the monitor makes, without the monitor:
 *     barevm       creates one with one virtual processor and 256 MiB of untouched memory, and ends
 *     barevm set   also sets the processor's features and registers, without which no machine can
 *                  start, and calls KVM_RUN, which returns at once. There is no guest
 *     barevm run   also runs a guest of one instruction, for which KVM makes its own page tables
 * The measure of "the bare cost of such a machine with no guest" is "set": as much as any guest's
 * machine needs, none of the work on a guest's behalf (an image, page tables, a sandbox, the memory
 * that it touches). The features are some leaves that cost nothing to find out, as in the monitor;
 * KVM_GET_SUPPORTED_CPUID would make this slower, and so the monitor look better. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY (256ul << 20)
#define LEAVES 7

static long check(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static void set_features(int vcpu)
{
    static const uint32_t leaf[LEAVES] = {0, 1, 7, 0xd, 0x80000000, 0x80000001, 0x80000008};
    static uint64_t
        room[(sizeof(struct kvm_cpuid2) + LEAVES * sizeof(struct kvm_cpuid_entry2)) / 8];
    struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)room;
    for (unsigned i = 0; i < LEAVES; i++) {
        struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
        e->function = leaf[i];
        e->flags = leaf[i] == 7 || leaf[i] == 0xd ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
        __cpuid_count(leaf[i], 0, e->eax, e->ebx, e->ecx, e->edx);
    }
    cpuid->nent = LEAVES;
    check(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
}

/* At address 0, in real mode. */
static void set_registers(int vcpu)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rflags = 2};
    check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
    sregs.cs.base = sregs.cs.selector = 0;
    check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
    check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

int main(int argc, char **argv)
{
    int kvm = (int)check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int vm = (int)check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    int vcpu = (int)check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    size_t len = (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    struct kvm_run *run = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY,
                                                 .userspace_addr = (uint64_t)memory};

    check(run == MAP_FAILED || memory == MAP_FAILED ? -1 : 0, "mmap");
    check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
    if (argc > 1) {
        set_features(vcpu);
        set_registers(vcpu);
        run->immediate_exit = 1;
        ioctl(vcpu, KVM_RUN, 0);
    }
    if (argc > 1 && !strcmp(argv[1], "run")) {
        madvise(memory, MEMORY, MADV_NOHUGEPAGE); /* not to measure how 2 MiB are zeroed */
        memcpy(memory, "\xe6\x10", 2);            /* out %al, $0x10 */
        run->immediate_exit = 0;
        check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
        check(run->exit_reason == KVM_EXIT_IO ? 0 : -1, "the guest");
    }
    return write(STDOUT_FILENO, "ok\n", 3) != 3;
}
