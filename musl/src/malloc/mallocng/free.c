/* SPDX-License-Identifier: MIT
 *
 * musl's free, without MADV_FREE: giving back the inside of a slot that is likely to be used again
 * costs much and gains little. Groups that are free as a whole are unmapped as ever. */
#include "meta.h"

#undef madvise
#define madvise(start, len, advice) ((void)(start), (void)(len))
#include <free.c>
