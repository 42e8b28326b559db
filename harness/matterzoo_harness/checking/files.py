"""The level `inspect`: what a model's files say, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matterzoo_harness.agreement import changed_since_lock
from matterzoo_harness.checking.scaffold import left_open
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.locations import packaged_models
from matterzoo_harness.model import Model
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.card import View
from matterzoo_schemas.exit_codes import MatterzooError
from matterzoo_schemas.findings import Finding, Kind


@dataclass(frozen=True)
class FileRule:
    """One promise of a model's files.

    Parameters
    ----------
    name, kind, promise
        What it is called, its class, and what it promises in words.
    problem
        Says what is wrong; empty if the promise is kept.
    """

    name: str
    kind: Kind
    promise: str
    problem: Callable[[Model], str]

    def finding(self, model: Model) -> Finding:
        """Apply the rule."""
        problem = self.problem(model)
        return Finding(self.name, self.kind, not problem, problem or self.promise)


def _environment(model: Model) -> str:
    try:
        folder = find_environment(model.card.environment)
        for variant in folder.environment.variants:
            folder.lock_sha256(variant)
    except MatterzooError as error:
        return error.message
    return ""


def _locked(model: Model) -> str:
    return "" if model.lock.adapter_sha256 else f"never locked: matterzoo lock {model.id}"


def _lock_agrees(model: Model) -> str:
    if _environment(model) or _locked(model):
        return ""
    folder = find_environment(model.card.environment)
    for file in changed_since_lock(model, folder):
        what = file.name if file == model.adapter_file else f"{file.name} of {folder.name}"
        return f"{what} is not the one that was locked: matterzoo lock {model.id}"
    return ""


def _checkpoint(model: Model) -> str:
    checkpoint = model.card.checkpoint
    if checkpoint.source in ("none", "package") or checkpoint.sha256 or model.lock.checkpoint:
        return ""
    return "neither the card nor the lock has the checkpoint's sha256"


def _golden(model: Model) -> str:
    file = golden_file(model)
    if not file.is_file():
        return "" if model.lock.golden_sha256 is None else f"{file.name} is gone, and the lock records its hash"
    if model.lock.golden_sha256 != sha256_of_file(file):
        return f"{file.name} is not the file that the lock records"
    return ""


def _licence(model: Model) -> str:
    licence = model.card.licence
    wanted = {"code": licence.code}
    if model.card.checkpoint.source != "none":
        wanted["weights"] = licence.weights
    absent = [name for name, stated in wanted.items() if not stated]
    return f"no licence of {' and '.join(absent)} on the card" if absent else ""


def _citation(model: Model) -> str:
    citation = model.card.citation
    return "" if citation.doi or citation.bibtex or model.card.random_weights else "no citation on the card"


def _elements(model: Model) -> str:
    unlisted = model.card.view is View.ATOMS and model.card.domain.elements is None
    return "the card lists no elements: every record of the periodic table is let through" if unlisted else ""


def _adapter(model: Model) -> str:
    wanted = model.card.adapter.partition(":")[2]
    try:
        body = ast.parse(model.adapter_file.read_bytes()).body
    except SyntaxError as error:
        return f"{model.adapter_file.name}, line {error.lineno}: {error.msg}"
    there = [node.name for node in body if isinstance(node, ast.ClassDef)]
    return "" if wanted in there else f"{model.adapter_file.name} has no class {wanted}; it has: {', '.join(there)}"


def _one_hash(model: Model) -> str:
    stated, measured = model.card.checkpoint.sha256, model.lock.checkpoint
    if stated and measured and stated != measured.sha256:
        return f"the card says that the checkpoint's sha256 is {stated[:12]}…, and {measured.sha256[:12]}… was measured"
    return ""


def _code(model: Model) -> str:
    code = model.unpinned_code
    return f"its checkpoint brings code, {code[0]}, and the card names no commit of it" if code else ""


def _golden_allowed(model: Model) -> str:
    checkpoint, licence = model.card.checkpoint, model.card.licence.weights or ""
    closed = checkpoint.gated or checkpoint.redistributable is False or "ND" in licence.upper().split("-")
    if not closed or not golden_file(model).is_file():
        return ""
    return (
        "golden vectors of weights that are gated, may not be passed on or not be built upon stay out of a shared zoo"
    )


def _random_named(model: Model) -> str:
    card = model.card
    wrong = card.id.endswith("-random") and card.checkpoint.source != "none"
    return "an id that ends in -random is for random weights, and this card names a checkpoint" if wrong else ""


def _dims(model: Model) -> str:
    unstated = [layer.name for layer in model.card.embedding.layers if layer.dim is None]
    return f"the card does not say how long the vectors are of the layer {', '.join(unstated)}" if unstated else ""


def _one_machine(model: Model) -> str:
    checkpoint = model.card.checkpoint
    shared = model.folder.parent == packaged_models()
    own = shared and checkpoint.source == "local" and Path(checkpoint.file or "").is_absolute()
    return f"{checkpoint.file} is a file of one machine: a card that is shared names a hub or a URL" if own else ""


def _scaffold(model: Model) -> str:
    return left_open((model.folder / "card.toml", model.adapter_file))


def golden_file(model: Model) -> Path:
    """Return where a model's golden vectors lie."""
    return model.folder / "golden.safetensors"


RULES = (
    FileRule("adapter-there", "mandatory", "the adapter's file has the class that the card names", _adapter),
    FileRule("environment-locked", "mandatory", "the environment has a lock for each of its variants", _environment),
    FileRule("lock-agrees", "consistency", "adapter and environment are the locked ones, if any are", _lock_agrees),
    FileRule("one-hash", "consistency", "card and lock do not contradict each other about the checkpoint", _one_hash),
    FileRule("random-named", "consistency", "only random weights have an id that ends in -random", _random_named),
    FileRule("golden-allowed", "consistency", "golden vectors are of weights that may be shared", _golden_allowed),
    FileRule("any-machine", "consistency", "a shared card names no file of one machine", _one_machine),
    FileRule("scaffold-replaced", "consistency", "a person filled in what the scaffold left open", _scaffold),
    FileRule("checkpoint-pinned", "consistency", "the checkpoint's content is pinned", _checkpoint),
    FileRule("code-pinned", "consistency", "code that comes with the checkpoint is of a commit that is named", _code),
    FileRule("golden-kept", "consistency", "the golden vectors are those of lock.json, or there are none", _golden),
    FileRule("locked", "informational", "the model was locked", _locked),
    FileRule("dims-stated", "informational", "the card says how long each layer's vectors are", _dims),
    FileRule("licence-stated", "informational", "the licences of code and weights are stated", _licence),
    FileRule("citation-stated", "informational", "there is something to cite", _citation),
    FileRule("elements-listed", "informational", "a model of atoms lists its elements", _elements),
)
"""Asked of every model's files."""
CONTRADICTIONS = {
    "adapter-there", "lock-agrees", "one-hash", "random-named", "golden-allowed", "golden-kept", "any-machine",
}  # fmt: skip
"""A model that breaks one of these contradicts itself; one that breaks another only lacks something."""


def inspect_files(model: Model) -> list[Finding]:
    """Apply every rule."""
    return [rule.finding(model) for rule in RULES]
