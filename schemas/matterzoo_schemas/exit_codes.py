"""Exit codes of the `matterzoo` command, and the one exception that carries them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with. Values follow sysexits(3) where it has one.

    (Make's own exit code is always 2: read the command's when it matters.)
    """

    OK = 0
    BUG = 1
    USAGE = 2
    FAILED_RECORDS = 3
    CONFORMANCE = 4
    BAD_INPUT = 65
    INPUT_MISSING = 66
    NO_ENGINE = 69
    MODEL_CRASHED = 70
    GPU_UNUSABLE = 71
    CANNOT_WRITE = 73
    DISK_FULL = 74
    GATED = 77
    BAD_CARD = 78
    DIGEST_MISMATCH = 79
    TIMEOUT = 124
    INTERRUPTED = 130


class MatterzooError(Exception):
    """Something the user can act on.

    Parameters
    ----------
    code
        What the command exits with.
    message
        What happened and where.
    hint
        The next command to type, or the next thing to do; empty if there is none.
    """

    def __init__(self, code: ExitCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message
