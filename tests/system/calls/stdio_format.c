/* SPDX-License-Identifier: MIT
 *
 * printf and scanf: every conversion, floating point, wide characters. */
#define _GNU_SOURCE
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <wchar.h>
#include "calls.h"

__attribute__((format(printf, 1, 2))) static void show(const char *format, ...)
{
    char buf[600];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(buf, sizeof(buf), format, ap);
    va_end(ap);
    printf("%-16s %3d |%s|\n", format, n, buf);
}

static void numbers(void)
{
    show("%d %i %u", -5, 7, 4000000000u);
    show("%5d|%-5d|%05d", 42, 42, 42);
    show("%+d % d %+5d", 42, 42, -42);
    show("%.3d %8.3d", 7, -7);
    show("%x %X %#x %#o", 255u, 255u, 255u, 8u);
    show("%hhd %hd", (signed char)-3, (short)-700);
    show("%ld %lld %jd", -1l, INT64_MIN + 1ll, (intmax_t)5);
    show("%zu %td", (size_t)9, (ptrdiff_t)-9);
    show("%llu", ~0ull);
    show("%*d|%-*d|%.*d", 6, 1, 6, 2, 4, 3);
    show("%2$s %1$s", "first", "second");
    show("%%|%c|%5c|%-5c|", 'a', 'b', 'c');
    show("%s|%10s|%-10s|%.2s", "text", "text", "text", "text");
    show("%p", (void *)0x1234);
}

static void floats(void)
{
    static const double values[] = {
        0,       -0.0,           1,   0.1, 123456789.123, 1e-10,    1e100,    DBL_MAX,
        DBL_MIN, 4.9406565e-324, 2.5, 3.5, 0.00005,       99999.95, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        double v = values[i];
        printf("%f %e %g %a %.0f %.3g %#.4g %+.2e %015.3f|%-12.2f|\n", v, v, v, v, v, v, v, v, v,
               v);
    }
    printf("%.20g %.17g %.60f\n", 0.1, 1.0 / 3, 0.1);
    printf("%Lf %.30Lg %La\n", 1.5L, 0.1L, 1.0L);
    printf("%f %F %5.1f\n", NAN < 0 ? 1.0 : (double)INFINITY, (double)INFINITY, 9.96);
}

static void wide(void)
{
    IS(setlocale(LC_ALL, "C.UTF-8") != NULL);
    printf("%ls|%lc|%.3ls\n", L"gr\u00fc\u00df", (wint_t)0x20ac, L"\u20ac\u20ac");
    wchar_t w[16];
    printf("%d\n", swprintf(w, 16, L"%d %ls", 5, L"\u00e4"));
    printf("%zu %d\n", mbstowcs(w, "\xc3\xa4\xe2\x82\xac", 16), (int)w[1]);
    printf("%zd\n", (ssize_t)mbstowcs(w, "\xff", 16));
}

static void truncation(void)
{
    char buf[5];
    volatile int digits = 123456789;
    int n = snprintf(buf, sizeof(buf), "%d", digits);
    printf("%d %s\n", n, buf);
    printf("%d\n", snprintf(NULL, 0, "%d", 12345));
    char *made;
    n = asprintf(&made, "%s-%d", "made", 5);
    printf("%d %s\n", n, made);
    free(made);
}

static void scanning(void)
{
    int i = 0, j = 0, n = 0;
    unsigned x = 0;
    char s[16] = "", set[16] = "", c[4] = "";
    double d = 0;
    float f = 0;
    long long ll = 0;
    T(sscanf(" 42 -7 ff", "%d%d%x", &i, &j, &x));
    printf("%d %d %u\n", i, j, x);
    T(sscanf("1.5e3 0x1p4 inf", "%lf%f%lf", &d, &f, &d));
    printf("%g %g\n", d, f);
    T(sscanf("word abc123 xyz", "%s %[a-c]%d %3c%n", s, set, &i, c, &n));
    printf("%s %s %d %.3s %d\n", s, set, i, c, n);
    T(sscanf("12345678901234", "%3d%*2d%lld", &i, &ll));
    printf("%d %lld\n", i, ll);
    T(sscanf("x", "%d", &i));
    T(sscanf("", "%d", &i) == EOF);
    T(sscanf("0x1F 017 9", "%i %i %i", &i, &j, &n));
    printf("%d %d %d\n", i, j, n);
    T(sscanf("a,b", "%[^,],%s", s, set));
    char *made = NULL;
    T(sscanf("allocated", "%ms", &made));
    printf("%s\n", made);
    free(made);
}

int main(void)
{
    numbers();
    floats();
    wide();
    truncation();
    scanning();
    return 0;
}
