"""An environment's part of an archive: wheels, the tools that install them, its base, recipes and licence texts."""

from __future__ import annotations

import json
from typing import Any

from matterzoo_harness.archive.contents import Contents
from matterzoo_harness.archive.packages import PackageFacts, deb_copyright, wheel_facts
from matterzoo_harness.bases import registry
from matterzoo_harness.bases.choice import choose_base, fetch_base
from matterzoo_harness.bases.debian import Deb, lock_path, read_debs, suite_of
from matterzoo_harness.environments.folder import EnvironmentFolder
from matterzoo_harness.environments.lockfile import Pin
from matterzoo_harness.environments.sealed import build_sources, tool_pins
from matterzoo_harness.environments.wheels import built_note, require_wheels, requirements_of
from matterzoo_harness.images import recipe_of
from matterzoo_harness.installing import RECIPE
from matterzoo_harness.locations import packaged_containers
from matterzoo_harness.runtimes.base import Progress
from matterzoo_harness.store import Store

Facts = tuple[dict[str, Any], list[tuple[PackageFacts, str]], list[tuple[str, Deb]]]


def collect_environment(
    folder: EnvironmentFolder, variant: str, store: Store, contents: Contents, progress: Progress
) -> Facts:
    """Add an environment to an archive: a folder that is a whole build context, and what `restore` puts back.

    Returns
    -------
    facts, wheels, debs
        For the manifest and the bill of materials.
    """
    environment, place = folder.environment, f"environments/{folder.name}-{variant}"
    pins, python = folder.pins(variant), folder.environment.python
    build_sources(pins, python, environment.source_only, store, progress)
    wheels = require_wheels(pins, python, store, f"matterzoo fetch {folder.name}")
    tools = require_wheels(tool_pins(), python, store, f"matterzoo fetch {folder.name}")
    for wheel in [*wheels, *(tool for tool in tools if tool.pin.name == "uv")]:
        contents.keep(f"{place}/wheels/{wheel.path.name}", wheel.sha256, store)
    for tool in tools:
        if tool.pin.name != "uv":
            contents.keep(f"tools/{tool.path.name}", tool.sha256, store)
    _add_sources(pins, python, place, store, contents)
    recipes = packaged_containers()
    contents.add(f"{place}/{RECIPE}", recipe_of(folder))
    contents.add(f"{place}/requirements.txt", requirements_of(wheels).encode())
    contents.add_folder(f"containers/{folder.name}", folder.path)
    for name in (RECIPE, "Containerfile", "base/tools.in", "base/tools.lock"):
        contents.add(f"containers/{name}", recipes / name)
    said = [(wheel_facts(wheel.path), wheel.sha256) for wheel in wheels]
    for facts, _ in said:
        for name, text in facts.texts.items():
            contents.add(f"licences/{facts.name}-{facts.version}/{name}", text)
    kind, debs = _add_base(folder, store, contents, progress)
    return {"python": python, "base": kind, "packages": len(wheels)}, said, debs


def _add_sources(pins: list[Pin], python: str, place: str, store: Store, contents: Contents) -> None:
    """Add the source archives that wheels were built from, and the notes that say which wheel is whose."""
    for pin in pins:
        for sha256 in pin.sha256s:
            note = built_note(pin, sha256, python, store)
            built, source = note and store.note("built", note), store.find(sha256)
            if note and built and source:
                contents.keep(f"{place}/sources/{source.name}", sha256, store)
                contents.notes.add(("built", note, built))


def _add_base(
    folder: EnvironmentFolder, store: Store, contents: Contents, progress: Progress
) -> tuple[str, list[tuple[str, Deb]]]:
    """Add Debian packages, each with its copyright, or the image of a registry."""
    python = folder.environment.python
    fetch_base(python, store, progress)
    if choose_base(python, store) == "registry":
        note = str(store.note("registry-bases", python))
        sha256 = json.loads(note)["archive"]
        contents.keep(f"base/{registry.image_name(python).rpartition('/')[2].replace(':', '-')}.tar", sha256, store)
        contents.notes.add(("registry-bases", python, note))
        return "registry", []
    suite = suite_of(python)
    contents.add(f"containers/base/{suite}.lock", lock_path(suite))
    debs = read_debs(suite)
    for deb in debs:
        path = f"debian/{suite}/{deb.path.rpartition('/')[2]}"
        contents.keep(path, deb.sha256, store)
        if text := deb_copyright(store.get(deb.sha256), deb.name):
            contents.add(f"licences/debian/{deb.name}/copyright", text)
    return "debootstrap", [(suite, deb) for deb in debs]
