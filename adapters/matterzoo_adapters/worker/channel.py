"""The worker's two pipes, kept safe from model packages that print (from C, too).

Imported before anything of a third party: standard library only.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator

from matterzoo_schemas.events import Event, Request, decode


class Channel:
    """Private copies of descriptors 0 and 1; from now on 0 is empty and 1 is standard error."""

    def __init__(self) -> None:
        self._input = os.fdopen(os.dup(0), "rb")
        self._output = os.fdopen(os.dup(1), "wb", buffering=0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="requests", daemon=True).start()

    def _listen(self) -> None:
        """Queue requests. When the input closes the harness is gone or done: end at once, even inside a batch."""
        for line in self._input:
            try:
                self._requests.put(decode(line))
            except ValueError as error:
                os.write(2, f"{error}\n".encode())
                os._exit(2)
        os._exit(0)

    def requests(self) -> Iterator[Request]:
        """Wait for requests, one after the other; never ends by itself."""
        while True:
            yield self._requests.get()

    def send(self, event: Event) -> None:
        """Send one event."""
        self._output.write(event.encode())
