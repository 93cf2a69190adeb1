/* SPDX-License-Identifier: MIT
 *
 * Console devices that programs open by a path. The queue is the device's, so all files on one
 * device share its state here. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "virtio/console.h"
#include "virtio/console_tx.h"

#define DEVICES_MAX 4

static struct {
    const char *name; /* NULL: free */
    struct console_tx tx;
    struct file file;
} devices[DEVICES_MAX];

int console_open(const char *name, struct file **out)
{
    struct plat_device dev;
    size_t i = 0;

    while (i < DEVICES_MAX && devices[i].name && strcmp(devices[i].name, name) != 0)
        i++;
    if (i == DEVICES_MAX)
        return -ENFILE;
    if (!devices[i].name) {
        if (plat_device_find(PITH_DEVICE_CONSOLE, name, &dev) ||
            console_tx_start(&devices[i].tx, &dev))
            return -ENODEV;
        devices[i].name = name;
        devices[i].file = (struct file){
            .ops = &console_tx_ops,
            .data = &devices[i].tx,
            .refs = 1,
            .flags = O_WRONLY,
            .kind = FILE_STREAM | FILE_STATIC,
            .mode = S_IFIFO | 0200,
        };
    }
    *out = &devices[i].file;
    return 0;
}
