/* SPDX-License-Identifier: MIT
 *
 * The link step of pith cc: gcc and clang run this as their linker, and it runs GNU ld. In between
 * it keeps the host's libraries out, refuses what an image cannot have, and puts ld's messages
 * about missing system calls into words.
 *
 * It knows the link of an image by Pith's linker script among the arguments. Anything else (ld -r,
 * ld -v from a configure script) goes to ld untouched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cc.h"
#include "cli.h"
#include "describe.h"
#include "formats.h"
#include "ld.h"
#include "ldfiles.h"
#include "policy.h"

#define CALL_PREFIX "pith_sys_"

/* Finds GNU ld in PATH, which may also lead to this program. */
static bool find_ld(char path[PATH_MAX])
{
    static const char *const names[] = {"ld.bfd", "ld"};
    char self[PATH_MAX], real[PATH_MAX];
    if (install_path(self, "libexec/pith/pith-cli") != 0)
        return false;
    const char *list = getenv("PATH");
    if (list == NULL)
        list = "/usr/local/bin:/usr/bin:/bin";
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (const char *dir = list; *dir != '\0';) {
            size_t len = strcspn(dir, ":");
            int n = snprintf(path, PATH_MAX, "%.*s/%s", (int)len, dir, names[i]);
            if (n < PATH_MAX && access(path, X_OK) == 0 && realpath(path, real) != NULL &&
                strcmp(real, self) != 0)
                return true;
            dir += len;
            dir += *dir == ':';
        }
    }
    return false;
}

/* Whether a library or a folder of libraries is the host's: what is in the system's library
 * folders, but for Pith's own, which may be below them. */
static bool is_hosts(const char *path, const char *own)
{
    static const char *const host[] = {"/lib",     "/lib32",     "/lib64",     "/libx32",
                                       "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32"};
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return false;
    size_t own_len = strlen(own);
    if (strncmp(real, own, own_len) == 0 && (real[own_len] == '/' || real[own_len] == '\0'))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(host); i++) {
        size_t len = strlen(host[i]);
        if (strncmp(real, host[i], len) == 0 && (real[len] == '/' || real[len] == '\0'))
            return true;
    }
    return false;
}

/* Options that would make the image depend on shared objects or keep every symbol. */
static bool is_dropped(const char *arg)
{
    static const char *const list[] = {"-E",  "--export-dynamic", "-export-dynamic", "-Bdynamic",
                                       "-dy", "-call_shared",     "--eh-frame-hdr"};
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        if (strcmp(arg, list[i]) == 0)
            return true;
    return starts(arg, "--sysroot=");
}

/* Whether an input file is a library of the host's. What comes with the compiler, as libatomic.a
 * does, needs no particular C library. */
static bool is_host_library(const char *arg, const char *own)
{
    size_t len = strlen(arg);
    bool library = (len > 2 && strcmp(arg + len - 2, ".a") == 0) || strstr(arg, ".so") != NULL;
    return arg[0] != '-' && library && strstr(arg, "/gcc/") == NULL &&
           strstr(arg, "/clang/") == NULL && is_hosts(arg, own);
}

/* Whether an argument names one of Pith's linker scripts. */
static bool is_script(const char *arg)
{
    static const char *const scripts[] = {CC_SCRIPT, CC_SCRIPT_HOSTED};
    char path[PATH_MAX];
    if (!starts(arg, "--script="))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        if (install_path(path, scripts[i]) == 0 && strcmp(arg + 9, path) == 0)
            return true;
    return false;
}

static const char *refusal(const char *arg)
{
    if (starts(arg, "-T") || starts(arg, "--script") || starts(arg, "-dT") ||
        starts(arg, "--default-script"))
        return "an image has Pith's own layout, no other linker script is possible";
    if (strcmp(arg, "-shared") == 0 || strcmp(arg, "--shared") == 0 ||
        strcmp(arg, "-Bshareable") == 0)
        return "an image is one static program: there are no shared libraries";
    return NULL;
}

/* The folder of a -L at (*i), which is left at its last word; NULL: it is no -L, or has no folder.
 */
static const char *library_folder(const struct args *a, size_t *i)
{
    const char *arg = a->v[*i];
    if (starts(arg, "-L") && arg[2] != '\0')
        return arg + 2;
    if (strcmp(arg, "-L") != 0 && strcmp(arg, "--library-path") != 0)
        return NULL;
    return a->v[*i + 1] != NULL ? a->v[++*i] : NULL;
}

/* Copies the arguments of the link of an image from (from) to (to), and takes those that are
 * wishes. Returns 0 or the exit status. */
static int filter_args(struct args *to, const struct args *from, struct wishes *wishes)
{
    char own[PATH_MAX];
    if (install_path(own, "lib/pith") != 0)
        return EXIT_BUILD;
    for (size_t i = 0; i < from->n; i++) {
        const char *arg = from->v[i], *dir = library_folder(from, &i);
        bool ours = is_script(arg);
        const char *why = ours ? NULL : refusal(arg);
        if (dir != NULL) {
            if (!is_hosts(dir, own))
                args_addf(to, "-L%s", dir);
        } else if (why != NULL) {
            fprintf(stderr, "pith cc: linker option %s: %s\n", arg, why);
            return EXIT_BUILD;
        } else if (strcmp(arg, "-plugin") == 0 && i + 1 < from->n) {
            args_add(to, arg);
            args_add(to, from->v[++i]);
        } else if (is_host_library(arg, own)) {
            fprintf(stderr, "pith cc: %s is made for the host's C library: build it with pith cc\n",
                    arg);
            return EXIT_BUILD;
        } else if (!wishes_take(wishes, arg) && !is_dropped(arg)) {
            args_add(to, arg);
        }
    }
    return 0;
}

/* ld's messages as they come in. */
struct messages {
    struct missing_calls calls;
    char *function; /* a line "in function X:" not passed on yet, or NULL; owned */
    bool used;      /* a line about a missing call followed it */
    char *ifunc;    /* the linker script's refusal, or NULL; owned */
    bool undefined; /* something is undefined: that makes ld see indirect functions, too */
};

static void append_text(struct missing_call *call, const char *line)
{
    size_t len = strlen(line);
    char *text = realloc(call->text, call->text_len + len + 1);
    if (text == NULL)
        return;
    memcpy(text + call->text_len, line, len + 1);
    call->text = text;
    call->text_len += len;
}

/* The entry of the call whose name starts at (name), made if need be. NULL: out of memory. */
static struct missing_call *find_call(struct missing_calls *calls, const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (len == 0 || len >= sizeof(calls->v->name))
        return NULL;
    for (size_t i = 0; i < calls->n; i++)
        if (strncmp(calls->v[i].name, name, len) == 0 && calls->v[i].name[len] == '\0')
            return &calls->v[i];
    struct missing_call *v = realloc(calls->v, (calls->n + 1) * sizeof(*v));
    if (v == NULL)
        return NULL;
    calls->v = v;
    struct missing_call *call = &v[calls->n++];
    *call = (struct missing_call){.text = NULL};
    memcpy(call->name, name, len);
    return call;
}

/* Takes one line of ld's: keeps it if it is about a missing system call, else passes it on. ld
 * quotes symbols in the user's language; the name is the same in all. */
static void take_line(struct messages *m, const char *line)
{
    const char *symbol = strstr(line, CALL_PREFIX);
    struct missing_call *call = NULL;
    if (m->ifunc == NULL && strstr(line, "indirect functions (ifunc)") != NULL &&
        (m->ifunc = strdup(line)) != NULL)
        return;
    if (symbol != NULL && strstr(line, ".o: in function") == NULL)
        call = find_call(&m->calls, symbol + strlen(CALL_PREFIX));
    if (call != NULL) {
        if (m->function != NULL && !m->used)
            append_text(call, m->function);
        append_text(call, line);
        m->used = true;
        return;
    }

    size_t len = strlen(line);
    bool function = len > 2 && strcmp(line + len - 2, ":\n") == 0 && strchr(line, '`') != NULL;
    bool undefined = strstr(line, "undefined reference") != NULL;
    m->undefined |= undefined;
    if (m->function != NULL && !function && (!m->used || undefined))
        fputs(m->function, stderr);
    if (m->function != NULL || function) {
        free(m->function);
        m->function = function ? strdup(line) : NULL;
        m->used = false;
    }
    if (!function || m->function == NULL)
        fputs(line, stderr);
}

/* Runs ld with (a), its messages through take_line. Returns its exit status. */
static int run_ld(struct args *a, struct messages *m)
{
    int fds[2];
    if (pipe(fds) < 0)
        goto failed;
    pid_t pid = fork();
    if (pid < 0)
        goto failed;
    if (pid == 0) {
        close(fds[0]);
        dup2(fds[1], 2);
        close(fds[1]);
        int err = args_exec(a);
        fprintf(stderr, "pith cc: cannot start %s: %s\n", a->v[0], strerror(-err));
        _exit(EXIT_BUILD);
    }
    close(fds[1]);

    FILE *f = fdopen(fds[0], "r");
    char *line = NULL;
    size_t cap = 0;
    while (f != NULL && getline(&line, &cap, f) >= 0)
        take_line(m, line);
    if (m->function != NULL && !m->used)
        fputs(m->function, stderr);
    if (m->ifunc != NULL && !m->undefined && m->calls.n == 0)
        fputs(m->ifunc, stderr);
    free(line);
    free(m->ifunc);
    if (f != NULL)
        fclose(f);

    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            goto failed;
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "pith cc: %s was ended by signal %d\n", a->v[0], WTERMSIG(status));
        return EXIT_BUILD;
    }
    return WEXITSTATUS(status);

failed:
    fprintf(stderr, "pith cc: cannot start the linker: %s\n", strerror(errno));
    return EXIT_BUILD;
}

/* The file that is linked: ld's own default where nobody says. */
static const char *output_of(const struct args *a)
{
    const char *output = "a.out";
    for (size_t i = 0; i + 1 < a->n; i++)
        if (strcmp(a->v[i], "-o") == 0)
            output = a->v[i + 1];
    return output;
}

static bool has_bare(const struct args *a)
{
    char script[PATH_MAX];
    if (install_path(script, CC_SCRIPT) != 0)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (starts(a->v[i], "--script=") && strcmp(a->v[i] + 9, script) == 0)
            return true;
    return false;
}

static bool is_image_link(const struct args *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (is_script(a->v[i]))
            return true;
    return false;
}

/* What "-z stack-size=N" asks for, the last one; 0: nothing. */
static uint64_t stack_size(const struct args *all)
{
    static const char option[] = "stack-size=";
    uint64_t size = 0;

    for (size_t i = 0; i < all->n; i++) {
        const char *s = all->v[i];
        if (strncmp(s, "-z", 2) == 0)
            s += 2;
        else if (i == 0 || strcmp(all->v[i - 1], "-z") != 0)
            continue;
        if (strncmp(s, option, sizeof(option) - 1) == 0)
            size = strtoull(s + sizeof(option) - 1, NULL, 0);
    }
    return size;
}

/* Fills the room for the policy with what the file says. Returns the exit status. */
static int add_policy(const char *output, const char *file)
{
    static struct policy policy;
    struct fault f;
    if (policy_load(file, &policy, &f) == 0 && policy_fill(output, &policy, &f) == 0)
        return 0;
    fprintf(stderr, "pith cc: %s\n", f.text);
    return EXIT_BUILD;
}

/* Describes the image and checks it against the wishes. Returns 0 or the exit status. */
static int describe(const char *output, const struct args *link, const struct description *d,
                    const struct wishes *wishes)
{
    char *ldmap = description_read(d);
    if (ldmap == NULL) {
        fprintf(stderr, "pith cc: cannot read ld's map of %s\n", output);
        return EXIT_BUILD;
    }
    int status = image_describe(output, link, ldmap, wishes);
    free(ldmap);
    return status;
}

static int separate(const char *output)
{
    int err = debug_separate(output);
    if (err == 0)
        return 0;
    fprintf(stderr, "pith cc: cannot put the debug information of %s into a file of its own: %s\n",
            output, err == -EIO ? "objcopy failed" : strerror(-err));
    return EXIT_BUILD;
}

/* What is done to the image after ld; (d) is NULL if it is not to be described. Returns 0 or the
 * exit status. */
static int finish(const struct args *all, const struct args *link, const struct description *d,
                  const struct wishes *wishes)
{
    const char *output = output_of(all);
    bool bare = has_bare(all);
    uint64_t stack = stack_size(all);

    if (access(output, F_OK) != 0)
        return 0; /* ld was asked a question, and linked nothing */
    if ((bare || stack) && !headers_finish(output, bare, stack)) {
        fprintf(stderr, "pith cc: cannot finish %s: %s\n", output, strerror(errno));
        return EXIT_BUILD;
    }
    int status = d != NULL ? describe(output, link, d, wishes) : 0;
    if (status == 0 && wishes->policy != NULL)
        status = add_policy(output, wishes->policy);
    if (status == 0 && wishes->separate)
        status = separate(output);
    return status;
}

static const char *word_after(const struct args *a, const char *word)
{
    for (size_t i = 0; i + 1 < a->n; i++)
        if (strcmp(a->v[i], word) == 0)
            return a->v[i + 1];
    return NULL;
}

/* Leaves out what nobody asks of printf. What takes its place comes before libc. */
static int choose_printf(struct args *link, const struct program *program)
{
    char path[PATH_MAX];
    int err = install_path(path, CC_PRINTF);
    if (err != 0 || program_wants_floats(program))
        return err;
    args_addf(link, "%s", path);
    if (link->failed)
        return -ENOMEM;
    char *last = link->v[link->n - 1];
    memmove(&link->v[2], &link->v[1], (link->n - 2) * sizeof(*link->v));
    link->v[1] = last;
    return 0;
}

/* Parts of /proc and /dev that few programs use (libos/fs/proc/more.c and rare.c,
 * libos/posix/sysvipc.c, libos/tty/pts.c) are linked where a string names something of them. */
static int choose_named(struct args *link, const struct program *program)
{
    static const struct {
        const char *symbol;
        const char *names[15]; /* the last one is NULL */
    } parts[] = {
        {"pith_proc_more", {"auxv", "fdinfo", "mountinfo", "self/mem", "smaps"}},
        {"pith_proc_rare",
         {"proc/sys/", "oom_score", "uid_map", "gid_map", "self/cgroup", "self/setgroups",
          "self/loginuid", "coredump_filter", "timerslack_ns", "wchan", "proc/cmdline",
          "proc/devices", "proc/modules", "proc/swaps"}},
        {"pith_proc_sysvipc", {"proc/sysvipc"}},
        {"pith_pty_nodes", {"ptmx", "dev/pts"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (program_mentions(program, parts[i].names)) {
            args_add(link, "-u");
            args_add(link, parts[i].symbol);
        }
    return link->failed ? -ENOMEM : 0;
}

/* Adds to (link) what only the program's strings tell. */
static int choose_parts(struct args *link)
{
    struct program program;
    program_load(&program, link);
    int err = choose_named(link, &program);
    if (err == 0)
        err = choose_printf(link, &program);
    program_free(&program);
    return err;
}

int cmd_ld(int argc, char **argv)
{
    char ld[PATH_MAX];
    if (!find_ld(ld)) {
        fputs("pith cc: there is no GNU ld in PATH (Debian: package binutils)\n", stderr);
        return EXIT_BUILD;
    }
    struct args all = {0}, link = {0};
    args_expand(&all, argv + 1, (size_t)argc - 1);
    if (!is_image_link(&all)) {
        argv[0] = ld;
        execv(ld, argv);
        fprintf(stderr, "pith cc: cannot start %s: %s\n", ld, strerror(errno));
        return EXIT_BUILD;
    }

    args_add(&link, ld);
    struct wishes wishes = {.budget = 0};
    struct description description;
    int status = filter_args(&link, &all, &wishes);
    if (status == 0 && !wishes_are_sound(&wishes))
        status = EXIT_BUILD;
    if (status != 0)
        return status;
    link.response = all.response;
    char temporaries[PATH_MAX] = "";
    const char *plugin = word_after(&link, "-plugin");
    int err = wishes.plain ? 0 : choose_parts(&link);
    bool described = !wishes.plain || wishes.deny.n > 0 || wishes.budget > 0;
    if (err == 0 && described)
        err = description_ask(&description, &link);
    if (err != 0) {
        fprintf(stderr, "pith cc: cannot prepare the link: %s\n", strerror(-err));
        return EXIT_BUILD;
    }
    if (described && plugin != NULL && temporaries_make(temporaries))
        lto_keep(&link, plugin, temporaries);
    struct messages m = {0};
    status = run_ld(&link, &m);
    if (m.calls.n > 0)
        missing_explain(&m.calls, &link);
    if (status == 0)
        status = finish(&all, &link, described ? &description : NULL, &wishes);
    if (temporaries[0] != '\0') {
        temporaries_remove(temporaries);
        lto_forget(&all, output_of(&all));
    }
    return status;
}
