"""Give a checkpoint the name that its package goes by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def named(file: Path, name: str) -> Iterator[Path]:
    """Show a file under another name for a while: the store names files by content, and some loaders read the ending.

    Parameters
    ----------
    file
        The checkpoint.
    name
        What its package would call it, such as `model.nequip.zip`.

    Yields
    ------
    Path
        A link to the file.
    """
    with TemporaryDirectory() as folder:
        link = Path(folder) / name
        link.symlink_to(file.resolve())
        yield link
