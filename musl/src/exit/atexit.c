/* SPDX-License-Identifier: MIT
 *
 * Functions to be called at exit, last come first. Once the last one has run no more are taken:
 * nobody would call them. */
#include <stdint.h>
#include <stdlib.h>
#include "libc.h"
#include "lock.h"

/* The program's own malloc may not be fit for being called here. */
#define calloc __libc_calloc

/* The C++ ABI's names, which no header declares. */
void __cxa_finalize(void *dso);
int __cxa_atexit(void (*fn)(void *), void *arg, void *dso);

/* Enough for what C requires, without memory from malloc. */
#define BLOCK 32

struct block {
    struct block *next; /* the one that was filled before */
    struct {
        void (*fn)(void *);
        void *arg;
    } call[BLOCK];
};

static struct block first, *newest = &first;
static int used; /* of (newest) */
static int finished;
static volatile int lock[1];
volatile int *const __atexit_lockptr = lock;

/* Called by exit. A function may register others, which run next, and may itself call exit. */
void __funcs_on_exit(void)
{
    LOCK(lock);
    for (;;) {
        if (used == 0) {
            if (!newest->next)
                break;
            newest = newest->next;
            used = BLOCK;
        }
        used--;
        void (*fn)(void *) = newest->call[used].fn;
        void *arg = newest->call[used].arg;
        UNLOCK(lock);
        fn(arg);
        LOCK(lock);
    }
    finished = 1;
    UNLOCK(lock);
}

/* There are no libraries to unload. */
void __cxa_finalize(void *dso)
{
    (void)dso;
}

/* With the lock: whether there is room for one more in (newest). */
static int make_room(void)
{
    struct block *b;

    if (used < BLOCK)
        return 1;
    b = calloc(1, sizeof(*b));
    if (!b)
        return 0;
    b->next = newest;
    newest = b;
    used = 0;
    return 1;
}

int __cxa_atexit(void (*fn)(void *), void *arg, void *dso)
{
    int taken;

    (void)dso;
    LOCK(lock);
    taken = !finished && make_room();
    if (taken) {
        newest->call[used].fn = fn;
        newest->call[used].arg = arg;
        used++;
    }
    UNLOCK(lock);
    return taken ? 0 : -1;
}

static void call(void *fn)
{
    ((void (*)(void))(uintptr_t)fn)();
}

int atexit(void (*fn)(void))
{
    return __cxa_atexit(call, (void *)(uintptr_t)fn, 0);
}
