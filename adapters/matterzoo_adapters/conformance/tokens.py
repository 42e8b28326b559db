"""Rules of models that read tokens: what they say of a string, they saw."""

from __future__ import annotations

from matterzoo_adapters.base import TextAdapter
from matterzoo_adapters.conformance.rule import Card, Layers, Rule, Seen
from matterzoo_adapters.conformance.strings import PROBES
from matterzoo_adapters.conformance.subject import Subject
from matterzoo_schemas.shard import Status


def reads_tokens(card: Card) -> bool:
    """Tell whether a model's nodes are tokens or residues."""
    return any(layer.get("node_kind") in ("token", "residue") for layer in card["embedding"]["layers"])


def _seen(subject: Subject, _layers: Layers) -> Seen:
    adapter, probes = subject.engine.adapter, PROBES[subject.card["view"]]
    every = adapter.tokens(probes) if isinstance(adapter, TextAdapter) else None
    if not isinstance(adapter, TextAdapter) or every is None:
        return Seen("the adapter does not say its token ids: give it `tokens` and `blind`", passed=False)
    answer = subject.try_ask({probe: probe for probe in probes})
    if answer.status[0] != Status.OK:
        return Seen(f"{probes[0]!r} is refused: {answer.reason[0]}", passed=False)
    whole = subject.card["view"] != "text" and adapter.setup.options.get("unknown_tokens") != "read"
    for probe, tokens, status in zip(probes, every, answer.status.tolist(), strict=True):
        own = [tokens.ids[place] for place in tokens.nodes]
        unseen = [number for number in own if number in adapter.blind]
        if status == Status.OK and (len(unseen) == len(own) or (whole and unseen)):
            what = f"{len(unseen)} of its {len(own)} tokens are unknown or padding" if own else "it has no token"
            return Seen(f"{probe!r} has a vector, though {what}", passed=False)
    refused = [probe for probe, status in zip(probes, answer.status.tolist(), strict=True) if status != Status.OK]
    return Seen(f"refused: {' '.join(refused)}" if refused else f"{len(probes)} strings are read whole", passed=True)


RULES = (
    Rule("tokens", "mandatory", "a string of which the tokenizer sees nothing, or not all, is refused", _seen,
         concerns=reads_tokens),
)  # fmt: skip
"""Asked of models of strings."""
