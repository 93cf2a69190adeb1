/* SPDX-License-Identifier: MIT
 *
 * From _start to libc's start. The monitor is a static PIE and relocates itself. It may have been
 * started by name or as the interpreter of an image (PT_INTERP). Then the kernel's auxiliary vector
 * describes the image, and libc would take the image's thread-local storage for the monitor's: the
 * vector is made to describe the monitor.
 *
 * Nothing here may use a relocated pointer, the thread pointer (so no stack protector either) or
 * libc before __libc_start_main. */
#include "monitor/start.h"

#include <elf.h>
#include <stddef.h>

uintptr_t start_image_entry;

#define HIDDEN __attribute__((visibility("hidden")))

extern const Elf64_Ehdr __ehdr_start HIDDEN;
extern Elf64_Dyn _DYNAMIC[] HIDDEN;
extern void _start(void) HIDDEN;
int main(int argc, char **argv, char **envp);
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                      void (*)(void));
_Noreturn void start_c(long *stack) HIDDEN;

__attribute__((no_stack_protector)) static void relocate(uintptr_t base)
{
    const Elf64_Rela *rela = NULL;
    size_t len = 0;
    for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_RELA)
            rela = (const Elf64_Rela *)(base + d->d_un.d_ptr);
        else if (d->d_tag == DT_RELASZ)
            len = d->d_un.d_val;
    }
    /* The linker was told to leave no other kind. */
    for (size_t i = 0; i < len / sizeof(*rela); i++)
        *(uintptr_t *)(base + rela[i].r_offset) = base + (uintptr_t)rela[i].r_addend;
}

__attribute__((no_stack_protector)) static void describe_monitor(Elf64_auxv_t *aux, uintptr_t base)
{
    uintptr_t entry = (uintptr_t)&_start;
    Elf64_auxv_t *phdr = NULL, *phnum = NULL, *kernel_entry = NULL;
    for (; aux->a_type != AT_NULL; aux++) {
        if (aux->a_type == AT_PHDR)
            phdr = aux;
        else if (aux->a_type == AT_PHNUM)
            phnum = aux;
        else if (aux->a_type == AT_ENTRY)
            kernel_entry = aux;
    }
    if (!phdr || !phnum || !kernel_entry || kernel_entry->a_un.a_val == entry)
        return;
    start_image_entry = kernel_entry->a_un.a_val;
    kernel_entry->a_un.a_val = entry;
    phdr->a_un.a_val = base + __ehdr_start.e_phoff;
    phnum->a_un.a_val = __ehdr_start.e_phnum;
}

__attribute__((no_stack_protector)) _Noreturn void start_c(long *stack)
{
    uintptr_t base = (uintptr_t)&__ehdr_start;
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    char **end = argv + argc + 1;
    while (*end)
        end++;

    /* Of the page that relocation is going to read first: written to at once, it costs one fault
     * and not two. */
    *(volatile Elf64_Sxword *)&_DYNAMIC[0].d_tag = _DYNAMIC[0].d_tag;
    relocate(base);
    describe_monitor((Elf64_auxv_t *)(end + 1), base);
    __libc_start_main(main, argc, argv, NULL, NULL, NULL);
    __builtin_trap();
}
