/* SPDX-License-Identifier: MIT
 *
 * The smallest program:
 *     pith-cc -o hello hello.c
 *     pith run hello */
#include <stdio.h>

int main(void)
{
    puts("hello from one address space");
    return 0;
}
