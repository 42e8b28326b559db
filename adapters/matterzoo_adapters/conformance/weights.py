"""Rules that load the model again: its weights are the checkpoint's, and they matter."""

from __future__ import annotations

from matterzoo_adapters.conformance.common import floor_of, told_apart
from matterzoo_adapters.conformance.rule import Card, Layers, Rule, Seen
from matterzoo_adapters.conformance.samples import samples_of
from matterzoo_adapters.conformance.subject import Subject, apart
from matterzoo_adapters.worker.loading import fingerprint


def trained(card: Card) -> bool:
    """Tell whether the model has a checkpoint."""
    return bool(card["checkpoint"]["source"] != "none")


def _fixed(subject: Subject, _layers: Layers) -> Seen:
    """Load again, a checkpoint with another seed, random weights with the same."""
    setup = subject.engine.adapter.setup
    again = subject.rebuilt(seed=setup.seed + trained(subject.card))
    first, second = (fingerprint(one.engine.adapter.weights())[0] for one in (subject, again))
    if first is None:
        return Seen("there is nothing learned", passed=second is None)
    kept = "with another seed, too" if trained(subject.card) else "with the same seed"
    return Seen(f"{first[:12]} {kept}" if first == second else f"{first[:12]} became {second}", passed=first == second)


def _twin(subject: Subject, layers: Layers) -> Seen:
    samples = samples_of(subject.card)
    answer, untrained = subject.ask(samples), subject.rebuilt(random=True).ask(samples)
    if any(answer.layers[layer].pooled.shape != untrained.layers[layer].pooled.shape for layer in layers):
        return Seen("the untrained build is of another width: it cannot be confused with this one", passed=True)
    distances = {
        f"{name}, layer {layer}": apart(answer.layers[layer].pooled[row], untrained.layers[layer].pooled[row])
        for row, name in enumerate(samples)
        for layer in layers
    }
    return told_apart(distances, floor_of(subject))


RULES = (
    Rule("weights-fixed", "mandatory", "loading again gives the same weights, bit by bit", _fixed),
    Rule("untrained-twin", "consistency", "random weights give other vectors", _twin, concerns=trained),
)
"""Asked of every model."""
