/* SPDX-License-Identifier: MIT
 *
 * Options stand before the image's name; everything behind it is the program's. By hand, not by
 * getopt: the messages then can say what is meant, and libc's stdio stays out of the start. */
#include "monitor/options.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "monitor/core/layout.h"
#include "monitor/dev/net_user.h"

const char options_help[] =
    "Usage: pith run [OPTION]... IMAGE [ARGUMENT]...\n"
    "Runs an image made by pith-cc. Its standard input, output and error are those of this "
    "command.\n"
    "\n"
    "  -m SIZE           memory of the machine, image included: bytes, or with K, M or G\n"
    "                    (default 256M)\n"
    "  -e NAME=VALUE     set a variable in the program's environment, which is empty otherwise\n"
    "  -e NAME           pass this variable on from the caller's environment, if it is set\n"
    "  --timeout S       end the run after S seconds (fractions are allowed)\n"
    "  --on WAY          how to run it: process (a sandboxed process), kvm (a virtual machine), "
    "qemu\n"
    "                    (QEMU; also qemu:q35, qemu:pc), or auto (default): kvm where the\n"
    "                    processor supports it, else process\n"
    "  --disk NAME=FILE  give the machine a disk: a file of the host or one of its block devices.\n"
    "                    With :ro behind it, read-only\n"
    "  --net tap:NAME    give the machine a network: a TAP device of the host, which is there "
    "already\n"
    "  --net user        a network that needs no root: connections of the host's, by passt\n"
    "  -p [ADDR:]H:G     connections to port H of the host are ones to port G of the program, over\n"
    "                    --net user, which need not be said. /udp behind it: datagrams\n"
    "  --ip ADDRESS      its address, ADDR/LEN[,GATEWAY][,DNS], or dhcp (default), or none; may "
    "be\n"
    "                    given several times. It is that of the --net before it\n"
    "  --net-trace FILE  write all packets of the machine's networks to FILE, as pcapng, for "
    "tcpdump\n"
    "                    and Wireshark. On QEMU as pcap, and of one network only\n"
    "  --policy FILE     permit no more than this policy says, besides the image's own\n"
    "  --allow-jit       let the program make memory executable, though never writable and\n"
    "                    executable at once\n"
    "  --no-aslr         load at the same address each time, for debugging\n"
    "  --show-sandbox    print the system calls that the sandbox lets through, and end\n"
    "  --show-policy     print what the image's policy, and that of --policy, permit, and end\n"
    "  --show-plan       print which way would be chosen, and why not the others, and end\n"
    "  --help            print this text, and end\n"
    "\n"
    "Exit status: the program's own; 124 timed out; 125 it could not be started; 126 not an "
    "image;\n"
    "128+N ended by signal N, or by its equivalent in the machine after a report on standard "
    "error.\n";

/* What is being parsed, and where the message goes. */
struct parse {
    int argc, at;
    char **argv;
    char *const *environ;
    struct options *o;
    const char *option; /* the one at hand, for messages */
    char *why;
    size_t why_len;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct parse *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->why, p->why_len, format, args);
    va_end(args);
    return -EINVAL;
}

/* Reads decimal digits at *s and moves it past them. */
static bool digits(const char **s, uint64_t *out)
{
    const char *start = *s;
    for (*out = 0; **s >= '0' && **s <= '9'; (*s)++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(**s - '0'), out))
            return false;
    return *s != start;
}

static int set_memory(struct parse *p, char *text)
{
    const char *s = text;
    uint64_t n;
    if (!digits(&s, &n))
        return refuse(p, "-m %s: not a size; for example -m 64M", text);
    unsigned shift = 0;
    if (*s == 'K' || *s == 'k')
        shift = 10;
    else if (*s == 'M' || *s == 'm')
        shift = 20;
    else if (*s == 'G' || *s == 'g')
        shift = 30;
    if (s[shift != 0])
        return refuse(p, "-m %s: not a size; for example -m 64M", text);
    if (n > MEM_LEN_MAX >> shift || n << shift < MEM_LEN_MIN)
        return refuse(p, "-m %s: memory is 64K to 1024G", text);
    p->o->mem_len = align_down(n << shift, PAGE_SIZE);
    p->o->mem_given = true;
    return 0;
}

#define TIMEOUT_MAX_S 1000000000ull

static int set_timeout(struct parse *p, char *text)
{
    const char *s = text;
    uint64_t seconds = 0, us = 0, unit = 100000;
    bool any = digits(&s, &seconds);
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10, any = true)
            us += (uint64_t)(*s - '0') * unit;
    if (!any || *s || seconds > TIMEOUT_MAX_S || seconds + us == 0)
        return refuse(p, "--timeout %s: not a time in seconds; for example --timeout 2.5", text);
    p->o->timeout_us = seconds * 1000000 + us;
    return 0;
}

/* Every variable took at least one entry of argv, so there is room in the entries already parsed.
 */
static int add_env(struct parse *p, char *text)
{
    size_t len = strcspn(text, "=");
    if (len == 0)
        return refuse(p, "-e %s: a variable needs a name; for example -e NAME=VALUE", text);
    if (!text[len]) {
        char *const *e = p->environ;
        while (*e && (strncmp(*e, text, len) || (*e)[len] != '='))
            e++;
        if (!*e)
            return 0;
        text = *e;
    }
    int i = 0;
    while (i < p->o->env_count && (strncmp(p->o->env[i], text, len) || p->o->env[i][len] != '='))
        i++;
    p->o->env[i] = text; /* the last one of a name counts */
    p->o->env_count = i < p->o->env_count ? p->o->env_count : i + 1;
    return 0;
}

static int set_way(struct parse *p, char *text)
{
    static const char *const ways[] = {
        [WAY_AUTO] = "auto", [WAY_PROCESS] = "process", [WAY_KVM] = "kvm"};
    for (unsigned i = 0; i < ARRAY_LEN(ways); i++)
        if (!strcmp(text, ways[i])) {
            p->o->way = (enum options_way)i;
            return 0;
        }
    if (!strcmp(text, "qemu") || !strcmp(text, "firecracker"))
        return refuse(p, "--on %s: this version cannot run images that way yet; use --on process",
                      text);
    return refuse(p, "--on %s: there is no such way; use --on process, kvm or auto", text);
}

static bool name_sound(const char *name, size_t len)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return len >= 1 && len <= DISK_NAME_MAX && strspn(name, allowed) >= len && name[0] != '.';
}

static int add_disk(struct parse *p, char *text)
{
    struct disks *ds = p->o->disks;
    char *path = strchr(text, '=');
    if (!path || !path[1])
        return refuse(p, "--disk %s: a disk is NAME=FILE; for example --disk data=disk.img", text);
    if (!name_sound(text, (size_t)(path - text)))
        return refuse(p,
                      "--disk %s: a name is 1 to 15 letters, digits, '-', '_' and '.', and does "
                      "not begin with '.'",
                      text);
    *path++ = '\0';
    for (unsigned i = 0; i < ds->count; i++)
        if (!strcmp(ds->dev[i].name, text))
            return refuse(p, "--disk %s: there is a disk of this name already", text);
    if (ds->count == DISKS_MAX)
        return refuse(p, "--disk %s: a machine has at most 8 disks", text);
    size_t len = strlen(path);
    bool read_only = len > 3 && !strcmp(path + len - 3, ":ro");
    if (read_only)
        path[len - 3] = '\0';
    ds->dev[ds->count++] = (struct disk){.name = text, .path = path, .read_only = read_only};
    return 0;
}

static int not_yet(struct parse *p, char *text)
{
    return refuse(p, "%s %s: this version does not have shared folders yet", p->option,
                  text);
}

static bool has_user_net(const struct nets *ns)
{
    for (unsigned i = 0; i < ns->count; i++)
        if (!ns->dev[i].host)
            return true;
    return false;
}

static int add_net(struct parse *p, char *text)
{
    struct nets *ns = p->o->nets;
    if (!strcmp(text, "none"))
        return 0;
    bool user = !strcmp(text, "user");
    if (!user && (strncmp(text, "tap:", 4) || !text[4]))
        return refuse(p,
                      "--net %s: a network is tap:NAME, user or none; for example --net tap:tap0",
                      text);
    if (user && has_user_net(ns))
        return 0; /* one is enough; -p may have asked for it before */
    if (ns->count == NETS_MAX)
        return refuse(p, "--net %s: a machine has at most 4 networks", text);
    struct net *n = &ns->dev[ns->count];
    *n = (struct net){.name = "net0", .host = user ? NULL : text + 4};
    n->name[3] = (char)('0' + ns->count++);
    return 0;
}

static int set_net_trace(struct parse *p, char *text)
{
    if (!*text)
        return refuse(p, "--net-trace: a file must be named; for example --net-trace trace.pcapng");
    p->o->nets->trace = text;
    return 0;
}

static bool port(const char **s)
{
    uint64_t n;
    return digits(s, &n) && n > 0 && n < 65536;
}

/* The address in front of a port, ADDR: or [ADDR:ADDR]:, of which at most (size) - 1 bytes, without
 * brackets, go to (addr). Returns what follows it, the whole if there is none; NULL: it is none. */
static const char *port_addr(const char *text, char *addr, size_t size)
{
    bool six = *text == '[';
    const char *start = text + six, *end = strchr(text, six ? ']' : ':');
    if (!six && (!end || !strchr(end + 1, ':')))
        return text;
    size_t len = end ? (size_t)(end - start) : 0;
    if (len == 0 || len >= size || (six && *++end != ':') ||
        strspn(start, six ? "0123456789abcdefABCDEF:." : "0123456789.") < len)
        return NULL;
    memcpy(addr, start, len);
    addr[len] = '\0';
    return end + 1;
}

/* [ADDR:]HOST:GUEST[/udp], which becomes passt's ADDR/HOST:GUEST. Without an address it is of IPv4
 * only: who tries localhost's IPv6 address first must not be taken for a program that has none. */
static int add_port(struct parse *p, char *text)
{
    static char user[] = "user";
    struct nets *ns = p->o->nets;
    char addr[INET6_ADDRSTRLEN] = "0.0.0.0";
    const char *ports = port_addr(text, addr, sizeof(addr)), *s = ports;
    bool sound = s && port(&s) && *s++ == ':' && port(&s) &&
                 (!*s || !strcmp(s, "/udp") || !strcmp(s, "/tcp"));
    if (!sound)
        return refuse(p, "-p %s: a port is [ADDR:]HOST:GUEST[/udp]; for example -p 8080:80", text);
    if (ns->port_count == NET_PORTS_MAX)
        return refuse(p, "-p %s: a machine has at most 64 ports", text);
    if (!has_user_net(ns) && add_net(p, user))
        return -EINVAL;
    struct net_port *to = &ns->port[ns->port_count++];
    to->udp = !strcmp(s, "/udp");
    snprintf(to->spec, sizeof(to->spec), "%s/%.*s", addr, (int)(s - ports), ports);
    return 0;
}

/* The address of --net user where --ip gives none. */
static void set_user_ip(struct options *o)
{
    for (unsigned i = 0; i < o->nets->count; i++) {
        bool given = o->nets->dev[i].host != NULL || o->setting_count == SETTINGS_MAX;
        for (unsigned k = 0; k < o->setting_count; k++)
            given |= o->settings[k].net == i;
        if (!given)
            o->settings[o->setting_count++] = (struct setting){i, NET_USER_IP};
    }
}

/* Of the network before it. What is wrong in it the library OS says. */
static int add_ip(struct parse *p, char *text)
{
    if (p->o->setting_count == SETTINGS_MAX)
        return refuse(p, "--ip %s: there are 16 addresses already", text);
    if (strcmp(text, "dhcp") && strcmp(text, "none") && !strchr(text, '/'))
        return refuse(p,
                      "--ip %s: an address is ADDR/LEN[,GATEWAY][,DNS], dhcp or none; for example "
                      "--ip 10.0.0.2/24,10.0.0.1",
                      text);
    unsigned nets = p->o->nets->count;
    p->o->settings[p->o->setting_count++] = (struct setting){nets ? nets - 1 : 0, text};
    return 0;
}

/* pith-cli puts this in the place of --policy FILE (cli/run.c), since it is what compiles policies. */
static int set_policy(struct parse *p, char *text)
{
    if (p->o->setting_count == SETTINGS_MAX)
        return refuse(p, "--ip: there are 15 addresses and a policy already");
    p->o->policy = text;
    p->o->settings[p->o->setting_count++] = (struct setting){SETTING_POLICY, text};
    return 0;
}

static const struct option {
    const char *name;
    int (*set)(struct parse *p, char *value);
} with_value[] = {
    {"-m", set_memory}, {"-e", add_env},    {"--timeout", set_timeout},
    {"--on", set_way},  {"--net", add_net}, {"--disk", add_disk},
    {"--net-trace", set_net_trace},
    {"--ip", add_ip},   {"-v", not_yet},    {"-p", add_port},
    {"--compiled-policy", set_policy},
};

/* The value of option (o) at argv[at]: "-m 1M", "-m1M", "--on process", "--on=process". Moves p->at
 * to the string that ends the option. NULL: this is not that option; "" in *missing: it has no
 * value. */
static char *value_of(struct parse *p, const struct option *o, bool *missing)
{
    char *arg = p->argv[p->at];
    size_t len = strlen(o->name);
    *missing = false;
    if (strncmp(arg, o->name, len))
        return NULL;
    if (arg[len] && o->name[1] == '-')
        return arg[len] == '=' ? arg + len + 1 : NULL;
    if (arg[len])
        return arg + len;
    *missing = p->at + 1 >= p->argc;
    return *missing ? NULL : p->argv[++p->at];
}

static int parse_one(struct parse *p)
{
    const char *arg = p->argv[p->at];
    if (!strcmp(arg, "--no-aslr")) {
        p->o->no_aslr = true;
        return 0;
    }
    if (!strcmp(arg, "--allow-jit")) {
        p->o->allow_jit = true;
        return 0;
    }
    if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
        p->o->action = OPTIONS_HELP;
        return 0;
    }
    if (!strcmp(arg, "--show-sandbox")) {
        p->o->action = OPTIONS_SANDBOX;
        return 0;
    }
    if (!strcmp(arg, "--show-plan")) {
        p->o->action = OPTIONS_PLAN;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(with_value); i++) {
        bool missing;
        char *value = value_of(p, &with_value[i], &missing);
        if (missing)
            return refuse(p, "%s: a value must follow; see pith run --help", arg);
        p->option = with_value[i].name;
        if (value)
            return with_value[i].set(p, value);
    }
    return refuse(p, "%s: no such option; see pith run --help", arg);
}

int options_parse(int argc, char **argv, char *const *environ, struct options *o, char *why,
                  size_t why_len)
{
    struct parse p = {argc, 1, argv, environ, o, NULL, why, why_len};
    o->action = OPTIONS_RUN;
    o->mem_len = MEM_LEN_DEFAULT;
    o->mem_given = false;
    o->policy = NULL;
    o->timeout_us = 0;
    o->no_aslr = o->allow_jit = false;
    o->way = WAY_AUTO;
    o->disks->count = 0;
    o->nets->trace = NULL;
    o->nets->count = o->nets->port_count = o->setting_count = 0;
    o->env_count = 0;
    o->env = argv + 1;

    for (; p.at < argc && argv[p.at][0] == '-'; p.at++) {
        if (!strcmp(argv[p.at], "--")) {
            p.at++;
            break;
        }
        int err = parse_one(&p);
        if (err || o->action == OPTIONS_HELP)
            return err;
    }
    set_user_ip(o);
    o->image = p.at;
    if (o->action == OPTIONS_RUN && p.at >= argc)
        return refuse(&p, "no image named; usage: pith run [OPTION]... IMAGE [ARGUMENT]...");
    return 0;
}
