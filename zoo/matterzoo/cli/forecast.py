"""What `study run --dry-run` says: what would run, how long it would take, how much disk it needs, what is missing."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matterzoo.cli import console
from matterzoo.cli.progress import spoken
from matterzoo_schemas.exit_codes import MatterzooError

if TYPE_CHECKING:
    from matterzoo_harness.model import Model
    from matterzoo_harness.studies.estimate import Comparing, Work
    from matterzoo_harness.studies.schema import DataSet, Study


def show_forecast(study: Study, folder: Path, *, as_json: bool) -> int:
    """Print the forecast of a study; nothing is started, nothing is fetched."""
    from matterzoo.catalogue import find
    from matterzoo_harness.studies.estimate import forecast

    counts = {data.name: _count(data, folder) for data in study.data}
    works, comparings = forecast(study, folder, find, counts)
    if as_json:
        console.emit(
            {
                "embed": [vars(work) for work in works],
                "compare": [vars(each) for each in comparings],
                "obstacles": obstacles(study),
            }
        )
        return 0
    print(f"{study.title}: {len(study.models)} models, {len(study.data)} data sets → {folder}")
    for data in study.data:
        _show_data(data, counts[data.name], [work for work in works if work.data == data.name], comparings)
    _show_sum(study, works, comparings)
    _show_obstacles(study)
    return 0


def obstacles(study: Study) -> dict[str, list[str]]:
    """Say which rows of a study cannot run as they stand: why, and the study's names of those that it stops."""
    from matterzoo.catalogue import find

    found: dict[str, list[str]] = {}
    for row in study.models:
        try:
            why = None if row.id is None else _obstacle(find(row.id))
        except MatterzooError:
            continue  # the zoo has no such model, which is said elsewhere
        if why:
            found.setdefault(why, []).append(row.label)
    return found


def _obstacle(model: Model) -> str | None:
    from matterzoo.missing import unlockable
    from matterzoo_harness.environments.folder import find_environment

    if conflict := unlockable(find_environment(model.card.environment)):
        return f"its environment has no lock; {conflict}"
    if model.weights_pinned:
        return None
    checkpoint = model.card.checkpoint
    if checkpoint.gated:
        return f"gated: accept the licence at {checkpoint.repo or checkpoint.url}, then `matterzoo lock MODEL`"
    return "weights never fetched: `matterzoo lock MODEL` fetches and pins them"


def _show_obstacles(study: Study) -> None:
    found = obstacles(study)
    if found:
        print(f"as it stands: {sum(map(len, found.values()))} of {len(study.models)} models cannot run yet")
    for why, names in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"  {why} ({len(names)}):")
        whole = ", ".join(name.replace(" ", "\xa0") for name in names)  # a line breaks between names only
        print(textwrap.indent(textwrap.fill(whole, 108), "    ").replace("\xa0", " "))


def _count(data: DataSet, folder: Path) -> int | None:
    """Return how many records the study will use, as far as that is known without fetching."""
    from matterzoo_harness.readers import read
    from matterzoo_schemas.records import Records

    try:
        if data.source.startswith("dataset:"):
            return len(Records.open(folder / data.name / "records.safetensors"))
        there = len(read(data.source).records)
    except MatterzooError:
        return data.records
    return there if data.records is None else min(there, data.records)


def _show_data(data: DataSet, count: int | None, works: list[Work], comparings: list[Comparing]) -> None:
    print(f"\n{data.name}: {data.source}, {'unknown' if count is None else f'{count:,}'} records")
    for work in works:
        if work.state == "missing":
            continue
        seconds = "–" if work.state == "done" else "?" if work.seconds is None else spoken(work.seconds)
        print(f"  {work.state:6} {work.model:30} {seconds:>9} {_size(work.bytes):>9}   {work.basis}")
    for each in comparings:
        if each.data == data.name:
            seconds = "–" if each.state == "done" else "?" if each.seconds is None else spoken(each.seconds)
            print(f"  {each.state:6} {'all pairs':30} {seconds:>9} {'':>9}   {each.basis}")


def _show_sum(study: Study, works: list[Work], comparings: list[Comparing]) -> None:
    todo = [work for work in works if work.state == "to do"]
    steps: list[Any] = [*todo, *(each for each in comparings if each.state == "to do")]
    known = [step.seconds for step in steps if step.seconds is not None]
    sizes = [work.bytes for work in todo if work.bytes is not None]
    print(
        f"\nto do: {len(todo)} embeddings and {len(steps) - len(todo)} comparisons; {spoken(sum(known))} for the "
        f"{len(known)} steps that were measured before, one after the other; {len(steps) - len(known)} never were"
    )
    unknown = len(todo) - len(sizes)
    more = f", and {unknown} whose width or count is not known yet" if unknown else ""
    print(f"disk: {_size(sum(sizes))} of embeddings{more}; packages, images and weights not counted")
    missing = {work.model for work in works if work.state == "missing"}
    if missing:
        print(f"missing: {len(missing)} of {len(study.models)} models are not in the zoo yet:")
        for row in study.models:
            if (row.id or row.label) in missing:
                print(f"  {row.label}")


def _size(count: int | None) -> str:
    if count is None:
        return "?"
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"
