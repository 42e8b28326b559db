"""The study file: data sets × models × measures, written by a person, read strictly."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from matterzoo_harness.metrics.presets import METRICS, PRESETS
from matterzoo_schemas.card import Identifier, Strict, Text

Positive = Annotated[int, Field(gt=0)]


class DataSet(Strict):
    """One set of records."""

    name: Identifier
    """Names its folder."""
    title: Text
    source: Text
    """What `matterzoo embed` takes (a file, a folder, `sample:crystals`), or `dataset:qm9`."""
    records: Positive | None = None
    """How many are drawn, by `seed`; all if absent, or if there are fewer."""
    seed: int = 0
    role: Literal["in", "out"] | None = None
    """In or out of the distribution that the models were trained on; absent where that is not known."""
    compare: bool = True
    """Whether models are compared on it; a large sample may only be there for energies or a layout."""


class Row(Strict):
    """One model of the study."""

    id: Identifier | None = None
    """Its id in the zoo; absent where the zoo has no such model yet: the study then says so."""
    name: Text | None = None
    """How the study calls it; the card's name if absent."""
    group: Text | None = None
    """Its block in condensed matrices; the card's family if absent."""
    data: tuple[Identifier, ...] = ()
    """Data sets that it is embedded on; all if empty."""
    options: dict[Identifier, dict[str, str]] = {}
    """Options of its card, by data set."""

    @model_validator(mode="after")
    def _is_somebody(self) -> Row:
        if self.id is None and self.name is None:
            raise ValueError("a model needs an id or a name")
        return self

    @property
    def label(self) -> str:
        """How it is called where there is no card."""
        return self.name or self.id or ""


class Measures(Strict):
    """What is measured of every comparison, see docs/metrics.md."""

    preset: Text = "default"
    metrics: tuple[Text, ...] = ()
    """The preset's if empty."""
    k: tuple[Positive, ...] = ()
    imbalance_k: tuple[Positive, ...] = ()
    permutations: Annotated[int, Field(ge=0)] = 99
    subsample: Annotated[int, Field(ge=50)] = 1000
    """Records for nulls and intervals."""
    against_n: bool = True
    """Alignment on nested halves, too."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """One random half a seed: how far intrinsic dimensions spread. The first also seeds nulls."""
    least_coverage: Annotated[float, Field(ge=0, le=1)] = 0.8
    """A model with vectors for a smaller share of a data set is shown, but not compared: it would cost all others
    the records that it lacks."""
    energy_records: Positive | None = None
    """Records for energy errors; all that have a reference if absent."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Measures:
        if self.preset not in PRESETS:
            raise ValueError(f"there is no preset {self.preset!r}; there is: {', '.join(PRESETS)}")
        if unknown := [name for name in self.metrics if name not in METRICS]:
            raise ValueError(f"there is no metric {unknown[0]!r}; there is: {', '.join(METRICS)}")
        return self


class Layout(Strict):
    """A picture: one model's vectors of several data sets in one plane, by UMAP."""

    model: Identifier
    data: tuple[Identifier, ...]
    name: Identifier | None = None
    """Tells two layouts of one model apart."""
    records: Positive = 15_000
    """Most records of each data set."""
    neighbours: Annotated[int, Field(ge=2)] = 15
    seed: int = 0

    @property
    def key(self) -> str:
        """Names its file, and its choice in the report."""
        return self.name or self.model


class Study(Strict):
    """One study."""

    id: Identifier
    title: Text
    question: Text
    """What the first screen of the report answers."""
    summary: Text | None = None
    source: Text | None = None
    """Whose study this repeats."""
    data: tuple[DataSet, ...] = ()
    models: tuple[Row, ...] = ()
    measures: Measures = Measures()
    layouts: tuple[Layout, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> Study:
        names = [data.name for data in self.data]
        ids = [row.id for row in self.models if row.id]
        for what, values in (("data set", names), ("model", ids), ("layout", [layout.key for layout in self.layouts])):
            if twice := [value for value, count in Counter(values).items() if count > 1]:
                raise ValueError(f"{what} {twice[0]} stands twice")
        used = {name for row in self.models for name in (*row.data, *row.options)}
        used |= {name for layout in self.layouts for name in layout.data}
        if foreign := sorted(used - set(names)):
            raise ValueError(f"there is no data set {foreign[0]!r} in this study")
        if foreign := sorted({layout.model for layout in self.layouts} - set(ids)):
            raise ValueError(f"the layout's model {foreign[0]!r} is not in this study")
        return self

    def rows_for(self, data: DataSet) -> list[Row]:
        """Return the models that are embedded on a data set."""
        return [row for row in self.models if not row.data or data.name in row.data]
