/* SPDX-License-Identifier: MIT
 *
 * Starting passt, before the sandbox closes. It goes to the background once its ports are open and
 * everything is set up, and ends when its socket does. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/net_user.h"

#define PASST_FD "3"

extern char **environ;

static int refuse(int err, const char *step, const char *advice)
{
    say("--net user: %s: %s%s", step, strerror(-err), advice);
    return err;
}

/* What passt complained about is told if it fails; else it would only disturb. */
static int failed(int log)
{
    char text[2000];
    ssize_t len = pread(log, text, sizeof(text) - 1, 0);
    say("--net user: passt could not make the network; it says:");
    for (char *line = text, *end; len > 0 && line < text + len; line = end + 1) {
        text[len] = '\0';
        end = strchrnul(line, '\n');
        *end = '\0';
        if (*line && strncmp(line, "Failed to send ", 15) != 0)
            say("  %s", line);
    }
    return -EIO;
}

/* Runs passt with (socket) until it is ready. */
static int start(char *argv[], int socket, int log)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, log, 2);
    posix_spawn_file_actions_adddup2(&actions, socket, 3);
    int err = -posix_spawnp(&pid, "passt", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err == -ENOENT)
        return refuse(err, "starting passt", ": install it (Debian's package is passt)");
    if (err)
        return refuse(err, "starting passt", "");
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return refuse(-errno, "waiting for passt", "");
    return status == 0 ? 0 : failed(log);
}

/* As under QEMU. What the host has no way for, IPv4 or IPv6, passt leaves out. */
static const char *const fixed[] = {"passt",
                                    "-F",
                                    PASST_FD,
                                    "-q",
                                    "-m",
                                    "1500",
                                    "-a",
                                    "10.0.2.15",
                                    "-n",
                                    "24",
                                    "-g",
                                    "10.0.2.2",
                                    "-g",
                                    NET_USER_PREFIX "2",
                                    "--dns-forward",
                                    "10.0.2.3",
                                    "--dns-forward",
                                    NET_USER_PREFIX "3"};

/* The address that the machine will give itself, of the prefix that passt advertises and its MAC
 * (RFC 4291, appendix A): ports are forwarded there even before it has sent a packet. */
static void put_addr6(char *to, size_t size, const uint8_t mac[6])
{
    snprintf(to, size, NET_USER_PREFIX "%x:%xff:fe%02x:%x", (mac[0] ^ 2) << 8 | mac[1], mac[2],
             mac[3], mac[4] << 8 | mac[5]);
}

int net_user_open(const struct nets *ns, struct net *n)
{
    char addr6[sizeof(NET_USER_PREFIX) + 20];
    const char *argv[ARRAY_LEN(fixed) + 2 + 2 * NET_PORTS_MAX + 1];
    size_t words = ARRAY_LEN(fixed);
    int pair[2];
    memcpy(argv, fixed, sizeof(fixed));
    put_addr6(addr6, sizeof(addr6), n->mac);
    argv[words++] = "-a";
    argv[words++] = addr6;
    for (unsigned i = 0; i < ns->port_count; i++) {
        argv[words++] = ns->port[i].udp ? "-u" : "-t";
        argv[words++] = ns->port[i].spec;
    }
    argv[words] = NULL;
    int log = memfd_create("passt", MFD_CLOEXEC);
    if (log < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return refuse(-errno, "making the socket for passt", "");
    /* Only ours does not wait: passt sends what is left of a packet once more and for the last
     * time, and would lose it, and with it where packets begin. */
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK))
        return refuse(-errno, "making the socket for passt", "");
    /* Above what the child's descriptors are put to. */
    int ours = fcntl(pair[0], F_DUPFD_CLOEXEC, NET_FD_APART);
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, NET_FD_APART);
    int apart = fcntl(log, F_DUPFD_CLOEXEC, NET_FD_APART);
    int err = ours < 0 || theirs < 0 || apart < 0
                  ? refuse(-errno, "moving the socket for passt", "")
                  : start((char **)argv, theirs, apart);
    close(pair[0]);
    close(pair[1]);
    close(log);
    close(theirs);
    close(apart);
    n->fd = ours;
    n->mtu = 1500;
    n->stream = true;
    return err;
}
