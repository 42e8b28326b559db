"""Which base an image stands on, and having it: one interface over `debootstrap` and `registry`."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Literal, cast

import docker

from matterzoo_harness.bases import registry
from matterzoo_harness.bases.debian import fetch_debs, lock_path, read_debs, suite_of
from matterzoo_harness.bases.debootstrap import FORGOTTEN, LEFT_OUT, make_root_archive
from matterzoo_harness.build_turns import turn
from matterzoo_harness.engine import connect, find_image
from matterzoo_harness.locations import offline
from matterzoo_harness.runtimes.base import Progress, quiet
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

BaseKind = Literal["debootstrap", "registry"]


def choose_base(python: str, store: Store) -> BaseKind:
    """Decide where a base comes from: `MATTERZOO_BASE`, else what was fetched before, else a registry that answers.

    Where none answers within seconds, it is made from Debian packages.

    Raises
    ------
    MatterzooError
        USAGE if `MATTERZOO_BASE` is neither.
    """
    asked = os.environ.get("MATTERZOO_BASE", "")
    if asked in {"debootstrap", "registry"}:
        return cast("BaseKind", asked)
    if asked:
        raise MatterzooError(ExitCode.USAGE, f"MATTERZOO_BASE is {asked!r}", "MATTERZOO_BASE=debootstrap or registry")
    if all(store.find(deb.sha256) for deb in read_debs(suite_of(python))):
        return "debootstrap"
    if registry.fetched_digest(python, store):
        return "registry"
    return "registry" if not offline() and registry.answers() else "debootstrap"


def fetch_base(python: str, store: Store, progress: Progress = quiet) -> None:
    """Fetch the base of a Python minor into the store; only `registry` needs an engine for that.

    Raises
    ------
    MatterzooError
        NO_ENGINE if a registry's image is asked for and no engine answers; and what fetching raises.
    """
    if choose_base(python, store) == "debootstrap":
        suite = suite_of(python)
        fetch_debs(read_debs(suite), suite, store, progress)
    else:
        registry.fetch_image(connect(), python, store, progress)


def base_contents(python: str, store: Store) -> set[str]:
    """Name what of the store the bases of a Python minor are made of: Debian packages, a registry's archive."""
    suite = suite_of(python)
    debs = {deb.sha256 for deb in read_debs(suite)} if lock_path(suite).is_file() else set()
    return debs | registry.contents(python, store)


def base_pin(kind: BaseKind, python: str, debian: Collection[str], store: Store) -> str:
    """Give what the base is pinned by: part of the recipe key.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if a registry's base was not fetched yet; BAD_CARD if it cannot have the Debian packages.
    """
    if kind == "debootstrap":
        pins = lock_path(suite_of(python)).read_bytes() + " ".join([*sorted(debian), *LEFT_OUT, *FORGOTTEN]).encode()
        return f"debootstrap:{hashlib.sha256(pins).hexdigest()}"
    if debian:
        raise MatterzooError(
            ExitCode.BAD_CARD,
            f"this environment wants Debian packages ({', '.join(debian)}); an image of a registry is taken as it is",
            "MATTERZOO_BASE=debootstrap",
        )
    digest = registry.fetched_digest(python, store)
    if digest is None:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"{registry.image_name(python)} was not fetched", "matterzoo fetch"
        )
    return f"registry:{digest}"


def ensure_base_image(
    client: docker.DockerClient,
    kind: BaseKind,
    python: str,
    debian: Collection[str],
    store: Store,
    progress: Progress = quiet,
    anew: str = "",
) -> str:
    """Give the name of the base's image in the engine; made from the store, without network, if it is not there.

    With `anew` it is made whatever is there, under a name that ends in this (a registry's is as it is).

    Raises
    ------
    MatterzooError
        INPUT_MISSING for what was not fetched.
    """
    if kind == "registry":
        return registry.load_image(client, python, store)
    suite = suite_of(python)
    name = f"matterzoo/base:{suite}-{base_pin(kind, python, debian, store).partition(':')[2][:12]}{anew}"
    with turn(name, progress):
        if find_image(client, name) is None:
            _make_base(client, name, suite, debian, store, progress)
    return name


def _make_base(
    client: docker.DockerClient, name: str, suite: str, debian: Collection[str], store: Store, progress: Progress
) -> None:
    debs = read_debs(suite)
    absent = [deb.name for deb in debs if store.find(deb.sha256) is None]
    if absent:
        raise MatterzooError(
            ExitCode.INPUT_MISSING, f"{suite}'s packages were not fetched: {', '.join(absent)}", "matterzoo fetch"
        )
    progress(f"making the base {name}")
    repository, _, tag = name.partition(":")
    with tempfile.TemporaryDirectory(prefix="matterzoo-base-") as folder:
        archive = Path(folder) / "root.tar"
        make_root_archive(debs, suite, debian, store, archive)
        changes = [f"LABEL matterzoo.base={suite}", "ENV PATH=/usr/local/bin:/usr/bin:/bin"]
        client.api.import_image(src=str(archive), repository=repository, tag=tag, changes=changes)
