/* SPDX-License-Identifier: MIT
 *
 * Another program cannot be started: refused by its own name, so that a link without it says
 * posix_spawn and not what it would call. */
#include <spawn.h>

long pith_sys_posix_spawn(void);

int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
                char *const argv[restrict], char *const envp[restrict])
{
    (void)pid, (void)path, (void)actions, (void)attr, (void)argv, (void)envp;
    return (int)-pith_sys_posix_spawn();
}
