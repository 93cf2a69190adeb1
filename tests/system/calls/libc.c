/* SPDX-License-Identifier: MIT
 *
 * The rest of libc: sorting, matching, numbers from text, time, character sets, searching. */
#define _GNU_SOURCE
#include <ctype.h>
#include <fnmatch.h>
#include <getopt.h>
#include <glob.h>
#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <libgen.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>
#include "calls.h"

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void sorting(void)
{
    static int n[5000];
    unsigned seed = 3;
    bool sorted = true;
    static const char *const shapes[] = {"random", "ascending", "descending", "equal", "organ"};
    for (int shape = 0; shape < 5; shape++) {
        for (int i = 0; i < 5000; i++) {
            seed = seed * 1103515245u + 12345;
            n[i] = shape == 0   ? (int)(seed >> 8)
                   : shape == 1 ? i
                   : shape == 2 ? -i
                   : shape == 3 ? 7
                   : i < 2500   ? i
                                : 5000 - i;
        }
        qsort(n, 5000, sizeof(n[0]), ascending);
        for (int i = 1; i < 5000; i++)
            sorted &= n[i - 1] <= n[i];
        printf("%s %d\n", shapes[shape], sorted);
    }
    int key = n[1234], *found = bsearch(&key, n, 5000, sizeof(n[0]), ascending);
    IS(found && *found == key);
    qsort(n, 0, sizeof(n[0]), ascending);
    struct odd {
        char name[13];
    } odd[] = {{"pear"}, {"apple"}, {"fig"}, {"banana"}};
    qsort(odd, 4, sizeof(odd[0]), (int (*)(const void *, const void *))strcmp);
    printf("%s %s %s %s\n", odd[0].name, odd[1].name, odd[2].name, odd[3].name);
}

static void expression(const char *pattern, int flags, const char *text)
{
    regex_t re;
    regmatch_t m[4];
    char why[80];
    int r = regcomp(&re, pattern, flags);
    if (r) {
        regerror(r, &re, why, sizeof(why));
        printf("/%s/: %s\n", pattern, why);
        return;
    }
    r = regexec(&re, text, 4, m, 0);
    printf("/%s/ in %s: %d", pattern, text, r);
    for (int i = 0; !r && i < 4 && m[i].rm_so >= 0; i++)
        printf(" [%d,%d)", (int)m[i].rm_so, (int)m[i].rm_eo);
    printf("\n");
    regfree(&re);
}

static void matching(void)
{
    expression("a\\(b*\\)c", 0, "xxabbbcyy");
    expression("^(foo|bar)+([0-9]{2,3})$", REG_EXTENDED, "foobar123");
    expression("^(foo|bar)+([0-9]{2,3})$", REG_EXTENDED, "foobar1");
    expression("[[:upper:]]+", REG_EXTENDED, "lower UPPER");
    expression("HELLO", REG_ICASE, "say hello");
    expression("(", REG_EXTENDED, "");
    expression("[", 0, "");
    expression("a{3,1}", REG_EXTENDED, "");
    T(fnmatch("*.c", "file.c", 0));
    T(fnmatch("*.c", ".c", FNM_PERIOD));
    T(fnmatch("a/*/b", "a/x/y/b", FNM_PATHNAME));
    T(fnmatch("[a-c]?[!x]", "bzy", 0));
    put_file("g1.txt", "");
    put_file("g2.txt", "");
    put_file("g3.dat", "");
    glob_t g;
    T(glob("g*.txt", 0, NULL, &g));
    for (size_t i = 0; i < g.gl_pathc; i++)
        printf("%s\n", g.gl_pathv[i]);
    globfree(&g);
    T(glob("none*", 0, NULL, &g));
    T(glob("*/none", 0, NULL, &g));
}

static void numbers(void)
{
    char *end;
    errno = 0;
    printf("%ld\n", strtol("  -0x1fz", &end, 0));
    printf("%s\n", end);
    long huge = strtol("99999999999999999999", NULL, 10);
    printf("%ld %s\n", huge, strerror(errno));
    printf("%lu %lu\n", strtoul("-1", NULL, 10), strtoul("zz", NULL, 36));
    printf("%a %a %a\n", strtod("0.1", NULL), strtod("1e400", NULL), strtod("4.9e-324", NULL));
    double d = strtod("0x1.8p3end", &end);
    printf("%a %s\n", d, end);
    printf("%a\n", strtod("2.2250738585072011e-308", NULL));
    printf("%.9g %d\n", (double)strtof("16777217", NULL), isnan(strtod("nan(1)", NULL)));
    printf("%d %" PRIdMAX "\n", atoi("12x"), strtoimax("-77", NULL, 10));
    printf("%d %d\n", div(-7, 2).quot, div(-7, 2).rem);
    printf("%.15g %.15g %.15g\n", sin(1e6), pow(2.5, 3.5), fma(0.1, 10, -1));
    printf("%.15g %.15g %.15g\n", exp(1), log(10), tgamma(5.5));
    printf("%ld %g %g\n", lrint(2.5), round(-2.5), nextafter(1, 2) - 1);
    srand(1);
    int a = rand();
    srand(1);
    IS(rand() == a);
    srandom(42);
    printf("%ld\n", random());
    srand48(5);
    printf("%.10f\n", drand48());
}

static void calendar(void)
{
    struct tm tm;
    char text[100];
    static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45", "bad zone!"};
    static const time_t times[] = {0, -1, 951782400, 1711846800, 4102444800, 253402300799};
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        setenv("TZ", zones[z], 1);
        tzset();
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
            localtime_r(&times[i], &tm);
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a %j %U %G-%V %z %Z %p %e %s", &tm);
            IS(mktime(&tm) == times[i]);
            printf("%s\n", text);
        }
    }
    memset(&tm, 0, sizeof(tm));
    IS(strptime("29 Feb 2024 13:14:15", "%d %b %Y %H:%M:%S", &tm) != NULL);
    tm.tm_mon += 13;
    printf("%lld %d %d\n", (long long)timegm(&tm), tm.tm_mon, tm.tm_mday);
    printf("%s", asctime(gmtime(&times[2])));
    printf("%.0f\n", difftime(times[2], times[0]));
}

static void converted(const char *to, const char *from, const char *text, size_t len)
{
    char out[64], *in = (char *)text, *o = out;
    size_t room = sizeof(out);
    iconv_t cd = iconv_open(to, from);
    if (cd == (iconv_t)-1) {
        printf("%s to %s: %s\n", from, to, strerror(errno));
        return;
    }
    size_t r = iconv(cd, &in, &len, &o, &room);
    printf("%s to %s: %zd, %zu left, %s:", from, to, (ssize_t)r, len,
           r == (size_t)-1 ? strerror(errno) : "");
    for (char *p = out; p < o; p++)
        printf(" %02x", (unsigned char)*p);
    printf("\n");
    iconv_close(cd);
}

static void characters(void)
{
    converted("UTF-16BE", "UTF-8", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10);
    converted("UTF-8", "ISO-8859-1", "\xe4\xf6", 2);
    converted("UTF-8", "UTF-16LE", "\x3d\xd8\x00\xde", 4);
    converted("ASCII", "UTF-8", "\xc3\xa4", 2);
    converted("UTF-8", "UTF-8", "\xff", 1);
    converted("UTF-8", "NONE", "", 0);
    IS(setlocale(LC_ALL, "") != NULL);
    printf("%s %s\n", setlocale(LC_ALL, NULL), nl_langinfo(CODESET));
    IS(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
    printf("%d %d\n", (int)towupper(0xe4), iswalpha(0x20ac) != 0);
    printf("%d %d\n", wcwidth(0x4e00), wcwidth(0x301));
    printf("%s %s %s\n", localeconv()->decimal_point, nl_langinfo(MON_1), nl_langinfo(D_FMT));
    int classes = 0;
    for (int c = 0; c < 128; c++)
        classes += !!isalpha(c) + 2 * !!isdigit(c) + 4 * !!ispunct(c) + 8 * !!isspace(c);
    printf("%d\n", classes);
    printf("%d %d\n", strcasecmp("HeLLo", "hEllO"), strcoll("a", "b") < 0);
}

static void texts(void)
{
    char buf[64] = "one,two,,three", *rest = buf, *part, path[] = "/usr/lib/file.so";
    while ((part = strsep(&rest, ",")))
        printf("[%s]", part);
    printf("\n%s ", basename(path));
    printf("%s\n", dirname(path));
    printf("%s %zu %zu\n", strstr("haystack with needle", "needle"), strspn("aabbc", "ab"),
           strcspn("hello", "l"));
    printf("%d %s\n", memcmp("abc", "abd", 3) < 0, (char *)memmem("abcdef", 6, "cd", 2));
    printf("%s\n", strdup("duplicated"));
    size_t cut = strlcpy(buf, "cut to five", 6);
    printf("%zu %s\n", cut, buf);
    IS(strverscmp("file10", "file9") > 0);
    char *argv[] = {(char *)"prog",     (char *)"-a",   (char *)"-b", (char *)"value",
                    (char *)"--long=5", (char *)"rest", NULL};
    static const struct option longs[] = {{"long", required_argument, NULL, 'l'}, {0}};
    for (int c; (c = getopt_long(6, argv, "ab:", longs, NULL)) != -1;)
        printf("-%c %s\n", c, optarg ? optarg : "");
    printf("%s\n", argv[optind]);
}

static jmp_buf out;

static void deep(int n, double keep)
{
    if (n > 0)
        deep(n - 1, keep * 2);
    if (keep > 1)
        longjmp(out, 5);
}

static void jumping(void)
{
    volatile int rounds = 0;
    int r = setjmp(out);
    if (r == 0)
        deep(50, 1.5);
    printf("%d\n", r);
    if (++rounds < 3)
        longjmp(out, 0);
    printf("%d\n", rounds);
}

static void tables(void)
{
    ENTRY e = {(char *)"key", (char *)"value"}, *found;
    T(hcreate(50) != 0);
    IS(hsearch(e, ENTER) != NULL);
    found = hsearch((ENTRY){(char *)"key", NULL}, FIND);
    printf("%s\n", (char *)found->data);
    hdestroy();
    void *root = NULL;
    static int n[] = {5, 2, 8, 2};
    for (int i = 0; i < 4; i++)
        tsearch(&n[i], &root, ascending);
    IS(tfind(&n[2], &root, ascending) != NULL);
    IS(tdelete(&n[1], &root, ascending) != NULL);
    IS(tfind(&n[1], &root, ascending) == NULL);
}

int main(void)
{
    enter_folder();
    sorting();
    matching();
    numbers();
    calendar();
    characters();
    texts();
    jumping();
    tables();
    return 0;
}
