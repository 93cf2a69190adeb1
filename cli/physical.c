/* SPDX-License-Identifier: MIT
 *
 * Where a VMM puts an image: the physical addresses of its segments, which GNU ld has made equal to
 * the virtual ones. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "abi/image.h"
#include "ld.h"

static bool place_all(int fd)
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
        ph.p_paddr = ph.p_vaddr + PITH_PHYSICAL_BASE;
        if (pwrite(fd, &ph, sizeof(ph), at) != sizeof(ph))
            return false;
    }
    return true;
}

bool physical_place(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT; /* ld was asked a question, and linked nothing */
    errno = EIO;
    bool done = place_all(fd);
    close(fd);
    return done;
}
