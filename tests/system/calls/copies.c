/* SPDX-License-Identifier: MIT
 *
 * sendfile, copy_file_range, splice-free copying, and extended attributes. */
#define _GNU_SOURCE
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include "calls.h"

static void sending(void)
{
    char buf[32] = "";
    off_t at = 2, negative = -1;
    put_file("src", "0123456789");
    int in = open("src", O_RDONLY), out = open("dst", O_CREAT | O_RDWR | O_TRUNC, 0644);
    T(sendfile(out, in, NULL, 4));
    T(lseek(in, 0, SEEK_CUR));
    T(sendfile(out, in, &at, 3));
    printf("at %lld\n", (long long)at);
    T(lseek(in, 0, SEEK_CUR));
    T(sendfile(out, in, NULL, 100));
    T(sendfile(out, in, NULL, 100));
    show_file("dst");
    T(sendfile(out, in, &negative, 1));
    T(sendfile(in, out, NULL, 1));
    T(sendfile(99, in, NULL, 1));
    T(sendfile(out, 99, NULL, 1));
    int p[2];
    need(pipe(p) == 0, "pipe");
    at = 0;
    T(sendfile(p[1], in, &at, 5));
    T(read(p[0], buf, sizeof(buf)));
    printf("%s\n", buf);
    T(sendfile(out, p[0], NULL, 5));
    int append = open("dst", O_WRONLY | O_APPEND);
    at = 0;
    T(sendfile(append, in, &at, 1));
    close(in);
    close(out);
}

static void ranges(void)
{
    off_t from = 1, to = 20;
    int in = open("src", O_RDONLY), out = open("copy", O_CREAT | O_RDWR | O_TRUNC, 0644);
    T(copy_file_range(in, NULL, out, NULL, 5, 0));
    T(copy_file_range(in, &from, out, &to, 3, 0));
    printf("%lld %lld\n", (long long)from, (long long)to);
    T(copy_file_range(in, NULL, out, NULL, 100, 0));
    T(copy_file_range(in, NULL, out, NULL, 100, 0));
    show_file("copy");
    T(copy_file_range(in, NULL, out, NULL, 1, 1));
    T(copy_file_range(out, NULL, in, NULL, 1, 0));
    T(copy_file_range(99, NULL, out, NULL, 1, 0));
    int append = open("copy", O_WRONLY | O_APPEND);
    T(copy_file_range(in, NULL, append, NULL, 1, 0));
    from = 0;
    to = 2;
    T(copy_file_range(out, &from, out, &to, 10, 0));
    int dir = open(".", O_RDONLY);
    T(copy_file_range(dir, NULL, out, NULL, 1, 0));
}

static void attributes(void)
{
    char buf[64];
    T(listxattr("src", buf, sizeof(buf)));
    T(getxattr("src", "user.none", buf, sizeof(buf)) == -1);
    T(listxattr("none", buf, sizeof(buf)));
    T(getxattr("none", "user.x", buf, sizeof(buf)));
    T(fgetxattr(99, "user.x", buf, sizeof(buf)));
}

int main(void)
{
    enter_folder();
    sending();
    ranges();
    attributes();
    return 0;
}
