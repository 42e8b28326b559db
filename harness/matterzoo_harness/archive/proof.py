"""Prove a restored archive: run each model over its fixed records, and compare with its golden vectors."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from matterzoo_harness.archive.restore import Restored
from matterzoo_harness.environments.folder import read_environment
from matterzoo_harness.packing import packed
from matterzoo_harness.runtimes.base import Progress
from matterzoo_harness.runtimes.venv import create_environment
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

SECONDS = 3600


@dataclass(frozen=True)
class Proof:
    """What became of one model.

    Parameters
    ----------
    model, runtime
        Which, and where it ran.
    passed
        Whether its vectors are the golden ones; None where the archive has none, or lacks the weights.
    message
        In words.
    """

    model: str
    runtime: str
    passed: bool | None
    message: str


def prove(restored: Restored, client: docker.DockerClient | None, progress: Progress) -> list[Proof]:
    """Run every model of a restored archive, with the worker that was archived with it.

    Parameters
    ----------
    restored
        The archive.
    client
        An engine, where the archive's image shall run; None for virtual environments made of its wheels.
    progress
        Told what is being done.

    Raises
    ------
    MatterzooError
        `MODEL_CRASHED` if a model does not run at all, `NO_ENGINE` with the engine's words.
    """
    if client is not None:
        progress("loading the image")
        load_image(client, restored.folder / "image")
    proofs = []
    for model, facts in restored.checked.manifest["models"].items():
        runtime = "venv" if client is None else "docker"
        if not facts["golden"]:
            proofs.append(Proof(model, runtime, None, "the archive has no golden vectors of it"))
        elif facts["weights"] and not (restored.folder / facts["weights"]).exists():
            proofs.append(Proof(model, runtime, None, "its weights were left out; README.md says where they are"))
        else:
            progress(f"{model}: running over its fixed records ({runtime})")
            said = _in_venv(restored, model, facts, progress) if client is None else _inside(client, restored, model)
            proofs.append(Proof(model, runtime, bool(said["passed"]), str(said["message"])))
    return proofs


def load_image(client: docker.DockerClient, layout: Path) -> None:
    """Give the engine an archive's images.

    Raises
    ------
    MatterzooError
        `NO_ENGINE` with the engine's words.
    """
    content: dict[str, Path | bytes] = {
        file.relative_to(layout).as_posix(): file for file in layout.rglob("*") if file.is_file()
    }
    try:
        with packed(content) as stream:
            client.images.load(stream)
    except DockerException as error:
        raise MatterzooError(ExitCode.NO_ENGINE, f"the engine refuses the archive's image: {error}") from error


def _inside(client: docker.DockerClient, restored: Restored, model: str) -> dict[str, Any]:
    """Run a model in its container: no network, nothing writable but a scratch."""
    image = restored.checked.manifest["models"][model]["image"]
    command = ["python", "/archive/replay.py", model, "--json"]
    volumes = {str(restored.folder): {"bind": "/archive", "mode": "ro"}}
    try:
        container = client.containers.create(
            image, command, network_mode="none", volumes=volumes, cap_drop=["ALL"], read_only=True,
            security_opt=["no-new-privileges"], tmpfs={"/tmp": "rw,exec,nosuid,size=4g"},  # noqa: S108
        )  # fmt: skip
        try:
            container.start()
            code = int(container.wait(timeout=SECONDS)["StatusCode"])
            said, words = container.logs(stderr=False), container.logs(stdout=False)
        finally:
            container.remove(force=True)
    except DockerException as error:
        raise MatterzooError(ExitCode.NO_ENGINE, f"the engine cannot run {image}: {error}") from error
    return _answer(model, code, said, words)


def _in_venv(restored: Restored, model: str, facts: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run a model in a virtual environment of the archive's own lock."""
    folder = read_environment(restored.folder / "containers" / facts["environment"])
    python = create_environment(folder, facts["variant"], Store(), progress) / "bin" / "python"
    done = subprocess.run(
        [str(python), str(restored.folder / "replay.py"), model, "--json"],
        env={"PATH": f"{python.parent}:{os.defpath}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    return _answer(model, done.returncode, done.stdout, done.stderr)


def _answer(model: str, code: int, said: bytes, words: bytes) -> dict[str, Any]:
    """Return what `replay.py` said: that a model disagrees is an answer, silence is not."""
    try:
        return dict(json.loads(said.splitlines()[-1]))
    except (ValueError, IndexError) as error:
        end = words.decode("utf-8", "replace")[-3000:]
        raise MatterzooError(ExitCode.MODEL_CRASHED, f"{model} ended with exit code {code}:\n{end}") from error
