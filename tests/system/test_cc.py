# SPDX-License-Identifier: MIT
"""pith cc as a compiler: what it passes on, answers, refuses and drops, and what it links, with gcc and clang."""
import os
import re
import shutil
import struct
import subprocess

import pytest

from frame import OUT, PITH_CC, execute

pytestmark = pytest.mark.not_on_qemu("what pith-cc does is the same on all ways")

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
LIB = OUT / "lib" / "pith" / "lib"


@pytest.fixture(params=["gcc", "clang"])
def compiler(request):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture
def pith_cc(compiler, tmp_path):
    """Runs pith cc in a folder of its own, which holds hello.c."""
    (tmp_path / "hello.c").write_text(HELLO)

    def start(*args, ok=None, **more):
        done = execute([PITH_CC, *args], env={**os.environ, "PITH_CC": compiler}, cwd=tmp_path, **more)
        if ok is not None:
            assert (done.status == 0) == ok, f"status {done.status}\n{done.stdout}{done.stderr}"
        return done

    start.compiler, start.folder = compiler, tmp_path
    return start


# --- what a compiler must do

WERROR = ["-Wall", "-Wextra", "-Werror"]


@pytest.mark.parametrize("args", [
    ["-c", "hello.c"],
    ["-O2", "-c", "-fomit-frame-pointer", "hello.c"],
    ["-S", "hello.c"],
    ["-fsyntax-only", "hello.c"],
    ["-MMD", "-MF", "x.d", "-c", "hello.c"],
    ["-E", "hello.c", "-o", "hello.i"],
    ["-pthread", "hello.c", "-lm", "-lpthread", "-ldl", "-lrt"],
    ["-static", "-no-pie", "-fno-pie", "-fno-PIC", "-rdynamic", "hello.c"],
    ["-std=c99", "-pedantic", "hello.c", "-o", "name with spaces"],
    ["-g3", "-O0", "hello.c"],
    ["-save-temps", "hello.c"],
    ["-flto", "-O2", "hello.c"],
    ["-pipe", "-march=x86-64-v2", "hello.c"],
    ["-fPIC", "hello.c"],
    ["-Wl,-Map=x.map", "-Wl,--as-needed", "-Wl,-O1", "hello.c"],
    ["-Xlinker", "-Map", "-Xlinker", "x.map", "hello.c"],
    ["--target=hosted", "hello.c"],
], ids=" ".join)
def test_no_word_about_usual_options(pith_cc, args):
    """Not even a warning about an unused argument: configure scripts would draw conclusions."""
    done = pith_cc(*WERROR, *args)
    assert (done.stderr, done.status) == ("", 0)


def test_nothing_is_left_beside_the_output(pith_cc):
    before = {path.name for path in pith_cc.folder.iterdir()}
    pith_cc("--lto", "-O2", "hello.c", "-o", "prog", ok=True)
    assert {path.name for path in pith_cc.folder.iterdir()} - before == {"prog"}


def test_source_from_standard_input(pith_cc, run):
    pith_cc("-x", "c", "-", "-o", "prog", stdin=HELLO, ok=True)
    assert run(pith_cc.folder / "prog").stdout == "hello\n"


def test_steps_one_by_one(pith_cc, run):
    for step in (["-E", "hello.c", "-o", "a.i"], ["-S", "a.i", "-o", "a.s"], ["-c", "a.s", "-o", "a.o"],
                 ["-r", "a.o", "-o", "b.o"], ["b.o", "-o", "prog"]):
        pith_cc(*step, ok=True)
    assert run(pith_cc.folder / "prog").stdout == "hello\n"


def test_several_sources_and_an_archive(pith_cc, run):
    f = pith_cc.folder
    (f / "a.c").write_text("int b(void); int main(void) { return b(); }\n")
    (f / "b.c").write_text("int c(void); int b(void) { return c() + 1; }\n")
    (f / "c.c").write_text("int c(void) { return 41; }\n")
    pith_cc("-c", "c.c", ok=True)
    subprocess.run(["ar", "rcs", "libc_.a", "c.o"], cwd=f, check=True)
    pith_cc("a.c", "b.c", "-L.", "-lc_", "-o", "prog", ok=True)
    assert run(f / "prog").status == 42


def test_response_file(pith_cc, run):
    f = pith_cc.folder
    (f / "args").write_text("-no-pie 'hello.c' -DX=\\\"a\\ b\\\" -o \"my prog\"\n@more\n")
    (f / "more").write_text("-static -O1")
    pith_cc("@args", ok=True)
    assert run(f / "my prog").stdout == "hello\n"


def test_long_response_file(pith_cc, run):
    """More object files than a command line can name."""
    f = pith_cc.folder
    (f / "empty.c").write_text("")
    pith_cc("-c", "hello.c", "empty.c", ok=True)
    names = [f"{'x' * 240}{i}.o" for i in range(9000)]
    for name in names:
        os.link(f / "empty.o", f / name)
    (f / "args").write_text("\n".join(names))
    pith_cc("hello.o", "@args", "-o", "prog", ok=True, timeout=120)
    assert run(f / "prog").stdout == "hello\n"


def test_headers_are_libcs_and_the_compilers(pith_cc):
    (pith_cc.folder / "x.c").write_text(
        "#include <stdarg.h>\n#include <limits.h>\n#include <stddef.h>\n#include <float.h>\n#include <stdatomic.h>\n"
        "#include <immintrin.h>\n#include <stdio.h>\n#include <sys/socket.h>\n#include <unwind.h>\n"
        "int x = PATH_MAX;\n")
    headers = pith_cc("-M", "x.c", ok=True).stdout.replace("\\\n", " ").split()[2:]
    assert str(OUT / "lib/pith/include/stdio.h") in headers
    for header in headers:
        assert header.startswith(str(OUT / "lib/pith/include/")) or re.search(r"/lib/(gcc|clang|llvm)", header), header


def test_kernel_headers(pith_cc):
    (pith_cc.folder / "x.c").write_text("#include <linux/if_packet.h>\n#include <asm/types.h>\n__u32 x;\n")
    pith_cc("-c", "x.c", ok=True)


def test_users_headers_come_first(pith_cc):
    f = pith_cc.folder
    (f / "mine").mkdir()
    (f / "mine" / "stdio.h").write_text("int mine;\n")
    for option in ("-I", "-isystem"):
        done = pith_cc("-E", option, "mine", "hello.c", ok=True)
        assert "int mine;" in done.stdout, option


def test_nostdinc(pith_cc):
    assert "stdio.h" in pith_cc("-nostdinc", "-c", "hello.c", ok=False).stderr


def test_predefined_macros(pith_cc):
    """As the compiler's own, for the same options, and __pith__."""
    def macros(command, **more):
        return set(execute([*command, "-dM", "-E", "-x", "c", os.devnull], **more).stdout.splitlines())

    env = {**os.environ, "PITH_CC": pith_cc.compiler}
    ours = macros([PITH_CC, "-O2"], env=env)
    # -nostdinc: without glibc's stdc-predef.h, which says what glibc can do.
    theirs = macros([pith_cc.compiler, "-O2", "-fPIE", "-fstack-protector-strong", "-nostdinc",
                     "-fno-asynchronous-unwind-tables"])
    assert ours - theirs == {"#define __pith__ 1"}
    assert theirs - ours == set()
    sized = "#define __OPTIMIZE_SIZE__ 1"
    assert sized in macros([PITH_CC], env=env) and sized not in macros([PITH_CC, "-O0"], env=env)


def test_errors_and_statuses_are_the_compilers(pith_cc):
    (pith_cc.folder / "bad.c").write_text("int main(void) { return x; }\n")
    ours = pith_cc("-c", "bad.c")
    theirs = execute([pith_cc.compiler, "-c", "bad.c"], cwd=pith_cc.folder)
    assert (ours.stderr, ours.status) == (theirs.stderr, theirs.status)
    assert pith_cc("missing.c", ok=False).status == execute([pith_cc.compiler, "missing.c"]).status
    assert "no input files" in pith_cc(ok=False).stderr


def test_unresolved_symbols_are_lds_matter(pith_cc):
    (pith_cc.folder / "x.c").write_text("int nowhere(void);\nint main(void) { return nowhere(); }\n")
    done = pith_cc("-g", "x.c", ok=False)
    assert re.search(r"in function [`']main'", done.stderr)
    assert re.search(r"x\.c:2: undefined reference to [`']nowhere'", done.stderr)
    assert "pith cc" not in done.stderr


# --- questions

def test_questions(pith_cc):
    def answer(question):
        return pith_cc(question, ok=True).stdout.rstrip("\n")

    assert answer("-dumpmachine") == "x86_64-pith-linux-musl"
    assert answer("-print-file-name=libc.a") == str(LIB / "libc.a")
    assert answer("--print-file-name=crt1.o") == str(LIB / "crt1.o")
    assert answer("-print-file-name=libz.a") == "libz.a"
    assert answer("-print-file-name=libm.so.6") == "libm.so.6"
    assert os.path.exists(answer("-print-file-name=include") + "/stddef.h")
    assert os.path.exists(answer("-print-libgcc-file-name"))
    assert answer("-print-sysroot") == str(OUT / "lib/pith")
    assert answer("-print-multiarch") == ""
    assert answer("-print-prog-name=ld") == str(OUT / "libexec/pith/ld")
    assert f"libraries: ={LIB}/" in answer("-print-search-dirs").splitlines()
    same = execute([pith_cc.compiler, "-dumpversion"])
    assert answer("-dumpversion") == same.stdout.rstrip("\n")


def test_probes_of_build_systems(pith_cc):
    assert pith_cc("--version", ok=True).stdout == execute([pith_cc.compiler, "--version"]).stdout
    assert "GNU ld" in pith_cc("-Wl,--version", ok=True).stdout
    assert "version" in pith_cc("-v", ok=True).stderr
    assert "--script=" in pith_cc("-###", "hello.c", ok=True).stderr
    ld = pith_cc("-print-prog-name=ld").stdout.rstrip("\n")
    assert "GNU ld" in execute([ld, "-v"]).stdout


def test_help(pith_cc):
    assert "--allow-missing" in pith_cc("--help", ok=True).stdout


# --- refusals

@pytest.mark.parametrize("args, why", [
    (["-shared", "hello.c"], "no shared libraries"),
    (["-Wl,-shared", "hello.c"], "no shared libraries"),
    (["-m32", "hello.c"], "64-bit"),
    (["x.cc"], "C++"),
    (["-x", "c++", "hello.c"], "C++"),
    (["-fuse-ld=gold", "hello.c"], "GNU ld"),
    (["-T", "my.ld", "hello.c"], "layout"),
    (["-Wl,-Tmy.ld", "hello.c"], "layout"),
    (["-Wl,--script=my.ld", "hello.c"], "layout"),
    (["--deny", "net", "hello.c"], "there is no service net"),
    (["--malloc=mimalloc", "hello.c"], "not available yet"),
    (["--target=metal", "hello.c"], "universal, hosted or bare"),
], ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_refused(pith_cc, args, why):
    done = pith_cc(*args)
    assert done.status == 1
    assert "pith cc: " in done.stderr and why in done.stderr
    assert not (pith_cc.folder / "a.out").exists()


def test_compiler_that_is_not_there():
    done = execute([PITH_CC, "-c", "x.c"], env={**os.environ, "PITH_CC": "no-such-compiler"})
    assert done.status == 1 and "no-such-compiler" in done.stderr


# --- the link

HOST_FOLDER = "/usr/lib/x86_64-linux-gnu"


def test_no_library_of_the_host(pith_cc):
    """A static library that every machine with a C compiler has, and that is glibc's."""
    name = "c_nonshared"
    assert os.path.exists(f"{HOST_FOLDER}/lib{name}.a"), "the host's own libc is not where this test expects it"
    for folder in ([], [f"-L{HOST_FOLDER}"], ["-L", HOST_FOLDER], [f"-Wl,-L{HOST_FOLDER}"],
                   [f"-L{HOST_FOLDER}/../x86_64-linux-gnu"]):
        done = pith_cc("hello.c", *folder, f"-l{name}", ok=False)
        assert f"-l{name}" in done.stderr
    env = {**os.environ, "PITH_CC": pith_cc.compiler, "LIBRARY_PATH": HOST_FOLDER}
    assert execute([PITH_CC, "hello.c", f"-l{name}"], env=env, cwd=pith_cc.folder).status == 1


def test_library_of_the_host_as_a_file(pith_cc):
    done = pith_cc("hello.c", f"{HOST_FOLDER}/libc_nonshared.a", ok=False)
    assert "made for the host's C library" in done.stderr
    assert execute([PITH_CC, "hello.c", f"{HOST_FOLDER}/libc.so.6"], cwd=pith_cc.folder).status == 1


def test_library_of_the_compiler(pith_cc):
    """libatomic comes with gcc; as a file, since its folder is not searched."""
    libatomic = pith_cc("-print-file-name=libatomic.a", ok=True).stdout.rstrip("\n")
    if not os.path.exists(libatomic):
        pytest.skip("libatomic.a is not installed")
    pith_cc("hello.c", libatomic, ok=True)


def program_headers(image):
    data = image.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [dict(zip(("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"),
                     struct.unpack_from("<IIQQQQQQ", data, offset + i * size))) for i in range(count)]


R, RX, RW = 4, 5, 6
PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 0, 1, 2, 3, 4, 7
PT_GNU_STACK, PT_GNU_RELRO = 0x6474e551, 0x6474e552

LAYOUTS = {
    "hello": HELLO,
    "empty": "int main(void) { return 0; }\n",
    "tls": "__thread int a = 4; __thread char b[100]; int main(void) { b[a] = 1; return b[4] - 1; }\n",
    "bss": "char big[1 << 20]; int main(int argc, char **argv) { big[argc] = 1; return big[argc] - 1; }\n",
    "pointers": "int x; int *const p[] = {&x, &x + 1}; int *q = &x;\n"
                "int main(int argc, char **argv) { return p[argc] - q - 1; }\n",
    "sections": "__attribute__((section(\"mine\"), used)) int a = 5;\n"
                "__attribute__((section(\"mine_ro\"), used)) const int b = 5;\n"
                "__attribute__((section(\".mine.text\"), noinline)) int f(int x) { return x; }\n"
                "extern int __start_mine[], __stop_mine[];\n"
                "int main(void) { return f(__stop_mine - __start_mine - 1) + a - b; }\n",
    "constructor": "static int x; __attribute__((constructor)) static void f(void) { x = 7; }\n"
                   "int main(void) { return x - 7; }\n",
    "aligned": "_Alignas(64) int x = 3; _Alignas(4096) char page[4096];\n"
               "int main(void) { return ((long)&x & 63) + ((long)page & 4095); }\n",
}


@pytest.mark.parametrize("program", LAYOUTS)
def test_layout(pith_cc, run, program):
    """What abi/image.h promises, before and after strip."""
    (pith_cc.folder / "x.c").write_text(LAYOUTS[program])
    image = pith_cc.folder / "prog"
    pith_cc("-O1", "-g", "x.c", "-o", image, ok=True)
    for step in ("linked", "stripped"):
        if step == "stripped":
            subprocess.run(["strip", image], check=True, capture_output=True)
        headers = program_headers(image)
        loads = [h for h in headers if h["type"] == PT_LOAD]
        assert [h["flags"] for h in loads] == [R, RX, R, RW]
        assert loads[0]["offset"] == loads[0]["vaddr"] == 0
        end = 0
        for h in loads:
            assert h["offset"] % 4096 == h["vaddr"] % 4096
            start = h["vaddr"] & ~4095
            # At most one page is left out: the alignment of the first section may pass the end of one.
            assert start >= end and start - end <= 4096
            end = (h["vaddr"] + h["memsz"] + 4095) & ~4095
        for before, h in zip(loads, loads[1:]):
            assert h["offset"] - before["offset"] - before["filesz"] < 64, "padding"
        only = {h["type"]: h for h in headers}
        assert PT_GNU_RELRO not in only
        assert only[PT_GNU_STACK]["flags"] & 1 == 0
        assert PT_NULL in only and PT_DYNAMIC in only
        data = image.read_bytes()
        interp = only[PT_INTERP]
        assert data[interp["offset"]:][:interp["filesz"]] == bytes(OUT / "libexec/pith/pith-monitor") + b"\0"
        note = data[only[PT_NOTE]["offset"]:][:44]
        assert note[:20] == struct.pack("<III", 5, 24, 1) + b"Pith\0\0\0\0"
        version, size, memory, flags, reserved = struct.unpack("<IIQII", note[20:])
        assert (version, size, memory, flags, reserved) == (1, 24, 128 * 1024, 1, 0)
        result = run(image)
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout == ("hello\n" if program == "hello" else "")


def test_only_relative_relocations(pith_cc):
    (pith_cc.folder / "x.c").write_text(LAYOUTS["pointers"])
    pith_cc("x.c", "-o", "prog", ok=True)
    text = execute(["readelf", "-rdW", pith_cc.folder / "prog"]).stdout
    assert set(re.findall(r"R_X86_64_\w+", text)) <= {"R_X86_64_RELATIVE"}
    assert "NEEDED" not in text and "TEXTREL" not in text and "RELR" in text


def test_indirect_functions_are_refused(pith_cc):
    (pith_cc.folder / "x.c").write_text(
        "static int f(void) { return 0; } static void *pick(void) { return f; }\n"
        "int g(void) __attribute__((ifunc(\"pick\")));\nint main(void) { return g(); }\n")
    assert "ifunc" in pith_cc("x.c", ok=False).stderr
    (pith_cc.folder / "y.c").write_text("int one(void);\nint main(void) { return one(); }\n")
    assert "ifunc" not in pith_cc("y.c", ok=False).stderr


def test_nostdlib(pith_cc):
    """Nothing of libc's: an image of two instructions, without a complaint of ld's."""
    (pith_cc.folder / "x.c").write_text("__attribute__((noreturn)) void _start(void) { for (;;) ; }\n")
    done = pith_cc("-nostdlib", "-O1", "x.c", "-o", "prog", ok=True)
    assert done.stderr == ""
    assert [h["flags"] for h in program_headers(pith_cc.folder / "prog") if h["type"] == PT_LOAD] == [R, RX, R, RW]
    (pith_cc.folder / "y.c").write_text("int puts(const char *); void _start(void) { puts(\"abc\"); }\n")
    assert "puts" in pith_cc("-nostdlib", "y.c", ok=False).stderr
    (pith_cc.folder / "y.c").write_text("__int128 a, b; void _start(void) { a /= b; }\n")
    assert "divti3" in pith_cc("-nostdlib", "y.c", ok=False).stderr
    pith_cc("-nostdlib", "y.c", "-lgcc", ok=True)


def test_nostartfiles(pith_cc):
    assert "_start" in pith_cc("-nostartfiles", "hello.c").stderr


def test_unused_functions_are_left_out(pith_cc):
    (pith_cc.folder / "x.c").write_text("int unused_function(void) { return 1; } int main(void) { return 0; }\n")
    pith_cc("x.c", "-o", "prog", ok=True)
    names = execute(["nm", pith_cc.folder / "prog"]).stdout
    assert " main\n" in names and "unused_function" not in names


def test_frame_pointers_and_protector(pith_cc):
    (pith_cc.folder / "x.c").write_text("void take(char *); void f(void) { char b[64]; take(b); }\n")
    asm = pith_cc("-O2", "-S", "x.c", "-o", "-", ok=True).stdout
    assert "%rbp" in asm and "__stack_chk_fail" in asm
    asm = pith_cc("-O2", "-fno-stack-protector", "-fomit-frame-pointer", "-S", "x.c", "-o", "-", ok=True).stdout
    assert "%rbp" not in asm and "__stack_chk_fail" not in asm


def test_tables_for_unwinding(pith_cc):
    """Only where they are asked for; a debugger has its own."""
    (pith_cc.folder / "x.c").write_text("int g(int); int f(int x) { return g(x) + 1; }\n")
    for flags, section in ((["-O2"], None), (["-O2", "-g"], ".debug_frame"), (["-O2", "-fexceptions"], ".eh_frame")):
        pith_cc(*flags, "-c", "x.c", "-o", "x.o", ok=True)
        sections = execute(["readelf", "-SW", pith_cc.folder / "x.o"]).stdout
        assert {name for name in (".eh_frame", ".debug_frame") if f" {name} " in sections} == {section} - {None}, flags


@pytest.mark.parametrize("output, flags", [
    ("conftest", 3), ("./conftest", 3), ("conftest2", 1), ("dir/conftest", 1)])
def test_note_of_conftests(pith_cc, output, flags):
    (pith_cc.folder / "dir").mkdir()
    pith_cc("hello.c", "-o", output, ok=True)
    image = pith_cc.folder / output
    note = next(h for h in program_headers(image) if h["type"] == PT_NOTE)
    assert struct.unpack_from("<I", image.read_bytes(), note["offset"] + 36) == (flags,)


# --- the parts of printf

WANTS_FLOATS = {
    "a conversion": ('printf("%6.2f\\n", x);', True),
    "long double": ('printf("%-+#08.*Lg\\n", 3, (long double)x);', True),
    "an argument by number": ('printf("%2$d %1$e\\n", x, 5);', True),
    "an array": ('char format[] = "%a"; printf(format, x);', True),
    "a pointer": ('static const char *const f[] = {"%d", "%G"}; printf(f[(int)x], x);', True),
    "wide": ('wprintf(L"%f\\n", x);', True),
    "put together": ('char f[20]; snprintf(f, 20, "%%%d.%dg", 5, 2); printf(f, x);', True),
    "half a conversion": ('char f[20] = "%"; strcat(f, strrchr("dog", \'g\')); printf(f, x);', True),
    "a function of libc's": ('char b[99]; puts(gcvt(x, 5, b)); printf("%d\\n", 1);', True),
    "asked for": ('printf(getenv("FORMAT") ? "" : "%d", 1);', False),
    "integers": ('printf("%d %-5s %#lx %hhu %zu %c %p %n%m\\n", 1, "", 5l, 7, sizeof(x), 65, (void *)0, &(int){0});', False),
    "strings that are no formats": ('printf("%d a5f g %s\\n", (int)x, "50 e");', False),
}


@pytest.mark.parametrize("body, wants", WANTS_FLOATS.values(), ids=WANTS_FLOATS.keys())
def test_printf_has_what_formats_ask_for(pith_cc, body, wants):
    (pith_cc.folder / "x.c").write_text(
        "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <wchar.h>\n"
        f"int main(int argc, char **argv) {{ volatile double x = argc; {body} return 0; }}\n")
    for flags in ([], ["-O2"]):
        pith_cc(*flags, "-w", "x.c", "-o", "prog", ok=True)
        assert (" fmt_fp\n" in execute(["nm", pith_cc.folder / "prog"]).stdout) == wants
    assert execute([pith_cc.folder / "prog"]).status == 0
    if not wants:
        pith_cc("-w", "-Wl,-u,__pith_printf_float", "x.c", "-o", "prog", ok=True)
        assert " fmt_fp\n" in execute(["nm", pith_cc.folder / "prog"]).stdout


def test_a_format_from_outside(pith_cc, run):
    """What the link could not know ends with a report that says what to do."""
    (pith_cc.folder / "x.c").write_text("#include <stdio.h>\nint main(int argc, char **argv) { printf(argv[1], 2.5); puts(argv[2]); }\n")
    image = pith_cc.folder / "prog"
    pith_cc("-w", "x.c", "-o", image, ok=True)
    assert run(image, "%d", "end").stdout.endswith("end\n")
    result = run(image, "<%g>", "end")
    assert result.status == 128 + 6 and "link it with -Wl,-u,__pith_printf_float" in result.stderr
    pith_cc("-w", "x.c", "-Wl,-u,__pith_printf_float", "-o", image, ok=True)
    assert run(image, "<%g>", "end").stdout == "<2.5>end\n"


@pytest.mark.parametrize("option, shows", [("--lto", True), ("-flto", False)])
def test_strings_of_objects_for_link_time_optimisation(pith_cc, option, shows):
    """Those of --lto have machine code, too, and in it their strings, if gcc makes them."""
    shows = shows and pith_cc.compiler == "gcc"
    (pith_cc.folder / "x.c").write_text('#include <stdio.h>\nint main(int argc, char **argv) { printf(FORMAT, argc / HALF); }\n')
    for define, printed, floats in (("2.0", "0.5", True), ("2", "0", not shows)):
        pith_cc(option, "-O1", f'-DFORMAT="%{"g" if "." in define else "d"}"', f"-DHALF={define}", "-c", "x.c", ok=True)
        pith_cc(option, "x.o", "-o", "prog", ok=True)
        assert execute([pith_cc.folder / "prog"]).stdout == printed
        assert (" fmt_fp\n" in execute(["nm", pith_cc.folder / "prog"]).stdout) == floats


# --- debug information

def test_debug_information(pith_cc, run):
    image, small, debug = (pith_cc.folder / name for name in ("prog", "small", "prog.debug"))
    pith_cc("-g", "hello.c", "-o", image, ok=True)
    sections = execute(["readelf", "-SW", image]).stdout
    assert ".debug_info" in sections and ".symtab" in sections
    main = re.search(r"^([0-9a-f]+) T main$", execute(["nm", image]).stdout, re.M)[1]
    assert "hello.c:2" in execute(["addr2line", "-e", image, main]).stdout

    subprocess.run(["objcopy", "--only-keep-debug", image, debug], check=True)
    subprocess.run(["strip", "-o", small, image], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", small], check=True)
    assert "hello.c:2" in execute(["addr2line", "-e", debug, main]).stdout
    assert small.stat().st_size < image.stat().st_size
    assert run(small).stdout == "hello\n"

    apart = pith_cc.folder / "apart"
    pith_cc("-g", "--separate-debug", "hello.c", "-o", apart, ok=True)
    assert "hello.c:2" in execute(["addr2line", "-e", f"{apart}.debug", main]).stdout
    assert apart.stat().st_size <= small.stat().st_size
    assert run(apart).stdout == "hello\n"
    assert "hello.c" in execute(["gdb", "-batch", "-ex", "info line main", apart]).stdout

    pith_cc("-g", "-s", "hello.c", "-o", small, ok=True)
    assert ".symtab" not in execute(["readelf", "-SW", small]).stdout
    assert run(small).stdout == "hello\n"
