/* SPDX-License-Identifier: MIT
 *
 * As posix_spawn. */
#include <spawn.h>

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
                 char *const argv[restrict], char *const envp[restrict])
{
    return posix_spawn(pid, file, actions, attr, argv, envp);
}
