/* SPDX-License-Identifier: MIT
 *
 * Descriptors 0, 1 and 2 are the console. */
#include "iface/fs.h"
#include "virtio/console.h"

bool console_released;
struct file *const stdio_files[3] = {&console_stdin, &console_stdout, &console_stderr};
