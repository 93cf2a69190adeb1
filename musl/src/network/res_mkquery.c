/* SPDX-License-Identifier: MIT
 *
 * res_mkquery: a DNS message of one question (RFC 1035 4.1), with a random id (RFC 5452 9.2). */
#include <resolv.h>
#include <string.h>
#include <sys/random.h>

enum { HEADER_LEN = 12, MAX_LABEL = 63, MAX_NAME = 255 };

/* Writes (name) as labels to (out). A final dot makes no difference. Returns the length with that
 * of the root, 0 if a label or the whole has a length that is not allowed. */
static size_t put_name(unsigned char out[MAX_NAME], const char *name)
{
    size_t n = 0;

    if (!strcmp(name, "."))
        name++;
    while (*name) {
        size_t len = strcspn(name, ".");

        if (len == 0 || len > MAX_LABEL || n + 1 + len > MAX_NAME - 1)
            return 0;
        out[n++] = (unsigned char)len;
        memcpy(out + n, name, len);
        n += len;
        name += len + (name[len] == '.');
    }
    out[n++] = 0;
    return n;
}

int __res_mkquery(int op, const char *name, int class, int type, const unsigned char *data,
                  int datalen, const unsigned char *newrr, unsigned char *buf, int buflen)
{
    /* Recursion is desired; AD asks for the bit in the answer (RFC 6840 5.7). */
    unsigned char q[HEADER_LEN + MAX_NAME + 4] = {[2] = 1, [3] = 0x20, [5] = 1};
    size_t n = put_name(q + HEADER_LEN, name);

    (void)data;
    (void)datalen;
    (void)newrr;
    if (n == 0 || op < 0 || op > 15 || class < 0 || class > 0xffff || type < 0 || type > 0xffff)
        return -1;
    if (buflen < 0 || (size_t)buflen < HEADER_LEN + n + 4 || getrandom(q, 2, 0) != 2)
        return -1;
    q[2] |= (unsigned char)(op << 3);
    n += HEADER_LEN;
    q[n++] = (unsigned char)(type >> 8);
    q[n++] = (unsigned char)type;
    q[n++] = (unsigned char)(class >> 8);
    q[n++] = (unsigned char)class;
    memcpy(buf, q, n);
    return (int)n;
}

weak_alias(__res_mkquery, res_mkquery);
