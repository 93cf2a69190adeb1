/* SPDX-License-Identifier: MIT
 *
 * Memory of packets: its share of the machine's, three sizes, one for the other.
 *
 * sources: libos/net/link/pool.c libos/net/wire/pkt.c
 * sources: tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: link mm */
#include "unit.h"
#include "fake_mm.h"
#include "fake_plat.h"
#include "iface/pkt.h"

static struct pkt *all[1 << 16];

/* Gets pieces until there are none, checks that they do not overlap, and frees them. */
static unsigned use_up(size_t room)
{
    unsigned n = 0;
    size_t bytes = 0;

    while ((all[n] = pkt_alloc(0, room))) {
        assert_true(pkt_tailroom(all[n]) >= room);
        memset(all[n]->data, (int)(n % 251), room);
        bytes += sizeof(struct pkt) + all[n]->size;
        n++;
    }
    assert_int_equal(pkt_memory(), bytes);
    assert_true(pkt_memory() <= pkt_memory_limit());
    for (unsigned i = 0; i < n; i++) {
        for (size_t b = 0; b < room; b++)
            assert_int_equal(all[i]->data[b], i % 251);
        pkt_free(all[i]);
    }
    assert_int_equal(pkt_memory(), 0);
    return n;
}

static void limits(void **state)
{
    (void)state;
    fake_reset();
    plat_info.heap_len = 4096;
    assert_int_equal(pkt_memory_limit(), 256 << 10); /* the least */
    plat_info.heap_len = 8 << 20;
    assert_int_equal(pkt_memory_limit(), 2 << 20);
    /* Half of it for small ones, then large ones take their place; and there are large ones after
     * that. */
    unsigned half = 1 << 20;
    assert_int_equal(use_up(PKT_HEADROOM), half / 256 + half / 2048);
    assert_int_equal(fake_mm.pages, 2 * half / 4096);
    assert_int_equal(use_up(PKT_LARGE), half / 2048);
    assert_int_equal(use_up(PKT_HEADROOM), half / 256 + half / 2048);
    assert_int_equal(fake_mm.pages, 2 * half / 4096);
    assert_int_equal(use_up(PKT_HUGE), 0); /* all is in pieces of the other sizes */
    /* The machine has no pages. */
    plat_info.heap_len = 64 << 20;
    fake_mm.fail_percent = 100;
    assert_int_equal(use_up(PKT_LARGE), half / 2048);
    assert_int_equal(use_up(PKT_HUGE), 0);
    /* A quarter for huge ones, and then there is still room for the others. */
    fake_mm.fail_percent = 0;
    assert_int_equal(use_up(PKT_HUGE), (4 << 20) / 32768);
    assert_int_equal(use_up(PKT_LARGE), (12 << 20) / 2048 - half / 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
