/* SPDX-License-Identifier: MIT
 *
 * The machine's memory, page tables and first state (Intel SDM volume 3: descriptors 3.4.5,
 * IDT 6.14.1, TSS 8.7). The one task and the gates lead to CPL 3, so there is no way to another
 * level. */
#include "monitor/kvm/vm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "abi/hypercall.h"
#include "monitor/kvm/area.h"
#include "monitor/kvm/cpuid.h"

#define TABLES_AT (3 * PAGE_SIZE) /* in the kept memory */

extern const char kvm_stub[], kvm_stub_end[], kvm_stub_vectors[];

struct descriptors {
    uint64_t gdt[8];
    struct {
        uint16_t offset_low, selector, flags, offset_middle;
        uint32_t offset_high, reserved;
    } idt[VECTORS];
    struct {
        uint32_t reserved;
        uint64_t rsp[3], reserved2, ist[7];
        uint16_t reserved3[5], io_map;
    } __attribute__((packed)) task;
};

uint64_t vm_area(const struct machine *m)
{
    return m->mem_base - AREA_BEFORE;
}

uint64_t vm_stub(const struct kvm_vm *vm, const struct machine *m)
{
    return vm_area(m) + AREA_STUB + (vm->by_port ? STUB_BY_PORT : 0);
}

uint64_t vm_doorbell(const struct kvm_vm *vm, const struct machine *m)
{
    return vm->kept_len + m->layout.mem_len;
}

int vm_reserve(struct kvm_vm *vm, struct machine *m, uint64_t span)
{
    uint64_t count = tables_needed(m->layout.mem_len + AREA_BEFORE);
    uint64_t used = TABLES_AT + count * PAGE_SIZE;
    vm->kept_len = align_up(used, TABLES_REGION);

    char *p = mmap(NULL, span + vm->kept_len + TABLES_REGION, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return -ENOMEM;
    vm->kept = (char *)align_up((uint64_t)p, TABLES_REGION);
    /* Of the tables few are used, far from a huge page's worth, which some hosts give unasked. */
    if (mprotect(vm->kept, used, PROT_READ | PROT_WRITE) ||
        (madvise(vm->kept, used, MADV_NOHUGEPAGE) && errno != EINVAL))
        return -ENOMEM;
    m->mem = vm->kept + vm->kept_len;
    vm->tables = (struct tables){.page = (uint64_t(*)[512])(vm->kept + TABLES_AT),
                                 .addr = TABLES_AT,
                                 .max = (uint32_t)count};
    return 0;
}

static int map_area(struct kvm_vm *vm, const struct machine *m, struct area a, unsigned prot)
{
    return tables_map(&vm->tables, m->mem_base + a.at, vm->kept_len + a.at, a.len,
                      tables_flags(prot));
}

/* What the guest finds mapped: abi/boot.h. There is room for all tables. */
static int map_guest(struct kvm_vm *vm, const struct machine *m)
{
    static const unsigned prot[IMAGE_SEGMENTS] = {
        [IMAGE_CONST] = PITH_PROT_READ, [IMAGE_TEXT] = PITH_PROT_READ | PITH_PROT_EXEC,
        [IMAGE_RELRO] = PITH_PROT_READ, [IMAGE_DATA] = PITH_PROT_READ | PITH_PROT_WRITE,
        [IMAGE_ROOT] = PITH_PROT_READ,
    };
    const struct layout *l = &m->layout;
    int err = 0;
    for (unsigned i = 0; i < IMAGE_SEGMENTS && !err; i++) {
        const struct image_segment *s = &m->image.seg[i];
        err = map_area(vm, m, (struct area){s->addr, align_up(s->mem_len, PAGE_SIZE)}, prot[i]);
    }
    if (!err)
        err = map_area(vm, m, l->boot, PITH_PROT_READ);
    if (!err)
        err = map_area(vm, m, l->shared, PITH_PROT_READ | PITH_PROT_WRITE);
    return err ? err : map_area(vm, m, l->stack, PITH_PROT_READ | PITH_PROT_WRITE);
}

static int map_own(struct kvm_vm *vm, const struct machine *m)
{
    static const struct {
        uint64_t at, flags;
    } own[] = {
        {AREA_STUB, PTE_PRESENT | PTE_USED | PTE_USER},
        {AREA_STACK, PTE_PRESENT | PTE_USED | PTE_USER | PTE_WRITE | PTE_NX},
        {AREA_TABLES, PTE_PRESENT | PTE_USED | PTE_NX},
        {AREA_DOORBELL, PTE_PRESENT | PTE_USED | PTE_USER | PTE_WRITE | PTE_NX},
    };
    int err = 0;
    for (unsigned i = 0; i < ARRAY_LEN(own) && !err; i++)
        err = tables_map(&vm->tables, vm_area(m) + own[i].at,
                         own[i].at == AREA_DOORBELL ? vm_doorbell(vm, m) : own[i].at, PAGE_SIZE,
                         own[i].flags);
    return err;
}

void vm_write_gates(struct kvm_vm *vm, const struct machine *m)
{
    struct descriptors *d = (struct descriptors *)(vm->kept + AREA_TABLES);
    uint64_t handler = vm_stub(vm, m) + (uint64_t)(kvm_stub_vectors - kvm_stub);

    for (unsigned i = 0; i < VECTORS; i++, handler += VECTOR_LEN) {
        d->idt[i].offset_low = (uint16_t)handler;
        d->idt[i].offset_middle = (uint16_t)(handler >> 16);
        d->idt[i].offset_high = (uint32_t)(handler >> 32);
        d->idt[i].selector = SELECTOR_CODE;
        /* Present, interrupt gate, stack 1. The instructions int3 and into may use theirs. */
        d->idt[i].flags = (uint16_t)(i == 3 || i == 4 ? 0xee01 : 0x8e01);
    }
}

static void write_descriptors(struct kvm_vm *vm, const struct machine *m)
{
    struct descriptors *d = (struct descriptors *)(vm->kept + AREA_TABLES);
    uint64_t area = vm_area(m), task = area + AREA_TABLES + offsetof(struct descriptors, task);

    d->gdt[SELECTOR_TASK / 8] =
        (sizeof(d->task) - 1) | (task & 0xffffff) << 16 | 0x8bull << 40 | (task >> 24 & 0xff) << 56;
    d->gdt[SELECTOR_TASK / 8 + 1] = task >> 32;
    d->gdt[SELECTOR_DATA / 8] = 0x00cff3000000ffff;
    d->gdt[SELECTOR_CODE / 8] = 0x00affb000000ffff;
    d->task.ist[0] = area + AREA_STACK + PAGE_SIZE;
    d->task.io_map = sizeof(d->task);
    memcpy(vm->kept + AREA_STUB, kvm_stub, (size_t)(kvm_stub_end - kvm_stub));
}

/* Tells the processor what it can do. Sets *components to those of its state that XCR0 may enable.
 */
static bool set_cpuid(struct kvm_vm *vm, const struct machine *m, uint64_t *components,
                      const char **why)
{
    static uint64_t
        room[(sizeof(struct kvm_cpuid2) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2)) / 8];
    struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)room;
    unsigned address_bits;

    cpuid->nent = cpuid_make(cpuid->entries, components, &address_bits);
    *why = "this processor's machines cannot address that much memory: choose less with -m";
    if ((vm_doorbell(vm, m) + PAGE_SIZE - 1) >> address_bits)
        return false;
    *why =
        "KVM does not take what its processor is to offer (KVM_SET_CPUID2), or there is no XSAVE";
    return *components && !ioctl(vm->vcpu, KVM_SET_CPUID2, cpuid);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = selector,
                                .type = type,
                                .present = 1,
                                .dpl = 3,
                                .s = 1,
                                .g = 1,
                                .l = selector == SELECTOR_CODE,
                                .db = selector != SELECTOR_CODE};
}

static bool set_registers(struct kvm_vm *vm, uint64_t area)
{
    struct kvm_sregs s;
    if (ioctl(vm->vcpu, KVM_GET_SREGS, &s))
        return false;
    uint64_t d = area + AREA_TABLES;
    s.cs = segment(SELECTOR_CODE, 11);
    s.ds = s.es = s.fs = s.gs = s.ss = segment(SELECTOR_DATA, 3);
    s.tr = (struct kvm_segment){.base = d + offsetof(struct descriptors, task),
                                .limit = sizeof(((struct descriptors *)0)->task) - 1,
                                .selector = SELECTOR_TASK,
                                .type = 11,
                                .present = 1};
    s.gdt.base = d;
    s.gdt.limit = sizeof(((struct descriptors *)0)->gdt) - 1;
    s.idt.base = d + offsetof(struct descriptors, idt);
    s.idt.limit = sizeof(((struct descriptors *)0)->idt) - 1;
    s.cr0 = 0x80050033; /* PG AM WP NE ET MP PE */
    s.cr3 = vm->root = tables_root(&vm->tables);
    s.cr4 = 1u << 5 | 1u << 9 | 1u << 10 | 1u << 16 | 1u << 18; /* PAE OSFXSR OSXMMEXCPT FSGSBASE
                                                                    OSXSAVE */
    s.efer = 1u << 8 | 1u << 10 | 1u << 11;                     /* LME LMA NXE */
    return !ioctl(vm->vcpu, KVM_SET_SREGS, &s);
}

int vm_build(struct kvm_vm *vm, const struct machine *m, const char **why)
{
    struct kvm_userspace_memory_region memory = {.memory_size = vm->kept_len + m->layout.mem_len,
                                                 .userspace_addr = (uint64_t)vm->kept};
    struct kvm_xcrs xcrs = {.nr_xcrs = 1};
    uint64_t components;

    write_descriptors(vm, m);
    if (map_own(vm, m) || map_guest(vm, m)) {
        *why = "the machine's page tables do not fit";
        return -ENOMEM;
    }
    if (!set_cpuid(vm, m, &components, why))
        return -ENOTSUP;
    if (ioctl(vm->vm, KVM_SET_USER_MEMORY_REGION, &memory)) {
        *why = "KVM does not take the machine's memory (KVM_SET_USER_MEMORY_REGION)";
        return -errno;
    }
    xcrs.xcrs[0].value = components;
    if (!set_registers(vm, vm_area(m)) || ioctl(vm->vcpu, KVM_SET_XCRS, &xcrs)) {
        *why = "KVM does not give a processor in 64-bit mode at CPL 3 with FSGSBASE and XSAVE";
        return -ENOTSUP;
    }
    return 0;
}
