"""How far weights have come: licence, fetched, pinned. Nothing is asked of the network, nothing read through."""

from __future__ import annotations

from typing import Literal, NamedTuple

from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_harness.weights import contents_of, manifest_of

Gate = Literal["none", "package", "local", "licence", "unfetched", "fetched", "verified"]


class WeightsState(NamedTuple):
    """Where the weights are, and what to do next.

    Parameters
    ----------
    gate
        `none`: random on purpose, or nothing learned. `package`, `local`: they lie in the package, or on this disk.
        `licence`: they are gated, so their licence must be accepted before they can be fetched. `unfetched`: nobody
        fetched them here yet. `fetched`: they are in the store, with no hash to hold them to. `verified`: they are in
        the store under the hash that card or lock pins, so that a run needs no network for them.
    words
        The same for a person, with the next command to type.
    """

    gate: Gate
    words: str


def weights_state(model: Model, store: Store) -> WeightsState:
    """Find how far a model's weights have come on this machine."""
    checkpoint = model.card.checkpoint
    if checkpoint.source == "none" and not checkpoint.parts:
        return WeightsState("none", "none to fetch")
    if checkpoint.source == "package":
        return WeightsState("package", "come with the package, and are pinned with it")
    if checkpoint.source == "local":
        return WeightsState("local", f"{checkpoint.file}, a file of this machine")
    if not _kept(model, store):
        if checkpoint.gated:
            page = checkpoint.repo or checkpoint.url
            step = f"accept the licence on the page of {page}, then: HF_TOKEN=… matterzoo fetch {model.id}"
            return WeightsState("licence", f"gated: {step}")
        return WeightsState("unfetched", f"not on this machine: matterzoo fetch {model.id}")
    if not model.weights_pinned:
        return WeightsState("fetched", f"in the store; no hash is pinned: matterzoo lock {model.id}")
    return WeightsState("verified", "in the store, as pinned; no network is needed for them")


def _kept(model: Model, store: Store) -> bool:
    contents = contents_of(model.card.checkpoint, model.lock.checkpoint, store)
    files = [digest for digest in contents if not manifest_of(digest, store)]
    return bool(files) and all(store.find(digest) for digest in files)
