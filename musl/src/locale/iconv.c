/* SPDX-License-Identifier: MIT
 *
 * iconv: musl's, with its faults kept away from it.
 *
 * The decoders for EUC-KR and Shift_JIS of musl 1.2.3 accept bytes that lead outside their tables,
 * and the one for GB18030 makes code points that do not exist; what comes of that is then written
 * before or behind the caller's buffer (CVE-2025-26519 and its like). Those for Unified Hangul Code
 * and for GB18030's four-byte characters search a whole table several times for each character
 * (CVE-2026-6042). So for these encodings the input is taken character by character: it is checked
 * here, and musl only gets what is valid; the characters without a table of their own are converted
 * here and handed on as UTF-32. */
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lock.h"

static size_t musl_iconv(iconv_t, char **restrict, size_t *restrict, char **restrict,
                         size_t *restrict);
#define iconv musl_iconv
#include <iconv.c>
#undef iconv

/* Which of the code points up to U+FFFF a two-byte table lacks, and so have another code: the Nth
 * of them in ascending order has number N in that. Filled at first use; (lock) is held meanwhile.
 */
#define BLOCK  64
#define BLOCKS (0x10000 / BLOCK)
struct gaps {
    volatile int lock[1];
    volatile bool ready;
    uint64_t in_table[BLOCKS]; /* one bit a code point */
    uint16_t before[BLOCKS];   /* gaps before this block */
};

static void gaps_fill(struct gaps *g, const unsigned short *table, size_t len, unsigned first,
                      unsigned last)
{
    unsigned count = 0;

    for (unsigned c = 0; c < 0x10000; c++) {
        if (c < first || c > last || c - 0xd800u < 0x800u)
            g->in_table[c / BLOCK] |= 1ull << c % BLOCK;
    }
    for (size_t i = 0; i < len; i++)
        g->in_table[table[i] / BLOCK] |= 1ull << table[i] % BLOCK;
    for (unsigned b = 0; b < BLOCKS; b++) {
        g->before[b] = count;
        for (unsigned bit = 0; bit < BLOCK; bit++)
            count += !(g->in_table[b] >> bit & 1);
    }
}

/* Code point number (n) among the gaps; 0 if there are not so many. */
static unsigned gaps_find(const struct gaps *g, unsigned n)
{
    unsigned low = 0, high = BLOCKS;

    /* The last block that starts with number (n) or less. */
    while (high - low > 1) {
        unsigned mid = (low + high) / 2;
        if (g->before[mid] <= n)
            low = mid;
        else
            high = mid;
    }
    n -= g->before[low];
    for (unsigned bit = 0; bit < BLOCK; bit++) {
        if (!(g->in_table[low] >> bit & 1) && n-- == 0)
            return low * BLOCK + bit;
    }
    return 0;
}

/* The same for the gaps of (table) in [first, last], which are filled in if need be. */
static unsigned gaps_get(struct gaps *g, const unsigned short *table, size_t len, unsigned first,
                         unsigned last, unsigned n)
{
    if (!g->ready) {
        LOCK(g->lock);
        if (!g->ready)
            gaps_fill(g, table, len, first, last);
        g->ready = true;
        UNLOCK(g->lock);
    }
    return gaps_find(g, n);
}

/* What stands at the start of the input. */
struct piece {
    unsigned len;  /* bytes of the character; more than there are: it is not complete */
    unsigned code; /* its code point; 0: musl knows it */
    bool bad;
};

static struct piece take_shift_jis(const unsigned char *s, size_t n)
{
    struct piece p = {1, 0, false};
    unsigned c = s[0];

    if (c < 0x80 || c - 0xa1 <= 0xdf - 0xa1)
        return p;
    p.len = 2;
    /* JIS X 0208 has 84 rows, two to a lead byte. */
    if (!(c - 0x81 <= 0x9f - 0x81 || c - 0xe0 <= 0xea - 0xe0))
        p.bad = true;
    else if (n >= 2)
        p.bad = s[1] < 0x40 || s[1] == 0x7f || s[1] > 0xfc;
    return p;
}

/* EUC-KR, with the syllables that Unified Hangul Code (code page 949) adds. */
static struct piece take_euc_kr(const unsigned char *s, size_t n)
{
    static struct gaps rest;
    struct piece p = {1, 0, false};
    unsigned c = s[0], d, trail;

    if (c < 0x80)
        return p;
    p.len = 2;
    if (c < 0x81 || c > 0xfd) {
        p.bad = true;
        return p;
    }
    if (n < 2)
        return p;
    d = s[1];
    if (c >= 0xa1 && d >= 0xa1) {
        p.bad = d > 0xfe;
        return p;
    }
    if (d - 'A' < 26)
        trail = d - 'A';
    else if (d - 'a' < 26)
        trail = d - 'a' + 26;
    else if (d - 0x81 <= 0xfe - 0x81)
        trail = d - 0x81 + 52;
    else
        trail = 178;
    /* 178 to a lead byte while the second is free, then 84; the last is 0xc652. */
    if (trail == 178 || c > 0xc6 || (c == 0xc6 && d > 0x52)) {
        p.bad = true;
        return p;
    }
    c = c < 0xa1 ? 178 * (c - 0x81) + trail : 178 * 0x20 + 84 * (c - 0xa1) + trail;
    p.code = gaps_get(&rest, ksc[0], sizeof(ksc) / sizeof(ksc[0][0]), 0xac00, 0xd7a3, c);
    p.bad = p.code == 0;
    return p;
}

/* GB18030: two bytes by table; four for all other code points, in ascending order. */
static struct piece take_gb18030(const unsigned char *s, size_t n)
{
    static struct gaps rest;
    struct piece p = {1, 0, false};
    unsigned number;

    if (s[0] < 0x80)
        return p;
    p.len = 2;
    p.bad = s[0] == 0x80 || s[0] == 0xff;
    if (p.bad || n < 2)
        return p;
    if ((unsigned)s[1] - '0' > 9) {
        p.bad = s[1] < 0x40 || s[1] == 0x7f || s[1] == 0xff;
        return p;
    }
    p.len = 4;
    p.bad = (n >= 3 && (s[2] < 0x81 || s[2] > 0xfe)) || (n >= 4 && (unsigned)s[3] - '0' > 9);
    if (p.bad || n < 4)
        return p;
    number = ((s[0] - 0x81) * 10 + s[1] - '0') * 1260 + (s[2] - 0x81) * 10 + s[3] - '0';
    /* Those above U+FFFF start with 0x90308130. */
    if (number >= 189000)
        p.code = number - 189000 + 0x10000;
    else
        p.code = gaps_get(&rest, gb18030[0], sizeof(gb18030) / sizeof(gb18030[0][0]), 0x80, 0xffff,
                          number);
    p.bad = p.code == 0 || p.code > 0x10ffff;
    return p;
}

/* Converts the piece (p) at *in. Returns as iconv; advances nothing on error. */
static size_t convert(iconv_t cd, iconv_t from_utf32, struct piece p, char **in, size_t *in_left,
                      char **out, size_t *out_left)
{
    char utf32[4];
    char *from = *in;
    size_t left = p.len, r;

    if (p.code) {
        put_32((unsigned char *)utf32, p.code, 0);
        from = utf32;
        left = sizeof(utf32);
        cd = from_utf32;
    }
    r = musl_iconv(cd, &from, &left, out, out_left);
    if (r != (size_t)-1) {
        *in += p.len;
        *in_left -= p.len;
    }
    return r;
}

size_t iconv(iconv_t cd, char **restrict in, size_t *restrict in_left, char **restrict out,
             size_t *restrict out_left)
{
    struct piece (*take)(const unsigned char *, size_t) = NULL;
    size_t replaced = 0;

    /* Only descriptors without state, which are odd, are of interest. */
    switch ((size_t)cd & 1 ? (unsigned char)charmaps[extract_from(cd)] : 0) {
    case SHIFT_JIS:
        take = take_shift_jis;
        break;
    case EUC_KR:
        take = take_euc_kr;
        break;
    case GB18030:
        take = take_gb18030;
        break;
    }
    if (!take || !in || !*in)
        return musl_iconv(cd, in, in_left, out, out_left);

    iconv_t from_utf32 = combine_to_from(extract_to(cd), find_charmap("utf32be"));
    while (*in_left) {
        struct piece p = take((const unsigned char *)*in, *in_left);
        size_t r;

        if (p.bad || p.len > *in_left) {
            errno = p.bad ? EILSEQ : EINVAL;
            return -1;
        }
        r = convert(cd, from_utf32, p, in, in_left, out, out_left);
        if (r == (size_t)-1)
            return r;
        replaced += r;
    }
    return replaced;
}
