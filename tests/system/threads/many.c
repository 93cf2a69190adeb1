/* SPDX-License-Identifier: MIT
 *
 * args: HOW COUNT. Starts COUNT threads: "together", all at once, each with some work on its stack;
 * "joined" or "detached", one after the other. Prints "ok". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int started, go, ended;
static __thread int local = 1;

static void *together(void *arg)
{
    char text[2000];

    pthread_mutex_lock(&m);
    started++;
    pthread_cond_broadcast(&c);
    while (!go)
        pthread_cond_wait(&c, &m);
    pthread_mutex_unlock(&m);
    snprintf(text, sizeof(text), "%1000d %f", (int)(long)arg, 1.5);
    local += atoi(text);
    return (void *)(long)local;
}

static void *short_one(void *arg)
{
    pthread_mutex_lock(&m);
    ended++;
    pthread_cond_signal(&c);
    pthread_mutex_unlock(&m);
    return arg;
}

static int fail(const char *what, int i, int err)
{
    printf("%s of thread %d: %s\n", what, i, strerror(err));
    return 1;
}

static int all_together(int count)
{
    pthread_t *t = calloc((size_t)count, sizeof(*t));
    void *result;
    int err;

    for (int i = 0; i < count; i++)
        if ((err = pthread_create(&t[i], NULL, together, (void *)(long)i)))
            return fail("start", i, err);
    pthread_mutex_lock(&m);
    while (started < count)
        pthread_cond_wait(&c, &m);
    go = 1;
    pthread_cond_broadcast(&c);
    pthread_mutex_unlock(&m);
    for (int i = 0; i < count; i++) {
        if ((err = pthread_join(t[i], &result)))
            return fail("join", i, err);
        if ((long)result != i + 1)
            return fail("result", i, 0);
    }
    free(t);
    return 0;
}

static int one_by_one(int count, int detached)
{
    pthread_attr_t a;
    pthread_t t;
    int err;

    pthread_attr_init(&a);
    pthread_attr_setdetachstate(&a, detached);
    for (int i = 0; i < count; i++) {
        if ((err = pthread_create(&t, &a, short_one, NULL)))
            return fail("start", i, err);
        pthread_mutex_lock(&m);
        while (ended <= i)
            pthread_cond_wait(&c, &m);
        pthread_mutex_unlock(&m);
        if (detached == PTHREAD_CREATE_JOINABLE && (err = pthread_join(t, NULL)))
            return fail("join", i, err);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;
    int bad = !strcmp(argv[1], "together") ? all_together(count)
              : !strcmp(argv[1], "joined") ? one_by_one(count, PTHREAD_CREATE_JOINABLE)
                                           : one_by_one(count, PTHREAD_CREATE_DETACHED);
    if (!bad)
        puts("ok");
    return bad;
}
