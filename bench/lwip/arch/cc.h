/* SPDX-License-Identifier: MIT */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdio.h>
#include <stdlib.h>

#define LWIP_RAND()                1u
#define LWIP_PLATFORM_ASSERT(text) abort()

#endif
