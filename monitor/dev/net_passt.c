/* SPDX-License-Identifier: MIT
 *
 * Starting passt, before the sandbox closes. It goes to the background once its ports are open and
 * everything is set up, and ends when its socket does. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/net_user.h"

#define PASST_FD "3"
#define WORDS    24

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

int net_user_open(const struct nets *ns, struct net *n)
{
    char *argv[WORDS + 2 * NET_PORTS_MAX] = {
        (char *)"passt",    (char *)"-F", (char *)PASST_FD,    (char *)"-q",
        (char *)"-4",       (char *)"-a", (char *)"10.0.2.15", (char *)"-n",
        (char *)"24",       (char *)"-g", (char *)"10.0.2.2",  (char *)"--dns-forward",
        (char *)"10.0.2.3", (char *)"-m", (char *)"1500"};
    size_t words = 15;
    int pair[2];
    for (unsigned i = 0; i < ns->port_count; i++) {
        argv[words++] = (char *)(ns->port[i].udp ? "-u" : "-t");
        argv[words++] = (char *)ns->port[i].spec;
    }
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
                  : start(argv, theirs, apart);
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
