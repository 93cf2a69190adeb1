/* SPDX-License-Identifier: MIT
 *
 * catclose, also of what a failed catopen returned. */
#include <endian.h>
#include <errno.h>
#include <nl_types.h>
#include <stdint.h>
#include <sys/mman.h>

/* A catalogue is a mapped file; its header, big-endian words, says at 8 how long the rest is. */
#define LENGTH_AT   8
#define HEADER_SIZE 20

int catclose(nl_catd catd)
{
    char *map = (char *)catd;

    if (catd == (nl_catd)-1) {
        errno = EBADF;
        return -1;
    }
    munmap(map, be32toh(*(uint32_t *)(map + LENGTH_AT)) + HEADER_SIZE);
    return 0;
}
