"""The answer of a comparison: matrices, per-model vectors, provenance; as arrays, as tables, as a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matterzoo_harness.metrics.errors import MetricError

FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One metric for all pairs.

    Attributes
    ----------
    metric
        Its name in `presets.METRICS`.
    k
        Neighbours, where the metric has them.
    view
        Preprocessing, see `views`.
    estimator
        Which variant, in words.
    values
        [M, M]; row → column where the metric is directed. NaN has a reason.
    reasons
        (row model, column model) → why there is no number.
    statistics
        Further [M, M] arrays by name: `null_mean`, `null_sd`, `p`, `q`, `ci_low`, `ci_high`, …
    """

    metric: str
    k: int | None
    view: str
    estimator: str
    values: NDArray[np.float64]
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    statistics: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`metric`, or `metric@k`."""
        return self.metric if self.k is None else f"{self.metric}@{self.k}"


@dataclass
class Comparison:
    """All pairs of M models on N records.

    Attributes
    ----------
    names
        The models, in the order of all matrices.
    entries
        One a metric and k.
    models
        Per-model vectors [M] by name.
    provenance
        Everything that decided the numbers; plain JSON.
    """

    names: tuple[str, ...]
    entries: list[Entry]
    models: dict[str, NDArray[np.float64]]
    provenance: dict[str, Any]

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """[M, M] of `metric` (at its first k) or of `metric@k`; [M] of a per-model quantity."""
        return self.models[metric] if metric in self.models else self.entry(metric).values

    def __contains__(self, metric: object) -> bool:
        return metric in self.models or any(metric in (e.metric, e.key) for e in self.entries)

    def entry(self, metric: str) -> Entry:
        """Return the entry of `metric` or `metric@k`.

        Raises
        ------
        MetricError
            If it was not computed.
        """
        for entry in self.entries:
            if metric in (entry.metric, entry.key):
                return entry
        raise MetricError(f"{metric!r} was not computed", f"there are {', '.join(e.key for e in self.entries)}")

    def against_k(self, metric: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All ks of a metric, [K], and its values, [K, M, M]."""
        found = sorted((e for e in self.entries if e.metric == metric and e.k is not None), key=lambda e: e.k or 0)
        if not found:
            self.entry(metric)
        return np.array([e.k for e in found], dtype=np.int64), np.stack([e.values for e in found])

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the long table: one row a metric, k and ordered pair."""
        shared = {key: self.provenance.get(key) for key in ("preset", "precision", "records")}
        extra = sorted({name for e in self.entries for name in e.statistics})
        for entry in self.entries:
            for i, a in enumerate(self.names):
                for j, b in enumerate(self.names):
                    statistics = {
                        name: _number(entry.statistics[name][i, j]) if name in entry.statistics else None
                        for name in extra
                    }
                    yield {
                        "metric": entry.metric,
                        "k": entry.k,
                        "a": a,
                        "b": b,
                        "value": _number(entry.values[i, j]),
                        "reason": entry.reasons.get((a, b), ""),
                        "view": entry.view,
                        "estimator": entry.estimator,
                        "n": shared["records"],
                        "dtype": shared["precision"],
                        "preset": shared["preset"],
                        **statistics,
                    }

    def model_rows(self) -> list[dict[str, Any]]:
        """Return one row a model: its width, dimensions, duplicates, and what else is known of it alone."""
        return [
            {"model": name} | {key: _number(values[i]) for key, values in self.models.items()}
            for i, name in enumerate(self.names)
        ]

    def to_folder(self, folder: str | Path) -> Path:
        """Write `pairs.parquet`, `models.parquet` and `comparison.json`; the last one, written last, completes it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(list(self.rows())), path / "pairs.parquet")
        pq.write_table(pa.table({"model": list(self.names), **self.models}), path / "models.parquet")
        document = {
            "format": FORMAT,
            "names": list(self.names),
            "provenance": self.provenance,
            "entries": [
                {
                    "metric": e.metric,
                    "k": e.k,
                    "view": e.view,
                    "estimator": e.estimator,
                    "statistics": sorted(e.statistics),
                }
                for e in self.entries
            ],
        }
        temporary = path / "comparison.json.part"
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        temporary.replace(path / "comparison.json")
        return path

    @classmethod
    def from_folder(cls, folder: str | Path) -> Comparison:
        """Read what `to_folder` wrote.

        Raises
        ------
        MetricError
            If the folder holds no complete comparison, or one of another format.
        """
        import pyarrow.parquet as pq

        path = Path(folder)
        if not (path / "comparison.json").is_file():
            raise MetricError(f"{path} holds no finished comparison", "run `matterzoo metrics EMB_DIR -o FOLDER`")
        document = json.loads((path / "comparison.json").read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise MetricError(f"{path} has format {document['format']} and this version reads {FORMAT}")
        names = tuple(document["names"])
        rows = pq.read_table(path / "pairs.parquet").to_pylist()
        size = len(names) ** 2
        entries = [_entry(names, head, rows[i * size : (i + 1) * size]) for i, head in enumerate(document["entries"])]
        table = pq.read_table(path / "models.parquet")
        models = {
            name: np.asarray(table[name].to_numpy(), dtype=np.float64) for name in table.column_names if name != "model"
        }
        return cls(names, entries, models, document["provenance"])


def tabulate(comparisons: Mapping[str, Comparison], metric: str, *, mixed: bool = False) -> list[dict[str, Any]]:
    """Put one metric of several comparisons into one long table.

    Raises
    ------
    MetricError
        If they differ in N and `mixed` is not set: at a fixed k most of these numbers fall as N grows.
    """
    counts = {name: each.provenance["records"] for name, each in comparisons.items()}
    if len(set(counts.values())) > 1 and not mixed:
        raise MetricError(
            f"{metric}: the comparisons have different N ({counts}) and their numbers are not comparable",
            "compare equal subsamples, or set mixed=True and show N beside each number",
        )
    return [
        {"comparison": name, **row}
        for name, each in comparisons.items()
        for row in each.rows()
        if row["metric"] == metric or f"{row['metric']}@{row['k']}" == metric
    ]


def _entry(names: tuple[str, ...], head: Mapping[str, Any], rows: list[dict[str, Any]]) -> Entry:
    def square(column: str) -> NDArray[np.float64]:
        values = [np.nan if row[column] is None else row[column] for row in rows]
        return np.array(values, dtype=np.float64).reshape(len(names), len(names))

    reasons = {(row["a"], row["b"]): row["reason"] for row in rows if row["reason"]}
    return Entry(
        head["metric"],
        head["k"],
        head["view"],
        head["estimator"],
        square("value"),
        reasons,
        {name: square(name) for name in head["statistics"]},
    )


def _number(value: float) -> float | None:
    """Not-a-number becomes a missing value, which Parquet and JSON both have."""
    return None if np.isnan(value) else float(value)
