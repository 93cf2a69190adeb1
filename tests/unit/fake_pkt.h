/* SPDX-License-Identifier: MIT
 *
 * Packets' memory for tests: each piece is an allocation of its own, so that the sanitizers see
 * what goes beyond it. */
#ifndef PITH_TESTS_FAKE_PKT_H
#define PITH_TESTS_FAKE_PKT_H

#include "iface/pkt.h"

extern unsigned fake_pkt_live; /* pieces that are not freed */
extern unsigned fake_pkt_left; /* allocations until they fail; UINT_MAX at first: never */
extern bool fake_pkt_no_huge;  /* those of huge pieces fail */

#endif
