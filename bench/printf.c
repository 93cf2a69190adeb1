/* SPDX-License-Identifier: MIT
 *
 * The smallest program with printf, with floating point and, with -DINTEGERS, without: how large its image is. */
#include <stdio.h>

int main(int argc, char **argv)
{
#ifdef INTEGERS
    printf("%d %s\n", argc, argv[0]);
#else
    printf("%d %s %f\n", argc, argv[0], 1.5);
#endif
    return 0;
}
