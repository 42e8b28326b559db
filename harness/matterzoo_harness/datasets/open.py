"""Open a data set: a source that can be sampled without reading all of it."""

from __future__ import annotations

from matterzoo_harness.datasets.card import find_dataset
from matterzoo_harness.datasets.source import Source


def open_dataset(name: str) -> Source:
    """Have a data set here, fetched now if it is not, and open it.

    Raises
    ------
    MatterzooError
        As `find_dataset` and `fetch_file`.
    """
    card = find_dataset(name)
    if card.format == "qm9":
        from matterzoo_harness.datasets.qm9 import Qm9  # each brings its own readers, and a card needs none

        return Qm9(card)
    if card.format == "aselmdb":
        from matterzoo_harness.datasets.aselmdb import AseLmdbs

        return AseLmdbs(card)
    from matterzoo_harness.datasets.rcsb import Rcsb

    return Rcsb(card)
