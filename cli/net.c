/* SPDX-License-Identifier: MIT
 *
 * pith net: a TAP device in a network namespace of its own, both called NAME, to try networks out
 * without touching the host's. Made and taken away by ip(8), whose own messages tell of the kernel;
 * what is added here is which step it was. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

#define WORDS_MAX 16

/* Runs ip with (words), which end with NULL; (quiet): without its messages. Returns its exit
 * status, or a negative error number: it cannot be started. */
static int ip(const char *const words[], bool quiet)
{
    char *argv[WORDS_MAX] = {(char *)"ip"};
    for (size_t n = 0; words[n] != NULL && n + 2 < ARRAY_LEN(argv); n++)
        argv[n + 1] = (char *)words[n];

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (quiet) {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    }
    pid_t pid;
    int err = posix_spawnp(&pid, "ip", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (err != 0)
        return -err;
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_HOST;
}

/* Does a step, with a message if it fails. */
static bool step(const char *what, const char *const words[])
{
    int status = ip(words, false);
    if (status == 0)
        return true;
    if (status == -ENOENT)
        fprintf(stderr, "pith net: %s: there is no ip program: install iproute2\n", what);
    else if (status < 0)
        fprintf(stderr, "pith net: %s: cannot start ip: %s\n", what, strerror(-status));
    else
        fprintf(stderr, "pith net: %s failed%s\n", what,
                geteuid() == 0 ? "" : ": only root may; run it with sudo");
    return false;
}

#define IP(...) ((const char *const[]){__VA_ARGS__, NULL})

static void take_away(const char *name)
{
    ip(IP("netns", "delete", name), true);
}

static int up(const char *name, const char *address)
{
    if (ip(IP("-n", name, "link", "show", "dev", name), true) == 0) {
        fprintf(stderr, "pith net: %s is there already; pith net down %s takes it away\n", name,
                name);
        return EXIT_HOST;
    }
    if (!step("making the network namespace", IP("netns", "add", name)))
        return EXIT_HOST;
    bool done =
        step("starting the namespace's own lo", IP("-n", name, "link", "set", "dev", "lo", "up")) &&
        step("making the TAP device (does the kernel have CONFIG_TUN, and is there /dev/net/tun?)",
             IP("-n", name, "tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr")) &&
        (address == NULL || step("giving the host's side its address",
                                 IP("-n", name, "addr", "add", address, "dev", name,
                                    strchr(address, ':') != NULL ? "nodad" : NULL))) &&
        step("starting the TAP device", IP("-n", name, "link", "set", "dev", name, "up"));
    if (!done) {
        take_away(name);
        return EXIT_HOST;
    }
    printf("%s: a TAP device in the network namespace %s; use it as in\n"
           "  ip netns exec %s pith run --net tap:%s IMAGE\n",
           name, name, name, name);
    return 0;
}

static int down(const char *name)
{
    /* A namespace in which there is no such device is somebody else's. */
    if (ip(IP("-n", name, "link", "show", "dev", name), true) != 0) {
        fprintf(stderr, "pith net: there is no network %s made by pith net up%s\n", name,
                geteuid() == 0 ? "" : ", or only root may look");
        return EXIT_HOST;
    }
    return step("taking the network namespace away", IP("netns", "delete", name)) ? 0 : EXIT_HOST;
}

static bool sound_name(const char *name)
{
    static const char sound[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(name);
    return len > 0 && len < IFNAMSIZ && strspn(name, sound) == len && name[0] != '.' &&
           name[0] != '-' && strcmp(name, "lo") != 0;
}

int cmd_net(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help_usage("net") ? 0 : EXIT_USAGE;
    bool is_up = argc >= 3 && argc <= 4 && strcmp(argv[1], "up") == 0;
    bool is_down = argc == 3 && strcmp(argv[1], "down") == 0;
    if (!is_up && !is_down) {
        fputs("pith net: up or down, and a name\n"
              "pith: hint: pith net up NAME [ADDR/LEN], pith net down NAME\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!sound_name(argv[2])) {
        fprintf(stderr,
                "pith net: %s: a name is 1 to 15 letters, digits, '-', '_' and '.', does not begin "
                "with '-' or '.', and is not lo\n",
                argv[2]);
        return EXIT_USAGE;
    }
    if (is_down)
        return down(argv[2]);
    if (argc == 4 && (strchr(argv[3], '/') == NULL || argv[3][0] == '-')) {
        fprintf(stderr, "pith net: %s: an address is ADDR/LEN, as in 10.0.0.1/24\n", argv[3]);
        return EXIT_USAGE;
    }
    return up(argv[2], argc == 4 ? argv[3] : NULL);
}
