/* SPDX-License-Identifier: MIT
 *
 * Wrong pointers for the calls on files, times, ids, limits and the process. */
#include "bad_pointers.h"
#include <asm/prctl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

/* Descriptors. */
#define FILE_FD   10
#define OTHER_FD  11
#define FOLDER_FD 12

DEFINE(read)
DEFINE(write)
DEFINE(pread64)
DEFINE(pwrite64)
DEFINE(readv)
DEFINE(writev)
DEFINE(preadv)
DEFINE(pwritev)
DEFINE(preadv2)
DEFINE(pwritev2)
DEFINE(open)
DEFINE(openat)
DEFINE(creat)
DEFINE(stat)
DEFINE(lstat)
DEFINE(fstat)
DEFINE(newfstatat)
DEFINE(statx)
DEFINE(access)
DEFINE(faccessat)
DEFINE(faccessat2)
DEFINE(getcwd)
DEFINE(chdir)
DEFINE(mkdir)
DEFINE(mkdirat)
DEFINE(mknod)
DEFINE(mknodat)
DEFINE(symlink)
DEFINE(symlinkat)
DEFINE(link)
DEFINE(linkat)
DEFINE(unlink)
DEFINE(unlinkat)
DEFINE(rmdir)
DEFINE(rename)
DEFINE(renameat)
DEFINE(renameat2)
DEFINE(readlink)
DEFINE(readlinkat)
DEFINE(truncate)
DEFINE(chmod)
DEFINE(fchmodat)
DEFINE(chown)
DEFINE(lchown)
DEFINE(fchownat)
DEFINE(utime)
DEFINE(utimes)
DEFINE(futimesat)
DEFINE(utimensat)
DEFINE(statfs)
DEFINE(fstatfs)
DEFINE(setxattr)
DEFINE(lsetxattr)
DEFINE(fsetxattr)
DEFINE(getxattr)
DEFINE(lgetxattr)
DEFINE(fgetxattr)
DEFINE(removexattr)
DEFINE(lremovexattr)
DEFINE(fremovexattr)
DEFINE(getdents64)
DEFINE(getdents)
DEFINE(sendfile)
DEFINE(copy_file_range)
DEFINE(ioctl)
DEFINE(fcntl)
DEFINE(clock_gettime)
DEFINE(clock_getres)
DEFINE(clock_settime)
DEFINE(settimeofday)
DEFINE(gettimeofday)
DEFINE(time)
DEFINE(times)
DEFINE(nanosleep)
DEFINE(clock_nanosleep)
DEFINE(getresuid)
DEFINE(getresgid)
DEFINE(prlimit64)
DEFINE(getrlimit)
DEFINE(setrlimit)
DEFINE(getrusage)
DEFINE(get_robust_list)
DEFINE(arch_prctl)
DEFINE(prctl)
DEFINE(sched_getaffinity)
DEFINE(sched_setaffinity)
DEFINE(uname)
DEFINE(sysinfo)
DEFINE(getcpu)
DEFINE(getrandom)
DEFINE(capget)
DEFINE(capset)

static char buffer[8] = "01234567";
static const struct iovec vector = {buffer, sizeof(buffer)};
static const long zero[1], one[1] = {1};
/* Not sound, so that nobody's clock is set. */
static const struct timespec no_time = {0, -1};
static const struct flock lock = {.l_type = F_WRLCK, .l_len = 1};
static const char name[16] = "a name";
static const struct __user_cap_header_struct capabilities = {_LINUX_CAPABILITY_VERSION_3, 0};

static void rewind_both(void)
{
    lseek(FILE_FD, 0, SEEK_SET);
    lseek(OTHER_FD, 0, SEEK_SET);
}

static void rewind_folder(void)
{
    lseek(FOLDER_FD, 0, SEEK_SET);
}

/* Removes what calls may have made. */
static void tidy(void)
{
    unlink("new");
    rmdir("new");
    for (int fd = FOLDER_FD + 1; fd < FOLDER_FD + 8; fd++)
        close(fd);
}

static void victim(void)
{
    tidy();
    put_file("victim", "");
}

static void victim_folder(void)
{
    mkdir("folder", 0755);
}

static const struct call calls[] = {
    {"read",
     do_read,
     {{NUMBER, FILE_FD, NULL}, {OUT, 8, NULL}, {NUMBER, 8, NULL}},
     rewind_both,
     true},
    {"write",
     do_write,
     {{NUMBER, FILE_FD, NULL}, {IN, 8, NULL}, {NUMBER, 8, NULL}},
     rewind_both,
     true},
    {"pread64",
     do_pread64,
     {{NUMBER, FILE_FD, NULL}, {OUT, 8, NULL}, {NUMBER, 8, NULL}, {NUMBER, 0, NULL}},
     NULL,
     true},
    {"pwrite64",
     do_pwrite64,
     {{NUMBER, FILE_FD, NULL}, {IN, 8, NULL}, {NUMBER, 8, NULL}, {NUMBER, 0, NULL}},
     NULL,
     true},
    {"readv",
     do_readv,
     {{NUMBER, FILE_FD, NULL}, {IN, 16, &vector}, {NUMBER, 1, NULL}},
     rewind_both,
     true},
    {"writev",
     do_writev,
     {{NUMBER, FILE_FD, NULL}, {IN, 16, &vector}, {NUMBER, 1, NULL}},
     rewind_both,
     true},
    {"preadv",
     do_preadv,
     {{NUMBER, FILE_FD, NULL},
      {IN, 16, &vector},
      {NUMBER, 1, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     true},
    {"pwritev",
     do_pwritev,
     {{NUMBER, FILE_FD, NULL},
      {IN, 16, &vector},
      {NUMBER, 1, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     true},
    {"preadv2",
     do_preadv2,
     {{NUMBER, FILE_FD, NULL},
      {IN, 16, &vector},
      {NUMBER, 1, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     true},
    {"pwritev2",
     do_pwritev2,
     {{NUMBER, FILE_FD, NULL},
      {IN, 16, &vector},
      {NUMBER, 1, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     true},
    {"open",
     do_open,
     {{PATH, 0, "file"}, {NUMBER, O_RDONLY, NULL}, {NUMBER, 0, NULL}},
     tidy,
     false},
    {"openat",
     do_openat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {NUMBER, O_RDONLY, NULL}, {NUMBER, 0, NULL}},
     tidy,
     false},
    {"creat", do_creat, {{PATH, 0, "new"}, {NUMBER, 0644, NULL}}, tidy, false},
    {"stat", do_stat, {{PATH, 0, "file"}, {OUT, 144, NULL}}, NULL, false},
    {"lstat", do_lstat, {{PATH, 0, "file"}, {OUT, 144, NULL}}, NULL, false},
    {"fstat", do_fstat, {{NUMBER, FILE_FD, NULL}, {OUT, 144, NULL}}, NULL, false},
    {"newfstatat",
     do_newfstatat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {OUT, 144, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"statx",
     do_statx,
     {{NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "file"},
      {NUMBER, 0, NULL},
      {NUMBER, 0x7ff, NULL},
      {OUT, 256, NULL}},
     NULL,
     false},
    {"access", do_access, {{PATH, 0, "file"}, {NUMBER, 0, NULL}}, NULL, false},
    {"faccessat",
     do_faccessat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"faccessat2",
     do_faccessat2,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {NUMBER, 0, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"getcwd", do_getcwd, {{OUT, 64, NULL}, {NUMBER, 64, NULL}}, NULL, false},
    {"chdir", do_chdir, {{PATH, 0, "."}}, NULL, false},
    {"mkdir", do_mkdir, {{PATH, 0, "new"}, {NUMBER, 0755, NULL}}, tidy, false},
    {"mkdirat",
     do_mkdirat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "new"}, {NUMBER, 0755, NULL}},
     tidy,
     false},
    {"mknod",
     do_mknod,
     {{PATH, 0, "new"}, {NUMBER, S_IFREG, NULL}, {NUMBER, 0, NULL}},
     tidy,
     false},
    {"mknodat",
     do_mknodat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "new"}, {NUMBER, S_IFREG, NULL}, {NUMBER, 0, NULL}},
     tidy,
     false},
    {"symlink", do_symlink, {{PATH, 0, "file"}, {PATH, 0, "new"}}, tidy, false},
    {"symlinkat",
     do_symlinkat,
     {{PATH, 0, "file"}, {NUMBER, AT_FDCWD, NULL}, {PATH, 0, "new"}},
     tidy,
     false},
    {"link", do_link, {{PATH, 0, "file"}, {PATH, 0, "new"}}, tidy, false},
    {"linkat",
     do_linkat,
     {{NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "file"},
      {NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "new"},
      {NUMBER, 0, NULL}},
     tidy,
     false},
    {"unlink", do_unlink, {{PATH, 0, "victim"}}, victim, false},
    {"unlinkat",
     do_unlinkat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "victim"}, {NUMBER, 0, NULL}},
     victim,
     false},
    {"rmdir", do_rmdir, {{PATH, 0, "folder"}}, victim_folder, false},
    {"rename", do_rename, {{PATH, 0, "victim"}, {PATH, 0, "new"}}, victim, false},
    {"renameat",
     do_renameat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "victim"}, {NUMBER, AT_FDCWD, NULL}, {PATH, 0, "new"}},
     victim,
     false},
    {"renameat2",
     do_renameat2,
     {{NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "victim"},
      {NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "new"},
      {NUMBER, 0, NULL}},
     victim,
     false},
    {"readlink", do_readlink, {{PATH, 0, "link"}, {OUT, 64, NULL}, {NUMBER, 64, NULL}}, NULL, true},
    {"readlinkat",
     do_readlinkat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "link"}, {OUT, 64, NULL}, {NUMBER, 64, NULL}},
     NULL,
     true},
    {"truncate", do_truncate, {{PATH, 0, "file"}, {NUMBER, 20, NULL}}, NULL, false},
    {"chmod", do_chmod, {{PATH, 0, "file"}, {NUMBER, 0644, NULL}}, NULL, false},
    {"fchmodat",
     do_fchmodat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {NUMBER, 0644, NULL}},
     NULL,
     false},
    {"chown", do_chown, {{PATH, 0, "file"}, {NUMBER, -1, NULL}, {NUMBER, -1, NULL}}, NULL, false},
    {"lchown", do_lchown, {{PATH, 0, "file"}, {NUMBER, -1, NULL}, {NUMBER, -1, NULL}}, NULL, false},
    {"fchownat",
     do_fchownat,
     {{NUMBER, AT_FDCWD, NULL},
      {PATH, 0, "file"},
      {NUMBER, -1, NULL},
      {NUMBER, -1, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     false},
    {"utime", do_utime, {{PATH, 0, "file"}, {IN, 16, NULL}}, NULL, false},
    {"utimes", do_utimes, {{PATH, 0, "file"}, {IN, 32, NULL}}, NULL, false},
    {"futimesat",
     do_futimesat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {IN, 32, NULL}},
     NULL,
     false},
    {"utimensat",
     do_utimensat,
     {{NUMBER, AT_FDCWD, NULL}, {PATH, 0, "file"}, {IN, 32, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"statfs", do_statfs, {{PATH, 0, "file"}, {OUT, 120, NULL}}, NULL, false},
    {"fstatfs", do_fstatfs, {{NUMBER, FILE_FD, NULL}, {OUT, 120, NULL}}, NULL, false},
    {"setxattr",
     do_setxattr,
     {{PATH, 0, "file"}, {PATH, 0, "none.x"}, {IN, 4, NULL}, {NUMBER, 4, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"lsetxattr",
     do_lsetxattr,
     {{PATH, 0, "file"}, {PATH, 0, "none.x"}, {IN, 4, NULL}, {NUMBER, 4, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"fsetxattr",
     do_fsetxattr,
     {{NUMBER, FILE_FD, NULL},
      {PATH, 0, "none.x"},
      {IN, 4, NULL},
      {NUMBER, 4, NULL},
      {NUMBER, 0, NULL}},
     NULL,
     false},
    {"getxattr",
     do_getxattr,
     {{PATH, 0, "file"}, {PATH, 0, "none.x"}, {OUT, 4, NULL}, {NUMBER, 4, NULL}},
     NULL,
     false},
    {"lgetxattr",
     do_lgetxattr,
     {{PATH, 0, "file"}, {PATH, 0, "none.x"}, {OUT, 4, NULL}, {NUMBER, 4, NULL}},
     NULL,
     false},
    {"fgetxattr",
     do_fgetxattr,
     {{NUMBER, FILE_FD, NULL}, {PATH, 0, "none.x"}, {OUT, 4, NULL}, {NUMBER, 4, NULL}},
     NULL,
     false},
    {"removexattr", do_removexattr, {{PATH, 0, "file"}, {PATH, 0, "none.x"}}, NULL, false},
    {"lremovexattr", do_lremovexattr, {{PATH, 0, "file"}, {PATH, 0, "none.x"}}, NULL, false},
    {"fremovexattr", do_fremovexattr, {{NUMBER, FILE_FD, NULL}, {PATH, 0, "none.x"}}, NULL, false},
    {"getdents64",
     do_getdents64,
     {{NUMBER, FOLDER_FD, NULL}, {OUT, 256, NULL}, {NUMBER, 256, NULL}},
     rewind_folder,
     false},
    {"getdents",
     do_getdents,
     {{NUMBER, FOLDER_FD, NULL}, {OUT, 256, NULL}, {NUMBER, 256, NULL}},
     rewind_folder,
     false},
    {"sendfile",
     do_sendfile,
     {{NUMBER, OTHER_FD, NULL}, {NUMBER, FILE_FD, NULL}, {OUT, 8, NULL}, {NUMBER, 4, NULL}},
     rewind_both,
     true},
    {"copy_file_range",
     do_copy_file_range,
     {{NUMBER, FILE_FD, NULL},
      {OUT, 8, zero},
      {NUMBER, OTHER_FD, NULL},
      {OUT, 8, zero},
      {NUMBER, 4, NULL},
      {NUMBER, 0, NULL}},
     rewind_both,
     true},
    {"ioctl FIONREAD",
     do_ioctl,
     {{NUMBER, FILE_FD, NULL}, {NUMBER, (long)FIONREAD, NULL}, {OUT, 4, NULL}},
     rewind_both,
     false},
    {"ioctl FIONBIO",
     do_ioctl,
     {{NUMBER, FILE_FD, NULL}, {NUMBER, (long)FIONBIO, NULL}, {IN, 4, NULL}},
     rewind_both,
     false},
    {"fcntl GETLK",
     do_fcntl,
     {{NUMBER, FILE_FD, NULL}, {NUMBER, F_GETLK, NULL}, {OUT, 32, &lock}},
     NULL,
     false},
    {"fcntl SETLK",
     do_fcntl,
     {{NUMBER, FILE_FD, NULL}, {NUMBER, F_SETLK, NULL}, {IN, 32, &lock}},
     NULL,
     false},
    {"clock_gettime",
     do_clock_gettime,
     {{NUMBER, CLOCK_MONOTONIC, NULL}, {OUT, 16, NULL}},
     NULL,
     false},
    {"clock_gettime wall",
     do_clock_gettime,
     {{NUMBER, CLOCK_REALTIME, NULL}, {OUT, 16, NULL}},
     NULL,
     false},
    {"clock_getres",
     do_clock_getres,
     {{NUMBER, CLOCK_MONOTONIC, NULL}, {OUT, 16, NULL}},
     NULL,
     false},
    {"clock_settime",
     do_clock_settime,
     {{NUMBER, CLOCK_REALTIME, NULL}, {IN, 16, &no_time}},
     NULL,
     false},
    {"settimeofday", do_settimeofday, {{IN, 16, &no_time}, {NUMBER, 0, NULL}}, NULL, false},
    {"gettimeofday", do_gettimeofday, {{OUT, 16, NULL}, {OUT, 8, NULL}}, NULL, false},
    {"time", do_time, {{OUT, 8, NULL}}, NULL, false},
    {"times", do_times, {{OUT, 32, NULL}}, NULL, false},
    {"nanosleep", do_nanosleep, {{IN, 16, NULL}, {NUMBER, 0, NULL}}, NULL, false},
    {"clock_nanosleep",
     do_clock_nanosleep,
     {{NUMBER, CLOCK_MONOTONIC, NULL}, {NUMBER, 0, NULL}, {IN, 16, NULL}, {NUMBER, 0, NULL}},
     NULL,
     false},
    {"getresuid", do_getresuid, {{OUT, 4, NULL}, {OUT, 4, NULL}, {OUT, 4, NULL}}, NULL, false},
    {"getresgid", do_getresgid, {{OUT, 4, NULL}, {OUT, 4, NULL}, {OUT, 4, NULL}}, NULL, false},
    {"prlimit64",
     do_prlimit64,
     {{NUMBER, 0, NULL}, {NUMBER, RLIMIT_CORE, NULL}, {IN, 16, NULL}, {OUT, 16, NULL}},
     NULL,
     false},
    {"getrlimit", do_getrlimit, {{NUMBER, RLIMIT_CORE, NULL}, {OUT, 16, NULL}}, NULL, false},
    {"setrlimit", do_setrlimit, {{NUMBER, RLIMIT_CORE, NULL}, {IN, 16, NULL}}, NULL, false},
    {"getrusage", do_getrusage, {{NUMBER, 0, NULL}, {OUT, 144, NULL}}, NULL, false},
    {"get_robust_list",
     do_get_robust_list,
     {{NUMBER, 0, NULL}, {OUT, 8, NULL}, {OUT, 8, NULL}},
     NULL,
     false},
    {"arch_prctl", do_arch_prctl, {{NUMBER, ARCH_GET_FS, NULL}, {OUT, 8, NULL}}, NULL, false},
    {"prctl SET_NAME", do_prctl, {{NUMBER, PR_SET_NAME, NULL}, {IN, 16, name}}, NULL, false},
    {"prctl GET_NAME", do_prctl, {{NUMBER, PR_GET_NAME, NULL}, {OUT, 16, NULL}}, NULL, false},
    {"prctl GET_PDEATHSIG",
     do_prctl,
     {{NUMBER, PR_GET_PDEATHSIG, NULL}, {OUT, 4, NULL}},
     NULL,
     false},
    {"sched_getaffinity",
     do_sched_getaffinity,
     {{NUMBER, 0, NULL}, {NUMBER, 128, NULL}, {OUT, 128, NULL}},
     NULL,
     false},
    {"sched_setaffinity",
     do_sched_setaffinity,
     {{NUMBER, 0, NULL}, {NUMBER, 8, NULL}, {IN, 8, one}},
     NULL,
     false},
    {"uname", do_uname, {{OUT, 390, NULL}}, NULL, false},
    {"sysinfo", do_sysinfo, {{OUT, 112, NULL}}, NULL, false},
    {"getcpu", do_getcpu, {{OUT, 4, NULL}, {OUT, 4, NULL}, {NUMBER, 0, NULL}}, NULL, false},
    {"getrandom", do_getrandom, {{OUT, 8, NULL}, {NUMBER, 8, NULL}, {NUMBER, 0, NULL}}, NULL, true},
    {"capget", do_capget, {{OUT, 8, &capabilities}, {OUT, 24, NULL}}, NULL, false},
    {"capset", do_capset, {{OUT, 8, &capabilities}, {IN, 24, NULL}}, NULL, false},
};

/* A file of 16 bytes, open as (fd). */
static void open_as(int fd, const char *path)
{
    put_file(path, "0123456789abcdef");
    int at = open(path, O_RDWR);
    need(at >= 0 && dup2(at, fd) == fd && close(at) == 0, path);
}

int main(void)
{
    enter_folder();
    open_as(FILE_FD, "file");
    open_as(OTHER_FD, "other");
    int at = open(".", O_RDONLY | O_DIRECTORY);
    need(dup2(at, FOLDER_FD) == FOLDER_FD && close(at) == 0, "the folder");
    need(symlink("a-target", "link") == 0, "a link");
    /* Never with what is right, so that nobody's name is set. Before capset, the last call. */
    T(syscall(SYS_sethostname, 1, 4));
    T(syscall(SYS_setdomainname, 1, 4));
    T(syscall(SYS_sethostname, 1, 65));
    T(syscall(SYS_sethostname, 1, -1));
    try_calls(calls, sizeof(calls) / sizeof(calls[0]));
    return 0;
}
