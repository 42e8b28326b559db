"""The model card: what a person writes about a model, once. No fact of it stands in `lock.json` too."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from matterzoo_schemas.canonical import sha256_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=64)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
NOTHING_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of no bytes: a hash of this value was taken of an empty file."""


class Strict(BaseModel):
    """No extra keys, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(str, Enum):
    """The view of a sample that a model takes."""

    ATOMS = "atoms"
    SMILES = "smiles"
    SELFIES = "selfies"
    GRAPH = "graph"
    TEXT = "text"
    SEQUENCE = "sequence"
    BACKBONE = "backbone"
    GRID = "grid"


class Lifecycle(str, Enum):
    """How far a model of the zoo can be relied on."""

    EXPERIMENTAL = "experimental"
    STABLE = "stable"
    DEPRECATED = "deprecated"
    SUPERSEDED = "superseded"


Url = Annotated[str, StringConstraints(pattern=r"^https?://")]
PlainPath = Annotated[str, StringConstraints(pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)*$")]
"""A file below a folder: no way leads out of it."""


class Part(Strict):
    """One file of a checkpoint whose files come from several addresses."""

    url: Url
    sha256: Sha256 | None = None


class Checkpoint(Strict):
    """Where the weights come from, and what they must be."""

    source: Literal["package", "huggingface", "url", "local", "none"]
    """`package`: inside the model's own package. `none`: random, from its constructor (or nothing to learn)."""
    repo: Text | None = None
    """Hugging Face repository, `owner/name`."""
    revision: Commit | None = None
    """A commit of the repository, for a branch moves and a commit does not; `matterzoo lock` measures it if absent."""
    url: Url | None = None
    parts: dict[PlainPath, Part] = {}
    """Files by their names, where the checkpoint is a folder: weights, and the authors' own code where no package has
    it, which runs behind the wall only. With source `none` it is the code alone."""
    file: Text | None = None
    """File in the repository, in the package or on disk."""
    files: tuple[Text, ...] = ()
    """Files of a repository, by name or pattern (`*.json`), where the checkpoint is a folder of several."""
    sha256: Sha256 | None = None
    """As its authors publish it; a measured one stands in `lock.json`. Of parts it follows, if each states its own."""
    size: Annotated[int, Field(gt=0)] | None = None
    """Bytes, as its authors publish it."""
    gated: bool = False
    """Whether a licence must be accepted at the source first."""
    redistributable: bool | None = None
    """Whether the licence allows to pass the weights on; absent if nobody read it."""

    @model_validator(mode="before")
    @classmethod
    def _sum_of_parts(cls, content: Any) -> Any:
        """State the hash of the table of parts, which is that of the folder."""
        parts = content.get("parts") if isinstance(content, dict) else None
        if not parts or content.get("sha256"):
            return content
        hashes = {
            name: part.sha256 if isinstance(part, Part) else dict(part).get("sha256") for name, part in parts.items()
        }
        return {**content, "sha256": sha256_of(hashes)} if all(hashes.values()) else content

    @model_validator(mode="after")
    def _source_is_complete(self) -> Checkpoint:
        needs = {"huggingface": ("repo",), "url": () if self.parts else ("url",), "local": ("file",)}
        if self.parts and (self.source not in ("url", "none") or self.url is not None):
            raise ValueError("parts name their own addresses: source is 'url' (or 'none'), and url stays out")
        if self.source == "huggingface" and (self.file is None) == (not self.files):
            raise ValueError("source 'huggingface' needs either file, or files where the checkpoint is a folder")
        if missing := [name for name in needs.get(self.source, ()) if getattr(self, name) is None]:
            raise ValueError(f"source {self.source!r} needs {', '.join(missing)}")
        if self.sha256 == NOTHING_SHA256:
            raise ValueError("sha256 is the hash of an empty file")
        return self


class Option(Strict):
    """A choice that changes the vectors: MACE head, UMA task, SevenNet modal, prompt file."""

    value: str
    """What is used unless the user says otherwise."""
    allowed: tuple[str, ...] = Field(min_length=1)
    summary: Text | None = None

    @model_validator(mode="after")
    def _value_is_allowed(self) -> Option:
        if self.value not in self.allowed:
            raise ValueError(f"value {self.value!r} is not among the allowed {', '.join(self.allowed)}")
        return self


class LayerCard(Strict):
    """One hidden state that can be had."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    level: Literal["node", "record"] = "node"
    """Whether the model gives a vector a node, or only one a record."""
    node_kind: Literal["atom", "residue", "token", "patch", "mesh"] | None = None
    """What a node is (`patch`: cells of a grid; `mesh`: a model's own points); absent for a layer of level `record`."""
    dim: Annotated[int, Field(gt=0)] | None = None
    """Length of the vectors, compared with the tensor at run time; absent if it follows from the checkpoint."""
    symmetry: Literal["invariant", "rotation-invariant", "equivariant", "approximate", "none"]
    """`invariant` under shifts, rotations and reflections; `rotation-invariant`: mirror images may differ."""
    irreps: Text | None = None
    """For an equivariant layer, in e3nn's notation."""
    summary: Text | None = None

    @model_validator(mode="after")
    def _nodes_are_of_a_kind(self) -> LayerCard:
        if (self.level == "node") != (self.node_kind is not None):
            raise ValueError("a layer of level node says its node_kind, and one of level record has none")
        return self


class EmbeddingCard(Strict):
    """Which vectors the model gives."""

    layers: tuple[LayerCard, ...] = Field(min_length=1)
    default: Text
    """The layer that is written unless the user says otherwise."""
    pooling: Literal["mean", "sum", "max", "first", "last"] = "mean"
    pooling_source: Text | None = None
    """Who advises this pooling; absent if it is our own rule."""

    @model_validator(mode="after")
    def _default_exists(self) -> EmbeddingCard:
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError("two layers have the same name")
        if self.default not in names:
            raise ValueError(f"default layer {self.default!r} is not among {', '.join(names)}")
        return self


class GridDomain(Strict):
    """Which grids a model takes: its own points, and the fields that must be there."""

    latitudes: Annotated[int, Field(gt=1)]
    longitudes: Annotated[int, Field(gt=1)]
    poles: bool
    """Whether the first and last latitude are the poles; if not, they lie half a step from them."""
    surface: tuple[Text, ...] = ()
    """Fields at the surface, by ERA5's names."""
    upper: tuple[Text, ...] = ()
    """Fields at every one of `levels`."""
    levels: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """Pressures in hPa."""
    static: tuple[Text, ...] = ()
    """Fields that never change."""
    hours: tuple[Annotated[int, Field(le=0)], ...] = (0,)
    """Which times, in hours before the record's own, oldest first."""


class Domain(Strict):
    """What the model was made for; a record outside it is refused, with the reason."""

    elements: tuple[Annotated[int, Field(ge=1, le=118)], ...] | None = None
    """Atomic numbers; absent if the view has no atoms."""
    periodic: bool = True
    non_periodic: bool = True
    max_nodes: Annotated[int, Field(gt=0)] | None = None
    charge_and_spin: bool = False
    """Whether the model reads charge and spin; if not, a charged record is still embedded, as neutral."""
    missing_atoms: bool = False
    """Whether a model of backbones takes residues that lack N, CA or C; if not, the record is refused."""
    grid: GridDomain | None = None
    """For models of the view `grid`."""


class Training(Strict):
    """What the model learned from."""

    data_sets: tuple[Text, ...] = ()
    level_of_theory: Text | None = None
    parameters: Annotated[int, Field(gt=0)] | None = None


class EnergyHead(Strict):
    """Whether the model predicts a total energy, and in what the package counts it (we write eV)."""

    available: bool
    package_unit: Text | None = None


class Licence(Strict):
    """What may be done with the code and with the weights; absent where nobody read it."""

    code: Text | None = None
    weights: Text | None = None
    non_commercial: bool | None = None


class Citation(Strict):
    """How to cite the model."""

    doi: Text | None = None
    bibtex: Text | None = None


class Tolerances(Strict):
    """How far two answers for the same record may lie apart, relative to the vector's norm."""

    repeat: Annotated[float, Field(ge=0)] = 0.0
    batch: Annotated[float, Field(ge=0)] = 1e-5
    symmetry: Annotated[float, Field(ge=0)] = 1e-4
    """After a symmetry operation that the layer's `symmetry` promises to be without effect; of the energy, too."""
    golden: Annotated[float, Field(ge=0)] = 1e-4
    """From the golden vectors, which another machine may have made."""


class Limits(Strict):
    """What the model needs to run well."""

    node_budget: Annotated[int, Field(gt=0)] = 2000
    """Most nodes (atoms, residues, tokens) in one batch; out-of-memory halves it."""
    seconds_a_batch: Annotated[float, Field(gt=0)] = 600.0
    """A batch that takes longer is given up, and its culprit found."""
    memory_gb: Annotated[float, Field(gt=0)] | None = None
    """Most memory that one worker was seen to need on the CPU."""


class ModelCard(Strict):
    """A model of the zoo: `zoo/models/<id>/card.toml`."""

    id: Identifier
    name: Text
    version: Text | None = None
    summary: Text
    lifecycle: Lifecycle = Lifecycle.EXPERIMENTAL
    superseded_by: Identifier | None = None
    family: Identifier
    view: View
    environment: Identifier
    adapter: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+:[A-Za-z0-9_]+$")]
    """`<file>:<class>` in `matterzoo_adapters/models/`."""
    checkpoint: Checkpoint
    options: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], Option] = {}
    embedding: EmbeddingCard
    domain: Domain = Domain()
    training: Training = Training()
    energy: EnergyHead = EnergyHead(available=False)
    licence: Licence = Licence()
    citation: Citation = Citation()
    people: tuple[Text, ...] = ()
    tolerances: Tolerances = Tolerances()
    limits: Limits = Limits()
    extends: Identifier | None = None
    """A model whose card this one starts from: tables are merged, fields overridden."""

    @model_validator(mode="after")
    def _lifecycle_is_consistent(self) -> ModelCard:
        if (self.lifecycle is Lifecycle.SUPERSEDED) != (self.superseded_by is not None):
            raise ValueError("a superseded model names its successor in superseded_by, and no other does")
        return self

    @property
    def random_weights(self) -> bool:
        """Whether the vectors come from weights that nobody trained."""
        return self.checkpoint.source == "none" and self.id.endswith("-random")


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """Validate a table.

    Raises
    ------
    MatterzooError
        `BAD_CARD` naming the file and every field in question.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in problem['loc']) or '(whole file)'}: "
            f"{re.sub('^Value error, ', '', problem['msg'])}"
            for problem in error.errors()
        ]
        raise MatterzooError(
            ExitCode.BAD_CARD, f"{path} is not valid:\n" + "\n".join(lines), "see schemas/ for every field there is"
        ) from error
