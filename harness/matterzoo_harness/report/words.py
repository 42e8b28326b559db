"""The first screen in words: what the study found, from its numbers alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from matterzoo_harness.metrics.result import Comparison, Entry
from matterzoo_harness.report.figures.common import closeness, fact_of, headline, pairs
from matterzoo_harness.report.names import title_of
from matterzoo_harness.report.results import DataResults, Results

SIGNIFICANT = 0.05
REDUNDANT = 0.9
"""Closeness from which one of two models is called redundant."""
SMALL = 1000
"""Fewer records than this are called a small sample."""


@dataclass(frozen=True)
class Answer:
    """What the first screen says.

    Parameters
    ----------
    headline
        One sentence.
    sentences
        What supports it.
    warnings
        What is missing, or not to be trusted.
    numbers
        Big numbers, with what each is.
    """

    headline: str
    sentences: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    numbers: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """The pairs of one comparison, by whether both, one or none of a pair was trained."""

    entry: Entry
    trained: list[tuple[float, str, str]]
    mixed: list[float]
    significant: int
    tested: int
    null: float | None

    @property
    def median(self) -> float:
        """Of the pairs of trained models."""
        return float(np.median([value for value, _, _ in self.trained]))


def summarise(results: Results, comparison: Comparison) -> Summary | None:
    """Sort the pairs of a comparison; None if it has no metric."""
    entry = headline(comparison)
    if entry is None:
        return None
    names, near = comparison.names, closeness(entry)
    trained: list[tuple[float, str, str]] = []
    mixed: list[float] = []
    significant = tested = 0
    smallest = (comparison.provenance.get("calibration") or {}).get("smallest_p", 1.0)
    decidable = "q" in entry.statistics and smallest < SIGNIFICANT  # fewer draws could not tell any pair from chance
    for i, j in pairs(names):
        if not np.isfinite(near[i, j]):
            continue
        untrained = fact_of(results, names[i]).untrained + fact_of(results, names[j]).untrained
        if untrained == 0:
            trained.append((float(near[i, j]), names[i], names[j]))
            if decidable and np.isfinite(entry.statistics["q"][i, j]):
                tested += 1
                significant += bool(max(entry.statistics["q"][i, j], entry.statistics["q"][j, i]) <= SIGNIFICANT)
        elif untrained == 1:
            mixed.append(float(near[i, j]))
    nulls = entry.statistics.get("null_mean")
    null = None
    if nulls is not None and np.isfinite(nulls).any():
        null = float(np.nanmean(nulls[~np.eye(len(names), dtype=bool)]))
    return Summary(entry, sorted(trained, reverse=True), mixed, significant, tested, null)


def answer(results: Results) -> Answer:
    """Say what the study found; and if it found nothing, why."""
    warnings = _warnings(results)
    if not results.study.models or not results.study.data:
        what = "models" if not results.study.models else "data sets"
        return Answer(f"This study names no {what}, so there is nothing to show.", warnings=warnings)
    usable = [(each, summarise(results, each.comparison)) for each in results.compared if each.comparison]
    found = [(data, summary) for data, summary in usable if summary is not None and summary.trained]
    if not found:
        return Answer(_nothing(results), warnings=warnings)
    found.sort(key=lambda pair: pair[0].data.role == "out")
    data, first = found[0]
    sentences = [_extremes(data, first)]
    sentences += [_elsewhere(first, other, summary) for other, summary in found[1:]]
    sentences += _redundant(found)
    numbers = [
        (
            f"{first.median:.2f}",
            f"median {title_of(first.entry.metric, first.entry.k)} of trained pairs, {data.data.title}",
        )
    ]
    if first.mixed:
        numbers.append((f"{float(np.median(first.mixed)):.2f}", "with untrained maps and descriptors"))
    if first.null is not None:
        numbers.append((f"{first.null:.2f}", "by chance"))
    compared = {name for each in results.compared if each.comparison for name in each.comparison.names}
    numbers.append((f"{len(compared)}", f"of {len(results.facts)} models compared"))
    return Answer(_verdict(data, first), sentences, warnings, numbers)


def _verdict(data: DataResults, found: Summary) -> str:
    count = len({name for _, a, b in found.trained for name in (a, b)})
    what = title_of(found.entry.metric, found.entry.k)
    rest = f"the median pair of {count} trained models has a {what} of {found.median:.2f}"
    mixed = float(np.median(found.mixed)) if found.mixed else None
    if found.null is not None:
        rest += f", where chance gives {found.null:.2f}"
    if mixed is not None:
        rest += f" and a trained model beside an untrained map of the same records {mixed:.2f}"
    chance = found.tested > 0 and found.significant < found.tested / 2
    if chance:
        return f"No: on {data.data.title.lower()} most trained pairs do not differ from chance; {rest}."
    if mixed is not None and found.median <= mixed:
        return f"Not beyond what any map of the records sees: on {data.data.title.lower()} {rest}."
    return f"On {data.data.title.lower()}, trained models agree: {rest}."


def _extremes(data: DataResults, found: Summary) -> str:
    value, a, b = found.trained[0]
    text = f"Closest on {data.data.title.lower()}: {a} and {b} ({value:.2f})"
    if len(found.trained) > 1:
        low, c, d = found.trained[-1]
        text += f"; farthest apart: {c} and {d} ({low:.2f})"
    if found.tested:
        text += f". {found.significant} of {found.tested} trained pairs are above chance (q ≤ {SIGNIFICANT})"
    return text + "."


def _elsewhere(first: Summary, other: DataResults, found: Summary) -> str:
    here = {frozenset((a, b)): value for value, a, b in first.trained}
    there = {frozenset((a, b)): value for value, a, b in found.trained}
    both = [pair for pair in here if pair in there]
    what = f"On {other.data.title.lower()}"
    what += ", outside of their training data," if other.data.role == "out" else ""
    if not both or first.entry.key != found.entry.key:
        return f"{what} the median of trained pairs is {found.median:.2f} ({len(found.trained)} pairs)."
    before, after = (float(np.median([values[pair] for pair in both])) for values in (here, there))
    word = "falls" if after < before - 0.005 else "rises" if after > before + 0.005 else "stays"
    change = f"{word} at {after:.2f}" if word == "stays" else f"{word} from {before:.2f} to {after:.2f}"
    return f"{what} the median of the {len(both)} pairs that were compared on both {change}."


def _redundant(found: list[tuple[DataResults, Summary]]) -> list[str]:
    """Name trained models that another one replaces on every data set where both were compared."""
    alike: dict[str, list[tuple[str, float]]] = {}
    for _, summary in found:
        for value, a, b in summary.trained:
            alike.setdefault(" and ".join(sorted((a, b))), []).append((a, value))
    least = {pair: min(value for _, value in values) for pair, values in alike.items()}
    close = sorted((pair for pair, value in least.items() if value >= REDUNDANT), key=lambda pair: -least[pair])
    if not close:
        return ["No two trained models are close enough to call one redundant (0.90 everywhere)."]
    listed = "; ".join(f"{pair} ({least[pair]:.2f})" for pair in close[:3])
    more = f", and {len(close) - 3} more pairs" if len(close) > 3 else ""
    return [f"One of each may be dropped: {listed}{more}."]


def _nothing(results: Results) -> str:
    if all(each.comparison is None for each in results.data):
        reasons = list(dict.fromkeys(each.problem for each in results.data if each.problem))
        return "No comparison was made, so there is no answer: " + ("; ".join(reasons) or "nothing was run yet") + "."
    names = {name for each in results.data if each.comparison for name in each.comparison.names}
    if len(names) == 1:
        return f"One model alone ({next(iter(names))}) agrees with nobody: a comparison needs two."
    return "No two trained models were compared, so there is no answer: what is below are baselines beside each other."


def _warnings(results: Results) -> list[str]:
    warnings = []
    absent = [fact.name for fact in results.facts.values() if not fact.known]
    if absent:
        more = f" and {len(absent) - 6} more" if len(absent) > 6 else ""
        warnings.append(
            f"{len(absent)} of {len(results.facts)} models are not in the zoo: {', '.join(absent[:6])}{more}."
        )
    for each in results.data:
        if each.problem:
            warnings.append(f"{each.data.title}: {each.problem}.")
        if repeats := each.sample.get("repeats"):
            warnings.append(
                f"{each.data.title}: {repeats:,} of {each.records:,} records repeat the content of another one."
            )
        failed = [m for m, c in each.coverages.items() if c.ok == 0 and results.facts[m].known]
        if failed:
            warnings.append(f"{each.data.title}: no vector at all from {', '.join(failed)}.")
        partial = [m for m, c in each.coverages.items() if 0 < c.ok < c.records and not c.compared]
        if partial:
            warnings.append(f"{each.data.title}: not compared, for too little coverage: {', '.join(partial)}.")
        if each.comparison is not None:
            warnings += _sample(each, each.comparison.provenance["records"])
    return warnings


def _sample(each: DataResults, used: int) -> list[str]:
    """Say on how many records the comparison rests, where they are few or not all."""
    if used == each.records and used >= SMALL:
        return []
    said = f"compared on the {used:,} of {each.records:,} records that all have" if used < each.records else ""
    small = f"{used:,} records are a small sample, see “More records”" if used < SMALL else ""
    return [f"{each.data.title}: {'; '.join(part for part in (said, small) if part)}."]
