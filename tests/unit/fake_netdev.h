/* SPDX-License-Identifier: MIT
 *
 * Network devices for tests: frames go in and come out as arrays of bytes; settings of the machine;
 * random numbers that repeat. Needs no cmocka, so fuzzers use it too. */
#ifndef PITH_TESTS_FAKE_NETDEV_H
#define PITH_TESTS_FAKE_NETDEV_H

#include "iface/netdev.h"
#include "iface/timer.h"

#define FAKE_FRAME 2048

/* How many devices netdev_get knows, to be set before the network starts; number N has the address
 * 02:00:00:00:00:0N and an MTU of 1500. */
extern unsigned fake_netdevs;
extern struct netdev fake_netdev[NETDEV_MAX];

/* What plat_setting answers: NAME=VALUE each, ended by NULL. */
extern const char *const *fake_settings;

/* Whether random_bytes gives only zeros. */
extern bool fake_random_zero;

/* The device receives one frame, in pieces of at most (piece) bytes; 0: in one. */
void fake_netdev_receive(unsigned number, const void *frame, size_t len, size_t piece);

/* The next frame that the device was given to send: its length, 0 if there is none. */
size_t fake_netdev_sent(unsigned number, uint8_t frame[FAKE_FRAME]);

/* Forgets what was sent. Returns how many frames that were. */
unsigned fake_netdev_drop(unsigned number);

/* Lets (time) pass, with the timers that are due. */
void fake_netdev_pass(nsec_t time);

#endif
