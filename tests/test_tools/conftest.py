"""A file server on the local machine."""
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Handler(BaseHTTPRequestHandler):
    """Send files as configured by the server's fields, and log requests."""

    def do_GET(self):
        server, wanted = self.server, self.headers.get('Range')
        body = server.files.get(self.path)
        status = server.faults.pop(0) if server.faults else 200
        if status != 200 or body is None:
            server.sent.append((self.path, wanted, 0))
            self.send_error(status if status != 200 else 404)
            return
        start = 0
        if wanted and server.knows_ranges:
            start = int(re.fullmatch(r'bytes=(\d+)-', wanted)[1])
            if start >= len(body):
                server.sent.append((self.path, wanted, 0))
                self.send_response(416)
                self.send_header('Content-Range', f'bytes */{len(body)}')
                self.end_headers()
                return
        self.send_response(206 if start else 200)
        if start:
            self.send_header('Content-Range',
                             f'bytes {start}-{len(body) - 1}/{len(body)}')
        body = body[start:]
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if server.cuts:
            body = body[:server.cuts.pop(0)]
        # Logged before the client can know that it has received everything.
        server.sent.append((self.path, wanted, len(body)))
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture
def server(monkeypatch):
    """A server whose fields configure its behavior.

    ``files`` by path; ``knows_ranges``; ``cuts``: number of bytes after which
    the next answers are cut off; ``faults``: status of the next answers;
    ``sent``: path, Range header and bytes of each answer.
    """
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.files = {}
    server.knows_ranges = True
    server.cuts, server.faults, server.sent = [], [], []
    server.url = f'http://127.0.0.1:{server.server_port}'
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    # urllib caches the proxies of its first request.
    monkeypatch.setattr('urllib.request._opener', None)
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    thread = threading.Thread(target=server.serve_forever, args=(.01, ))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
