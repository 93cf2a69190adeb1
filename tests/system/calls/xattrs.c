/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: setting, reading, listing and removing them. */
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include "calls.h"

static char big[65537], back[65537], name[300];

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names that a file has, in order. */
static void list(const char *path)
{
    char text[1024], *names[64];
    ssize_t n = llistxattr(path, text, sizeof(text));
    size_t count = 0;

    printf("%s has %zd bytes of names:", path, n);
    for (char *at = text; at < text + n; at += strlen(at) + 1)
        names[count++] = at;
    qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 0; i < count; i++)
        printf(" %s", names[i]);
    putchar('\n');
}

static void get(const char *path, const char *attribute)
{
    char text[64];
    ssize_t n = getxattr(path, attribute, text, sizeof(text));

    if (n < 0)
        printf("%s of %s: %s\n", attribute, path, strerror(errno));
    else
        printf("%s of %s: %zd: %.*s\n", attribute, path, n, (int)n, text);
}

static void values(void)
{
    printf("values:\n");
    list("f");
    T(setxattr("f", "user.one", "eins", 4, 0));
    T(setxattr("f", "user.two", "zwei", 4, XATTR_CREATE));
    T(setxattr("f", "user.two", "deux", 4, XATTR_CREATE));
    T(setxattr("f", "user.three", "drei", 4, XATTR_REPLACE));
    T(setxattr("f", "user.three", "drei", 4, XATTR_CREATE | XATTR_REPLACE));
    T(setxattr("f", "user.two", "dos", 3, XATTR_CREATE | XATTR_REPLACE));
    T(setxattr("f", "user.empty", NULL, 0, 0));
    T(setxattr("f", "user.one", "uno e mezzo", 11, XATTR_REPLACE));
    list("f");
    get("f", "user.one");
    get("f", "user.two");
    get("f", "user.empty");
    get("f", "user.none");
    T(removexattr("f", "user.one"));
    T(removexattr("f", "user.one"));
    list("f");
    int fd = open("f", O_RDONLY);
    T(fsetxattr(fd, "user.three", "tres", 4, 0));
    T(fgetxattr(fd, "user.three", back, 10));
    T(flistxattr(fd, NULL, 0));
    T(fremovexattr(fd, "user.two"));
    link("f", "g");
    list("g");
    rename("g", "h");
    unlink("f");
    list("h");
    unlink("h");
    T(fgetxattr(fd, "user.three", back, 10));
    close(fd);
    put_file("f", "new");
    list("f");
}

static void sizes(void)
{
    printf("sizes:\n");
    memset(big, 'x', sizeof(big));
    T(setxattr("f", "user.big", big, 65536, 0));
    T(setxattr("f", "user.big", big, 65537, 0));
    T(getxattr("f", "user.big", NULL, 0));
    T(getxattr("f", "user.big", back, 65535));
    T(getxattr("f", "user.big", back, 65536));
    T(getxattr("f", "user.big", back, sizeof(back)));
    IS(memcmp(big, back, 65536) == 0);
    T(removexattr("f", "user.big"));
    memset(name, 'n', sizeof(name));
    memcpy(name, "user.", 5);
    name[256] = 0;
    T(setxattr("f", name, "1", 1, 0));
    name[255] = 0;
    T(setxattr("f", name, "1", 1, 0));
    T(listxattr("f", NULL, 0));
    T(listxattr("f", back, 255));
    T(listxattr("f", back, 256));
    T(removexattr("f", name));
    T(setxattr("f", "", "1", 1, 0));
    T(setxattr("f", "user.", "1", 1, 0));
    T(setxattr("f", "user", "1", 1, 0));
    T(setxattr("f", "usr.a", "1", 1, 0));
    T(setxattr("f", "user.a", "1", 1, 4));
    T(getxattr("f", "user.", back, 1));
    T(getxattr("f", "nothing", back, 1));
    T(removexattr("f", "user."));
    T(removexattr("f", "nothing"));
    T(setxattr("none", "user.a", "1", 1, 0));
    T(fsetxattr(99, "user.a", "1", 1, 0));
    T(listxattr("none", NULL, 0));
}

static void kinds(void)
{
    int ends[2], path = open("f", O_PATH);

    printf("kinds of files:\n");
    mkdir("d", 0755);
    mkfifo("p", 0644);
    symlink("f", "l");
    T(setxattr("d", "user.a", "1", 1, 0));
    list("d");
    T(setxattr("p", "user.a", "1", 1, 0));
    T(getxattr("p", "user.a", back, 1));
    T(removexattr("p", "user.a"));
    T(listxattr("p", back, 1));
    T(lsetxattr("l", "user.a", "1", 1, 0));
    T(lgetxattr("l", "user.a", back, 1));
    T(lremovexattr("l", "user.a"));
    list("l");
    T(setxattr("l", "user.l", "1", 1, 0));
    list("f");
    T(fsetxattr(path, "user.a", "1", 1, 0));
    T(fgetxattr(path, "user.a", back, 1));
    T(flistxattr(path, back, 1));
    pipe(ends);
    T(fsetxattr(ends[0], "user.a", "1", 1, 0));
    T(fgetxattr(ends[0], "user.a", back, 1));
    T(setxattr("/dev/null", "user.a", "1", 1, 0));
    T(getxattr("/proc/self/status", "user.a", back, 1));
    int m = memfd_create("m", 0);
    T(fsetxattr(m, "user.a", "1", 1, 0));
    T(fgetxattr(m, "user.a", back, 1));
    close(m);
    T(rmdir("d"));
}

static void events(void)
{
    char text[256];
    struct stat before, after;
    int fd = inotify_init1(IN_NONBLOCK);

    printf("events and times:\n");
    inotify_add_watch(fd, "f", IN_ALL_EVENTS);
    stat("f", &before);
    usleep(20000);
    setxattr("f", "user.e", "1", 1, 0);
    T(read(fd, text, sizeof(text)));
    IS(((struct inotify_event *)text)->mask == IN_ATTRIB);
    stat("f", &after);
    IS(after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
    IS(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    removexattr("f", "user.e");
    T(read(fd, text, sizeof(text)));
    close(fd);
}

/* As a user who is not the owner. */
static void users(void)
{
    printf("others:\n");
    T(setxattr("f", "trusted.t", "1", 1, 0));
    T(lsetxattr("l", "trusted.t", "1", 1, 0));
    list("f");
    list("l");
    mkdir("sticky", 01777);
    chmod("sticky", 01777);
    chmod("f", 0644);
    put_file("closed", "");
    setxattr("closed", "user.a", "1", 1, 0);
    chmod("closed", 0600);
    need(seteuid(1000) == 0, "another user");
    list("f");
    T(setxattr("f", "user.x", "1", 1, 0));
    T(removexattr("f", "user.l"));
    T(getxattr("f", "user.l", back, 1));
    T(setxattr("f", "trusted.t", "1", 1, 0));
    T(getxattr("f", "trusted.t", back, 1));
    T(setxattr("sticky", "user.x", "1", 1, 0));
    T(getxattr("sticky", "user.x", back, 1));
    T(getxattr("closed", "user.a", back, 1));
    list("closed");
}

static void pointers(void)
{
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    printf("pointers:\n");
    setxattr("f", "user.p", "12", 2, 0);
    T(setxattr("f", page, "1", 1, 0));
    T(setxattr("f", "user.q", page, 1, 0));
    T(setxattr("f", "user.q", page, 0, 0));
    T(setxattr(page, "user.q", "1", 1, 0));
    T(getxattr("f", "user.p", page, 2));
    T(getxattr("f", "user.p", page, 0));
    T(getxattr("f", "user.p", page, 1));
    T(getxattr("f", page, back, 1));
    T(listxattr("f", page, 4096));
    T(removexattr("f", page));
}

int main(void)
{
    enter_folder();
    put_file("f", "text");
    values();
    sizes();
    kinds();
    events();
    pointers();
    users();
    return 0;
}
