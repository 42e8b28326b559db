"""A model that looks around: its vector says what the worker can reach, so that a test sees a wall from the inside."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np

from matterzoo_adapters.base import AtomsAdapter, AtomsBatch, Embedding

QUESTIONS = (
    "network",
    "writable root",
    "writable input",
    "root user",
    "inherited variable",
    "capabilities",
    "new privileges",
)
"""What each number of the vector answers: 1 for yes."""


class Witness(AtomsAdapter):
    """One vector a record: the answers to QUESTIONS."""

    backend = "none"

    def load(self) -> None:
        self._answers = [float(answer()) for answer in (
            network, writable_root, writable_input, root_user, inherited_variable, capabilities, new_privileges,
        )]  # fmt: skip

    def embed(self, batch: AtomsBatch) -> Embedding:
        vectors = np.tile(np.array(self._answers, np.float32), (len(batch), 1))
        return Embedding({"answers": vectors}, per_record=True)


def network() -> bool:
    """Whether any interface but loopback is there, or anything outside can be reached."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=0.5).close()
    except TimeoutError:
        return True  # a packet left the machine
    except OSError:
        return bool(others)
    return True


def writable(folder: str) -> bool:
    """Whether a file can be made in a folder."""
    try:
        probe = Path(folder) / ".witness"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True


def writable_root() -> bool:
    return any(writable(folder) for folder in ("/", "/usr", "/etc", "/opt", "/var", "/home"))


def writable_input() -> bool:
    return any(writable(str(folder)) for folder in Path("/input").glob("*")) or writable("/weights")


def root_user() -> bool:
    return os.getuid() == 0 or os.geteuid() == 0 or 0 in os.getgroups()


def inherited_variable() -> bool:
    return any("SECRET" in name or "TOKEN" in name for name in os.environ)


def _status(name: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def capabilities() -> bool:
    return int(_status("CapEff"), 16) != 0 or int(_status("CapBnd"), 16) != 0


def new_privileges() -> bool:
    return _status("NoNewPrivs") != "1"
