/* SPDX-License-Identifier: MIT
 *
 * Deep recursion, large frames, alloca and variable alignment of the stack. */
#include <alloca.h>
#include "calls.h"

static unsigned deep(unsigned n)
{
    volatile char frame[256];
    frame[0] = (char)n;
    unsigned below = n ? deep(n - 1) : 0;
    return below + (unsigned char)frame[0];
}

static bool aligned(int n)
{
    char *a = alloca((size_t)n);
    __attribute__((aligned(32))) volatile float v[8] = {(float)n};
    memset(a, n, (size_t)n);
    return (uintptr_t)v % 32 == 0 && a[n - 1] == (char)n;
}

int main(void)
{
    T(deep(10));
    T(deep(1500));
    bool all = true;
    for (int n = 1; n < 3000; n += 7)
        all &= aligned(n);
    IS(all);
    char big[100000];
    memset(big, 'x', sizeof(big));
    IS(big[99999] == 'x' && big[0] == 'x');
    long double wide = 1;
    for (int i = 1; i < 20; i++)
        wide *= i;
    printf("%.0Lf\n", wide);
    return 0;
}
