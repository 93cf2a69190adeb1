/* SPDX-License-Identifier: MIT
 *
 * The program headers of an image, after GNU ld: where a VMM puts it, the physical addresses of its
 * segments, which ld has made equal to the virtual ones; and the size of stacks. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "abi/image.h"
#include "ld.h"

static bool finish_all(int fd, bool bare, uint64_t stack)
{
    Elf64_Ehdr h;
    Elf64_Phdr ph;

    if (pread(fd, &h, sizeof(h), 0) != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    for (unsigned i = 0; i < h.e_phnum; i++) {
        off_t at = (off_t)(h.e_phoff + i * sizeof(ph));
        if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
            return false;
        if (ph.p_type == PT_NULL)
            continue;
        if (bare)
            ph.p_paddr = ph.p_vaddr + PITH_PHYSICAL_BASE;
        if (ph.p_type == PT_GNU_STACK)
            ph.p_memsz = stack;
        if (pwrite(fd, &ph, sizeof(ph), at) != sizeof(ph))
            return false;
    }
    return true;
}

bool headers_finish(const char *path, bool bare, uint64_t stack)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    errno = EIO;
    bool done = finish_all(fd, bare, stack);
    close(fd);
    return done;
}
