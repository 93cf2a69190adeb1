/* SPDX-License-Identifier: MIT
 *
 * Control messages as a program may pass them: the bytes are read as such, what they ask for is put
 * into a message, and that is received with as much room as the first byte says.
 *
 * sources: tests/unit/fake_policy.c libos/vfs/permit.c
 * sources: libos/net/sock/sock.c libos/net/sock/message.c libos/net/sock/option.c
 * sources: libos/net/unix/family.c libos/net/unix/name.c libos/net/unix/stream.c
 * sources: libos/net/unix/packet.c libos/net/unix/queue.c libos/net/unix/control.c
 * sources: libos/net/unix/flight.c libos/net/unix/log.c
 * sources: libos/vfs/fd.c libos/vfs/fd_alloc.c libos/vfs/inode.c libos/vfs/lock.c
 * sources: libos/vfs/open.c libos/vfs/path.c libos/thread/wait.c libos/thread/thread.c
 * sources: tests/unit/fake_mm.c tests/unit/fake_plat.c
 * uses: sock unix vfs mm thread */
#include <stdlib.h>
#include <string.h>

#include "fake_mm.h"
#include "fake_plat.h"
#include "unix/internal.h"
#include "vfs/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct file *const stdio_files[3];

struct fs *root_start(void)
{
    return NULL;
}

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* A pair with a descriptor each. */
static void start(struct socket *s[2])
{
    static bool started;

    if (!started)
        fake_reset();
    started = true;
    for (int i = 0; i < 2; i++) {
        check(sock_family_unix.create(SOCK_DGRAM, 0, &s[i]) == 0);
        check(fd_install(sock_file(s[i], 0), 0, false) > 0);
    }
    check(s[0]->ops->pair(s[0], s[1]) == 0);
    s[1]->options |= SOCK_PASSCRED;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct socket *s[2];
    char c = 0;
    struct iovec iov = {&c, 1};

    if (len < 1)
        return 0;
    start(s);
    /* Copies of exactly their sizes, so that reading or writing beyond shows. */
    size_t room = bytes[0];
    char *control = malloc(len), *out = malloc(room + 1);
    check(control && out);
    memcpy(control, bytes + 1, len - 1);
    struct sock_msg m = {
        .iov = &iov, .iov_count = 1, .len = 1, .control = control, .control_len = len - 1};
    long r = s[0]->ops->send(s[0], &m);
    check(r == 1 || flight_count == 0);
    m = (struct sock_msg){
        .iov = &iov, .iov_count = 1, .len = 1, .control = out, .control_len = room};
    check(s[1]->ops->recv(s[1], &m) == (r == 1 ? 1 : -EAGAIN));
    check(m.control_used <= room && flight_count == 0);
    for (long fd = 0; fd < 600; fd++)
        fd_close(fd);
    free(control);
    free(out);
    /* Up to the table of descriptors, which stays. */
    check(fake_mm.pages == 0);
    return 0;
}
