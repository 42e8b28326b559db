"""What an image costs: building a model's, beside a virtual environment and a plain one-step image of the same lock.

    python tests/benchmarks/images.py [MODEL] [ROUNDS]

The store is warm and the base image is there; nothing is taken from the engine's build cache. In turns:

- *ours*: `matterzoo fetch` offline, then the environment's image and on it the model's;
- *plain*: one stage on the same base with the same classic builder, as most are written: COPY of the wheels, `pip install`;
- *uv*: the same with the uv that we take, which compiles on every core;
- *venv*: `uv venv` and `uv pip install` of the same wheels into an empty folder, from a warm cache of uv's (hard links).

All are compiled to bytecode. The fastest of each counts, which is the least disturbed. The installed size is that of the virtual
environment, bytecode included; an image is compared with it less its base. Ends with 1 if a bar does not hold. Removes
what it made.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docker

from matterzoo.catalogue import find
from matterzoo.locking import choose_variant
from matterzoo_harness import images, locations
from matterzoo_harness.bases.choice import choose_base, ensure_base_image
from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment
from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.sealed import build_sources, tool_pins
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import Wheel, require_wheels, requirements_of
from matterzoo_harness.model import Model
from matterzoo_harness.packing import packed
from matterzoo_harness.store import Store

COMMAND = str(Path(sys.executable).with_name("matterzoo"))
MARK = f"-benchmark-{os.getpid()}"
PLAIN = "matterzoo/plain-{}" + MARK
ONE_STAGE = b"""
ARG BASE
FROM ${BASE}
COPY wheels /wheels
COPY requirements.txt /requirements.txt
"""
BY_PIP = b"""
RUN PYTHONPATH="$(ls /wheels/pip-*.whl)" python3 -m pip install --no-cache-dir --target /opt/env --requirement /requirements.txt \\
       --require-hashes --no-deps --no-index --find-links /wheels
"""
BY_UV = b"""
ENV UV_NO_CACHE=1 UV_NO_CONFIG=1 UV_OFFLINE=1
RUN python3 -m zipfile --extract /wheels/uv-*.whl /uv && chmod +x /uv/uv-*.data/scripts/uv \\
    && /uv/uv-*.data/scripts/uv venv --no-project --python "$(command -v python3)" /opt/env \\
    && /uv/uv-*.data/scripts/uv pip install --python /opt/env/bin/python --requirements /requirements.txt \\
       --require-hashes --no-deps --no-index --find-links /wheels --compile-bytecode
"""
LARGER = 1.05


class Bench:
    """One model's three ways, each from nothing."""

    def __init__(self, model: Model, client: docker.DockerClient, scratch: Path) -> None:
        self.model, self.client, self.scratch, self.store = model, client, scratch, Store()
        self.folder: EnvironmentFolder = find_environment(model.card.environment)
        environment = self.folder.environment
        self.python, self.variant = environment.python, choose_variant("cpu", self.folder)[1]
        pins = self.folder.pins(self.variant)
        build_sources(pins, self.python, environment.source_only, self.store)
        self.wheels: list[Wheel] = require_wheels(pins, self.python, self.store, "matterzoo fetch")
        kind = choose_base(self.python, self.store)
        self.base = ensure_base_image(client, kind, self.python, environment.debian, self.store, print)
        if kind == "debootstrap":  # where ours looks for a base of its own, it finds this one
            repository, _, tag = self.base.partition(":")
            client.images.get(self.base).tag(repository, tag=f"{tag}{MARK}")

    def ours(self) -> None:
        """Fetch, and build the environment's image and the model's."""
        offline = os.environ | {"MATTERZOO_OFFLINE": "1"}
        subprocess.run([COMMAND, "fetch", self.model.id], check=True, env=offline, stderr=subprocess.DEVNULL)
        card = self.model.resolved_card
        images.build_model_image(
            self.client, self.model.id, self.folder, self.variant, card, self.store, anew=MARK
        )  # fmt: skip

    def plain(self, name: str, install: bytes) -> None:
        """Build everything in one step, as a Containerfile is written that nobody thought long about."""
        tools = [pin for pin in tool_pins() if pin.name in ("pip", "uv")]
        wheels = [*self.wheels, *require_wheels(tools, self.python, self.store, "")]
        context: dict[str, Path | bytes] = {f"wheels/{one.path.name}": one.path for one in wheels}
        context |= {"Containerfile": ONE_STAGE + install, "requirements.txt": requirements_of(self.wheels).encode()}
        with packed(context) as stream:
            self.client.images.build(
                fileobj=stream, custom_context=True, dockerfile="Containerfile", tag=PLAIN.format(name), nocache=True,
                rm=True, buildargs={"BASE": self.base}, network_mode="none",
            )  # fmt: skip

    def venv(self) -> None:
        """Install into a virtual environment."""
        folder = Path(tempfile.mkdtemp(dir=self.scratch)) / "env"
        create_venv(folder, find_python(self.python), self.wheels)
        python = folder / "bin" / "python"
        every_core = [str(python), "-m", "compileall", "-q", "-j", "0", str(folder / "lib")]
        subprocess.run(every_core, check=False, stdout=subprocess.DEVNULL)  # some packages hold templates
        self.installed = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
        subprocess.run(["rm", "-r", folder.parent], check=True)

    def sizes(self) -> tuple[int, int, str]:
        """Return what our image and the plain one have beyond their base, and the wheels that lie in ours."""
        (ours,) = self.client.images.list(filters={"reference": f"matterzoo/{self.model.id}:*{MARK}"})
        listing = "find / -xdev -name '*.whl'"
        found = self.client.containers.run(ours, ["sh", "-c", listing], remove=True, network_mode="none", user="0")
        base, own, plain = (
            self.client.images.get(one).attrs["Size"] for one in (self.base, str(ours.id), PLAIN.format("uv"))
        )
        return own - base, plain - base, found.decode().strip()

    def clean(self, *, base: bool = False) -> None:
        """Remove every image that was made, and on request the base's other name."""
        for tag in (tag for image in self.client.api.images() for tag in image["RepoTags"] or ()):
            if MARK in tag and (base or not tag.startswith("matterzoo/base:")):
                self.client.images.remove(tag, force=True)


def seconds(what: Callable[[], None]) -> float:
    """Run something once; return its time by the clock."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    name = sys.argv[1] if len(sys.argv) > 1 else "chgnet-0.3.0"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    (locations.cache() / "environments").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=locations.cache() / "environments", prefix="benchmark-") as scratch:
        bench = Bench(find(name), connect(), Path(scratch))
        try:
            bench.venv()  # warms uv's cache
            by_pip, by_uv = partial(bench.plain, "pip", BY_PIP), partial(bench.plain, "uv", BY_UV)
            ways = {"ours": bench.ours, "plain": by_pip, "uv": by_uv, "venv": bench.venv}
            took: dict[str, list[float]] = {way: [] for way in ways}
            for turn in range(rounds):
                bench.clean()
                for way, run in ways.items():
                    took[way].append(seconds(run))
                    print(f"round {turn + 1}: {way} {took[way][-1]:.1f} s (load {os.getloadavg()[0]:.1f})", flush=True)
            own, plain, wheels = bench.sizes()
        finally:
            bench.clean(base=True)
    best = {way: min(each) for way, each in took.items()}
    print(f"{name}, {len(bench.wheels)} packages, on {bench.base}; {os.cpu_count()} cores, fastest of {rounds}")
    for way, least in best.items():
        print(f"{way:<6} {least:8.1f} s   ours/{way} {best['ours'] / least:5.2f}")
    print(
        f"installed {bench.installed / 1e6:,.0f} MB; image less base {own / 1e6:,.0f} MB: {own / bench.installed:.3f}"
    )
    print(f"plain image less base {plain / 1e6:,.0f} MB: {plain / bench.installed:.3f}")
    print(f"wheels inside: {wheels or 'none'}")
    holds = best["ours"] <= best["plain"] and own <= LARGER * bench.installed and not wheels
    print(
        f"bars: not slower than plain, size at most {LARGER} of what is installed, no wheels: {'ok' if holds else 'NO'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
