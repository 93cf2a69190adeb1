# SPDX-License-Identifier: MIT
"""nginx as an image, asked by the clients of the host over a TAP device in a namespace of the test, and without root."""
import hashlib

import pytest

from frame import PITH, execute
from network import Server, free_port, namespace, way_options  # noqa: F401

PAGE = "".join(f"line {n} of the page\n" for n in range(40))
LARGE = bytes(range(256)) * 20000

CONFIG = """daemon off; master_process off; error_log stderr; pid /run/nginx.pid;
events { worker_connections 512; }
http { access_log off; sendfile on; keepalive_requests 100000;
    server { listen 80; listen [::]:80; root /www;
        location /old { rewrite ^/old/(.*)$ /$1 redirect; }
        location /zipped { gzip on; gzip_min_length 10; gzip_types *; alias /www; } } }
"""


@pytest.fixture(scope="module")
def image(ported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    root = folder / "root"
    for name in ("www", "etc", "run", "tmp"):
        (root / name).mkdir(parents=True)
    (root / "www/index.html").write_text(PAGE)
    (root / "www/large").write_bytes(LARGE)
    (root / "nginx.conf").write_text(CONFIG)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nnobody:x:65534:\nnogroup:x:65534:\n")
    packed = folder / "nginx"
    done = execute([PITH, "pack", ported("nginx", "nginx"), "--root", root, "-o", packed])
    assert done.status == 0, done.stderr
    return packed


class Nginx(Server):
    def curl(self, *args):
        return self.run("curl", "-s", "--max-time", "20", *args)

    def wait_for(self, url):
        self.wait(lambda: self.curl("-o", "/dev/null", url).returncode == 0)


@pytest.mark.parametrize("way", ["process", "qemu"])
def test_pages(way, image, namespace):  # noqa: F811
    server = Nginx(PITH, "run", "-m", "128M", *way_options(way), "--net", f"tap:{namespace}", "--ip", "10.9.0.2/24", image, "-c",
                    "/nginx.conf", prefix=["ip", "netns", "exec", namespace])
    url = "http://10.9.0.2"
    try:
        server.wait_for(url + "/")
        assert server.curl(url + "/").stdout.decode() == PAGE
        assert hashlib.sha256(server.curl(url + "/large").stdout).digest() == hashlib.sha256(LARGE).digest()
        assert b"404 Not Found" in server.curl(url + "/missing").stdout
        assert server.curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url + "/old/index.html").stdout == \
            b"302 http://10.9.0.2/index.html"
        assert server.curl("--compressed", url + "/zipped/index.html").stdout.decode() == PAGE
        assert server.curl("-r", "5-9", url + "/").stdout.decode() == PAGE[5:10]
        load = server.run("ab", "-q", "-k", "-c", "8", "-n", "400", url + "/index.html", text=True, timeout=60)
        assert "Complete requests:      400" in load.stdout and "Failed requests:        0" in load.stdout, load.stdout + load.stderr
        load = server.run("ab", "-q", "-c", "8", "-n", "200", url + "/index.html", text=True, timeout=60)
        assert "Failed requests:        0" in load.stdout, load.stdout + load.stderr
    finally:
        messages = server.end()[1]
    assert "emerg" not in messages and "alert" not in messages, messages


def test_without_root(image):
    """--net user: a port of the host leads to the server."""
    port = free_port()
    server = Nginx(PITH, "run", "--on", "process", "-p", f"127.0.0.1:{port}:80", image, "-c", "/nginx.conf")
    try:
        server.wait_for(f"http://127.0.0.1:{port}/")
        assert server.curl(f"http://127.0.0.1:{port}/").stdout.decode() == PAGE
    finally:
        server.end()
