/* SPDX-License-Identifier: MIT
 *
 * rename in all its cases, hard links, and renameat2's flags. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "calls.h"

/* musl 1.2.3 has no function for it. */
static long rename2(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

#define NOREPLACE 1
#define EXCHANGE  2
#define WHITEOUT  4

static void files(void)
{
    put_file("a", "A");
    put_file("b", "B");
    T(rename("a", "c"));
    T(access("a", F_OK));
    show_file("c");
    T(rename("c", "b"));
    show_file("b");
    T(rename("none", "x"));
    T(rename("b", "none/x"));
    T(rename("b", "b"));
    T(rename("b", "b/"));
    T(rename("b/", "x"));
    T(rename("b", ""));
    T(rename("b", "b/x"));
    T(rename("b", "."));
    T(rename(".", "x"));
    T(rename("..", "x"));
}

static void folders(void)
{
    T(mkdir("d", 0755));
    T(mkdir("e", 0755));
    T(mkdir("d/in", 0755));
    T(rename("d", "d/in/x"));
    T(rename("d", "d/in"));
    T(rename("d/in", "d"));
    T(rename("e", "d"));
    T(rename("d", "e"));
    T(access("e/in", F_OK));
    T(rename("e", "b"));
    T(rename("b", "e"));
    T(rename("e/in", "moved/"));
    T(rename("moved", "e/back"));
    struct stat st, parent;
    T(stat("e", &st));
    printf("%ld links\n", (long)st.st_nlink);
    T(mkdir("other", 0755));
    T(rename("e/back", "other/back"));
    T(stat("other/back/..", &parent));
    T(stat("other", &st));
    IS(st.st_ino == parent.st_ino);
    printf("%ld links\n", (long)st.st_nlink);
    T(stat("e", &st));
    printf("%ld links\n", (long)st.st_nlink);
}

static void flags(void)
{
    put_file("p", "P");
    put_file("q", "Q");
    T(rename2("p", "q", NOREPLACE));
    T(rename2("p", "r", NOREPLACE));
    T(rename2("r", "q", EXCHANGE));
    show_file("r");
    show_file("q");
    T(rename2("r", "none", EXCHANGE));
    T(rename2("r", "q", EXCHANGE | NOREPLACE));
    T(rename2("r", "q", 128));
    T(rename2("other", "q", EXCHANGE));
    show_file("other");
    T(access("q/back", F_OK));
    T(rename2("q", "q/back", EXCHANGE));
    T(rename2("q", "other", EXCHANGE));
    T(rename2("r", "r", NOREPLACE));
}

static void print_kind(const char *name)
{
    struct stat st;
    if (lstat(name, &st) < 0)
        printf("%s: %s\n", name, strerror(errno));
    else
        printf("%s: %o, device %lx, %ld links\n", name, (unsigned)st.st_mode, (long)st.st_rdev,
               (long)st.st_nlink);
}

/* Of what it replaces and of what it does not, of directories, and over an earlier one. */
static void whiteouts(void)
{
    put_file("wa", "A");
    put_file("wb", "B");
    T(rename2("wa", "wc", WHITEOUT));
    print_kind("wa");
    show_file("wc");
    T(open("wa", O_RDONLY));
    T(rename2("wc", "wb", WHITEOUT | NOREPLACE));
    T(rename2("wc", "wb", WHITEOUT | EXCHANGE));
    T(rename2("wc", "wb", WHITEOUT));
    print_kind("wc");
    show_file("wb");
    T(rename2("wb", "wa", WHITEOUT));
    print_kind("wb");
    show_file("wa");
    T(mkdir("wd", 0755));
    T(mkdir("we", 0755));
    T(rename2("wd", "we/wd", WHITEOUT));
    print_kind("wd");
    print_kind("we/wd");
    print_kind("we");
    T(unlink("wd"));
    T(rename2("we/wd", "wd", WHITEOUT));
    print_kind("we");
    T(rmdir("we"));
    T(unlink("we/wd"));
    T(rmdir("we"));
    T(rename2("wa", "wa", WHITEOUT));
    show_file("wa");
}

static long links_of(const char *name)
{
    struct stat st;
    return stat(name, &st) < 0 ? -1 : (long)st.st_nlink;
}

static void hard_links(void)
{
    put_file("one", "1");
    T(link("one", "two"));
    T(links_of("one"));
    T(link("one", "two"));
    T(link("none", "x"));
    T(link("e", "x"));
    T(link("one", "none/x"));
    T(link("one", ""));
    put_file("two", "22");
    show_file("one");
    T(rename("one", "two"));
    T(links_of("one"));
    T(unlink("one"));
    T(links_of("two"));
    show_file("two");
    T(symlink("two", "sym"));
    T(link("sym", "sym2"));
    struct stat st;
    T(lstat("sym2", &st));
    IS(S_ISLNK(st.st_mode));
    T(linkat(AT_FDCWD, "sym", AT_FDCWD, "through", AT_SYMLINK_FOLLOW));
    T(links_of("two"));
    T(linkat(AT_FDCWD, "two", AT_FDCWD, "x", 0x8000));
    int fd = open("two", O_RDONLY);
    T(unlink("two"));
    T(unlink("through"));
    T(fstat(fd, &st));
    printf("%ld links\n", (long)st.st_nlink);
}

static void open_files(void)
{
    char buf[4] = "";
    put_file("v", "old");
    put_file("w", "new");
    int fd = open("v", O_RDONLY);
    T(rename("w", "v"));
    T(read(fd, buf, 3));
    printf("%s\n", buf);
    show_file("v");
    close(fd);
}

int main(void)
{
    enter_folder();
    files();
    folders();
    flags();
    whiteouts();
    hard_links();
    open_files();
    return 0;
}
