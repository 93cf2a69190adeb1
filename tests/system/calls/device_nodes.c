/* SPDX-License-Identifier: MIT
 *
 * Device nodes that mknod makes, and the attributes of all kinds of files that are not users'. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include "calls.h"

static void show(const char *name)
{
    struct stat st;

    T(lstat(name, &st));
    printf("%s: %o, %u:%u, size %ld, %lu names\n", name, st.st_mode, major(st.st_rdev),
           minor(st.st_rdev), (long)st.st_size, (unsigned long)st.st_nlink);
}

static void nodes(void)
{
    char b[4] = "abc";
    int fd;

    printf("nodes:\n");
    T(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    T(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    show("null");
    fd = open("null", O_RDWR);
    T(write(fd, b, 3));
    T(read(fd, b, 3));
    T(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
    fd = open("zero", O_RDWR | O_TRUNC);
    T(read(fd, b, 3));
    T(b[0] + b[1] + b[2]);
    IS(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    T(mknod("far", S_IFCHR | 0644, makedev(77, 300000)));
    show("far");
    T(open("far", O_RDONLY));
    OK(open("far", O_PATH));
    T(mknod("block", S_IFBLK | 0644, makedev(77, 3)));
    show("block");
    T(open("block", O_RDONLY));
    T(mknod("none", S_IFCHR | 0644, 0));
    T(open("none", O_RDONLY));
    T(rename("null", "d/null"));
    T(link("d/null", "second"));
    show("second");
    T(truncate("second", 0));
    T(unlink("second"));
    T(mknod("f", S_IFREG | 0644, makedev(1, 3)));
    show("f");
}

static void attributes(void)
{
    static const char *const files[] = {"f", "d", "zero", "block", "fifo", "link"};
    char b[8];

    for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++) {
        printf("attributes of %s:\n", files[i]);
        T(lsetxattr(files[i], "user.a", "x", 1, 0));
        T(lgetxattr(files[i], "user.a", b, sizeof(b)));
        T(lsetxattr(files[i], "security.a", "xyz", 3, XATTR_CREATE));
        T(lgetxattr(files[i], "security.a", b, sizeof(b)));
        T(lsetxattr(files[i], "security.", "xyz", 3, 0));
        T(lsetxattr(files[i], "trusted.a", "xyz", 3, 0));
        T(llistxattr(files[i], NULL, 0));
    }
}

/* As somebody else: the library's setuid would change all threads, which there are none of. */
static void others(void)
{
    char b[8];

    printf("somebody else:\n");
    T(chmod("open", 0777));
    T(chmod("unsafe", 04777));
    T(syscall(SYS_setresuid, 1000L, 1000L, 1000L));
    T(mknod("open/null", S_IFCHR | 0666, makedev(1, 3)));
    T(mknod("open/block", S_IFBLK | 0666, makedev(1, 3)));
    T(mknod("open/none", S_IFCHR, 0));
    T(mknod("null2", S_IFCHR | 0666, makedev(1, 3)));
    T(mknod("zero", S_IFCHR | 0666, makedev(1, 3)));
    T(getxattr("f", "security.a", b, sizeof(b)));
    T(setxattr("f", "security.a", b, 1, 0));
    T(removexattr("f", "security.a"));
    T(listxattr("f", NULL, 0));
    /* Files that they could not make themselves get no second name from them. */
    T(link("f", "open/f"));
    T(link("shared", "open/shared"));
    T(link("shared", "shared2"));
    T(link("unsafe", "open/unsafe"));
    T(link("fifo", "open/fifo"));
    T(link("d", "open/d"));
    T(link("open/none", "open/none2"));
    T(unlink("shared/"));
    T(unlink("d/"));
    T(unlink("d"));
    /* What is their own stays so. */
    OK(open("/proc/self/fd", O_RDONLY));
    OK(open("/proc/self/fd/1", O_PATH));
}

int main(void)
{
    enter_folder();
    put_file("shared", "");
    put_file("unsafe", "");
    need(chmod("shared", 0666) == 0 && mkdir("d", 0755) == 0 && mkdir("open", 0777) == 0 &&
             mkfifo("fifo", 0666) == 0 && symlink("f", "link") == 0, "files");
    nodes();
    attributes();
    others();
    return 0;
}
