/* SPDX-License-Identifier: MIT
 *
 * A system call that does nothing, and a function that does nothing: bench/measure counts the
 * instructions of both. */
#include <unistd.h>

__attribute__((noinline, noclone)) void empty(void)
{
    __asm__ volatile("");
}

int main(void)
{
    empty();
    return getppid();
}
