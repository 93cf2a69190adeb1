# SPDX-License-Identifier: MIT
"""Forbidden accesses to memory end an image as they end a process of Linux; allowed ones do not."""
import pytest

HEAD = """
#include <stdlib.h>
#include <sys/mman.h>
#define PAGE 4096ul
static volatile int zero;
static char *map(unsigned long pages, int prot)
{
    char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        exit(99);
    return p;
}
"""

FAULTS = {
    "read null": "return *(volatile char *)(0ul + zero);",
    "write null": "*(volatile char *)(8ul + zero) = 1;",
    "read an unmapped page": "volatile char *p = map(3, 3); p[PAGE] = 1; munmap((char *)p + PAGE, PAGE); return p[PAGE];",
    "read without permission": "volatile char *p = map(2, PROT_NONE); return p[PAGE];",
    "write without permission": "volatile char *p = map(2, PROT_READ); p[PAGE] = 1;",
    "write after mprotect": "volatile char *p = map(4, 3); p[PAGE] = 1;"
                            " mprotect((char *)p + PAGE, PAGE, PROT_READ); p[PAGE] = 2;",
    "read after mremap moved": "char *p = map(2, 3), *to = map(2, 0);"
                               " mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);"
                               " return *(volatile char *)p;",
    "read behind what mremap cut off": "char *p = map(4, 3); mremap(p, 4 * PAGE, PAGE, 0);"
                                       " return *(volatile char *)(p + PAGE);",
    "write to a constant": 'static const char text[] = "constant"; *(volatile char *)&text[zero] = 1;',
    "call data": "static char code[] = {(char)0xc3}; ((void (*)(void))(unsigned long)code)();",
    "divide by zero": "return 12345 / zero;",
    "undefined instruction": '__asm__ volatile("ud2");',
    "abort": "abort();",
}

ALLOWED = {
    "neighbours of an unmapped page": "char *p = map(3, 3); munmap(p + PAGE, PAGE); p[0] = p[2 * PAGE] = 1; return p[0];",
    "made accessible": "char *p = map(3, PROT_NONE); mprotect(p + PAGE, PAGE, 3); p[PAGE] = 5; return p[PAGE];",
    "read-only stays readable": "char *p = map(1, 3); p[0] = 7; mprotect(p, PAGE, PROT_READ); return p[0];",
}


def program(body):
    return HEAD.replace("#include", "#define _GNU_SOURCE\n#include", 1) + "int main(void)\n{\n" + body + "\nreturn 0;\n}\n"


@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS.keys())
def test_fault(body, cc, native, run, linux):
    expected = linux(native(program(body), "-O1"))
    assert expected.status > 128, "must end by a signal on Linux"
    got = run(cc(program(body), "-O1"))
    assert got.status == expected.status, got.stderr
    assert got.stderr, "a crash is never silent"


@pytest.mark.parametrize("body", ALLOWED.values(), ids=ALLOWED.keys())
def test_no_fault(body, cc, native, run, linux):
    expected = linux(native(program(body), "-O1"))
    got = run(cc(program(body), "-O1"))
    assert (got.status, got.stderr) == (expected.status, ""), got.stderr


def test_fault_reaches_a_handler(cc, run):
    source = """
#include <signal.h>
#include <stdlib.h>
static volatile char *volatile nowhere;
static void handler(int sig) { _Exit(sig); }
int main(void) { signal(SIGSEGV, handler); *nowhere = 1; return 0; }
"""
    assert run(cc(source)).status == 11
