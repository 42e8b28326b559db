"""What every runtime promises of a worker; the same suite for each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import NotFound

from matterzoo_harness.bases.choice import fetch_base
from matterzoo_harness.runtimes.base import Runtime, WorkerProcess, WorkerSpec
from matterzoo_harness.runtimes.choice import runtime_for
from matterzoo_harness.runtimes.docker import DockerRuntime
from matterzoo_harness.runtimes.gpu import gpus
from matterzoo_harness.runtimes.venv import VenvRuntime
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

ORPHAN = """
import sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_runtimes import spec_in
from matterzoo_harness.runtimes.choice import runtime_for
worker = runtime_for({runtime!r}).start(spec_in(Path({out!r})))
print(getattr(worker, "container", None) or worker.pid, flush=True)
time.sleep(100)
"""


def spec_in(folder: Path, **changes: object) -> WorkerSpec:
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    given: dict[str, object] = {
        "model_id": "probe",
        "card": {"adapter": "none:None", "checkpoint": {}},
        "environment": "plain",
        "variant": "cpu",
        "device": "cpu",
        "output": out,
        "log": folder / "log",
    }
    return WorkerSpec(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture(params=["venv", pytest.param("docker", marks=pytest.mark.engine)])
def runtime(request: pytest.FixtureRequest, private_zoo: Path, plain_environment: None) -> Runtime:
    if request.param == "docker":
        fetch_base("3.11", Store())
    return runtime_for(request.param)


@pytest.fixture
def spec(runtime: Runtime, tmp_path: Path) -> WorkerSpec:
    made = spec_in(tmp_path)
    runtime.prepare(made)
    return made


@pytest.fixture
def worker(runtime: Runtime, spec: WorkerSpec) -> Iterator[WorkerProcess]:
    started = runtime.start(spec)
    yield started
    started.kill()
    started.wait(30)


def until(condition: Callable[[], bool]) -> bool:
    for _ in range(300):
        if condition():
            return True
        time.sleep(0.1)
    return False


def test_a_worker_ends_when_its_input_closes(worker: WorkerProcess) -> None:
    worker.stdin.close()
    assert worker.wait(30) == 0


def test_what_goes_in_arrives_and_its_errors_are_logged(worker: WorkerProcess, spec: WorkerSpec) -> None:
    worker.stdin.write(b"not a message\n")
    worker.stdin.flush()
    assert worker.stdout.read() == b""
    assert worker.wait(30) == 2
    assert "not a message" in spec.log.read_text()


def test_what_the_worker_says_comes_out_line_by_line(worker: WorkerProcess) -> None:
    worker.stdin.write(b'{"type":"load","setup":{"model":"probe"}}\n')
    worker.stdin.flush()
    assert worker.stdout.readline().startswith(b'{"type":"failed"')


def test_a_killed_worker_ends_by_a_signal(worker: WorkerProcess) -> None:
    worker.kill()
    assert worker.wait(30) == -signal.SIGKILL
    worker.kill()  # harmless


def test_waiting_has_an_end(worker: WorkerProcess) -> None:
    with pytest.raises(TimeoutError):
        worker.wait(0.2)


def test_memory_is_of_the_living_worker(worker: WorkerProcess) -> None:
    assert until(lambda: worker.memory() > 5_000_000)
    worker.kill()
    worker.wait(30)
    assert worker.memory() == 0


def test_the_worker_finds_its_files(runtime: Runtime, tmp_path: Path) -> None:
    given = tmp_path / "records.safetensors"
    given.write_bytes(b"records")
    spec = spec_in(tmp_path, inputs=(given,), weights=given)
    runtime.prepare(spec_in(tmp_path))
    worker = runtime.start(spec)
    try:
        assert worker.map_path(given).endswith("records.safetensors")
        assert worker.map_path(spec.output / "a" / "b").endswith("/a/b")
    finally:
        worker.kill()
        worker.wait(30)


def test_the_shown_command_can_be_pasted(runtime: Runtime, spec: WorkerSpec) -> None:
    done = subprocess.run(runtime.command(spec), input=b"not a message\n", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"not a message" in done.stderr


def test_when_the_harness_is_killed_its_worker_ends_too(runtime: Runtime, spec: WorkerSpec, tmp_path: Path) -> None:
    code = ORPHAN.format(folder=str(Path(__file__).parent), runtime=runtime.name, out=str(tmp_path))
    harness = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert harness.stdout
    name = harness.stdout.readline().strip()
    assert name
    assert lives(runtime, name)
    harness.kill()
    harness.wait()
    harness.stdout.close()
    assert until(lambda: not lives(runtime, name))


def lives(runtime: Runtime, name: str) -> bool:
    if runtime.name == "venv":
        return Path(f"/proc/{name}").exists()
    listed = subprocess.run(["docker", "ps", "-aq", "--no-trunc"], capture_output=True, text=True, check=True)
    return name in listed.stdout


def test_every_runtime_sets_the_same_variables(private_zoo: Path, tmp_path: Path) -> None:
    """Threads change the last bits of the numbers, so they must be the same everywhere."""
    from matterzoo_harness.environments.folder import find_environment
    from matterzoo_harness.runtimes.variables import worker_variables

    environment = find_environment("plain").environment
    here, there = (worker_variables(spec_in(tmp_path, threads=3), environment, home) for home in ("/a", "/b"))
    assert here["OMP_NUM_THREADS"] == here["MKL_NUM_THREADS"] == "3"
    assert {name for name in here if here[name] != there[name]} == {
        name for name in here if here[name].startswith("/a")
    }


def test_nothing_of_the_callers_environment_goes_in(
    runtime: Runtime, spec: WorkerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    assert not [word for word in runtime.command(spec) if "secret" in word]


def test_packages_that_were_not_fetched_are_named(private_zoo: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MATTERZOO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(MatterzooError) as refusal:
        VenvRuntime(Store(tmp_path / "empty")).prepare(spec_in(tmp_path))
    assert refusal.value.code is ExitCode.INPUT_MISSING
    assert "numpy==" in refusal.value.message
    assert refusal.value.hint == "matterzoo fetch plain"


@pytest.mark.skipif(bool(gpus()), reason="this machine has a GPU")
@pytest.mark.parametrize("make", [VenvRuntime, DockerRuntime])
@pytest.mark.parametrize("device", ["cuda", "GPU-00000000-0000-0000-0000-000000000000"])
def test_a_gpu_that_is_wanted_and_absent_is_an_error_before_anything_starts(
    make: Callable[[], Runtime], device: str, tmp_path: Path
) -> None:
    with pytest.raises(MatterzooError) as refusal:
        make().prepare(spec_in(tmp_path, environment="chgnet", variant="cuda", device=device))
    assert refusal.value.code is ExitCode.GPU_UNUSABLE
    assert "no NVIDIA GPU" in refusal.value.message


def test_a_pickle_that_nobody_pinned_is_not_loaded_without_a_container(tmp_path: Path) -> None:
    from matterzoo_harness.runtimes.venv import refuse_unpinned_pickle

    pickle = spec_in(tmp_path, weights=tmp_path / "model.pt")
    with pytest.raises(MatterzooError) as refusal:
        refuse_unpinned_pickle(pickle)
    assert refusal.value.code is ExitCode.BAD_CARD
    refuse_unpinned_pickle(spec_in(tmp_path, weights=tmp_path / "model.safetensors"))
    refuse_unpinned_pickle(spec_in(tmp_path, weights=tmp_path / "a.pt", card={"checkpoint": {"sha256": "a" * 64}}))


@pytest.mark.engine
class TestDocker:
    """What only a container engine has."""

    def test_a_path_outside_the_mounts_has_no_name_inside(self, tmp_path: Path) -> None:
        from matterzoo_harness.runtimes.docker import Mounts

        mounts = Mounts.of(spec_in(tmp_path))
        with pytest.raises(ValueError, match="not mounted"):
            mounts.map_path(Path("/etc/passwd"))

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can read what others cannot")
    def test_an_input_that_nobody_but_root_may_read_is_said_so(self, tmp_path: Path) -> None:
        from matterzoo_harness.runtimes.docker import Mounts

        secret = tmp_path / "records.safetensors"
        secret.write_bytes(b"records")
        secret.chmod(0o600)
        with pytest.raises(MatterzooError) as refusal:
            Mounts.of(spec_in(tmp_path, inputs=(secret,)))
        assert "chmod" in refusal.value.hint

    def test_a_container_over_its_memory_limit_is_killed(
        self, private_zoo: Path, plain_environment: None, tmp_path: Path
    ) -> None:
        fetch_base("3.11", Store())
        spec = spec_in(tmp_path, memory_bytes=64 << 20)
        runtime = DockerRuntime()
        runtime.prepare(spec)
        words = runtime.command(spec)
        eats = ["python", "-c", "data = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): data[i] = 1"]
        done = subprocess.run([*words, *eats], capture_output=True, timeout=120, check=False)
        assert done.returncode == 128 + signal.SIGKILL

    def test_a_container_of_a_dead_harness_is_reaped_and_a_living_ones_is_not(
        self, private_zoo: Path, plain_environment: None, tmp_path: Path
    ) -> None:
        from matterzoo_harness.engine import connect
        from matterzoo_harness.environments.folder import find_environment
        from matterzoo_harness.images import model_image
        from matterzoo_harness.runtimes.orphans import HARNESS, harness_labels, reap_orphans

        fetch_base("3.11", Store())
        spec = spec_in(tmp_path, run_label="reaped")
        DockerRuntime().prepare(spec)
        client = connect()
        image = model_image("probe", find_environment("plain"), "cpu", spec.card, Store())
        living = client.containers.create(image, labels=harness_labels("living"))
        dead = client.containers.create(image, labels=harness_labels("dead") | {HARNESS: "4194304:0"})
        try:
            assert reap_orphans(client) == ["dead"]
            left = {container["Id"] for container in client.api.containers(all=True)}
            assert living.id in left
            assert dead.id not in left
        finally:
            living.remove(force=True)
            with suppress(NotFound):
                dead.remove(force=True)

    def test_a_clock_that_is_set_makes_no_harness_a_dead_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from matterzoo_harness.runtimes.orphans import harness_labels

        before = harness_labels("living")
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: 1.0)
        assert harness_labels("living") == before

    def test_so_is_one_in_which_a_dead_harness_installed_an_environment(self, plain_environment: None) -> None:
        from matterzoo_harness.bases.choice import ensure_base_image
        from matterzoo_harness.engine import connect
        from matterzoo_harness.runtimes.orphans import builder_name, reap_orphans

        fetch_base("3.11", Store())
        client = connect()
        base = ensure_base_image(client, "debootstrap", "3.11", (), Store())
        mine = builder_name()
        machine, _, _, token = mine.split("_")
        names = (mine, f"{machine}_4194304_0_{token}")
        living, dead = (client.containers.create(base, ["sh"], name=name) for name in names)
        try:
            assert reap_orphans(client) == [dead.name]
            assert living.id in {container["Id"] for container in client.api.containers(all=True)}
        finally:
            for container in (living, dead):
                with suppress(NotFound):
                    container.remove(force=True)

    def test_containers_that_end_while_orphans_are_looked_for_do_not_matter(
        self, private_zoo: Path, plain_environment: None, tmp_path: Path
    ) -> None:
        from matterzoo_harness.engine import connect
        from matterzoo_harness.environments.folder import find_environment
        from matterzoo_harness.images import model_image
        from matterzoo_harness.runtimes.orphans import harness_labels, reap_orphans

        fetch_base("3.11", Store())
        spec = spec_in(tmp_path)
        DockerRuntime().prepare(spec)
        image = model_image("probe", find_environment("plain"), "cpu", spec.card, Store())

        def come_and_go() -> None:
            for _ in range(20):
                connect().containers.create(image, labels=harness_labels("passing")).remove(force=True)

        with ThreadPoolExecutor(2) as others:
            passing = [others.submit(come_and_go) for _ in range(2)]
            while not all(each.done() for each in passing):
                assert "passing" not in reap_orphans(connect())
            assert [each.result() for each in passing] == [None, None]
