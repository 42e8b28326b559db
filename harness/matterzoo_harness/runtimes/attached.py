"""A running container as three pipes.

The engine mixes standard output and error into one stream of frames; a thread takes them apart. The container's input
closes when this process lets go of the connection, in whatever way: that is how a worker learns that its harness died.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import docker
from docker.errors import APIError

from matterzoo_harness.runtimes.process_tree import resident_bytes

_HEADER = struct.Struct(">BxxxL")
_STDOUT = 1
SIGNALS = 128
"""An exit status above this is a signal's number, as a shell gives it."""


class AttachedContainer:
    """A started container; see `WorkerProcess`.

    Parameters
    ----------
    client
        The engine.
    container
        Id of a created container; started here.
    log
        File that its standard error is appended to.
    map_path
        From host paths to the container's.
    """

    def __init__(self, client: docker.DockerClient, container: str, log: Path, map_path: Callable[[Path], str]) -> None:
        self.container = container
        self.map_path = map_path
        self._client = client
        self._exit: int | None = None
        self._ended = threading.Event()
        # Asked for before the start: the container removes itself, and nobody could be asked afterwards.
        filters = {"container": container, "event": "die"}
        self._deaths = client.api.events(decode=True, filters=filters)
        self._socket = _socket_of(client.api.attach_socket(container, params=_STREAMS))
        self._socket.settimeout(None)
        reading, self._stdout_end = os.pipe()
        self.stdout: BinaryIO = os.fdopen(reading, "rb")
        self.stdin: BinaryIO = cast("BinaryIO", io.BufferedWriter(_SocketWriter(self._socket)))
        try:
            client.api.start(container)
        except APIError:
            with suppress(APIError):
                client.api.remove_container(container, force=True)
            os.close(self._stdout_end)
            raise
        self._pid = self._process_id()
        self._reader = threading.Thread(target=self._take_apart, args=(log,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._await_death, daemon=True).start()

    def memory(self) -> int:
        """Resident bytes of the worker and what it started."""
        return resident_bytes(self._pid) if self._pid and not self._ended.is_set() else 0

    def kill(self) -> None:
        """End the container at once."""
        with suppress(APIError):
            self._client.api.kill(self.container)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; see `WorkerProcess.wait`."""
        if not self._ended.wait(timeout):
            raise TimeoutError(f"the worker still runs after {timeout} s")
        self._reader.join(10)
        self._socket.close()
        status = self._exit if self._exit is not None else -9
        return SIGNALS - status if status > SIGNALS else status

    def _process_id(self) -> int:
        """Ask for the container's first process as the host numbers it; 0 if it has ended already."""
        try:
            return int(self._client.api.inspect_container(self.container)["State"]["Pid"] or 0)
        except APIError:
            return 0

    def _await_death(self) -> None:
        for event in self._deaths:
            self._exit = int(event["Actor"]["Attributes"]["exitCode"])
            break
        self._ended.set()
        with suppress(OSError):
            self._deaths.close()

    def _take_apart(self, log: Path) -> None:
        """Copy frames to where they belong until the connection ends."""
        with os.fdopen(self._stdout_end, "wb", buffering=0) as output, log.open("ab", buffering=0) as errors:
            stream = self._socket.makefile("rb")
            with suppress(OSError):  # the reader of our pipe is gone, or the engine
                while len(header := stream.read(_HEADER.size)) == _HEADER.size:
                    kind, size = _HEADER.unpack(header)
                    (output if kind == _STDOUT else errors).write(stream.read(size))


_STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class _SocketWriter(io.RawIOBase):
    """The writing half of a connection; closing it is the end of the container's input, while its output goes on."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Send all of it."""
        self._connection.sendall(data)
        return len(data)

    def close(self) -> None:
        """Send the end."""
        if not self.closed:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
        super().close()


def _socket_of(attached: Any) -> socket.socket:
    """Give the socket inside the wrapper that docker's SDK returns for a local engine."""
    return cast("socket.socket", getattr(attached, "_sock", attached))
