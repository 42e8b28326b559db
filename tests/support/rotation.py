"""Which environments' images a run of the tests builds: every week others, so that all are built again and again."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from matterzoo.catalogue import find, readable
from matterzoo_harness.checking.families import representatives
from matterzoo_harness.checking.golden import SAMPLES
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.environments.wheels import Wheel, require_wheels
from matterzoo_harness.model import Model
from matterzoo_harness.provision import fetch_environment
from matterzoo_harness.store import Store

One = TypeVar("One")

NAMED = "MATTERZOO_TEST_IMAGES"
"""`MATTERZOO_TEST_IMAGES=m3gnet-random,orb-v3-random` takes these models instead of the week's: a failure is repeated."""
BASE_BYTES = 150e6
BYTECODE = 4 / 3
"""Images compile all their Python: bytecode takes a third more than its source. With both, the images of matgl, unimol and
grace come out as 1.65, 2.08 and 2.75 GB; they have 1.66, 2.09 and 2.76."""
LARGEST_IMAGE = 2.5e9


def in_turn(all_of_them: Sequence[One], day: date, taken: int) -> list[One]:
    """Order things so that each ISO week begins where the one before it ended, having taken so many."""
    week = (day.toordinal() - 1) // 7  # both calendars have their Mondays in common
    start = week * taken % len(all_of_them)
    return [*all_of_them[start:], *all_of_them[:start]]


def image_bytes(wheels: Sequence[Wheel]) -> float:
    """Estimate how large the image of these wheels becomes, before it is built."""
    files = [file for wheel in wheels for file in zipfile.ZipFile(wheel.path).infolist()]
    python = sum(file.file_size for file in files if file.filename.endswith(".py"))
    return BASE_BYTES + sum(file.file_size for file in files) + BYTECODE * python


def models_of_the_week(count: int, day: date, but: Sequence[str] = ()) -> Iterator[Model]:
    """Give as many models, each in an environment of its own that has a CPU lock and makes no large image.

    Which model stands for an environment of several families changes by the week, too. Their packages are fetched.

    Parameters
    ----------
    count
        How many.
    day
        Any of the week.
    but
        Environments that are built every week as it is.

    Raises
    ------
    MatterzooError
        Where the packages cannot be had.
    """
    if named := os.environ.get(NAMED):
        yield from map(find, named.split(","))
        return
    everyone: dict[str, list[Model]] = {}
    for model in representatives(readable()):
        if model.card.environment not in but and model.card.view in SAMPLES:
            everyone.setdefault(model.card.environment, []).append(model)
    found = 0
    for name in in_turn(sorted(everyone), day, count):
        folder, store = find_environment(name), Store()
        fetch_environment(folder, "cpu", store)
        if image_bytes(require_wheels(folder.pins("cpu"), folder.environment.python, store, "")) < LARGEST_IMAGE:
            yield in_turn(everyone[name], day, 1)[0]
            found += 1
        if found == count:
            return
