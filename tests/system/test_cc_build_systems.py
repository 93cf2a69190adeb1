# SPDX-License-Identifier: MIT
"""pith cc under autoconf, CMake and Meson: small projects that probe the compiler, run what they built, and
build a program with a library."""
import os
import shutil
import subprocess

import pytest

from frame import OUT, PITH_CC, execute

pytestmark = pytest.mark.not_on_qemu("what pith-cc does is the same on all ways")

MAIN = """#include "config.h"
#include <stdio.h>
int util(int x);
int main(int argc, char **argv)
{
    printf("%s: long %d, util %d, %d arguments\\n", PROJECT, SIZEOF_LONG, util(20), argc - 1);
    (void)argv;
#ifdef HAVE_NOSUCHFUNCTION
    return 1;
#endif
#ifndef HAVE_STRLCPY
    return 2;
#endif
#ifdef HAVE_SWAPON
    return 3;
#endif
    return 0;
}
"""
UTIL = "int util(int x) { return 2 * x; }\n"
OUTPUT = "demo: long 8, util 40, 2 arguments\n"


@pytest.fixture(params=["gcc", "clang"])
def project(request, tmp_path):
    """A folder with sources, and a function that runs build tools in it with pith-cc as the compiler."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "util.c").write_text(UTIL)
    env = {**os.environ, "PITH_CC": request.param, "CC": str(PITH_CC), "LC_ALL": "C"}

    def start(*args):
        done = execute(args, env=env, cwd=tmp_path, timeout=120)
        assert done.status == 0, f"{args}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    start.folder = tmp_path
    return start


def needs(tool):
    return pytest.mark.skipif(not shutil.which(tool), reason=f"{tool} is not installed")


def check_program(program, run):
    # By name, as any program, and with pith run.
    done = execute([program, "a", "b"])
    assert (done.stdout, done.stderr, done.status) == (OUTPUT, "", 0)
    assert run(program, "a", "b").stdout == OUTPUT
    interpreter = execute(["readelf", "-lW", program]).stdout
    assert f"[Requesting program interpreter: {OUT}/libexec/pith/pith-monitor]" in interpreter


CONFIGURE_AC = """AC_INIT([demo], [1])
AC_CONFIG_HEADERS([config.h])
AC_PROG_CC
AC_DEFINE([PROJECT], ["demo"], [The name])
AC_CHECK_SIZEOF([long])
AC_CHECK_SIZEOF([void *])
AC_COMPUTE_INT([answer], [6 * 7])
AC_MSG_NOTICE([answer $answer])
AC_CHECK_HEADERS([sys/socket.h windows.h])
AC_CHECK_FUNCS([strlcpy nosuchfunction memcpy swapon])
AC_CHECK_LIB([z], [deflate])
AC_SEARCH_LIBS([cos], [m])
AC_RUN_IFELSE([AC_LANG_PROGRAM([], [return 0;])], [AC_MSG_NOTICE([good program ran])], [], [AC_MSG_NOTICE([cross])])
AC_RUN_IFELSE([AC_LANG_PROGRAM([], [return 3;])], [], [AC_MSG_NOTICE([bad program failed with $ac_status])])
AC_RUN_IFELSE([AC_LANG_PROGRAM([#include <stdlib.h>], [abort();])], [], [AC_MSG_NOTICE([abort was noticed])])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
"""
MAKEFILE_IN = """CC = @CC@
CFLAGS = @CFLAGS@
demo: main.o libutil.a
\t$(CC) $(CFLAGS) -o $@ main.o -L. -lutil @LIBS@
libutil.a: util.o
\tar rcs $@ util.o
.c.o:
\t$(CC) $(CFLAGS) -I. -c $<
"""


@needs("autoconf")
def test_autoconf(project, run):
    (project.folder / "configure.ac").write_text(CONFIGURE_AC)
    (project.folder / "Makefile.in").write_text(MAKEFILE_IN)
    project("autoheader")
    project("autoconf")
    said = project("./configure")
    config = (project.folder / "config.h").read_text()
    assert "checking whether we are cross compiling... no" in said
    assert "checking size of long... 8" in said and "#define SIZEOF_VOID_P 8" in config
    assert "answer 42" in said
    assert "checking for sys/socket.h... yes" in said and "checking for windows.h... no" in said
    assert "checking for deflate in -lz... no" in said
    assert "#define HAVE_MEMCPY 1" in config
    for line in ("good program ran", "bad program failed with 3", "abort was noticed"):
        assert line in said, line
    assert "cross\n" not in said
    assert not (project.folder / "conftest.val").exists(), "a configure script's file was left behind"
    project("make")
    check_program(project.folder / "demo", run)


CMAKELISTS = """cmake_minimum_required(VERSION 3.13)
project(demo C)
include(CheckTypeSize)
include(CheckFunctionExists)
include(CheckCSourceRuns)
include(CheckCCompilerFlag)
check_type_size(long SIZEOF_LONG)
check_function_exists(strlcpy HAVE_STRLCPY)
check_function_exists(nosuchfunction HAVE_NOSUCHFUNCTION)
check_function_exists(swapon HAVE_SWAPON)
check_c_source_runs("int main(void) { return 0; }" RUNS)
check_c_source_runs("int main(void) { return 1; }" FAILS)
check_c_compiler_flag(-Wall HAS_WALL)
check_c_compiler_flag(-fno-such-option HAS_NONE)
set(PROJECT "\\"demo\\"")
configure_file(config.h.in config.h)
add_library(util STATIC util.c)
add_executable(demo main.c)
target_include_directories(demo PRIVATE ${CMAKE_BINARY_DIR})
target_link_libraries(demo util m)
message(STATUS "compiler ${CMAKE_C_COMPILER_ID} runs:${RUNS} fails:${FAILS} wall:${HAS_WALL} none:${HAS_NONE}")
message(STATUS "folders: ${CMAKE_C_IMPLICIT_INCLUDE_DIRECTORIES}")
enable_testing()
add_test(NAME demo COMMAND demo a b)
"""
CONFIG_H_IN = """#define PROJECT @PROJECT@
#define SIZEOF_LONG @SIZEOF_LONG@
#cmakedefine HAVE_STRLCPY
#cmakedefine HAVE_NOSUCHFUNCTION
#cmakedefine HAVE_SWAPON
"""


@needs("cmake")
def test_cmake(project, run):
    (project.folder / "CMakeLists.txt").write_text(CMAKELISTS)
    (project.folder / "config.h.in").write_text(CONFIG_H_IN)
    said = project("cmake", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
    assert "Check for working C compiler" in said
    compiler = "Clang" if "clang" in said.lower().split("identification is")[1].split("\n")[0] else "GNU"
    assert f"compiler {compiler} runs:1 fails: wall:1 none:" in said
    assert str(OUT / "lib/pith/include") in said
    assert "/usr/include" not in said.split("folders:")[1].split("\n")[0]
    project("cmake", "--build", "build")
    check_program(project.folder / "build" / "demo", run)
    assert "100% tests passed" in project("sh", "-c", "cd build && ctest")


MESON_BUILD = """project('demo', 'c', default_options: ['warning_level=2', 'werror=true'])
cc = meson.get_compiler('c')
config = configuration_data()
config.set_quoted('PROJECT', 'demo')
config.set('SIZEOF_LONG', cc.sizeof('long'))
foreach f : ['strlcpy', 'nosuchfunction', 'swapon']
  if cc.has_function(f)
    config.set('HAVE_' + f.to_upper(), 1)
  endif
endforeach
result = cc.run('#include <stdio.h>\\nint main(void) { puts("from an image"); return 3; }')
message('run: @0@ @1@'.format(result.returncode(), result.stdout().strip()))
message('flags: @0@ @1@'.format(cc.has_argument('-fwrapv'), cc.has_argument('-fno-such-option')))
message('math: @0@'.format(cc.find_library('m').found()))
message('zlib: @0@'.format(cc.find_library('z', required: false).found()))
message('linker: @0@'.format(cc.get_linker_id()))
configure_file(output: 'config.h', configuration: config)
util = static_library('util', 'util.c')
demo = executable('demo', 'main.c', link_with: util)
test('demo', demo, args: ['a', 'b'])
"""


@needs("meson")
def test_meson(project, run):
    (project.folder / "meson.build").write_text(MESON_BUILD)
    said = project("meson", "setup", "build")
    assert "run: 3 from an image" in said
    assert "flags: true false" in said
    assert "math: true" in said and "zlib: false" in said
    assert "linker: ld.bfd" in said
    project("meson", "compile", "-C", "build")
    check_program(project.folder / "build" / "demo", run)
    project("meson", "test", "-C", "build")


def test_plain_make(project, run):
    """make's built-in rules: compile and link in one command."""
    (project.folder / "config.h").write_text('#define PROJECT "demo"\n#define SIZEOF_LONG 8\n#define HAVE_STRLCPY 1\n')
    project("make", f"CC={PITH_CC}", "CFLAGS=-O2 -Wall -Werror", "util.o", "main.o")
    project("make", f"CC={PITH_CC}", "main", "LDLIBS=util.o")
    check_program(project.folder / "main", run)
