# SPDX-License-Identifier: MIT
"""curl as an image: a client of a server of the host, over a TAP device in a namespace of the test."""
import subprocess

from frame import PITH
from network import namespace  # noqa: F401

SERVER = r"""
import http.server, socket, threading
LARGE = bytes(range(256)) * 8000
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/old":
            self.answer(302, b"", ("Location", "/page"))
        elif self.path in ("/page", "/large"):
            self.answer(200, b"the page\n" if self.path == "/page" else LARGE)
        else:
            self.answer(404, b"no such page\n")
    def do_PUT(self):
        self.answer(200, b"%d in sum\n" % sum(self.rfile.read(int(self.headers["Content-Length"]))))
    def log_message(self, *unused):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("10.9.0.1", 53))
threading.Thread(target=Server(("::", 80), Handler).serve_forever, daemon=True).start()
print("ready", flush=True)
while True: # each name is 10.9.0.1, and has no address of IPv6
    q, peer = names.recvfrom(512)
    end = q.index(0, 12) + 5
    four = q[end - 4:end - 2] == b"\0\1"
    names.sendto(q[:2] + bytes.fromhex("818000010001" if four else "818000010000") + bytes(4) + q[12:end] +
                 (bytes.fromhex("c00c000100010000003c00040a090001") if four else b""), peer)
"""


def test_client(ported, namespace):  # noqa: F811
    """Pages by both versions of IP and by name, redirects, an upload, and the exit status of what fails."""
    inside = ["ip", "netns", "exec", namespace]
    subprocess.run(["ip", "-n", namespace, "-6", "addr", "add", "fd00:9::1/64", "dev", namespace, "nodad"], check=True)
    server = subprocess.Popen([*inside, "python3", "-c", SERVER], stdout=subprocess.PIPE, text=True)

    def curl(*words):
        done = subprocess.run([*inside, PITH, "run", "--on", "process", "--timeout", "20", "--net", f"tap:{namespace}", "--ip",
                               "10.9.0.2/24,10.9.0.1,10.9.0.1", "--ip", "fd00:9::2/64", ported("curl", "curl"), "-sS", *words],
                              capture_output=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout

    try:
        assert server.stdout.readline() == "ready\n"
        for host in ("10.9.0.1", "[fd00:9::1]", "server.example"):
            assert curl(f"http://{host}/page") == (0, b"the page\n")
        assert curl("http://10.9.0.1/large") == (0, bytes(range(256)) * 8000)
        assert curl("-o", "/dev/null", "-w", "%{http_code}", "http://10.9.0.1/old") == (0, b"302")
        assert curl("-L", "http://10.9.0.1/old") == (0, b"the page\n")
        assert curl("-X", "PUT", "--data-binary", "a" * 100, "http://10.9.0.1/up") == (0, b"9700 in sum\n")
        assert curl("-f", "http://10.9.0.1/missing")[0] == 22
        assert curl("http://10.9.0.1/missing") == (0, b"no such page\n")
        assert curl("http://10.9.0.1:9/")[0] == 7
    finally:
        server.kill()
        server.communicate()
