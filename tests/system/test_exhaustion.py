# SPDX-License-Identifier: MIT
"""Memory that runs out: calls say so and leave everything usable. (Descriptors: calls/exhaustion.c.)"""
import re

import pytest

PROGRAM = r"""
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE 4096
#define MAX 100000

static void *pages[MAX];
static int count;
static char big[64 * 1024];
static int failed; /* calls that said that there is no memory */

static void check(const char *what, long result)
{
    if (result >= 0)
        return;
    if (errno != ENOMEM && errno != ENOSPC) {
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
    failed++;
}

/* Maps pages until there are none. */
static void fill(void)
{
    while (count < MAX) {
        void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            break;
        *(char *)p = 1;
        pages[count++] = p;
    }
    if (errno != ENOMEM) {
        printf("mmap: %s\n", strerror(errno));
        exit(1);
    }
}

static void drain(int keep)
{
    while (count > keep)
        munmap(pages[--count], PAGE);
}

/* Everything that may take memory. With (must): all of it has to work. */
static void use_everything(int must)
{
    struct stat st;
    char name[32];
    int p[2], before = failed;

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "/tmp/file%d", i);
        int fd = open(name, O_CREAT | O_RDWR, 0644);
        check("open", fd);
        if (fd < 0)
            continue;
        long n = write(fd, big, sizeof(big));
        check("write", n);
        if (n > 0 && pread(fd, big, n, 0) != n) {
            printf("what was written cannot be read\n");
            exit(1);
        }
        check("ftruncate", ftruncate(fd, 1 << 30));
        check("pwrite", pwrite(fd, "x", 1, 1 << 29));
        check("dup", dup2(fd, 100 + i));
        close(100 + i);
        check("close", close(fd));
        check("stat", stat(name, &st));
        char link[40];
        snprintf(link, sizeof(link), "%s-link", name);
        unlink(link);
        int made = symlink(name, link);
        check("symlink", made);
        if (made < 0)
            continue;
        check("readlink", readlink(link, big, 10));
        check("rename", rename(link, "/tmp/renamed"));
    }
    rmdir("/tmp/folder");
    check("mkdir", mkdir("/tmp/folder", 0755));
    int r = pipe(p);
    check("pipe", r);
    if (r == 0) {
        fcntl(p[1], F_SETFL, O_NONBLOCK);
        long n = write(p[1], big, sizeof(big));
        if (n < 0 && errno != EAGAIN)
            check("write to a pipe", n);
        close(p[0]);
        close(p[1]);
    }
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
    check("open a folder", fd);
    if (fd >= 0) {
        check("fstat", fstat(fd, &st));
        close(fd);
    }
    check("open /proc/self/maps", fd = open("/proc/self/maps", O_RDONLY));
    if (fd >= 0) {
        check("read /proc/self/maps", read(fd, big, sizeof(big)));
        close(fd);
    }
    check("chdir", chdir("/tmp"));
    check("getcwd", getcwd(name, sizeof(name)) ? 0 : -1);
    void *m = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("mmap", m == MAP_FAILED ? -1 : 0);
    if (m != MAP_FAILED)
        munmap(m, 1 << 20);
    void *h = malloc(1 << 20);
    if (h)
        free(h);
    if (must && failed > before) {
        printf("%d calls failed with memory to spare\n", failed - before);
        exit(1);
    }
}

/* Removes all names; must always work. */
static void tidy(void)
{
    char name[40];

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "/tmp/file%d", i);
        unlink(name);
        strcat(name, "-link");
        unlink(name);
    }
    unlink("/tmp/renamed");
    rmdir("/tmp/folder");
    chdir("/");
}

static unsigned long free_memory(void)
{
    struct sysinfo s;
    sysinfo(&s);
    return s.freeram;
}

int main(void)
{
    memset(big, 'b', sizeof(big));
    use_everything(1);
    tidy();
    unsigned long before = free_memory();
    for (int round = 0; round < 4; round++) {
        fill();
        use_everything(0);
        tidy();
        /* Room for some of it. */
        for (int i = 1; i <= 20; i++) {
            drain(count - 10 * round - 3);
            use_everything(0);
        }
        drain(0);
        use_everything(1);
        tidy();
    }
    unsigned long after = free_memory();
    printf("%s, %s\n", failed > 100 ? "failed" : "hardly failed",
           after + 256 * 1024 >= before ? "nothing lost" : "memory lost");
    return 0;
}
"""


@pytest.mark.parametrize("memory", ["16M", "24M"])
def test_memory_that_runs_out(cc, run, memory):
    result = run(cc(PROGRAM, "-O1", "-g"), options=["-m", memory])
    assert (result.stdout, result.status) == ("failed, nothing lost\n", 0), result.stderr
    assert not re.search("assert|fault", result.stderr)
