"""Which rows of several models are of the same record: told by their ids, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.errors import MetricError

Ids = Sequence[str] | Mapping[str, Sequence[str]]


def same_count(arrays: Mapping[str, NDArray[np.floating[Any]]]) -> None:
    """Refuse models without ids that have not equally many records."""
    first, *others = arrays
    for other in others:
        if len(arrays[first]) != len(arrays[other]):
            raise MetricError(
                f"model {first!r} has {len(arrays[first])} records and model {other!r} has {len(arrays[other])}",
                "rows without ids can only be joined by position; give ids={model: [...]}",
            )


def align(
    arrays: Mapping[str, NDArray[np.floating[Any]]], ids: Ids, how: str
) -> tuple[tuple[str, ...], dict[str, NDArray[np.intp]], list[str]]:
    """Find the records that the models share.

    Parameters
    ----------
    arrays
        Model → [N, d].
    ids
        One list for all models, or one a model.
    how
        `exact` demands equal id sets, `intersect` keeps what all have.

    Returns
    -------
    tuple
        The ids that are kept, sorted; for each model their rows; the ids that not every model has.

    Raises
    ------
    MetricError
        Naming the models and the first ids that are missing or there twice.
    """
    where: dict[str, dict[str, int]] = {}
    for name, array in arrays.items():
        if isinstance(ids, Mapping):
            if name not in ids:
                raise MetricError(f"no ids were given for model {name!r}", f"ids has {', '.join(map(repr, ids))}")
            own = [str(i) for i in ids[name]]
        else:
            own = [str(i) for i in ids]
        if len(own) != len(array):
            raise MetricError(
                f"model {name!r} has {len(array)} records and {len(own)} ids",
                "rows are joined by record id and never by position once ids are given",
            )
        where[name] = {record: i for i, record in enumerate(own)}
        if len(where[name]) != len(own):
            twice = next(record for i, record in enumerate(own) if where[name][record] != i)
            raise MetricError(f"model {name!r} has the id {twice!r} more than once", "ids must be unique in a model")
    first = next(iter(where))
    common = set(where[first]).intersection(*where.values())
    union = set(where[first]).union(*where.values())
    if not common:
        raise MetricError(
            f"the models {', '.join(map(repr, where))} have no record in common",
            "compare embeddings of the same records: grids with grids, proteins with proteins",
        )
    if how != "intersect" and len(common) != len(union):
        _unequal(where)
    kept = tuple(sorted(common))
    rows = {name: np.array([index[i] for i in kept], dtype=np.intp) for name, index in where.items()}
    return kept, rows, sorted(union - common)


def _unequal(where: Mapping[str, Mapping[str, int]]) -> None:
    first, *others = where
    for other in others:
        for a, b in ((first, other), (other, first)):
            missing = sorted(set(where[a]) - set(where[b]))
            if missing:
                raise MetricError(
                    f"model {b!r} ({len(where[b])} records) lacks {len(missing)} of the records of model {a!r} "
                    f"({len(where[a])}): {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
                    "embed the same records with both, or keep the common ones: join='intersect'",
                )
