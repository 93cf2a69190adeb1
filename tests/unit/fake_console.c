/* SPDX-License-Identifier: MIT
 *
 * What LINKS names, for tests without the console: nothing calls it. */
extern const char console_readv, console_poll, console_ioctl;
const char console_readv, console_poll, console_ioctl;
