"""The one exception of the metric suite."""

from __future__ import annotations

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class MetricError(MatterzooError, ValueError):
    """An input the suite refuses, with what to do about it.

    It is a `ValueError` too, because callers of array functions expect one.

    Parameters
    ----------
    message
        What is wrong, in which model, at which records.
    hint
        What to change.
    code
        What the command exits with.
    """

    def __init__(self, message: str, hint: str = "", code: ExitCode = ExitCode.BAD_INPUT) -> None:
        super().__init__(code, message, hint)
