/* SPDX-License-Identifier: MIT
 *
 * C11 threads; errno and locale per thread; thread exit and the process; named semaphores. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <threads.h>
#include <wchar.h>

#include "pthreads.h"

#define RESULT(call) printf("%s: %s\n", #call, name_of(call))

static const char *name_of(int result)
{
    return result == thrd_success    ? "success"
           : result == thrd_busy     ? "busy"
           : result == thrd_timedout ? "timed out"
           : result == thrd_nomem    ? "no memory"
           : result == thrd_error    ? "error"
                                     : "?";
}

static int give(void *arg)
{
    return (int)(long)arg;
}

static int leave(void *arg)
{
    thrd_exit((int)(long)arg);
}

static void threads(void)
{
    thrd_t t;
    int result = 0;
    struct timespec ts = {0, 1000000};

    puts("- threads");
    RESULT(thrd_create(&t, give, (void *)-5));
    RESULT(thrd_join(t, &result));
    T(result + 100);
    RESULT(thrd_create(&t, leave, (void *)77));
    RESULT(thrd_join(t, &result));
    T(result);
    RESULT(thrd_create(&t, give, NULL));
    RESULT(thrd_join(t, NULL));
    RESULT(thrd_create(&t, give, NULL));
    RESULT(thrd_detach(t));
    IS(thrd_equal(thrd_current(), thrd_current()));
    T(thrd_sleep(&ts, NULL));
    thrd_yield();
}

static mtx_t m;
static cnd_t c;
static int state;

static int try_lock(void *arg)
{
    (void)arg;
    int r = mtx_trylock(&m);
    if (r == thrd_success)
        mtx_unlock(&m);
    return r;
}

static int timed_lock(void *arg)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 20);

    (void)arg;
    int r = mtx_timedlock(&m, &at);
    if (r == thrd_success)
        mtx_unlock(&m);
    return r;
}

static int other(int (*f)(void *))
{
    thrd_t t;
    int r = -1;

    thrd_create(&t, f, NULL);
    thrd_join(t, &r);
    return r;
}

static void mutexes(void)
{
    puts("- mutexes");
    RESULT(mtx_init(&m, mtx_plain));
    RESULT(mtx_lock(&m));
    RESULT(other(try_lock));
    RESULT(mtx_unlock(&m));
    RESULT(other(try_lock));
    mtx_destroy(&m);
    RESULT(mtx_init(&m, mtx_timed));
    RESULT(mtx_lock(&m));
    RESULT(other(timed_lock));
    RESULT(mtx_unlock(&m));
    RESULT(other(timed_lock));
    mtx_destroy(&m);
    RESULT(mtx_init(&m, mtx_plain | mtx_recursive));
    RESULT(mtx_lock(&m));
    RESULT(mtx_lock(&m));
    RESULT(mtx_trylock(&m));
    RESULT(mtx_unlock(&m));
    RESULT(mtx_unlock(&m));
    RESULT(other(try_lock));
    RESULT(mtx_unlock(&m));
    RESULT(other(try_lock));
    mtx_destroy(&m);
}

static int wait_state(void *arg)
{
    mtx_lock(&m);
    while (state != (int)(long)arg)
        cnd_wait(&c, &m);
    mtx_unlock(&m);
    return (int)(long)arg;
}

static void conditions(void)
{
    thrd_t t[4];
    int sum = 0, r;
    struct timespec at = in_ms(CLOCK_REALTIME, 30);

    puts("- conditions");
    mtx_init(&m, mtx_plain);
    RESULT(cnd_init(&c));
    mtx_lock(&m);
    RESULT(cnd_timedwait(&c, &m, &at));
    mtx_unlock(&m);
    for (int i = 0; i < 4; i++)
        thrd_create(&t[i], wait_state, (void *)1);
    sleep_ms(10);
    mtx_lock(&m);
    state = 1;
    RESULT(cnd_signal(&c));
    RESULT(cnd_broadcast(&c));
    mtx_unlock(&m);
    for (int i = 0; i < 4; i++) {
        thrd_join(t[i], &r);
        sum += r;
    }
    T(sum);
    cnd_destroy(&c);
    mtx_destroy(&m);
}

static tss_t key;
static volatile int destroyed;
static once_flag flag = ONCE_FLAG_INIT;
static int initialised;
static thread_local int local = 5;

static void destroy(void *arg)
{
    destroyed += (int)(long)arg;
}

static int use_key(void *arg)
{
    bool fresh = tss_get(key) == NULL && local == 5;

    local = 6;
    tss_set(key, arg);
    return fresh && tss_get(key) == arg;
}

static void initialise(void)
{
    initialised++;
}

static void storage(void)
{
    thrd_t t;
    int r;

    puts("- storage, once");
    RESULT(tss_create(&key, destroy));
    RESULT(tss_set(key, (void *)100));
    thrd_create(&t, use_key, (void *)3);
    thrd_join(t, &r);
    T(r);
    T(destroyed);
    IS(tss_get(key) == (void *)100);
    tss_delete(key);
    call_once(&flag, initialise);
    call_once(&flag, initialise);
    T(initialised);
}

/* errno and locale. */
static void *own_errno(void *arg)
{
    bool fresh = errno == 0;

    errno = (int)(long)arg;
    close(-1);
    return (void *)(long)(fresh && errno == EBADF);
}

static void *own_locale(void *arg)
{
    locale_t before = uselocale((locale_t)0);
    bool global = before == LC_GLOBAL_LOCALE;

    uselocale(arg);
    sched_yield();
    bool set = uselocale((locale_t)0) == arg;
    wchar_t w;
    int n = mbtowc(&w, "\xc3\xa9", 2); /* é in UTF-8 */
    uselocale(LC_GLOBAL_LOCALE);
    return (void *)(long)(global && set ? n : -100);
}

static void per_thread(void)
{
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);

    puts("- errno and locale");
    errno = ENOENT;
    bool own = join(start(own_errno, (void *)5)) != NULL && errno == ENOENT;
    IS(own);
    need(utf8 && plain, "locales");
    pthread_t a = start(own_locale, utf8), b = start(own_locale, plain);
    T((long)join(a));
    T((long)join(b));
    IS(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
    freelocale(utf8);
    freelocale(plain);
}

static sem_t *opened;

static void *post(void *arg)
{
    sem_post(opened);
    return arg;
}

static void named_semaphores(void)
{
    int n = -1;
    sem_t *again;

    puts("- named semaphores");
    sem_unlink("/pith-test");
    IS(sem_open("/pith-test", 0) == SEM_FAILED && errno == ENOENT);
    IS(sem_open("/pith-test", O_CREAT, 0600, (unsigned)SEM_VALUE_MAX + 1) == SEM_FAILED &&
       errno == EINVAL);
    IS(sem_open("/a/b", O_CREAT, 0600, 1) == SEM_FAILED);
    opened = sem_open("/pith-test", O_CREAT | O_EXCL, 0600, 1);
    IS(opened != SEM_FAILED);
    if (opened == SEM_FAILED)
        return;
    IS(sem_open("/pith-test", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    again = sem_open("/pith-test", O_CREAT, 0600, 5);
    IS(again == opened);
    T(sem_getvalue(again, &n));
    T(n);
    T(sem_wait(opened));
    T(sem_trywait(again));
    pthread_t t = start(post, NULL);
    T(sem_wait(again));
    join(t);
    T(sem_close(again));
    T(sem_unlink("/pith-test"));
    T(sem_unlink("/pith-test"));
    T(sem_trywait(opened));
    T(sem_close(opened));
}

int main(void)
{
    threads();
    mutexes();
    conditions();
    storage();
    per_thread();
    named_semaphores();
    return 0;
}
