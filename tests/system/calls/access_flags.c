/* SPDX-License-Identifier: MIT
 *
 * faccessat with its flags: musl starts a process for these where the kernel lacks the newer call.
 */
#define _GNU_SOURCE
#include "calls.h"

int main(void)
{
    enter_folder();
    put_file("f", "x");
    T(symlink("f", "s"));
    T(symlink("none", "dangling"));
    T(faccessat(AT_FDCWD, "f", F_OK, AT_EACCESS));
    T(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS));
    T(eaccess("f", R_OK | W_OK));
    T(eaccess("f", X_OK));
    T(eaccess("none", F_OK));
    T(faccessat(AT_FDCWD, "dangling", F_OK, 0));
    T(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
    T(faccessat(AT_FDCWD, "f", F_OK, 0x4000000));
    return 0;
}
