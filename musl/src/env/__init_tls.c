/* SPDX-License-Identifier: MIT
 *
 * Thread-local storage. A thread's block, libc.tls_size bytes, from low to high:
 *
 *     dtv[2] | slack for alignment | the program's TLS segment | struct pthread
 *
 * The thread pointer is the address of struct pthread, and variables have negative offsets from it
 * (variant II of the ELF TLS ABI). An image is static: there is exactly one segment, or none. */
#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include "pthread_impl.h"
#include "libc.h"
#include "pith_libc.h"

volatile int __thread_list_lock;

static struct tls_module program_tls;

/* Defined by the linker: the start of the image. */
extern hidden const Elf64_Ehdr __ehdr_start;

/* struct pthread and the dtv need no more; vectors in TLS do, and say so. */
#define MIN_ALIGN 16

static void note_segment(const Elf64_Phdr *ph)
{
    const char *image = (const char *)&__ehdr_start + ph->p_vaddr;

    program_tls.image = (void *)image;
    program_tls.len = ph->p_filesz;
    program_tls.align = ph->p_align > MIN_ALIGN ? ph->p_align : MIN_ALIGN;
    /* The copy must be congruent to the image modulo the segment's alignment, the thread pointer is
     * to 0. */
    program_tls.size = ph->p_memsz;
    if (ph->p_align > 1)
        program_tls.size += -(ph->p_memsz + (uintptr_t)image) & (ph->p_align - 1);
    program_tls.offset = program_tls.size;
    libc.tls_head = &program_tls;
    libc.tls_cnt = 1;
}

static void set_stack_size(size_t size)
{
    if (size < PTHREAD_STACK_MIN)
        size = PTHREAD_STACK_MIN;
    __default_stacksize = size < DEFAULT_STACK_MAX ? size : DEFAULT_STACK_MAX;
}

size_t __pith_tls_measure(void)
{
    const Elf64_Ehdr *eh = &__ehdr_start;
    const char *p = (const char *)eh + eh->e_phoff;

    program_tls.align = MIN_ALIGN;
    __default_stacksize = thread_stack_default();
    for (int i = 0; i < eh->e_phnum; i++, p += eh->e_phentsize) {
        const Elf64_Phdr *ph = (const Elf64_Phdr *)p;
        if (ph->p_type == PT_TLS)
            note_segment(ph);
        /* The program may ask for other stacks of its threads with ld -z stack-size=N. */
        if (ph->p_type == PT_GNU_STACK && ph->p_memsz > 0)
            set_stack_size(ph->p_memsz);
    }
    libc.tls_align = program_tls.align;
    libc.tls_size =
        2 * sizeof(uintptr_t) + program_tls.size + libc.tls_align - 1 + sizeof(struct pthread);
    libc.tls_size = (libc.tls_size + MIN_ALIGN - 1) & -(size_t)MIN_ALIGN;
    return libc.tls_size;
}

/* Lays out a thread's block, which is zero. Returns its struct pthread. Called by pthread_create
 * too. */
void *__copy_tls(unsigned char *block)
{
    uintptr_t *dtv = (uintptr_t *)block;
    uintptr_t tp = (uintptr_t)block + libc.tls_size - sizeof(struct pthread);
    struct pthread *self;

    tp &= -libc.tls_align;
    self = (struct pthread *)tp;
    self->dtv = dtv;
    dtv[0] = libc.tls_cnt;
    if (libc.tls_cnt) {
        dtv[1] = tp - program_tls.offset;
        memcpy((void *)dtv[1], program_tls.image, program_tls.len);
    }
    return self;
}

/* Makes (p), a zero struct pthread, that of the calling thread. Cannot fail here. */
int __init_tp(void *p)
{
    struct pthread *self = p;

    self->self = self;
    libc.can_do_threads = __set_thread_area(TP_ADJ(p)) == 0;
    self->detach_state = DT_JOINABLE;
    self->tid = __syscall(SYS_set_tid_address, &__thread_list_lock);
    self->locale = &libc.global_locale;
    self->robust_list.head = &self->robust_list.head;
    self->next = self->prev = self;
    return 0;
}

void __pith_tls_start(void *block)
{
    (void)__init_tp(__copy_tls(block));
}
