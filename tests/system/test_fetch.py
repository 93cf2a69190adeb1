# SPDX-License-Identifier: MIT
"""tools/fetch-source, with a small source package made here and an apt that plays the archive: no network."""
import hashlib
import os
import pathlib
import signal
import subprocess
import time

import pytest

from frame import ROOT, execute

FETCH = ROOT / "tools" / "fetch-source"

# Plays apt-get and apt-cache. $ARCHIVE is the folder of the package's files, and may hold:
#   entries      what apt-get indextargets prints
#   versions     what apt-cache showsrc offers, once there was an update; no file: no network
#   slow         apt-get source never ends
#   pool/        what the pool of http://archive.example/debian/ has of the package
# Every call is noted in $ARCHIVE/calls, with the sources it was given in $ARCHIVE/seen.
APT = """#!/bin/sh
echo "$(basename "$0") $*" >>"$ARCHIVE/calls"
parts=
for a in "$@"; do
    case $a in
        Dir::Etc::sourceparts=*) parts=${a#*=} ;;
    esac
done
[ -z "$parts" ] || { rm -rf "$ARCHIVE/seen"; cp -R "$parts" "$ARCHIVE/seen"; }
case " $* " in
    *REPO_URI*) echo "Other http://other.example/"; echo "Debian http://archive.example/debian/"; exit 0 ;;
    *" download-file http://archive.example/debian/pool/main/p/pith-test/"*)
        while [ "$1" != download-file ]; do shift; done
        cp "$ARCHIVE/pool/${2##*/}" "$3" && [ "$4" = "SHA256:$(sha256sum <"$3" | cut -d" " -f1)" ] || exit 100
        exit 0 ;;
    *" download-file "*) exit 100 ;;
    *" indextargets "*) cat "$ARCHIVE/entries" 2>/dev/null; exit 0 ;;
    *" update "*) [ -e "$ARCHIVE/versions" ] && : >"$ARCHIVE/updated"; exit 0 ;;
    *" showsrc "*) [ -e "$ARCHIVE/updated" ] && sed 's/^/Version: /' "$ARCHIVE/versions"; exit 0 ;;
    *" source "*)
        [ ! -e "$ARCHIVE/slow" ] || { touch "$ARCHIVE/started"; cp "$ARCHIVE"/*.dsc .; exec sleep 60; }
        for last; do :; done
        [ -e "$ARCHIVE/updated" ] && grep -qxF "${last#*=}" "$ARCHIVE/versions" || {
            echo "E: Unable to find a source package" >&2
            exit 100
        }
        cp "$ARCHIVE"/pith-test_* .
        ;;
esac
"""


@pytest.fixture
def archive(tmp_path):
    """A folder with the files of the source package pith-test 1:1.0-1, and the apt above."""
    tree = tmp_path / "build" / "pith-test-1.0"
    (tree / "debian" / "source").mkdir(parents=True)
    (tree / "hello.txt").write_text("hello\n")
    (tree / "debian" / "source" / "format").write_text("3.0 (native)\n")
    (tree / "debian" / "control").write_text(
        "Source: pith-test\nMaintainer: Test <test@example.org>\nStandards-Version: 4.6.0\n\n"
        "Package: pith-test\nArchitecture: all\nDescription: test\n")
    (tree / "debian" / "changelog").write_text(
        "pith-test (1:1.0) unstable; urgency=low\n\n  * Test.\n\n"
        " -- Test <test@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n")
    subprocess.run(["dpkg-source", "-q", "-b", "."], cwd=tree, check=True, stderr=subprocess.DEVNULL)
    folder = tmp_path / "archive"
    folder.mkdir()
    for file in tree.parent.glob("pith-test_*"):
        file.rename(folder / file.name)
    (folder / "versions").write_text("1:0.9\n1:1.0\n")
    (folder / "entries").write_text(f"Debian {tmp_path}/a.list:1\n")
    (tmp_path / "a.list").write_text("deb http://archive.example/debian stable main\n")
    for tool in ("apt-get", "apt-cache", "apt-helper"):
        path = tmp_path / "bin" / tool
        path.parent.mkdir(exist_ok=True)
        path.write_text(APT)
        path.chmod(0o755)
    return folder


def pin_of(archive, version="1:1.0", comment="", **changed):
    lines = [f"# {comment}", "package pith-test", f"version {version}"]
    for file in sorted(archive.glob("pith-test_*")):
        digest = changed.get("digest") or hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"sha256 {digest} {file.name}")
    path = archive.parent / "source.pin"
    path.write_text("\n".join(lines) + "\n")
    return path


def played(archive):
    """An environment with the apt above."""
    tools = archive.parent / "bin"
    return {**os.environ, "ARCHIVE": str(archive), "APT_HELPER": f"{tools}/apt-helper", "PATH": f"{tools}:{os.environ['PATH']}"}


@pytest.fixture
def fetch(archive, tmp_path):
    environment = played(archive)
    return lambda pin, where="sources": execute([FETCH, pin, tmp_path / where], env=environment)


def calls(archive):
    path = archive / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_fetches_once(archive, fetch, tmp_path):
    tree = tmp_path / "sources" / "pith-test-1.0"
    result = fetch(pin_of(archive))
    assert (result.status, result.stdout) == (0, f"{tree}\n")
    assert (tree / "hello.txt").read_text() == "hello\n"
    # What is not in the index at first is looked for after one update.
    assert sum(" update" in c for c in calls(archive)) == 1
    assert not list((tmp_path / "sources").glob(".fetch*"))

    before = len(calls(archive))
    result = fetch(pin_of(archive, comment="another comment"))
    assert (result.status, result.stdout, result.stderr) == (0, f"{tree}\n", "")
    assert len(calls(archive)) == before


def test_without_a_network_from_the_download_folder(archive, fetch, tmp_path):
    pin = pin_of(archive)
    (tmp_path / "sources" / "download").mkdir(parents=True)
    for file in archive.glob("pith-test_*"):
        file.rename(tmp_path / "sources" / "download" / file.name)
    assert fetch(pin).status == 0
    assert calls(archive) == []


def test_a_folder_that_is_not_of_this_pin_is_made_anew(archive, fetch, tmp_path):
    tree = tmp_path / "sources" / "pith-test-1.0"
    tree.mkdir(parents=True)
    (tree / "half").write_text("done")
    assert fetch(pin_of(archive)).status == 0
    assert not (tree / "half").exists() and (tree / "hello.txt").exists()


def test_a_wrong_hash_unpacks_nothing(archive, fetch, tmp_path):
    result = fetch(pin_of(archive, digest="0" * 64))
    assert result.status == 1 and result.stdout == ""
    assert "is not what" in result.stderr and "pith-test_1.0.dsc: FAILED" in result.stderr
    assert not (tmp_path / "sources" / "pith-test-1.0").exists()
    assert not list((tmp_path / "sources" / "download").iterdir())


def test_a_version_that_is_gone_says_what_there_is(archive, fetch):
    result = fetch(pin_of(archive, version="1:0.1"))
    assert result.status == 1
    assert "1:0.1" in result.stderr and "no longer in the archive, which has: 1:0.9 1:1.0" in result.stderr


def test_a_version_that_is_gone_is_looked_for_in_the_pool(archive, fetch, tmp_path):
    pin = pin_of(archive, version="1:0.1")
    (archive / "pool").mkdir()
    for file in archive.glob("pith-test_*"):
        file.rename(archive / "pool" / file.name)
    assert fetch(pin).status == 0
    assert (tmp_path / "sources" / "pith-test-0.1" / "hello.txt").read_text() == "hello\n"


@pytest.mark.parametrize("patch", ["hello.txt", "absent.txt"])
def test_a_pin_without_a_description(archive, fetch, tmp_path, patch):
    """The upstream archive and Debian's changes are put together here; a patch that does not apply is an error."""
    for file in archive.glob("pith-test_*"):
        file.unlink()
    (archive / "pool").mkdir()
    upstream, debian = tmp_path / "upstream" / "x-1.0", tmp_path / "debian"
    (debian / "patches").mkdir(parents=True)
    upstream.mkdir(parents=True)
    (upstream / "hello.txt").write_text("hello\n")
    (debian / "patches" / "series").write_text("# a comment\n\none.patch # why\n")
    (debian / "patches" / "one.patch").write_text(f"--- a/{patch}\n+++ b/{patch}\n@@ -1 +1 @@\n-hello\n+hello, Debian\n")
    lines = ["package pith-test", "version 1.0-1"]
    for name, folder in (("pith-test_1.0.orig.tar.gz", upstream), ("pith-test_1.0-1.debian.tar.xz", debian)):
        file = archive / "pool" / name
        subprocess.run(["tar", "-caf", file, "-C", folder.parent, folder.name], check=True)
        lines.append(f"sha256 {hashlib.sha256(file.read_bytes()).hexdigest()} {name}")
    pin = tmp_path / "x.pin"
    pin.write_text("\n".join(lines) + "\n")
    result = fetch(pin)
    tree = tmp_path / "sources" / "pith-test-1.0-1"
    if patch == "hello.txt":
        assert result.status == 0, result.stderr
        assert (tree / "hello.txt").read_text() == "hello, Debian\n" and (tree / "debian").is_dir()
    else:
        assert result.status == 1 and "could not unpack" in result.stderr and not tree.exists()


def test_no_network(archive, fetch):
    (archive / "versions").unlink()
    result = fetch(pin_of(archive))
    assert result.status == 1 and "is there a network" in result.stderr


def test_no_debian_repository(archive, fetch):
    (archive / "entries").write_text("Somebody /etc/apt/sources.list.d/x.list:1\n")
    result = fetch(pin_of(archive))
    assert result.status == 1 and "knows no Debian repository" in result.stderr


@pytest.mark.parametrize("text", [
    "", "package x\nversion 1\n", "package x\nversion 1\nsha256 abc x.dsc\n",
    f"package x/y\nversion 1\nsha256 {'0' * 64} x.dsc\n", f"package x\nversion 1\nsha256 {'0' * 64} ../x.dsc\n",
    f"package x\nversion 1\nsha256 {'0' * 64} x_1.orig.tar.gz\n", f"package x\nversion 1\nsha256 {'0' * 64} x_1.debian.tar.xz\n",
    f"package x\nversion ../1\nsha256 {'0' * 64} x.dsc\n", f"package x\nversion 1\nsha256 {'0' * 64} x.dsc\nmore\n",
])
def test_a_pin_that_is_none(archive, fetch, tmp_path, text):
    pin = tmp_path / "bad.pin"
    pin.write_text(text)
    result = fetch(pin)
    assert result.status == 1 and "bad.pin" in result.stderr
    assert calls(archive) == []


def test_interrupted(archive, tmp_path):
    """Killed while it fetches, it leaves nothing that the next run takes for complete."""
    (archive / "slow").touch()
    environment = played(archive)
    command = [str(FETCH), str(pin_of(archive)), str(tmp_path / "sources")]
    with subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        for _ in range(500):
            if (archive / "started").exists():
                break
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    sources = tmp_path / "sources"
    assert list(sources.glob(".fetch*")) and not list((sources / "download").iterdir())
    (archive / "slow").unlink()
    assert execute(command, env=environment).status == 0
    assert not list(sources.glob(".fetch*")) and (sources / "pith-test-1.0" / "hello.txt").exists()


def test_lists_of_both_forms(archive, fetch, tmp_path):
    """Of the system's lists only Debian's entries are taken, as deb-src, with their options and keys."""
    old, new = tmp_path / "old.list", tmp_path / "new.sources"
    old.write_text("# deb http://off.example/debian stable main\n"
                   "deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian stable main\n"
                   "deb http://other.example/x stable main\n")
    new.write_text("# a comment\nTypes: deb\nURIs: http://third.example/x\nSuites: s\nComponents: c\n\n\n"
                   "# only a comment\n\n"
                   "types: deb\n deb-src\nURIs: http://two.example/debian\nSuites: stable stable-updates\n"
                   "Components: main\nSigned-By:\n -----BEGIN PGP\n .\n key\n\n"
                   "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: s\nComponents: main\n")
    (archive / "entries").write_text(f"Debian {old}:2\nDebian {old}:2\nOther {old}:3\nOther {new}:1\nDebian {new}:2\n")
    assert fetch(pin_of(archive)).status == 0
    assert (archive / "seen" / "old.list").read_text() == (
        "deb-src [arch=amd64 signed-by=/k.gpg] http://one.example/debian stable main\n")
    assert (archive / "seen" / "new.sources").read_text().strip() == (
        "Types: deb-src\nURIs: http://two.example/debian\nSuites: stable stable-updates\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP\n .\n key")


def test_before_the_first_update_all_entries_are_taken(archive, fetch, tmp_path):
    """While apt has no indexes, it does not know an entry's origin."""
    (archive / "entries").write_text(f"$(ORIGIN) {tmp_path}/a.list:1\n")
    assert fetch(pin_of(archive)).status == 0
    assert (archive / "seen" / "a.list").read_text() == "deb-src http://archive.example/debian stable main\n"


def test_real_apt_takes_the_derived_lists(tmp_path):
    """apt itself reads what is made of this system's lists, and the system's own folders stay as they are."""
    if not pathlib.Path("/etc/apt").is_dir():
        pytest.skip("no apt here")
    before = {p: p.stat().st_mtime_ns for p in pathlib.Path("/etc/apt").rglob("*")}
    (tmp_path / "x.pin").write_text(f"package pith-no-such-package\nversion 1\nsha256 {'0' * 64} x.dsc\n")
    # A proxy that refuses stands for a network that is down.
    result = execute([FETCH, tmp_path / "x.pin", tmp_path / "s"], env={
        **os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}, timeout=120)
    assert result.status == 1
    assert "pith-no-such-package" in result.stderr or "knows no Debian repository" in result.stderr
    if "knows no Debian" not in result.stderr:
        text = "".join(p.read_text() for p in (tmp_path / "s/apt/sources").iterdir())
        listed = execute(["apt-get", "-o", "Dir::Etc::sourcelist=/dev/null", "-o",
                          f"Dir::Etc::sourceparts={tmp_path}/s/apt/sources", "indextargets", "--no-release-info",
                          "--format", "$(CREATED_BY)"]).stdout.split()
        assert text and listed and set(listed) == {"Sources"}
    assert {p: p.stat().st_mtime_ns for p in pathlib.Path("/etc/apt").rglob("*")} == before
