/* SPDX-License-Identifier: MIT
 *
 * Files by handles: name_to_handle_at and open_by_handle_at. File systems have handles of different
 * sizes, so none is printed. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "calls.h"

#define FID 0x200 /* AT_HANDLE_FID */

struct handle {
    unsigned bytes;
    int type;
    unsigned char data[128];
};

static long name(int dir, const char *path, struct handle *h, int *mount, int flags)
{
    return syscall(SYS_name_to_handle_at, (long)dir, path, h, mount, (long)flags);
}

static long reopen(int dir, struct handle *h, int flags)
{
    return syscall(SYS_open_by_handle_at, (long)dir, h, (long)flags);
}

static struct handle handle_of(const char *path, int flags)
{
    struct handle h = {.bytes = 128};
    int mount;

    need(name(AT_FDCWD, path, &h, &mount, flags) == 0, path);
    return h;
}

/* Whether the file that (h) leads to is the one called (path). */
static bool leads_to(int dir, struct handle *h, const char *path, int flags)
{
    struct stat a, b;
    int fd = (int)reopen(dir, h, flags);

    if (fd < 0) {
        printf("%s: %s\n", path, strerror(errno));
        return false;
    }
    bool same =
        fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
    close(fd);
    return same;
}

static void opening(void)
{
    struct handle file = handle_of("f", 0), folder = handle_of("d", 0),
                  deep = handle_of("d/e/g", 0);
    struct handle link = handle_of("l", 0), through = handle_of("l", AT_SYMLINK_FOLLOW),
                  root = handle_of(".", 0);
    struct handle fid = handle_of("f", FID);
    int dir = open("d", O_RDONLY), path = open("f", O_PATH);
    char buf[8] = "";

    IS(leads_to(AT_FDCWD, &file, "f", O_RDONLY));
    IS(leads_to(dir, &file, "f", O_RDWR));
    IS(leads_to(AT_FDCWD, &folder, "d", O_RDONLY | O_DIRECTORY));
    IS(leads_to(AT_FDCWD, &folder, "d", O_RDWR));
    IS(leads_to(AT_FDCWD, &file, "f", O_RDONLY | O_DIRECTORY));
    IS(leads_to(dir, &deep, "d/e/g", O_RDONLY));
    IS(leads_to(AT_FDCWD, &link, "l", O_RDONLY));
    IS(leads_to(AT_FDCWD, &link, "l", O_PATH));
    IS(leads_to(AT_FDCWD, &through, "f", O_RDONLY));
    IS(leads_to(AT_FDCWD, &root, ".", O_RDONLY));
    IS(memcmp(fid.data, file.data, file.bytes) == 0 && fid.bytes == file.bytes);
    int fd = (int)reopen(AT_FDCWD, &file, O_RDONLY);
    T(read(fd, buf, 7));
    printf("%s\n", buf);
    close(fd);
    T(rename("f", "d/renamed"));
    IS(leads_to(AT_FDCWD, &file, "d/renamed", O_RDONLY));
    struct handle empty = {.bytes = 128};
    int mount;
    T(name(path, "", &empty, &mount, AT_EMPTY_PATH));
    IS(empty.bytes == file.bytes && memcmp(empty.data, file.data, file.bytes) == 0);
    close(path);
    T(unlink("d/renamed"));
    T(reopen(AT_FDCWD, &file, O_RDONLY));
    T(reopen(AT_FDCWD, &file, O_RDONLY | O_CREAT));
    close(dir);
}

static void errors(void)
{
    struct handle h = {.bytes = 128}, small = {.bytes = 1}, big = {.bytes = 129},
                  none = {.bytes = 0};
    int mount = -1, file = open("d/e/g", O_RDONLY);

    T(name(AT_FDCWD, "none", &h, &mount, 0));
    T(name(-1, "d", &h, &mount, 0));
    T(name(file, "d", &h, &mount, 0));
    T(name(AT_FDCWD, "", &h, &mount, 0));
    T(name(AT_FDCWD, (char *)1, &h, &mount, 0));
    T(name(AT_FDCWD, "d", (struct handle *)1, &mount, 0));
    T(name(AT_FDCWD, "d", &h, (int *)1, 0));
    T(name(AT_FDCWD, "d", &h, &mount, 0x10));
    T(name(AT_FDCWD, "d", &big, &mount, 0));
    IS(mount == -1);
    T(name(AT_FDCWD, "d", &none, &mount, 0));
    IS(none.bytes > 0 && none.bytes <= 128);
    T(name(AT_FDCWD, "d", &small, &mount, 0));
    IS(mount > 0);
    T(name(AT_FDCWD, "d", &h, &mount, 0));
    T(reopen(-1, &h, O_RDONLY));
    T(reopen(999, &h, O_RDONLY));
    T(reopen(AT_FDCWD, (struct handle *)1, O_RDONLY));
    none.bytes = 0;
    T(reopen(AT_FDCWD, &none, O_RDONLY));
    T(reopen(AT_FDCWD, &big, O_RDONLY));
    T(reopen(-1, &none, O_RDONLY));
    small.bytes = 1;
    T(reopen(AT_FDCWD, &small, O_RDONLY));
    T(name(AT_FDCWD, "/proc/version", &h, &mount, 0));
    close(file);
    h = handle_of("d", 0);
    T(setresuid(1000, 1000, 1000));
    T(reopen(AT_FDCWD, &h, O_RDONLY));
    T(reopen(-1, &h, O_RDONLY));
}

int main(void)
{
    enter_folder();
    put_file("f", "content");
    need(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && symlink("f", "l") == 0, "d");
    put_file("d/e/g", "deep");
    opening();
    errors();
    return 0;
}
