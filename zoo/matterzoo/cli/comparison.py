"""What `metrics` shows at its end: a line a metric, the matrix of the first, a line a model, where the files are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matterzoo_harness.metrics import Comparison, Entry

WIDEST = 16
"""Most models whose matrix fits a terminal."""

SHADES = " ░▒▓█"
DIMENSIONS = {"id_twonn": "TwoNN", "id_mle": "MLE"}


def show(result: Comparison, target: Path) -> None:
    """Print a comparison for people."""
    about = result.provenance
    print(f"\n{len(result.names)} models, {about['records']} records, joined by {about['joined_by']}")
    if len(result.names) > 1:
        _metrics(result)
        _matrix(result)
    _models(result)
    calibration = about.get("calibration")
    if calibration:
        print(
            f"\n  null, q and [95 %] from {calibration['permutations']} permutations and a jackknife on "
            f"{calibration['records']} records; no q is below what {calibration['smallest_p']:.3f} allows"
        )
    for note in about["notes"]:
        print(f"  note: {note}")
    made = sorted(file.name for file in target.iterdir() if file.is_file())
    print(f"  results {target}: {', '.join(made)}")
    print(f"  open    python -c \"import pandas as pd; print(pd.read_parquet('{target / 'pairs.parquet'}'))\"")


def _metrics(result: Comparison) -> None:
    """Print a line a metric: its range over pairs of different models, its null, and the closest pair."""
    off = ~np.eye(len(result.names), dtype=bool)
    calibrated = any(entry.statistics for entry in result.entries)
    print(f"  {'':28} {'lowest':>7}   {'highest':>7}   {'null   ' if calibrated else ''}closest pair")
    for entry in result.entries:
        values = np.where(off, entry.values, np.nan)
        if np.isnan(values).all():
            print(f"  {entry.key:28} no number: {next(iter(entry.reasons.values()), 'one model alone')}")
            continue
        flat = np.nanargmin(values) if entry.metric == "information_imbalance" else np.nanargmax(values)
        a, b = np.unravel_index(int(flat), values.shape)
        null = f"{_null(entry):7.4f}" if calibrated else ""
        line = f"  {entry.key:28} {np.nanmin(values):7.4f} … {np.nanmax(values):7.4f} {null} "
        line += f"  {result.names[a]} → {result.names[b]}"
        print(line + (f", q = {entry.statistics['q'][a, b]:.3f}" if "q" in entry.statistics else ""))


def _null(entry: Entry) -> float:
    means = entry.statistics.get("null_mean")
    return float("nan") if means is None or np.isnan(means).all() else float(np.nanmean(means))


def _matrix(result: Comparison) -> None:
    """Draw all pairs of the first metric."""
    if not result.entries or len(result.names) > WIDEST:
        return
    entry, names = result.entries[0], result.names
    longest = max(map(len, names))
    print(f"\n  {entry.key}, row → column ({entry.estimator})\n")
    print(" " * (longest + 8) + "".join(f"{j + 1:>7}" for j in range(len(names))))
    for i, name in enumerate(names):
        cells = "".join(_cell(value, i == j) for j, value in enumerate(entry.values[i].tolist()))
        print(f"    {i + 1:>3} {name:{longest}}{cells}")


def _cell(value: float, own: bool) -> str:
    if own:
        return "      ·"
    if np.isnan(value):
        return "      –"
    return f"{SHADES[min(4, max(0, int(5 * value)))]:>2}{value:5.2f}"


def _models(result: Comparison) -> None:
    """Print a line a model: its width, and its intrinsic dimensions with their intervals and nulls."""
    shown = {key: name for key, name in DIMENSIONS.items() if key in result.models}
    if not shown:
        return
    longest = max(map(len, result.names))
    rows = [["", "width", *shown.values()]]
    for i, name in enumerate(result.names):
        rows.append([name, f"{result.models['width'][i]:.0f}", *(_dimension(result, key, i) for key in shown)])
    print(
        "\n  intrinsic dimension"
        + (" [95 %] / of unrelated columns" if f"{next(iter(shown))}/p" in result.models else "")
    )
    for name, width, *values in rows:
        print(f"    {name:{longest}} {width:>6}  " + "  ".join(f"{value:>26}" for value in values))


def _dimension(result: Comparison, key: str, i: int) -> str:
    value = result.models[key][i]
    if np.isnan(value):
        return "–"
    if f"{key}/p" not in result.models:
        return f"{value:.1f}"
    low, high, null = (result.models[f"{key}/{name}"][i] for name in ("ci_low", "ci_high", "null_mean"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}] / {null:.1f}"
