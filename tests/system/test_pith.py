# SPDX-License-Identifier: MIT
"""The pith command: its subcommands, help, versions, and an installation that was moved."""
import os
import shutil
import subprocess

import pytest

from frame import OUT, PITH, PITH_CC, execute


def test_version(pith):
    done = pith("--version")
    assert done.status == 0 and done.stdout.startswith("pith ") and done.stdout.count("\n") == 1


def test_wrong_command(pith):
    for args in ([], ["inspekt"], ["-x"], ["help", "nothing"], ["help", "cc", "run"]):
        done = pith(*args)
        assert done.status == 2 and done.stdout == "" and done.stderr.startswith("pith")
        assert "hint" in done.stderr or "one command" in done.stderr


@pytest.mark.parametrize("command", [None, "cc", "run", "pack", "check", "net", "help"])
def test_help_with_man(pith, command):
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    done = pith("help", *([command] if command else []))
    name = f"pith-{command}" if command else "pith"
    assert done.status == 0 and "NAME" in done.stdout and name in done.stdout


@pytest.mark.parametrize("command", [None, "cc", "run", "pack", "check", "net", "help"])
def test_help_without_man(pith, command, tmp_path):
    done = pith("help", *([command] if command else []), env={"PATH": str(tmp_path)})
    assert done.status == 0 and done.stdout.lower().startswith("usage: pith")


def test_manual_pages_are_sound():
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    pages = sorted(p.name for p in (OUT / "share/man/man1").iterdir())
    assert pages == ["pith-cc.1", "pith-check.1", "pith-help.1", "pith-inspect.1", "pith-net.1", "pith-pack.1", "pith-policy.1", "pith-run.1", "pith.1"]
    for page in pages:
        done = execute(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", OUT / "share/man/man1" / page],
                       env={**os.environ, "MANROFFSEQ": ""})
        assert done.status == 0 and done.stderr == "", page


def test_run_is_the_monitor(pith):
    """Its options and exit statuses are the monitor's."""
    monitor = OUT / "libexec/pith/pith-monitor"
    for args in (["--help"], ["--nonsense"], ["/nowhere/image"]):
        ours, theirs = pith("run", *args), execute([monitor, *args])
        assert (ours.stdout, ours.stderr, ours.status) == (theirs.stdout, theirs.stderr, theirs.status)


def test_run_starts_no_other_program(cc):
    """The start of an image is that of one program: see docs/decisions/0012."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    image = cc("int main(void) { return 0; }\n")
    done = execute(["strace", "-f", "-e", "trace=execve", "-o", "/dev/stdout", PITH, "run", image])
    if "execve" not in done.stdout:
        pytest.skip("strace may not trace here")
    assert done.stdout.count("execve(") == 1


def test_run_however_it_was_started(pith, cc, tmp_path):
    """The monitor is found from a symbolic link, through PATH, from the program's own folder, and from a script."""
    image = cc("int main(void) { return 7; }\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pith").symlink_to(PITH)
    (tmp_path / "other").symlink_to(PITH)
    script = tmp_path / "script"
    script.write_text(f"#!{PITH} run\n")
    for command, more in (([tmp_path / "bin" / "pith"], {}), ([tmp_path / "other"], {}), (["./pith"], {"cwd": OUT / "bin"}),
                          (["bin/pith"], {"cwd": OUT}), (["pith"], {"env": {"PATH": f"{OUT}/bin"}}),
                          (["pith"], {"env": {"PATH": f"{tmp_path}/bin"}})):
        assert execute([*command, "run", image], **more).status == 7, command
    os.chmod(script, 0o755)
    done = execute([script])
    assert done.status == 126 and "script" in done.stderr


def test_moved_installation(tmp_path):
    """Everything is found from the place of the program itself; names with spaces and commas included."""
    moved = tmp_path / "a folder, moved"
    shutil.copytree(OUT, moved, symlinks=True)
    (tmp_path / "x.c").write_text('#include <stdio.h>\nint main(void) { puts("moved"); return 0; }\n')
    link = tmp_path / "cc-link"
    link.symlink_to(moved / "bin" / "pith-cc")
    for command in ([moved / "bin" / "pith-cc"], [moved / "bin" / "pith", "cc"]):
        for compiler in filter(shutil.which, ("gcc", "clang")):
            built = execute([*command, "x.c", "-o", "x"], cwd=tmp_path, env={**os.environ, "PITH_CC": compiler})
            assert (built.status, built.stderr) == (0, "")
            assert execute([moved / "bin" / "pith", "run", "x"], cwd=tmp_path).stdout == "moved\n"
            assert execute(["./x"], cwd=tmp_path).stdout == "moved\n"


def test_found_through_path(tmp_path):
    (tmp_path / "x.c").write_text("int main(void) { return 7; }\n")
    env = {**os.environ, "PATH": f"{OUT}/bin:{os.environ['PATH']}"}
    assert execute(["pith-cc", "x.c"], cwd=tmp_path, env=env).status == 0
    assert execute(["pith", "run", "a.out"], cwd=tmp_path, env=env).status == 7


def test_linker_without_pith(tmp_path):
    """libexec/pith/ld is GNU ld to everybody else."""
    ld = OUT / "libexec/pith/ld"
    (tmp_path / "a.c").write_text("int a(void) { return 1; }\n")
    subprocess.run([PITH_CC, "-c", "a.c"], cwd=tmp_path, check=True)
    assert execute([ld, "-r", "a.o", "-o", "b.o"], cwd=tmp_path).status == 0
    assert "no input files" in execute([ld], cwd=tmp_path).stderr
