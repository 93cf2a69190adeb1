/* SPDX-License-Identifier: MIT
 *
 * The smallest program with all of printf, floating point included: how large its image is. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("%d %s %f\n", argc, argv[0], 1.5);
    return 0;
}
