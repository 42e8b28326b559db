"""Workers in hardened containers of a Docker engine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.images import build_model_image, model_image
from matterzoo_harness.runtimes.attached import AttachedContainer
from matterzoo_harness.runtimes.base import Progress, WorkerSpec, quiet
from matterzoo_harness.runtimes.needs import usable_environment
from matterzoo_harness.runtimes.orphans import harness_labels, reap_orphans
from matterzoo_harness.runtimes.variables import worker_variables
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

NOBODY = 65534
PIDS = 1024
SHARED_MEMORY = "1g"
SCRATCH_PLACE = "/tmp"  # noqa: S108 - the container's own
SCRATCH = "rw,exec,nosuid,nodev,mode=1777,size=4g"
"""What /tmp may do: Triton and numba run what they have compiled there."""


class DockerRuntime:
    """One container a worker: no network, no writable root, no privileges, nothing of the caller's environment."""

    name = "docker"

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()
        self._prepared: dict[tuple[str, str], str] = {}

    def available(self) -> str | None:
        """Say why no engine can be used; None if one answers."""
        try:
            with closing(docker.from_env(timeout=5)) as client:
                client.ping()
        except DockerException as error:
            return f"no container engine answers ({error})"
        return None

    def prepare(self, spec: WorkerSpec, progress: Progress = quiet) -> None:
        """Build the model's image from the store, if it is not there yet; see `Runtime.prepare`."""
        folder = usable_environment(spec)
        client = connect()
        reap_orphans(client)
        image = build_model_image(client, spec.model_id, folder, spec.variant, spec.card, self.store, progress)
        self._prepared[spec.model_id, spec.variant] = image

    def command(self, spec: WorkerSpec) -> list[str]:
        """Give the same as a `docker run` that can be pasted."""
        mounts = Mounts.of(spec)
        words = ["docker", "run", "--rm", "--interactive", "--init", "--network", "none", "--read-only"]
        words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", _user()]
        words += ["--pids-limit", str(PIDS), "--shm-size", SHARED_MEMORY, "--ulimit", "core=0"]
        words += ["--log-driver", "none", "--tmpfs", f"{SCRATCH_PLACE}:{SCRATCH}"]
        if spec.memory_bytes is not None:
            words += ["--memory", str(spec.memory_bytes), "--memory-swap", str(spec.memory_bytes)]
        if spec.device_kind == "cuda":
            words += ["--gpus", "device=0" if spec.device == "cuda" else f'"device={spec.device}"']
        for host, (inside, writable) in mounts.places.items():
            words += ["--mount", f"type=bind,source={host},target={inside}{'' if writable else ',readonly'}"]
        for name, value in self._variables(spec).items():
            words += ["--env", f"{name}={value}"]
        for name, value in harness_labels(spec.run_label).items():
            words += ["--label", f"{name}={value}"]
        return [*words, self._image(spec)]

    def start(self, spec: WorkerSpec) -> AttachedContainer:
        """Start the worker; see `Runtime.start`."""
        mounts = Mounts.of(spec)
        if os.geteuid() == 0:
            os.chown(spec.output, NOBODY, NOBODY)  # in the container nobody is root, and nobody must write there
        client = connect()
        gpu = {"count": 1} if spec.device == "cuda" else {"device_ids": spec.device.split(",")}
        host_config = client.api.create_host_config(
            auto_remove=True,
            init=True,
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            pids_limit=PIDS,
            shm_size=SHARED_MEMORY,
            mem_limit=spec.memory_bytes,
            memswap_limit=spec.memory_bytes,
            ulimits=[Ulimit(name="core", soft=0, hard=0)],
            log_config=LogConfig(type="none"),
            tmpfs={SCRATCH_PLACE: SCRATCH},
            mounts=[
                Mount(target=inside, source=host, type="bind", read_only=not writable)
                for host, (inside, writable) in mounts.places.items()
            ],
            device_requests=[DeviceRequest(**gpu, capabilities=[["gpu"]])] if spec.device_kind == "cuda" else None,
        )
        try:
            container = client.api.create_container(
                self._image(spec),
                stdin_open=True,
                user=_user(),
                environment=self._variables(spec),
                labels=harness_labels(spec.run_label),
                host_config=host_config,
            )
            return AttachedContainer(client, container["Id"], spec.log, mounts.map_path)
        except APIError as error:
            raise _explain(error, spec) from error

    def _image(self, spec: WorkerSpec) -> str:
        """Name the image: the prepared one, even if a source of ours was edited since then."""
        prepared = self._prepared.get((spec.model_id, spec.variant))
        folder = find_environment(spec.environment)
        return prepared or model_image(spec.model_id, folder, spec.variant, spec.card, self.store)

    def _variables(self, spec: WorkerSpec) -> dict[str, str]:
        return worker_variables(spec, find_environment(spec.environment).environment, SCRATCH_PLACE)


@dataclass(frozen=True)
class Mounts:
    """Host paths and their places in the container: `/input/<n>/<name>`, `/weights/<name>`, `/output`."""

    places: Mapping[str, tuple[str, bool]]

    @classmethod
    def of(cls, spec: WorkerSpec) -> Mounts:
        """Lay out a worker's files.

        Raises
        ------
        MatterzooError
            INPUT_MISSING for a file that is not there; CANNOT_WRITE for one that the container's user may not read.
        """
        places: dict[str, tuple[str, bool]] = {}
        for number, path in enumerate(spec.inputs):
            places[str(_readable(path))] = (f"/input/{number}/{path.name}", False)
        if spec.weights is not None:
            places[str(_readable(spec.weights))] = (f"/weights/{spec.weights.name}", False)
        places[str(spec.output.resolve())] = ("/output", True)
        return cls(places)

    def map_path(self, host_path: Path) -> str:
        """Give the container's name of a host path.

        Raises
        ------
        ValueError
            If it lies below none of the mounts.
        """
        path = host_path.resolve()
        for host, (inside, _) in self.places.items():
            if path.is_relative_to(host):
                below = path.relative_to(host)
                return inside if below == Path() else f"{inside}/{below}"
        raise ValueError(f"{host_path} is not mounted into the container")


def _readable(path: Path) -> Path:
    path = path.resolve()
    if not path.exists():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"{path} does not exist")
    if os.geteuid() == 0 and not path.stat().st_mode & 0o004:
        raise MatterzooError(
            ExitCode.CANNOT_WRITE,
            f"{path} can be read by its owner only, and in the container nobody is root",
            f"chmod o+r {shlex.quote(str(path))}",
        )
    return path


def _user() -> str:
    """Give the caller's ids; an unprivileged one's if the caller is root."""
    return f"{NOBODY}:{NOBODY}" if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"


def _explain(error: APIError, spec: WorkerSpec) -> MatterzooError:
    words = str(error.explanation or error)
    if spec.device_kind == "cuda" and ("device driver" in words or "nvidia" in words.lower()):
        return MatterzooError(
            ExitCode.GPU_UNUSABLE,
            f"the engine cannot hand a GPU to a container: {words}",
            "install NVIDIA's container toolkit",
        )
    if isinstance(error, NotFound):
        return MatterzooError(ExitCode.INPUT_MISSING, f"{spec.model_id}: {words}", f"matterzoo build {spec.model_id}")
    return MatterzooError(ExitCode.NO_ENGINE, f"the engine refuses the container of {spec.model_id}: {words}")
