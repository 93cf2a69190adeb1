/* SPDX-License-Identifier: MIT
 *
 * More connections to one listener, one after the other, than there are ports to connect from: those
 * in TIME-WAIT are used again.
 *
 * not on qemu: 30,000 connections take too long */
#include "inet.h"

int main(void)
{
    int l = listener(7601), made = 0;

    for (int n = 0; n < 30000; n++) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        if (connect4(c, "127.0.0.1", 7601)) {
            printf("connection %d: %s\n", n, strerror(errno));
            return 1;
        }
        int a = accept(l, NULL, NULL);
        close(c); /* keeps TIME-WAIT */
        close(a);
        made++;
    }
    printf("%d connections\n", made);
    printf("and the listener is there\n");
    IS(ready(l) == 0);
    close(l);
    return 0;
}
