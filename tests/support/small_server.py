"""A web server of a test's own, on 127.0.0.1, that can break off, lie, ask for a token, and not answer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
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
    ranges: bool = True
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def index(self, name: str, files: dict[str, str]) -> None:
        """Serve a package's page of an index: file name → sha256."""
        links = "".join(f'<a href="/files/{file}#sha256={sha256}">{file}</a>' for file, sha256 in files.items())
        self.files[f"/simple/{name}/"] = f"<html><body>{links}</body></html>".encode()


@contextlib.contextmanager
def small_server() -> Iterator[SmallServer]:
    """Start one; it ends with the block."""
    shown = SmallServer()
    handler = type("Handler", (_Handler,), {"shown": shown})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    shown.url = f"http://127.0.0.1:{server.server_address[1]}"
    waits = {"poll_interval": 0.01}  # for its end: half a second a test, else
    thread = threading.Thread(target=server.serve_forever, kwargs=waits, daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        shown.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shown: SmallServer

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        self.shown.asked.append((self.command, self.path, self.headers.get("Range")))
        body = self.shown.files.get(self.path)
        wanted = (self.headers.get("Range") if self.shown.ranges else None) or "bytes=0-"
        start = int(wanted.removeprefix("bytes=").partition("-")[0])
        if self.shown.silent:
            self.shown.ended.wait(30)
            self.close_connection = True
        elif self.shown.token and self.headers.get("Authorization") != f"Bearer {self.shown.token}":
            self._say(401, self.shown.refusals, b"")
        elif body is None:
            self._say(404, {}, b"")
        elif start >= len(body) > 0:
            self._say(416, {}, b"")
        else:
            headers = dict(self.shown.headers)
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            if self.path.endswith("/"):
                headers["Content-Type"] = "text/html"
            self._say(206 if start else 200, headers, body[start:], with_body=with_body)

    def _say(self, status: int, headers: Mapping[str, str], body: bytes, *, with_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body and body and self.shown.breaks_after:
            self.wfile.write(body[: self.shown.breaks_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """End a connection, which may have been broken off on purpose."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()
