/* SPDX-License-Identifier: MIT
 *
 * The options of pith run.
 *
 * sources: monitor/options.c
 * uses:    monitor abi */
#include <errno.h>

#include "unit.h"
#include "monitor/core/layout.h"
#include "monitor/dev/net_user.h"
#include "monitor/options.h"

static struct disks disk_list;
static struct nets net_list;
static struct options options = {.disks = &disk_list, .nets = &net_list};
static char why[300];
static char *argv_copy[20];

/* Parses "pith-monitor" and up to 18 further words. */
static int parse(const char *const *words)
{
    static char environment[][20] = {"HOME=/home/u", "HOMES=no", "EMPTY="};
    static char *const envp[] = {environment[0], environment[1], environment[2], NULL};
    static char text[20][64]; /* words may be written to, as those of a real command line */
    int argc = 1;
    argv_copy[0] = (char *)(uintptr_t) "pith-monitor";
    for (; words[argc - 1]; argc++) {
        snprintf(text[argc], sizeof(text[argc]), "%s", words[argc - 1]);
        argv_copy[argc] = text[argc];
    }
    argv_copy[argc] = NULL;
    why[0] = 0;
    return options_parse(argc, argv_copy, envp, &options, why, sizeof(why));
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})
#define REFUSED(text, ...)                                                                         \
    do {                                                                                           \
        assert_int_equal(PARSE(__VA_ARGS__), -EINVAL);                                             \
        if (!strstr(why, text))                                                                    \
            fail_msg("\"%s\" does not say \"%s\"", why, text);                                     \
    } while (0)

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(PARSE("image", "-m", "1"), 0);
    assert_int_equal(options.action, OPTIONS_RUN);
    assert_int_equal(options.mem_len, MEM_LEN_DEFAULT);
    assert_int_equal(options.timeout_us, 0);
    assert_int_equal(options.env_count, 0);
    assert_int_equal(options.image, 1);
    assert_false(options.no_aslr || options.allow_jit);
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-m", "65536", "i"), 0);
    assert_int_equal(options.mem_len, 65536);
    assert_int_equal(PARSE("-m1M", "i"), 0);
    assert_int_equal(options.mem_len, 1 << 20);
    assert_int_equal(PARSE("-m", "100k", "i"), 0);
    assert_int_equal(options.mem_len, 100 << 10);
    assert_int_equal(PARSE("-m", "1024G", "i"), 0);
    assert_int_equal(options.mem_len, 1ull << 40);
    assert_int_equal(PARSE("-m", "100001", "i"), 0);
    assert_int_equal(options.mem_len, 98304);
    REFUSED("64K to 1024G", "-m", "1025G", "i");
    REFUSED("64K to 1024G", "-m", "63K", "i");
    REFUSED("64K to 1024G", "-m", "0", "i");
    REFUSED("not a size", "-m", "18446744073709551616", "i");
    REFUSED("not a size", "-m", "1MB", "i");
    REFUSED("not a size", "-m", "", "i");
    REFUSED("not a size", "-m", "-1M", "i");
    REFUSED("a value must follow", "-m");
}

static void environment(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-e", "A=1", "-e", "HOME", "-eB=x=y", "-e", "NONE", "-e", "A=2", "i"),
                     0);
    assert_int_equal(options.env_count, 3);
    assert_string_equal(options.env[0], "A=2");
    assert_string_equal(options.env[1], "HOME=/home/u");
    assert_string_equal(options.env[2], "B=x=y");
    assert_string_equal(argv_copy[options.image], "i");
    assert_int_equal(PARSE("-e", "EMPTY", "-e", "A=", "i"), 0);
    assert_string_equal(options.env[0], "EMPTY=");
    assert_string_equal(options.env[1], "A=");
    REFUSED("needs a name", "-e", "=x", "i");
}

static void timeouts(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--timeout", "2.5", "i"), 0);
    assert_int_equal(options.timeout_us, 2500000);
    assert_int_equal(PARSE("--timeout=.000001", "i"), 0);
    assert_int_equal(options.timeout_us, 1);
    assert_int_equal(PARSE("--timeout", "7", "i"), 0);
    assert_int_equal(options.timeout_us, 7000000);
    static const char *const bad[] = {"0", "0.0000001", "", ".", "1s", "-1", "1e3", "99999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        REFUSED("not a time", "--timeout", bad[i], "i");
}

static void ways(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--on", "process", "i"), 0);
    assert_int_equal(options.way, WAY_PROCESS);
    assert_int_equal(PARSE("--on=auto", "--net", "none", "i"), 0);
    assert_int_equal(options.way, WAY_AUTO);
    assert_int_equal(PARSE("--on", "kvm", "i"), 0);
    assert_int_equal(options.way, WAY_KVM);
    assert_int_equal(PARSE("--on", "kvm", "--show-plan"), 0);
    assert_int_equal(options.action, OPTIONS_PLAN);
    REFUSED("cannot run images that way yet", "--on", "qemu", "i");
    REFUSED("no such way", "--on", "moon", "i");
    REFUSED("-v a:b: this version", "-v", "a:b", "i");
}

static void networks(void **state)
{
    (void)state;
    assert_int_equal(PARSE("i"), 0);
    assert_int_equal(net_list.count, 0);
    assert_int_equal(PARSE("--ip", "10.0.0.1/8", "--net", "tap:a", "--net=tap:b", "--ip", "dhcp",
                           "--ip=fd00::1/64", "i"),
                     0);
    assert_int_equal(net_list.count, 2);
    assert_string_equal(net_list.dev[0].host, "a");
    assert_string_equal(net_list.dev[1].name, "net1");
    assert_int_equal(options.setting_count, 3);
    assert_int_equal(options.settings[0].net, 0);
    assert_int_equal(options.settings[2].net, 1);
    assert_string_equal(options.settings[2].value, "fd00::1/64");
    assert_int_equal(PARSE("--net=tap:a", "--net-trace", "t.pcapng", "i"), 0);
    assert_string_equal(net_list.trace, "t.pcapng");
    assert_int_equal(PARSE("--net=tap:a", "i"), 0);
    assert_null(net_list.trace);
    REFUSED("--net-trace: a file must be named", "--net-trace=", "i");
    REFUSED("--net tap:: a network is", "--net", "tap:", "i");
    REFUSED("--net bridge: a network is", "--net", "bridge", "i");
    REFUSED("--ip 10.0.0.1: an address is", "--ip", "10.0.0.1", "i");
    REFUSED("at most 4 networks", "--net=tap:1", "--net=tap:2", "--net=tap:3", "--net=tap:4",
            "--net=tap:5", "i");
}

static void ports(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-p", "8080:80", "-p127.0.0.1:53:5353/udp", "-p=", "i"), -EINVAL);
    assert_int_equal(PARSE("-p", "8080:80", "-p127.0.0.1:53:5353/udp", "--net", "user", "-p",
                           "1:65535/tcp", "i"),
                     0);
    assert_int_equal(net_list.count, 1);
    assert_null(net_list.dev[0].host);
    assert_int_equal(net_list.port_count, 3);
    assert_string_equal(net_list.port[0].spec, "0.0.0.0/8080:80");
    assert_string_equal(net_list.port[1].spec, "127.0.0.1/53:5353");
    assert_string_equal(net_list.port[2].spec, "0.0.0.0/1:65535");
    assert_false(net_list.port[0].udp || net_list.port[2].udp);
    assert_true(net_list.port[1].udp);
    assert_int_equal(options.setting_count, 1);
    assert_string_equal(options.settings[0].value, NET_USER_IP);
    assert_int_equal(PARSE("-p[::1]:80:8080",
                           "-p[2001:db8:0:1:2:3:4:5]:"
                           "65535:65535/udp",
                           "i"),
                     0);
    assert_string_equal(net_list.port[0].spec, "::1/80:8080");
    assert_string_equal(net_list.port[1].spec, "2001:db8:0:1:2:3:4:5/65535:65535");
    assert_true(net_list.port[1].udp);
    REFUSED("a port is", "-p", "[1111:1111:1111:1111:1111:1111:1111:1111:11111:11111]:1:1", "i");
    assert_int_equal(PARSE("--net", "tap:a", "-p", "1:1", "--ip", "dhcp", "i"), 0);
    assert_int_equal(net_list.count, 2);
    assert_int_equal(options.setting_count, 1);
    assert_int_equal(options.settings[0].net, 1);
    static const char *const wrong[] = {"80",      "80:",     ":80",       "0:1",      "1:0",
                                        "65536:1", "1:65536", "1:2/",      "1:2/sctp", "1:2x",
                                        "a:1:2",   ":1:2",    "1.2.3.4:1", "1:2:3:4",  "1/udp:2"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        REFUSED("a port is [ADDR:]HOST:GUEST[/udp]", "-p", wrong[i], "i");
}

static void disks(void **state)
{
    (void)state;
    assert_int_equal(
        PARSE("--disk", "data=/a b:c", "--disk=log-1.x=img:ro", "--disk", "r=:ro", "i"), 0);
    assert_int_equal(disk_list.count, 3);
    assert_string_equal(disk_list.dev[0].name, "data");
    assert_string_equal(disk_list.dev[0].path, "/a b:c");
    assert_false(disk_list.dev[0].read_only);
    assert_string_equal(disk_list.dev[1].name, "log-1.x");
    assert_string_equal(disk_list.dev[1].path, "img");
    assert_true(disk_list.dev[1].read_only);
    assert_string_equal(disk_list.dev[2].path, ":ro");
    assert_false(disk_list.dev[2].read_only);
    assert_int_equal(PARSE("i"), 0);
    assert_int_equal(disk_list.count, 0);
    REFUSED("is NAME=FILE", "--disk", "disk.img", "i");
    REFUSED("is NAME=FILE", "--disk", "data=", "i");
    REFUSED("1 to 15 letters", "--disk", "=f", "i");
    REFUSED("1 to 15 letters", "--disk", "../x=f", "i");
    REFUSED("1 to 15 letters", "--disk", "a/b=f", "i");
    REFUSED("1 to 15 letters", "--disk", ".a=f", "i");
    REFUSED("1 to 15 letters", "--disk", "abcdefghijklmnop=f", "i");
    REFUSED("already", "--disk", "a=f", "--disk", "a=g", "i");
    REFUSED("at most 8", "--disk=a=f", "--disk=b=f", "--disk=c=f", "--disk=d=f", "--disk=e=f",
            "--disk=f=f", "--disk=g=f", "--disk=h=f", "--disk=i=f", "i");
}

static void where_options_end(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--no-aslr", "--allow-jit", "--", "-image", "x"), 0);
    assert_true(options.no_aslr && options.allow_jit);
    assert_string_equal(argv_copy[options.image], "-image");
    assert_int_equal(PARSE("--help", "--bogus"), 0);
    assert_int_equal(options.action, OPTIONS_HELP);
    assert_int_equal(PARSE("--show-sandbox"), 0);
    assert_int_equal(options.action, OPTIONS_SANDBOX);
    REFUSED("no such option", "--bogus", "i");
    REFUSED("no such option", "--timeouts", "1", "i");
    REFUSED("no image named", "--no-aslr");
    REFUSED("no image named", "--");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(sizes), cmocka_unit_test(environment),
        cmocka_unit_test(timeouts), cmocka_unit_test(ways),  cmocka_unit_test(disks),
        cmocka_unit_test(networks), cmocka_unit_test(ports), cmocka_unit_test(where_options_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
