"""A web server of a test's own, on 127.0.0.1, that can break off, lie, ask for a token, and not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class SmallServer:
    """What it serves, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    token: str | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""

    def index(self, name: str, files: dict[str, str]) -> None:
        """Serve a package's page of an index: file name → sha256."""
        links = "".join(f'<a href="/files/{file}#sha256={sha256}">{file}</a>' for file, sha256 in files.items())
        self.files[f"/simple/{name}/"] = f"<html><body>{links}</body></html>".encode()


@contextmanager
def small_server() -> Iterator[SmallServer]:
    """Start one; it ends with the block."""
    shown = SmallServer()
    woken = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            shown.asked.append((self.command, self.path, self.headers.get("Range")))
            if shown.silent:
                woken.wait(30)
                return
            if shown.token and self.headers.get("Authorization") != f"Bearer {shown.token}":
                self._refuse(401, shown.refusals)
                return
            body = shown.files.get(self.path)
            if body is None:
                self._refuse(404, {})
                return
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
            if start >= len(body) > 0:
                self._refuse(416, {})
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            for name, value in shown.headers.items():
                self.send_header(name, value)
            if self.path.endswith("/"):
                self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            if with_body:
                self._send(body[start:])

        def _send(self, rest: bytes) -> None:
            if shown.breaks_after:
                self.wfile.write(rest[: shown.breaks_after.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
            else:
                self.wfile.write(rest)

        def _refuse(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                pass  # the connection was broken off on purpose

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shown.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        woken.set()
        server.shutdown()
        server.server_close()
        thread.join()
