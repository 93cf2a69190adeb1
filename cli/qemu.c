/* SPDX-License-Identifier: MIT
 *
 * pith run --on qemu: the options of pith run, as far as they mean something there, turned into
 * QEMU's. The monitor has no part in it: the image is the machine's kernel. */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "image.h"
#include "qemu.h"
#include "qemu_disk.h"
#include "qemu_net.h"
#include "qemu_run.h"
#include "run_policy.h"

#define MEMORY_DEFAULT (256ull << 20)
#define MEMORY_MAX     (1ull << 40)
#define LOW_MEMORY     (1ull << 20) /* below the image, where the machine's firmware is */
#define CMDLINE_MAX    4095         /* what QEMU's loader passes on */

/* Where a microvm without ACPI has its places for devices, and their interrupts. */
#define MMIO_BASE   0xfeb00000u
#define MMIO_PLACES 8u
#define MMIO_IRQ    5u
#define BUS_LEN     40

extern char **environ;

struct vm {
    const char *machine; /* microvm, q35, pc */
    uint64_t memory;
    int64_t timeout_ms;
    struct args env;
    struct qemu_disk disks[QEMU_DISKS_MAX];
    size_t disk_count;
    struct qemu_nets nets;
    bool memory_given;
    struct run_policy policy;
    int image; /* index in argv */
};

static int refuse(const char *option, const char *value, const char *why)
{
    fprintf(stderr, "pith: %s%s%s: %s\n", option, *value ? " " : "", value, why);
    return EXIT_HOST;
}

static int set_way(struct vm *vm, char *text)
{
    if (strcmp(text, "qemu") == 0)
        vm->machine = "microvm";
    else if (strcmp(text, "qemu:q35") == 0)
        vm->machine = "q35";
    else if (strcmp(text, "qemu:pc") == 0)
        vm->machine = "pc";
    else
        return refuse("--on", text, "QEMU's machines are qemu (microvm), qemu:q35 and qemu:pc");
    return 0;
}

static int set_memory(struct vm *vm, char *text)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    if (unit != NULL && end++)
        n = n > MEMORY_MAX ? n : n << 10 * (unit - units + 1);
    if (errno != 0 || *end || text[0] < '0' || text[0] > '9')
        return refuse("-m", text, "not a size; for example -m 64M");
    if (n < 64 << 10 || n > MEMORY_MAX)
        return refuse("-m", text, "memory is 64K to 1024G");
    vm->memory = n;
    vm->memory_given = true;
    return 0;
}

static int set_timeout(struct vm *vm, char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds > 0) || seconds > 1e9)
        return refuse("--timeout", text, "not a time in seconds; for example --timeout 2.5");
    vm->timeout_ms = (int64_t)(seconds * 1000) + 1;
    return 0;
}

static int add_env(struct vm *vm, char *text)
{
    size_t len = strcspn(text, "=");
    if (len == 0)
        return refuse("-e", text, "a variable needs a name; for example -e NAME=VALUE");
    for (char **e = environ; !text[len] && *e; e++) {
        if (strncmp(*e, text, len) == 0 && (*e)[len] == '=') {
            text = *e;
            break;
        }
    }
    if (text[len])
        args_add(&vm->env, text);
    return 0;
}

static int not_there(struct vm *vm, char *text)
{
    (void)vm;
    return refuse("--on qemu", text, "shared folders are not available there yet");
}

static int add_disk(struct vm *vm, char *text)
{
    int status = qemu_disk_parse(vm->disks, vm->disk_count, text);
    vm->disk_count += status == 0;
    return status;
}

static int add_net(struct vm *vm, char *text)
{
    return qemu_net_add(&vm->nets, text);
}

static int add_port(struct vm *vm, char *text)
{
    return qemu_net_port(&vm->nets, text);
}

static int add_ip(struct vm *vm, char *text)
{
    return qemu_net_ip(&vm->nets, text);
}

static int set_net_trace(struct vm *vm, char *text)
{
    if (!*text)
        return refuse("--net-trace", "",
                      "a file must be named; for example --net-trace trace.pcap");
    vm->nets.trace = text;
    return 0;
}

static int set_policy(struct vm *vm, char *text)
{
    vm->policy.file = text;
    return 0;
}

/* All options of pith run with a value. */
static const struct option {
    const char *name;
    int (*set)(struct vm *vm, char *value);
} with_value[] = {
    {"--on", set_way},          {"-m", set_memory}, {"-e", add_env},
    {"--timeout", set_timeout}, {"--net", add_net}, {"--disk", add_disk},
    {"-v", not_there},          {"-p", add_port},   {"--ip", add_ip},
    {"--net-trace", set_net_trace},
    {"--policy", set_policy},
};

/* The value of the option at argv[*at], and which one it is; *at is left at the last word of it.
 * NULL: an option without a value, or one whose value is missing. */
static char *value_of(char **argv, int *at, const struct option **option)
{
    for (size_t i = 0; i < ARRAY_LEN(with_value); i++) {
        const struct option *o = &with_value[i];
        char *arg = argv[*at];
        size_t len = strlen(o->name);
        *option = o;
        if (strcmp(arg, o->name) == 0)
            return argv[*at + 1] != NULL ? argv[++*at] : NULL;
        if (strncmp(arg, o->name, len) == 0 && (o->name[1] != '-' || arg[len] == '='))
            return arg + len + (o->name[1] == '-');
    }
    *option = NULL;
    return NULL;
}

bool qemu_wanted(char **argv)
{
    bool wanted = false;
    for (int at = 1; argv[at] != NULL && argv[at][0] == '-' && strcmp(argv[at], "--") != 0; at++) {
        const struct option *option;
        const char *value = value_of(argv, &at, &option);
        if (value != NULL && option->set == set_way)
            wanted = strncmp(value, "qemu", 4) == 0;
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            return false;
    }
    return wanted;
}

const char *qemu_option_value(char **argv, int *at)
{
    const struct option *option;
    return value_of(argv, at, &option);
}

static int parse(struct vm *vm, int argc, char **argv)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const struct option *option;
        char *arg = argv[at];
        if (strcmp(arg, "--") == 0) {
            at++;
            break;
        }
        if (strcmp(arg, "--no-aslr") == 0) /* addresses are always the same there */
            continue;
        char *value = value_of(argv, &at, &option);
        if (value == NULL && option != NULL)
            return refuse(arg, "", "a value must follow; see pith run --help");
        int status = value != NULL ? option->set(vm, value)
                                   : refuse(arg, "", "not an option of pith run --on qemu");
        if (status != 0)
            return status;
    }
    vm->image = at;
    if (at >= argc)
        return refuse("run", "", "no image named; usage: pith run [OPTION]... IMAGE [ARGUMENT]...");
    return 0;
}

/* Appends (text) to the command line as one quoted word, or the quoted part of one. False: no room.
 */
static bool quote(char *line, size_t *len, const char *text)
{
    line[(*len)++] = '"';
    for (; *text; text++) {
        if (*len + 4 > CMDLINE_MAX)
            return false;
        if (*text == '"' || *text == '\\')
            line[(*len)++] = '\\';
        line[(*len)++] = *text;
    }
    line[(*len)++] = '"';
    line[*len] = '\0';
    return true;
}

static bool is_microvm(const struct vm *vm)
{
    return strcmp(vm->machine, "microvm") == 0;
}

static size_t device_count(const struct vm *vm)
{
    return vm->disk_count + vm->nets.count;
}

/* Standard input comes from a virtio console, unless the other devices take all places. */
static bool has_console(const struct vm *vm)
{
    return !is_microvm(vm) || device_count(vm) < MMIO_PLACES;
}

/* The machine's command line, as docs/bare.md has it: devices, settings, variables, arguments. */
static bool make_cmdline(char line[CMDLINE_MAX + 1], const struct vm *vm, char **argv)
{
    size_t len = 0;
    /* On a microvm, nothing else tells where devices are. */
    for (unsigned i = 0; is_microvm(vm) && i < device_count(vm) + has_console(vm); i++)
        len += (size_t)sprintf(line + len, "virtio_mmio.device=512@0x%x:%u ", MMIO_BASE + i * 512,
                               MMIO_IRQ + i);
    for (size_t i = 0; i < vm->nets.words.n; i++) {
        const char *word = vm->nets.words.v[i];
        if (len + strlen(word) + 4 > CMDLINE_MAX)
            return false;
        len += (size_t)sprintf(line + len, "%s ", word);
    }
    for (size_t i = 0; i < vm->env.n; i++) {
        size_t name = strcspn(vm->env.v[i], "=") + 1;
        if (len + name + 4 > CMDLINE_MAX)
            return false;
        memcpy(line + len, vm->env.v[i], name);
        len += name;
        if (!quote(line, &len, vm->env.v[i] + name))
            return false;
        line[len++] = ' ';
    }
    for (; *argv != NULL; argv++) {
        if (len + 4 > CMDLINE_MAX || !quote(line, &len, *argv))
            return false;
        line[len++] = ' ';
    }
    line[len] = '\0';
    return true;
}

/* KVM as software (PVM) does not run ring 0 of a guest at a usable speed. */
static bool hardware_kvm(void)
{
    unsigned a, b, c, d;
    bool vmx = __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 5);
    bool svm = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & 1u << 2);
    return (vmx || svm) && access("/dev/kvm", R_OK | W_OK) == 0 &&
           access("/sys/module/kvm_pvm", F_OK) != 0;
}

static void add_all(struct args *a, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        args_add(a, list[i]);
}

/* Adds the streams: serial ports for output and errors, and for input a virtio console. */
static void add_streams(struct args *a, const struct vm *vm, const char *bus)
{
    static const char *const with_console[] = {
        "-chardev", "stdio,id=in,mux=off,signal=off",         "-add-fd", "fd=5,set=3",
        "-chardev", "file,id=out,append=on,path=/dev/fdset/3"};
    static const char *const without[] = {"-chardev", "stdio,id=out,mux=off,signal=off"};
    static const char *const ports[] = {"-serial",  "chardev:out",
                                        "-chardev", "socket,id=err,fd=3",
                                        "-device",  "isa-serial,iobase=0x2f8,irq=3,chardev=err",
                                        "-add-fd",  "fd=4,set=2",
                                        "-chardev", "file,id=status,append=on,path=/dev/fdset/2",
                                        "-device",  "isa-debugcon,iobase=0xe9,chardev=status",
                                        "-device",  "isa-debug-exit,iobase=0xf4,iosize=4",
                                        "-chardev", "socket,id=monitor,fd=6",
                                        "-mon",     "chardev=monitor,mode=readline"};
    _Static_assert(QEMU_FD_ERR == 3 && QEMU_FD_STATUS == 4 && QEMU_FD_OUT == 5 &&
                       QEMU_FD_MONITOR == 6,
                   "they stand in the options above");

    if (has_console(vm)) {
        add_all(a, with_console, ARRAY_LEN(with_console));
        args_add(a, "-device");
        args_addf(a, "virtio-serial-%s,id=console,max_ports=1", bus);
        args_add(a, "-device");
        args_add(a, "virtconsole,bus=console.0,chardev=in");
    } else {
        add_all(a, without, ARRAY_LEN(without));
    }
    add_all(a, ports, ARRAY_LEN(ports));
}

/* The end of the name of a kind of device, and on a microvm its place. */
static void name_bus(char bus[BUS_LEN], const struct vm *vm, unsigned place)
{
    snprintf(bus, BUS_LEN, is_microvm(vm) ? "device,bus=virtio-mmio-bus.%u" : "pci", place);
}

/* Virtio devices: on a microvm each in the place of its number, else in the order of the bus. */
static void add_devices(struct args *a, const struct vm *vm)
{
    char bus[BUS_LEN];
    unsigned place = 0;

    args_add(a, "-global");
    args_add(a, "virtio-mmio.force-legacy=false");
    name_bus(bus, vm, place);
    add_streams(a, vm, bus);
    place += has_console(vm);
    for (size_t i = 0; i < vm->disk_count; i++) {
        name_bus(bus, vm, place++);
        qemu_disk_options(a, &vm->disks[i], i, bus);
    }
    for (size_t i = 0; i < vm->nets.count; i++) {
        name_bus(bus, vm, place++);
        qemu_net_options(a, &vm->nets, i, bus);
    }
}

static void build_command(struct args *a, const struct vm *vm, const char *image, const char *line)
{
    static const char *const start[] = {
        "qemu-system-x86_64",
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"};
    static const char *const kvm[] = {"-accel", "kvm", "-cpu", "host"};
    static const char *const tcg[] = {"-accel", "tcg", "-cpu", "max"};
    add_all(a, start, ARRAY_LEN(start));
    if (hardware_kvm())
        add_all(a, kvm, ARRAY_LEN(kvm));
    else
        add_all(a, tcg, ARRAY_LEN(tcg));
    args_add(a, "-M");
    args_addf(a, "%s%s", vm->machine,
              is_microvm(vm)
                  ? ",acpi=off,rtc=on,pic=off,pit=off,auto-kernel-cmdline=off,x-option-roms=off"
                  : "");
    args_add(a, "-m");
    args_addf(a, "%lluK", (unsigned long long)((vm->memory + LOW_MEMORY) >> 10));
    add_devices(a, vm);
    args_add(a, "-kernel");
    args_add(a, image);
    args_add(a, "-append");
    args_add(a, line);
}

/* QEMU's own message about a file that is none of its kernels helps nobody. */
static int check_image(const char *path)
{
    struct image im;
    struct fault f = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse("run", path, strerror(errno));
    int err = image_check(fd, &im, &f);
    close(fd);
    if (err == 0 && !im.bare)
        err = fault_set(&f, EXIT_IMAGE, "made for processes only: link it without --target=hosted");
    if (err == 0)
        return 0;
    fprintf(stderr, "pith: %s: %s\n", path, f.text);
    return f.status;
}

/* There is no monitor to hold the policy: what stands on the command line can be refused, and the library OS is
 * told what else there is to enforce. */
static int apply_policy(struct vm *vm, const char *image)
{
    struct run_policy *r = &vm->policy;
    int status = run_policy_read(r, image);
    if (status != 0 || (r->file == NULL && !r->image_given))
        return status;
    fputs("pith: --on qemu: no monitor enforces the policy there: the library OS inside the machine alone "
          "does\n",
          stderr);
    if (r->file != NULL)
        args_addf(&vm->nets.words, "pith.policy=%s", r->hex);
    return run_policy_check(r, &vm->memory, vm->memory_given, vm->nets.count > 0,
                            vm->disk_count > 0);
}

int qemu_run(int argc, char **argv)
{
    static struct vm vm = {.memory = MEMORY_DEFAULT};
    char line[CMDLINE_MAX + 1];
    struct args command = {0};

    int status = parse(&vm, argc, argv);
    if (status == 0)
        status = qemu_net_check_trace(&vm.nets);
    if (status == 0)
        status = check_image(argv[vm.image]);
    if (status == 0)
        status = apply_policy(&vm, argv[vm.image]);
    if (status != 0)
        return status;
    if (is_microvm(&vm) && device_count(&vm) > MMIO_PLACES)
        return refuse("--on", "qemu",
                      "a microvm has 8 places for disks and networks; qemu:q35 has more");
    qemu_net_defaults(&vm.nets);
    if (!make_cmdline(line, &vm, argv + vm.image))
        return refuse("run", argv[vm.image],
                      "arguments and environment do not fit in a machine's command line of 4 KiB");
    build_command(&command, &vm, argv[vm.image], line);
    if (vm.env.failed || vm.nets.words.failed || command.failed)
        return refuse("run", argv[vm.image], strerror(ENOMEM));
    return qemu_relay(&command, vm.timeout_ms);
}
