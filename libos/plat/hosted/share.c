/* SPDX-License-Identifier: MIT
 *
 * Shared pages (iface/plat.h). A monitor has them for images with the note that stands here: linked
 * with the first call of plat_share. */
#include "abi/image.h"
#include "iface/plat.h"
#include "plat/hosted.h"

PITH_NOTE_EMPTY(PITH_NOTE_SHARES);

int plat_share(void *addr, void *from, size_t len)
{
    return (int)hypercall(PITH_HC_SHARE, (long)addr, (long)from, (long)len);
}

void plat_release_shared(void *addr, size_t len)
{
    if (hypercall(PITH_HC_RELEASE, (long)addr, (long)len, PITH_RELEASE_SHARED) < 0)
        plat_crash(6, "the monitor does not take memory back");
}
