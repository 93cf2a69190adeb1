/* SPDX-License-Identifier: MIT
 *
 * musl's, but for the least stack of a thread: what the library OS does for a thread it does on that
 * thread's stack, so musl's 2048 bytes would not do. mk/musl.mk puts the line into the header that
 * programs see. */
#include_next <limits.h>

#ifdef PTHREAD_STACK_MIN
#undef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 16384
#endif
