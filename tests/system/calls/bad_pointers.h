/* SPDX-License-Identifier: MIT
 *
 * Calls with a wrong pointer in each of their places in turn, all else being right. A line names
 * the call and the argument that is wrong, and has the answer for each kind of wrong pointer. */
#ifndef BAD_POINTERS_H
#define BAD_POINTERS_H

#include "calls.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ul

/* What an argument is. */
enum kind {
    END,
    NUMBER, /* (number) as it stands */
    PATH,   /* the string (from) */
    IN,     /* (number) bytes for the call to read, those at (from); NULL: zeros */
    OUT,    /* (number) bytes for the call to write, perhaps after it has read (from) there */
    TIME,   /* as IN; NULL would be to wait for ever, and is left out */
};

struct argument {
    enum kind kind;
    long number;
    const void *from;
};

struct call {
    const char *name;
    long (*fn)(long, long, long, long, long, long);
    struct argument args[6];
    void (*before)(void); /* puts things in order for one call; may be NULL */
    bool shows;           /* the result is the same everywhere: print it */
};

/* Defines do_NAME, the system call by its number. */
#define DEFINE(call)                                                                               \
    static long do_##call(long a, long b, long c, long d, long e, long f)                          \
    {                                                                                              \
        (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;                                      \
        return syscall(SYS_##call, a, b, c, d, e, f);                                              \
    }

/* (good): two pages to use. The page (none) follows them and cannot be accessed. */
static char *good, *none, *read_only;

enum wrong { NULL_POINTER, LOW, NONE, LATE, READ_ONLY, PART, END_OF_USER, KERNEL, LAST, WRONGS };
static const char *const wrong_names[] = {"null", "low",         "none",   "late", "read-only",
                                          "part", "end-of-user", "kernel", "last"};

static long wrong_pointer(enum wrong w, size_t size)
{
    switch (w) {
    case NULL_POINTER:
        return 0;
    case LOW:
        return 1;
    case NONE:
        return (long)none;
    case LATE:
        return (long)none + (long)PAGE - 1;
    case READ_ONLY:
        return (long)read_only;
    case PART:
        return (long)none - (long)(size / 2);
    case END_OF_USER:
        return 0x7ffffffff000 - 1;
    case KERNEL:
        return (long)0xffff800000000000;
    default:
        return -(long)size;
    }
}

static const char *error_name(int err)
{
    static char number[8];

    switch (err) {
    case EFAULT:
        return "EFAULT";
    case EINVAL:
        return "EINVAL";
    case EBADF:
        return "EBADF";
    case ENOENT:
        return "ENOENT";
    default:
        snprintf(number, sizeof(number), "%d", err);
        return number;
    }
}

static size_t size_of(const struct argument *a)
{
    return a->kind == PATH ? strlen(a->from) + 1 : (size_t)a->number;
}

static void fill(char *to, const struct argument *a, size_t n)
{
    memset(to, 0, n);
    if (a->from)
        memcpy(to, a->from, n);
}

/* Fills in all arguments but number (bad) with good memory. */
static void good_arguments(const struct call *c, int bad, long *a)
{
    char *room = good;

    for (int i = 0; i < 6 && c->args[i].kind != END; i++) {
        const struct argument *arg = &c->args[i];
        a[i] = arg->number;
        if (arg->kind == NUMBER || i == bad)
            continue;
        fill(room, arg, size_of(arg));
        a[i] = (long)room;
        room += (size_of(arg) + 15) & ~15ul;
    }
}

static void try_argument(const struct call *c, int bad)
{
    const struct argument *arg = &c->args[bad];
    size_t size = size_of(arg);

    printf("%s %d:", c->name, bad + 1);
    for (int w = NULL_POINTER; w < WRONGS; w++) {
        long a[6] = {0};
        /* Half of one byte is nothing. */
        if ((w == PART && size < 2) || (w == NULL_POINTER && arg->kind == TIME))
            continue;
        if (c->before)
            c->before();
        good_arguments(c, bad, a);
        a[bad] = wrong_pointer((enum wrong)w, size);
        if (w == PART)
            fill((char *)a[bad], arg, size / 2);
        if (w == READ_ONLY) {
            need(mprotect(read_only, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
            fill(read_only, arg, size);
            need(mprotect(read_only, PAGE, PROT_READ) == 0, "mprotect");
        }
        long result = c->fn(a[0], a[1], a[2], a[3], a[4], a[5]);
        printf(" %s=", wrong_names[w]);
        if (result == -1)
            printf("%s", error_name(errno));
        else if (c->shows)
            printf("%ld", result);
        else
            printf("ok");
    }
    printf("\n");
    fflush(stdout);
}

static void try_calls(const struct call *calls, size_t count)
{
    good = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(good != MAP_FAILED, "mmap");
    none = good + 2 * PAGE;
    read_only = good + 3 * PAGE;
    need(mprotect(none, PAGE, PROT_NONE) == 0, "mprotect");
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < 6 && calls[i].args[k].kind != END; k++)
            if (calls[i].args[k].kind != NUMBER)
                try_argument(&calls[i], k);
}

#endif
