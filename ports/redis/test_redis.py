# SPDX-License-Identifier: MIT
"""Redis as an image: its own unit tests, and the server with a Unix socket, which nobody but itself can reach."""
import subprocess

import pytest

from frame import PITH, execute

LONG = pytest.mark.not_on_qemu("takes 12 s there")
UNITS = ["ziplist", pytest.param("quicklist", marks=LONG), "intset", "zipmap", "sha1test", "util", "endianconv", "crc64",
         "zmalloc", "sds", "dict", "listpack"]

SCRIPT = """
for i = 1, 1000 do
    redis.call('HSET', 'hash', 'field' .. i, i)
    redis.call('ZADD', 'sorted', i % 17, 'member' .. i)
end
redis.log(redis.LOG_WARNING, redis.call('HLEN', 'hash') .. ' fields, ' .. redis.call('ZCOUNT', 'sorted', 3, 4) ..
          ' members, list ' .. table.concat(redis.call('LRANGE', 'list', 0, -1), ',') .. ', digest ' ..
          redis.sha1hex(cjson.encode(redis.call('ZRANGE', 'sorted', 0, 9))))
"""

@pytest.mark.parametrize("unit", UNITS)
def test_unit(unit, ported, run):
    result = run(ported("redis", "redis-server"), "test", unit, timeout=120)
    assert result.status == 0, result.stdout + result.stderr
    assert "fail" not in result.stdout.lower().replace("0 failed", ""), result.stdout

def test_an_unknown_unit_is_told(ported, run):
    assert run(ported("redis", "redis-server"), "test", "nothing").status == 255

def commands(*lines):
    """Commands as a client sends them and a log of commands keeps them."""
    return "".join(f"*{len(line)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in line)
                   for line in lines).encode()

def test_server(ported, spawn, served, tmp_path):
    """Starts, does the commands of a log packed into the image, waits for clients, and ends for SIGTERM with a snapshot."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "appendonly.aof").write_bytes(commands(
        ["SET", "key", "value"], ["RPUSH", "list", "1", "2", "3"], ["EVAL", SCRIPT, "0"], ["DEL", "key"]))
    image = tmp_path / "redis"
    packed = execute([PITH, "pack", ported("redis", "redis-server"), "--root", root, "-o", image])
    assert packed.status == 0, packed.stderr
    server = spawn(image, "--port", "0", "--unixsocket", "/socket", "--appendonly", "yes", "--save", "3600 1",
                   stdout=subprocess.PIPE, text=True)
    said = served(server, server.stdout, "ready to accept connections at /socket")
    assert server.returncode == 0, said

    assert "1000 fields, 118 members, list 1,2,3, digest " in said, said
    for words in ("DB loaded from append only file", "DB saved on disk", "ready to exit, bye bye"):
        assert words in said, said

def test_page_stays_small(ported, pith, tmp_path):
    """What pith inspect shows of the largest port."""
    assert pith("inspect", "--html", tmp_path / "page.html", ported("redis", "redis-server")).status == 0
    assert (tmp_path / "page.html").stat().st_size < 1 << 20
