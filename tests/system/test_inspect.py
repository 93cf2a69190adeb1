# SPDX-License-Identifier: MIT
"""pith inspect, and what pith cc checks of an image: services, sizes, chains, limits."""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess

import pytest

from frame import PITH, ROOT, execute, not_with_lto

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
SERVER = """#include <sys/socket.h>
__attribute__((noinline)) static int serve(void)
{
    return listen(socket(AF_INET, SOCK_STREAM, 0), 5);
}
int main(void) { return serve(); }
"""


def inspect(*args, cwd=None):
    return execute([PITH, "inspect", *args], cwd=cwd)


def told(*args):
    done = inspect("--json", *args)
    assert (done.stderr, done.status) == ("", 0)
    return json.loads(done.stdout)


def names(image):
    return {s["name"] for s in told(image)["services"]}


def steps(text):
    """Lines of a chain: function, service, line of source or ""."""
    return [tuple((line.removeprefix("-> ").split() + [""])[:3]) for line in text.splitlines()]


def segments(image):
    """PT_LOAD entries as the file has them: flags, address, bytes in the file, in memory."""
    data = image.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    rows = (struct.unpack_from("<IIQQQQQQ", data, offset + 56 * i) for i in range(count))
    return [(flags, address, filesz, memsz) for kind, flags, _, address, _, filesz, memsz, _ in rows if kind == 1]


def test_figures_are_those_of_the_file(cc):
    image = cc(HELLO, "-O2")
    said = told(image)
    letters = {4: "r--", 5: "r-x", 6: "rw-"}
    assert [(s["protection"], s["address"], s["file"], s["memory"]) for s in said["segments"]] == \
        [(letters[f], a, n, m) for f, a, n, m in segments(image)]
    assert said["file_bytes"] == image.stat().st_size
    all_bytes = sum(s["text"] + s["data"] for s in said["services"]) + said["rest"]["text"]
    assert all_bytes == said["loaded_bytes"]
    size = subprocess.run(["size", "-A", image], capture_output=True, text=True, check=True).stdout
    sections = {row[0]: int(row[1]) for line in size.splitlines() if len(row := line.split()) == 3 and row[1].isdigit()}
    bss = sum(s["bss"] for s in said["services"])
    assert sections[".bss"] - 64 * 1024 < bss <= sections[".bss"] + sections.get(".tbss", 0)
    header = subprocess.run(["readelf", "-h", image], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"Entry point address:\s+(\S+)", header)[1], 16) == said["entry"]


@not_with_lto
def test_functions_count_for_their_service(cc, native):
    """A large table and a large function of the program's, and nothing else, make it larger."""
    small = told(cc(HELLO, "-O2", name="small"))["services"]
    large = told(cc("char zero[3000]; int table[1000] = {1}; const int fixed[500] = {2};\n" +
                    HELLO.replace("return 0", "return table[(int)zero[0]] + fixed[(int)zero[1]]"), "-O2", name="large"))["services"]
    grown = {b["name"]: [b[k] - a[k] for k in ("text", "data", "bss")] for a, b in zip(small, large)}
    program = grown.pop("program")
    assert 2000 <= program[0] < 2300 and program[1:] == [4000, 3000]
    assert all(abs(n) < 64 for row in grown.values() for n in row)


@pytest.mark.parametrize("target, services", [("hosted", False), ("universal", True), ("bare", True)])
def test_targets(cc, target, services):
    image = cc(HELLO, f"--target={target}")
    said = told(image)
    assert ("bare" in names(image)) == services == said["bare"]
    assert said["hosted"] == (target != "bare")
    assert {"key": "target", "value": target} in said["facts"]


def test_how_it_was_built(cc):
    said = told(cc(HELLO, "-O2", "-g", "-Wall", "-I/tmp"))
    facts = [(f["key"], f["value"]) for f in said["facts"]]
    assert ("option", "-O2") in facts and ("option", "-g") in facts
    assert any(key == "compiler" and "GCC" in value for key, value in facts)
    assert not any("/" in value for key, value in facts if key == "option")


def test_text_names_all_of_it(cc):
    image = cc(HELLO, "-O2")
    text = inspect(image).stdout
    for service in told(image)["services"]:
        assert re.search(rf"^{service['name']} +{service['text']} +{service['data']} +{service['bss']} ", text, re.M)
    for word in ("constants", "relocated", "rw-", "entry ", "build id ", "compiler "):
        assert word in text


def test_why_is_a_chain_of_functions_with_lines(cc):
    image = cc(SERVER, "-O1", "-g", name="server")
    done = inspect("--why", "tcp", image)
    assert (done.stderr, done.status) == ("", 0)
    chain = steps(done.stdout)
    assert chain[0][:2] == ("serve", "program") and chain[0][2].endswith("server.c:4")
    assert chain[-1][1] == "tcp" and [s[1] for s in chain].count("tcp") == 1
    why = next(s for s in told(image)["services"] if s["name"] == "tcp")["why"]
    assert [(s["name"], s["service"]) for s in why] == [s[:2] for s in chain]


def test_why_each_step_refers_to_the_next(cc):
    """The references are in the image's code: the disassembly of each function names the next."""
    image = cc(SERVER, "-O1", name="server")
    chain = steps(inspect("--why", "tcp", image).stdout)
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", image], capture_output=True, text=True, check=True).stdout
    functions = {m[1]: m[2] for m in re.finditer(r"^[0-9a-f]+ <([^>]+)>:\n((?:.+\n)+)", code, re.M)}
    checked = 0
    for (name, *_), (following, *_) in zip(chain, chain[1:]):
        if name in functions and following in functions:
            assert f"<{following}>" in functions[name]
            checked += 1
    assert checked >= 2


def test_why_of_what_is_not_there(cc):
    image = cc(HELLO)
    done = inspect("--why", "tcp", image)
    assert done.status == 1 and "does not have tcp" in done.stderr
    done = inspect("--why", "network-card", image)
    assert done.status == 2 and "there is no service network-card" in done.stderr
    assert "starts there" in inspect("--why", "core", cc("int main(void) { return 0; }\n", name="empty")).stdout


def test_without_debug_information_lines_are_not_guessed(cc):
    image = cc(SERVER, "-O1", "-g0", name="server")
    chain = steps(inspect("--why", "tcp", image).stdout)
    assert chain[0][0] == "serve" and chain[0][2] == ""


def test_stripped(cc, run, tmp_path):
    image = cc(HELLO, "-O2", "-g")
    whole, before = tmp_path / "whole", told(image)
    shutil.copy(image, whole)
    subprocess.run(["objcopy", "--only-keep-debug", image, "debug"], cwd=tmp_path, check=True)
    subprocess.run(["strip", image], check=True)
    assert run(image).stdout == "hello\n"
    after = told(image)
    sizes = [[s[k] for k in ("name", "text", "data", "bss")] for s in after["services"]]
    assert sizes == [[s[k] for k in ("name", "text", "data", "bss")] for s in before["services"]]
    done = inspect("--why", "console", image)
    assert done.status == 126 and "stripped" in done.stderr and "--debug" in done.stderr
    for debug in (whole, tmp_path / "debug"):
        chain = steps(inspect("--why", "console", "--debug", debug, image).stdout)
        assert chain[0][0] == "main" and chain[0][2] != "" and chain[-1][1] == "console"
    done = inspect("--debug", cc(SERVER, "-g", name="other"), image)
    assert done.status == 126 and "another build" in done.stderr


def test_debug_information_beside_the_image(cc, run, tmp_path):
    """It is found by the name in the image, and only if it is of the same build."""
    image = cc(HELLO, "-O2", "-g", "--separate-debug", name="apart")
    assert run(image).stdout == "hello\n"
    chain = steps(inspect("--why", "console", image).stdout)
    assert chain[0][0] == "main" and chain[0][2] != "" and chain[-1][1] == "console"
    debug = image.with_name("apart.debug")
    shutil.copy(cc(SERVER, "-g", name="other"), debug)
    done = inspect("--why", "console", image)
    assert done.status == 126 and "another build" in done.stderr and str(debug) in done.stderr
    debug.unlink()
    done = inspect("--why", "console", image)
    assert done.status == 126 and "stripped" in done.stderr


def test_packed_images_say_the_same(cc, tmp_path):
    image = cc(HELLO, "-O2")
    before = told(image)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/motd").write_text("hi" * 5000)
    assert execute([PITH, "pack", image, "--root", tmp_path / "root"]).status == 0
    after = told(image)
    assert after["services"] == before["services"] and after["loaded_bytes"] == before["loaded_bytes"]
    assert after["files_bytes"] > 10000 and after["segments"][-1]["name"] == "files"


def test_two_images_are_compared(cc):
    a, b = cc(HELLO, "-O2", name="a"), cc(SERVER, "-O2", name="b")
    done = inspect(a, b)
    assert (done.stderr, done.status) == ("", 0)
    rows = {m[1]: (int(m[2]), int(m[3]), int(m[4]))
            for m in re.finditer(r"^([a-z0-9()]+) +(\d+) +(\d+) +([+-]?\d+)$", done.stdout, re.M)}
    assert rows["tcp"][0] == 0 and rows["tcp"][1] == rows["tcp"][2] > 1000
    assert rows["program"][1] - rows["program"][0] == rows["program"][2]
    assert rows["(loaded)"] == (told(a)["loaded_bytes"], told(b)["loaded_bytes"],
                                told(b)["loaded_bytes"] - told(a)["loaded_bytes"])
    assert "most changed" in done.stdout
    assert not re.search(r"[+-]?[1-9]", inspect(a, a).stdout.split("most changed")[1])


def test_libraries_of_the_program_are_the_programs(cc, tmp_path):
    """Archives, thin ones too."""
    objects = [cc("int one(void) { static char c[1111]; return c[0]++; }\n", "-c", name="one.o"),
               cc('#include <stdio.h>\nint two(void) { return puts("two"); }\n', "-c", name="two.o")]
    for flags, archive in (("rc", "fat.a"), ("rcT", "thin.a")):
        subprocess.run(["ar", flags, tmp_path / archive, *objects], check=True)
        image = cc(["int one(void), two(void); int main(void) { return one() + two(); }\n", tmp_path / archive], name="use")
        said = {s["name"]: s for s in told(image)["services"]}
        assert said["program"]["bss"] == 1111
        assert [s["name"] for s in said["console"]["why"]][:1] == ["two"]


def test_deny(cc, tmp_path):
    done = cc(SERVER, "-O1", "-g", "--deny=tcp,dhcp", "--deny", "romfs", name="server", ok=False)
    assert done.status == 1 and not (tmp_path / "server").exists()
    for service in ("tcp", "dhcp", "romfs"):
        assert f"would have {service}, which --deny={service} forbids:" in done.stderr
    assert re.search(r"^    serve +program +\S*server.c:4$", done.stderr, re.M)
    cc(HELLO, "--deny=tcp,threads,files", name="hello")
    done = cc(HELLO, "--deny=network-card", ok=False)
    assert done.status == 1 and "there is no service network-card" in done.stderr and "tcp " in done.stderr


def test_budget(cc, tmp_path):
    size = told(cc(HELLO, "-O2"))["loaded_bytes"]
    cc(HELLO, "-O2", f"--budget={size}")
    done = cc(HELLO, "-O2", f"--budget={size - 1}", name="large", ok=False)
    assert done.status == 1 and not (tmp_path / "large").exists()
    assert f"would load {size} bytes, --budget allows {size - 1}" in done.stderr and "libc " in done.stderr
    cc(HELLO, "-O2", "--budget", "1M")
    assert "wants a number" in cc(HELLO, "--budget=some", ok=False).stderr


def test_missing_calls_are_a_service(cc):
    image = cc("#include <unistd.h>\nint main(void) { return fork(); }\n", "--allow-missing")
    assert "missing" in names(image)
    assert "missing" not in names(cc(HELLO, name="hello"))


def test_ld_maps_of_the_users_still_come(cc, tmp_path):
    for option in (f"-Wl,-Map={tmp_path}/my.map", f"-Wl,-Map,{tmp_path}/my.map"):
        assert "console" in names(cc(HELLO, option))
        assert "puts.o" in (tmp_path / "my.map").read_text()
        (tmp_path / "my.map").unlink()
    (tmp_path / "hello.c").write_text(HELLO)
    done = execute([PITH, "cc", "-Wl,-M", "hello.c", "-o", "hello"], cwd=tmp_path)
    assert done.status == 0 and "puts.o" in done.stdout and "console" in names(tmp_path / "hello")


@pytest.mark.parametrize("make, why", [
    (lambda p: p.write_bytes(b""), "empty|not an ELF file"),
    (lambda p: p.write_bytes(b"#!/bin/sh\n" * 20), "not an ELF file"),
    (lambda p: p.write_bytes(open("/bin/true", "rb").read()), "not an image"),
    (lambda p: p.mkdir(), "not a regular file"),
    (lambda p: None, "cannot open"),
], ids=["empty", "script", "foreign", "folder", "absent"])
def test_what_is_no_image(tmp_path, make, why):
    make(tmp_path / "x")
    done = inspect(tmp_path / "x")
    assert done.status in (125, 126) and re.search(why, done.stderr) and str(tmp_path / "x") in done.stderr


def test_cut_images(cc):
    image = cc(HELLO, "-O2")
    data = image.read_bytes()
    for n in [*range(0, 200, 8), *range(200, len(data), 9973)]:
        image.write_bytes(data[:n])
        done = inspect(image)
        assert done.signal is None and done.status in (0, 126), n


def test_usage():
    assert "usage: pith inspect" in inspect("--help").stdout
    for args in ([], ["--bogus", "x"], ["a", "b", "c"], ["--why"], ["a", "b", "--json"], ["--json", "--why", "tcp", "a"]):
        done = inspect(*args)
        assert done.status == 2 and "hint" in done.stderr
    done = subprocess.run([PITH, "inspect", PITH], capture_output=True, text=True, check=False)
    assert done.returncode == 126


def rows_by_readelf(image):
    """Distinct statements in the line table, as binutils read it: file by folder and name, and line. What was not linked is
    at address 0, below all text."""
    text = subprocess.run(["readelf", "--debug-dump=rawline,decodedline", "-W", image], capture_output=True, text=True,
                          check=True).stdout
    return {(m[1], m[2]) for m in re.finditer(r"^(\S+) +(\d+) +0x([0-9a-f]+) +(?:\d+ +)?x$", text, re.M)
            if int(m[3], 16) >= 4096}


@pytest.mark.parametrize("version", [2, 4, 5])
def test_lines_are_those_of_the_line_table(cc, tmp_path, version):
    source = """#include <stdio.h>
static __attribute__((noinline)) int twice(int n)
{
    n += 1;
    if (n > 3)
        puts("large");
    return 2 * n;
}
int main(int argc, char **argv)
{
    (void)argv;
    return twice(argc) - twice(1);
}
"""
    image = cc(source, "-O0", f"-gdwarf-{version}", name="lines")
    done = inspect("--lines", image)
    assert (done.stderr, done.status) == ("", 0)
    rows = {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(r"^(\S+) +(\d+) +[\d.]+% +(\d+)$", done.stdout, re.M)}
    assert rows["program"] == (len([r for r in rows_by_readelf(image) if r[0].endswith("lines.c")]), 0)
    assert rows["program"][0] >= 9
    own = [n for name, (n, _) in rows.items() if name[0] != "("]
    assert rows["(all)"][0] == sum(own) == rows["(trusted)"][0] + rows["program"][0]
    # All that is in the image is in the line table of its debug information, too.
    assert rows["(all)"][0] >= 0.97 * len(rows_by_readelf(image))


def test_lines_without_debug_information_are_told(cc):
    image = cc(SERVER, "-O1", "-g0", name="server")
    row = re.search(r"^program +(\d+) +[\d.]+% +(\d+)$", inspect("--lines", image).stdout, re.M)
    assert row[1] == "0" and int(row[2]) > 20
    subprocess.run(["strip", image], check=True)
    done = inspect("--lines", image)
    assert done.status == 126 and "stripped" in done.stderr


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bill(image, **env):
    done = execute([PITH, "inspect", "--sbom", image], env={**os.environ, **env})
    assert (done.stderr, done.status) == ("", 0)
    return json.loads(done.stdout)


@not_with_lto
def test_bill_of_materials(cc, tmp_path):
    """What CycloneDX 1.5 wants of each member is checked by hand: Debian 12 has no validator for it."""
    one = cc("int one(void) { return 1; }\n", "-c", name="one.o")
    archive = tmp_path / "libtwo.a"
    subprocess.run(["ar", "rc", archive, cc("int two(void) { return 2; }\n", "-c", name="two.o")], check=True)
    image = cc(["int one(void), two(void); int main(void) { return one() + two(); }\n", one, archive],
               "--component=shop@1.2-3,sha256=" + "ab" * 32 + ",purl=pkg:deb/debian/shop@1.2-3,license=MIT",
               "--component", "two@7", name="shop")
    said = bill(image)
    assert (said["bomFormat"], said["specVersion"], said["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", said["serialNumber"])
    assert said["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": sha256(image)}]
    assert "timestamp" not in said["metadata"]
    parts = {c["name"]: c for c in said["components"]}
    hashes = {name: c["hashes"][0]["content"] for name, c in parts.items() if "hashes" in c}
    lib = PITH.parent.parent / "lib/pith/lib"
    assert hashes["pith"] == sha256(lib / "libpith.a") and hashes["musl"] == sha256(lib / "libc.a")
    assert hashes["one.o"] == sha256(one) and hashes["libtwo.a"] == sha256(archive)
    assert "shop-0.c (compiled)" in hashes
    pin = dict(line.split(None, 1) for line in (ROOT / "musl/source.pin").read_text().splitlines() if line.startswith("version"))
    assert parts["musl"]["version"] == pin["version"]
    assert parts["shop"]["version"] == "1.2-3" and hashes["shop"] == "ab" * 32
    assert parts["shop"]["purl"] == "pkg:deb/debian/shop@1.2-3" and parts["shop"]["licenses"] == [{"expression": "MIT"}]
    assert parts["two"]["version"] == "7" and "hashes" not in parts["two"]
    references = [c["bom-ref"] for c in said["components"]]
    assert len(set(references)) == len(references)
    assert said["dependencies"] == [{"ref": "image", "dependsOn": references}]
    assert bill(image) == said
    assert bill(image, SOURCE_DATE_EPOCH="86400")["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    assert "wants NAME@VERSION" in cc(HELLO, "--component=x", ok=False).stderr


def test_bill_of_packed_files(cc, tmp_path):
    image = cc(HELLO)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/motd").write_text("hi")
    assert execute([PITH, "pack", image, "--root", tmp_path / "root"]).status == 0
    data = image.read_bytes()
    root = next(c for c in bill(image)["components"] if c["bom-ref"] == "root")
    offset, = [len(data) - s["file"] for s in told(image)["segments"] if s["name"] == "files"]
    assert root["hashes"][0]["content"] == hashlib.sha256(data[offset:]).hexdigest()


def test_bills_want_the_map(cc):
    image = cc(HELLO, "-s")
    done = inspect("--sbom", image)
    assert done.status == 126 and "stripped" in done.stderr


def test_link_time_optimisation(cc, tmp_path, monkeypatch):
    """What the optimiser made of the program is described, and leaves no files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    image = cc(SERVER, "-O2", "-g", "-flto", name="server")
    program = next(s for s in told(image)["services"] if s["name"] == "program")
    assert 20 < program["text"] < 400
    chain = steps(inspect("--why", "tcp", image).stdout)
    assert chain[0][1] == "program" and "server.c:" in chain[0][2] and chain[-1][1] == "tcp"
    cc(SERVER, "-O2", "-flto", "--deny=tcp", ok=False)
    cc("int one(void); int main(void) { return one(); }\n", "-flto", ok=False)
    assert list(scratch.iterdir()) == []


def test_programs_of_configure_scripts_are_not_described(tmp_path):
    (tmp_path / "conftest.c").write_text(HELLO)
    assert execute([PITH, "cc", "-o", "conftest", "conftest.c"], cwd=tmp_path).status == 0
    assert told(tmp_path / "conftest")["services"] == []
    assert "does not say" in inspect(tmp_path / "conftest").stdout
    assert execute([PITH, "cc", "-o", "conftest", "--deny=console", "conftest.c"], cwd=tmp_path).status == 1
