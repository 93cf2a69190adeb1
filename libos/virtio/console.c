/* SPDX-License-Identifier: MIT
 *
 * The standard files. */
#include <fcntl.h>

#include "virtio/console.h"
#include "virtio/console_file.h"
#include "virtio/console_tx.h"

static struct console_tx output, error_output;

static const struct file_ops input_ops = {
    .readv = console_readv,
    .poll = console_poll,
    .ioctl = console_ioctl,
};

struct file console_stdin = {
    .ops = &input_ops,
    .refs = 1,
    .flags = O_RDONLY,
    .kind = FILE_STREAM | FILE_STATIC | FILE_SIGNALS,
    .mode = S_IFIFO | 0600,
};

struct file console_stdout = {
    .ops = &console_tx_ops,
    .data = &output,
    .refs = 1,
    .flags = O_WRONLY,
    .kind = FILE_STREAM | FILE_STATIC,
    .mode = S_IFIFO | 0600,
};

struct file console_stderr = {
    .ops = &console_tx_ops,
    .data = &error_output,
    .refs = 1,
    .flags = O_WRONLY,
    .kind = FILE_STREAM | FILE_STATIC,
    .mode = S_IFIFO | 0600,
};

static void set_mode(struct file *f, const volatile struct pith_console_config *config,
                     uint32_t tty)
{
    if (config && (config->tty & tty)) {
        f->mode = S_IFCHR | 0620;
        f->kind |= FILE_TERMINAL;
    }
}

/* A device that is not there leaves its files unstarted: they answer -EIO. */
void console_start(void)
{
    struct plat_device dev;

    if (plat_device_find(PITH_DEVICE_CONSOLE, "stdio", &dev) == 0) {
        const volatile struct pith_console_config *config = console_config(&dev);
        if (console_in_start)
            console_in_start(&dev);
        console_stdin.data = (void *)config;
        set_mode(&console_stdin, config, PITH_CONSOLE_TTY_IN);
        if (console_tx_start(&output, &dev) == 0)
            set_mode(&console_stdout, config, PITH_CONSOLE_TTY_OUT);
    }
    if (plat_device_find(PITH_DEVICE_CONSOLE, "stderr", &dev) == 0 &&
        console_tx_start(&error_output, &dev) == 0)
        set_mode(&console_stderr, error_output.config, PITH_CONSOLE_TTY_OUT);
}
