/* SPDX-License-Identifier: MIT
 *
 * Directories: mkdir, rmdir, listing in many ways, unlink while listing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <ftw.h>
#include "calls.h"

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void list(const char *dir)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, by_name);
    if (n < 0) {
        printf("list %s: %s\n", dir, strerror(errno));
        return;
    }
    printf("%s:", dir);
    for (int i = 0; i < n; i++) {
        printf(" %s(%d)", names[i]->d_name, names[i]->d_type);
        free(names[i]);
    }
    printf("\n");
    free(names);
}

static void making(void)
{
    struct stat st;
    T(mkdir("a", 0750));
    T(stat("a", &st));
    printf("%o %ld\n", st.st_mode, (long)st.st_nlink);
    T(mkdir("a", 0750));
    T(mkdir("a/b/c", 0750));
    T(mkdir("a/b/", 0750));
    T(mkdir("a/b/c//", 0750));
    T(stat("a", &st));
    printf("%ld links\n", (long)st.st_nlink);
    T(mkdir("", 0700));
    T(mkdir(".", 0700));
    T(mkdir("/", 0700));
    T(mkdir("a/x/y", 0700));
    put_file("a/file", "x");
    T(mkdir("a/file", 0700));
    T(mkdir("a/file/d", 0700));
    T(symlink("nowhere", "a/link"));
    T(mkdir("a/link", 0700));
    T(mkfifo("a/fifo", 0600));
    list("a");
    list("a/b");
    list("a/file");
    list("none");
    T(rmdir("a"));
    T(rmdir("a/file"));
    T(rmdir("a/b/c/"));
    T(rmdir("a/b/."));
    T(rmdir("a/b/.."));
    T(rmdir("."));
    T(rmdir("/"));
    T(rmdir("none"));
    T(rmdir("a/link"));
    T(unlink("a/b"));
    T(unlink("a"));
    T(unlink("a/none"));
    T(unlink("a/file/"));
    T(unlinkat(AT_FDCWD, "a/b", AT_REMOVEDIR));
    T(unlinkat(AT_FDCWD, "a/file", AT_REMOVEDIR));
    T(unlinkat(AT_FDCWD, "a/file", 0));
    T(unlinkat(AT_FDCWD, "a/link", 0x4000));
    T(remove("a/link"));
    T(remove("a/fifo"));
    T(remove("a"));
    list(".");
}

/* Removes while it lists: each name must come exactly once. */
static void shrinking(void)
{
    char name[16];
    int seen = 0;
    T(mkdir("many", 0700));
    need(chdir("many") == 0, "many");
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        need(fd >= 0, name);
        close(fd);
    }
    DIR *dir = opendir(".");
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') {
            seen++;
            need(unlink(e->d_name) == 0, e->d_name);
        }
    printf("seen %d\n", seen);
    rewinddir(dir);
    seen = 0;
    while (readdir(dir))
        seen++;
    printf("left %d\n", seen);
    closedir(dir);
    need(chdir("..") == 0, "..");
    T(rmdir("many"));
}

static void positions(void)
{
    char name[8], third[256] = "";
    long at = 0;
    T(mkdir("pos", 0700));
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "pos/%d", i);
        put_file(name, "");
    }
    DIR *dir = opendir("pos");
    for (int i = 0; i < 5; i++) {
        if (i == 4)
            at = telldir(dir);
        struct dirent *e = readdir(dir);
        if (i == 4)
            strcpy(third, e->d_name);
    }
    seekdir(dir, at);
    IS(!strcmp(readdir(dir)->d_name, third));
    IS(dirfd(dir) >= 0);
    struct stat st, same;
    fstat(dirfd(dir), &st);
    stat("pos", &same);
    IS(st.st_ino == same.st_ino && st.st_dev == same.st_dev);
    T(closedir(dir));
    int fd = open("pos/1", O_RDONLY);
    IS(!fdopendir(fd));
    printf("%s\n", strerror(errno));
    close(fd);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
    static char sorted[32][64];
    static int n;
    (void)st;
    if (path)
        snprintf(sorted[n++], sizeof(sorted[0]), "%d %d %s", type, at->level, path);
    else {
        qsort(sorted, (size_t)n, sizeof(sorted[0]), (int (*)(const void *, const void *))strcmp);
        for (int i = 0; i < n; i++)
            puts(sorted[i]);
    }
    return 0;
}

static void walk(void)
{
    T(mkdir("t", 0700));
    T(mkdir("t/d", 0700));
    T(mkdir("t/d/e", 0700));
    put_file("t/f", "");
    put_file("t/d/g", "");
    T(symlink("../f", "t/d/l"));
    T(nftw("t", visit, 8, FTW_PHYS | FTW_DEPTH));
    visit(NULL, NULL, 0, NULL);
}

int main(void)
{
    umask(022);
    enter_folder();
    making();
    shrinking();
    positions();
    walk();
    return 0;
}
