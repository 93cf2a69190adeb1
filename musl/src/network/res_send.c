/* SPDX-License-Identifier: MIT
 *
 * res_send. An answer that is longer than the caller's buffer is cut and has the TC bit; what is
 * returned never exceeds the buffer. */
#include <resolv.h>
#include <string.h>

/* What any server may send (RFC 1035 2.3.4), and __res_msend wants. */
enum { MIN_ANSWER = 512 };

int __res_send(const unsigned char *msg, int msglen, unsigned char *answer, int anslen)
{
    unsigned char whole[MIN_ANSWER], *to = answer;
    int size = anslen, n = 0;

    if (anslen < MIN_ANSWER) {
        to = whole;
        size = MIN_ANSWER;
    }
    if (anslen < 0 || __res_msend(1, &msg, &msglen, &to, &n, size) < 0 || n == 0)
        return -1;
    if (n > anslen) {
        whole[2] |= 2;
        n = anslen;
    }
    if (to == whole)
        memcpy(answer, whole, (size_t)n);
    return n;
}

weak_alias(__res_send, res_send);
