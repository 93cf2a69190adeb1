/* SPDX-License-Identifier: MIT
 *
 * Vectors of memory, as readv and writev get them. */
#ifndef PITH_VFS_VECTOR_H
#define PITH_VFS_VECTOR_H

#include <string.h>
#include <sys/uio.h>
#include "base/base.h"

static inline size_t vector_total(const struct iovec *iov, int n)
{
    size_t total = 0;

    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    return total;
}

/* A place in a vector. */
struct vector {
    const struct iovec *iov;
    size_t skip; /* bytes of the first part that are done */
};

/* The next at most (n) bytes in one piece; (*len) says how many: 0 only if (n) is. The vector holds
 * at least (n) more. */
static inline char *vector_next(struct vector *v, size_t n, size_t *len)
{
    while (n > 0 && v->skip == v->iov->iov_len) {
        v->iov++;
        v->skip = 0;
    }
    char *at = n > 0 ? (char *)v->iov->iov_base + v->skip : NULL;
    *len = n > 0 ? min_size(n, v->iov->iov_len - v->skip) : 0;
    v->skip += *len;
    return at;
}

/* Copy (n) bytes to and from the vector, which holds at least so many more. */
static inline void vector_put(struct vector *v, const void *from, size_t n)
{
    for (size_t done = 0, len; done < n; done += len) {
        char *at = vector_next(v, n - done, &len);
        memcpy(at, (const char *)from + done, len);
    }
}

static inline void vector_take(struct vector *v, void *to, size_t n)
{
    for (size_t done = 0, len; done < n; done += len) {
        const char *at = vector_next(v, n - done, &len);
        memcpy((char *)to + done, at, len);
    }
}

#endif
