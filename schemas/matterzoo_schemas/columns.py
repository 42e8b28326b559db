"""Columns of variable length: flat values and offsets, never a list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def offsets_of(lengths: Iterable[int] | Array) -> npt.NDArray[np.int64]:
    """Return offsets [n+1] of consecutive pieces from their lengths [n]."""
    sizes = np.asarray(lengths if isinstance(lengths, np.ndarray) else list(lengths), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def ragged_index(offsets: Array, rows: Array) -> npt.NDArray[np.int64]:
    """Return the flat positions of the pieces `rows`, one piece after the other.

    Parameters
    ----------
    offsets
        Offsets [n+1].
    rows
        Which pieces, in which order [m].
    """
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    shifts = np.repeat(starts - offsets_of(lengths)[:-1], lengths)
    return shifts + np.arange(len(shifts), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Strings:
    """Strings as UTF-8 bytes [Σ] and offsets [n+1]."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def pack(cls, strings: Iterable[str]) -> Strings:
        """Pack an iterable of strings."""
        encoded = [string.encode() for string in strings]
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets_of(map(len, encoded)))

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], name: str) -> Strings:
        """Take `<name>/bytes` and `<name>/offsets` out of a file's tensors."""
        data, offsets = tensors[f"{name}/bytes"], tensors[f"{name}/offsets"]
        check_offsets(offsets, len(data), name)
        return cls(data, offsets)

    def tensors(self, name: str) -> dict[str, Array]:
        """Return the tensors `<name>/bytes` and `<name>/offsets`."""
        return {f"{name}/bytes": self.data, f"{name}/offsets": self.offsets}

    def piece(self, row: int) -> bytes:
        """Return the bytes of one string."""
        return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def take(self, rows: Array) -> Strings:
        """Return the strings `rows`, in that order."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        return Strings(self.data[ragged_index(self.offsets, rows)], offsets_of(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        return self.piece(row).decode()

    def __iter__(self) -> Iterator[str]:
        everything, bounds = self.data.tobytes(), self.offsets.tolist()
        return (everything[a:b].decode() for a, b in zip(bounds[:-1], bounds[1:]))  # noqa: B905 (Python 3.10)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Strings)
            and np.array_equal(self.offsets - self.offsets[0], other.offsets - other.offsets[0])
            and np.array_equal(self.data, other.data)
        )

    __hash__ = None  # type: ignore[assignment]


def check_offsets(offsets: Array, total: int, name: str) -> None:
    """Refuse offsets that do not cut `total` values into consecutive pieces.

    Raises
    ------
    ValueError
        Naming the tensor.
    """
    if offsets.dtype != np.int64 or offsets.ndim != 1 or len(offsets) == 0:
        raise ValueError(f"{name}/offsets is not a vector of int64")
    if offsets[0] != 0 or offsets[-1] != total or np.any(offsets[1:] < offsets[:-1]):
        raise ValueError(f"{name}/offsets do not cut {total} values into pieces")
