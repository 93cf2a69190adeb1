/* SPDX-License-Identifier: MIT
 *
 * User and group ids: how a daemon gives up root, by each of the calls, and cannot come back. The
 * expectations are those of credentials(7) and the calls' manual pages.
 *
 * sources: libos/posix/ids.c libos/posix/creds.c libos/thread/thread.c
 * sources: tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses:    posix mm thread time */
#include <errno.h>

#include "unit.h"
#include "fake_plat.h"
#include "pith_calls.h"
#include "iface/cred.h"
#include "posix/creds.h"

static int setup(void **state)
{
    (void)state;
    creds_drop(thread_self);
    return 0;
}

static void users_are(uint32_t real, uint32_t effective, uint32_t saved)
{
    uint32_t r, e, s;

    assert_int_equal(pith_sys_getresuid((long)&r, (long)&e, (long)&s), 0);
    assert_true(r == real && e == effective && s == saved);
    assert_int_equal(pith_sys_getuid(), real);
    assert_int_equal(pith_sys_geteuid(), effective);
}

static void setuid_gives_up_all(void **state)
{
    (void)state;
    assert_int_equal(pith_sys_setuid(-1), -EINVAL);
    assert_int_equal(pith_sys_setgid(33), 0);
    assert_int_equal(pith_sys_getegid(), 33);
    assert_int_equal(pith_sys_setuid(33), 0);
    users_are(33, 33, 33);
    assert_int_equal(pith_sys_setuid(0), -EPERM);
    assert_int_equal(pith_sys_setuid(33), 0);
    assert_int_equal(pith_sys_setgid(0), -EPERM);
    gid_t one = 1;
    assert_int_equal(pith_sys_setgroups(1, (long)&one), -EPERM);
}

static void seteuid_comes_back(void **state)
{
    (void)state;
    assert_int_equal(pith_sys_setresuid(-1, 33, -1), 0);
    users_are(0, 33, 0);
    assert_int_equal(pith_sys_setresuid(1, -1, -1), -EPERM);
    assert_int_equal(pith_sys_setuid(0), 0);
    users_are(0, 0, 0);
}

static void setresuid_rules(void **state)
{
    (void)state;
    assert_int_equal(pith_sys_setresuid(1, 2, 3), 0);
    users_are(1, 2, 3);
    assert_int_equal(pith_sys_setresuid(3, 1, 2), 0);
    users_are(3, 1, 2);
    assert_int_equal(pith_sys_setresuid(-1, -1, 0), -EPERM);
    assert_int_equal(pith_sys_setresuid(2, 2, 2), 0);
    assert_int_equal(pith_sys_setresuid(3, -1, -1), -EPERM);
    users_are(2, 2, 2);
}

static void setreuid_rules(void **state)
{
    (void)state;
    /* Both swapped: the saved id follows the effective one when the real one is set. */
    assert_int_equal(pith_sys_setreuid(5, 6), 0);
    users_are(5, 6, 6);
    assert_int_equal(pith_sys_setreuid(6, 5), 0);
    users_are(6, 5, 5);
    assert_int_equal(pith_sys_setreuid(7, -1), -EPERM);
    assert_int_equal(pith_sys_setreuid(-1, 6), 0);
    users_are(6, 6, 5);
    assert_int_equal(pith_sys_setreuid(-1, 0), -EPERM);
}

static void fs_ids_answer_the_old_one(void **state)
{
    (void)state;
    assert_int_equal(pith_sys_setfsuid(9), 0);
    assert_int_equal(pith_sys_setfsuid(-1), 9);
    assert_int_equal(pith_sys_setresuid(4, 4, 4), 0);
    assert_int_equal(pith_sys_setfsuid(9), 4);
    assert_int_equal(pith_sys_setfsuid(-1), 4);
}

/* capabilities(7): what root has comes and goes with the ids. */
static void capabilities_follow_users(void **state)
{
    (void)state;
    assert_true(cred_has(CAP_CHOWN));
    assert_int_equal(pith_sys_setresuid(-1, 5, -1), 0);
    assert_false(cred_has(CAP_CHOWN));
    assert_int_equal(pith_sys_setresuid(-1, 0, -1), 0);
    assert_true(cred_has(CAP_CHOWN));
    pith_sys_setfsuid(5);
    assert_false(cred_has(CAP_CHOWN));
    assert_true(cred_has(CAP_SETUID));
    pith_sys_setfsuid(0);
    assert_true(cred_has(CAP_CHOWN));
    thread_self->secure_bits = SECURE_KEEP_CAPS;
    assert_int_equal(pith_sys_setuid(5), 0);
    thread_self->secure_bits = 0;
    assert_false(cred_has(CAP_CHOWN));
    assert_true(creds_of(thread_self)->permitted & CAP_BIT(CAP_CHOWN));
}

/* Who shares credentials gets its own when it changes them; the others keep theirs. */
static void shared_until_changed(void **state)
{
    struct thread other = {.tid = 2};

    (void)state;
    assert_int_equal(pith_sys_setgid(3), 0);
    other.creds = thread_self->creds;
    other.creds->refs++;
    gid_t group = 7;
    assert_int_equal(pith_sys_setgroups(1, (long)&group), 0);
    assert_ptr_not_equal(other.creds, thread_self->creds);
    assert_int_equal(creds_of(&other)->group_count, 0);
    assert_int_equal(creds_of(&other)->group.real, 3);
    creds_drop(&other);
}

static void supplementary_groups(void **state)
{
    enum { MOST = 65536 };
    static gid_t got[MOST];
    gid_t given[3] = {7, 8, 9};

    (void)state;
    assert_int_equal(pith_sys_getgroups(0, 0), 0);
    assert_int_equal(pith_sys_setgroups(3, (long)given), 0);
    assert_int_equal(pith_sys_getgroups(0, 0), 3);
    assert_int_equal(pith_sys_getgroups(2, (long)got), -EINVAL);
    assert_int_equal(pith_sys_getgroups(-1, (long)got), -EINVAL);
    assert_int_equal(pith_sys_getgroups(MOST, (long)got), 3);
    assert_memory_equal(got, given, sizeof(given));
    assert_int_equal(pith_sys_setgroups(MOST + 1, (long)got), -EINVAL);
    assert_int_equal(pith_sys_setgroups(0, 0), 0);
    assert_int_equal(pith_sys_getgroups(0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(setuid_gives_up_all, setup),
        cmocka_unit_test_setup(seteuid_comes_back, setup),
        cmocka_unit_test_setup(setresuid_rules, setup),
        cmocka_unit_test_setup(setreuid_rules, setup),
        cmocka_unit_test_setup(fs_ids_answer_the_old_one, setup),
        cmocka_unit_test_setup(capabilities_follow_users, setup),
        cmocka_unit_test_setup(shared_until_changed, setup),
        cmocka_unit_test_setup(supplementary_groups, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
