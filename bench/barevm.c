/* SPDX-License-Identifier: MIT
 *
 * What KVM itself takes for a machine such as the monitor makes: creates one with one virtual
 * processor and 256 MiB of untouched memory, and ends, with no guest. With "set" it also does the
 * other calls of KVM that no machine starts without: processor features, registers, and one KVM_RUN
 * that returns at once. */
#define _GNU_SOURCE
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

static long check(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

int main(int argc, char **argv)
{
    static uint64_t room[1024];
    struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)room;
    struct kvm_sregs sregs;
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
    if (argc > 1 && !strcmp(argv[1], "set")) {
        cpuid->nent = 120;
        check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
        check(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
        check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
        check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
        run->immediate_exit = 1;
        ioctl(vcpu, KVM_RUN, 0);
    }
    return write(STDOUT_FILENO, "ok\n", 3) != 3;
}
