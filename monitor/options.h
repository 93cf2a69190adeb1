/* SPDX-License-Identifier: MIT
 *
 * The command line of `pith run`. */
#ifndef PITH_MONITOR_OPTIONS_H
#define PITH_MONITOR_OPTIONS_H

#include <stdint.h>

#include "base/base.h"
#include "monitor/core/boot.h"
#include "monitor/dev/block.h"
#include "monitor/dev/net.h"

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_SANDBOX, OPTIONS_PLAN };

#define SETTINGS_MAX 16

enum options_way { WAY_AUTO, WAY_PROCESS, WAY_KVM };

struct options {
    enum options_action action;
    uint64_t mem_len;    /* bytes, whole pages */
    bool mem_given;      /* by -m */
    const char *policy;  /* of --policy, compiled, as hexadecimal digits; or NULL */
    uint64_t timeout_us; /* 0: none */
    bool no_aslr, allow_jit;
    enum options_way way;
    struct disks *disks; /* set by the caller. Of each: name, path and read_only, strings of argv */
    struct nets *nets;   /* set by the caller. Of each: name and host */
    struct setting settings[SETTINGS_MAX];
    unsigned setting_count;
    int env_count;
    char **env; /* "K=V" strings of argv or the caller's environment; the array is a part of argv */
    int image;  /* index in argv of the image, its arguments behind it */
};

/* Fills (o), of which disks and nets are set, from (argv), whose first string is the program's
 * name, up to the image's name. (environ) is where
 * "-e K" looks. Returns 0; -EINVAL with a message in why[], which names what to do. */
must_check int options_parse(int argc, char **argv, char *const *environ, struct options *o,
                             char *why, size_t why_len);

extern const char options_help[];

#endif
