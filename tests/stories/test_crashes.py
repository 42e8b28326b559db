"""Whatever is killed at whatever moment, and however full the disk: the next run finishes the rest, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from made_records import large

from matterzoo_schemas.exit_codes import ExitCode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model_env,
    pytest.mark.usefixtures("private_zoo", "plain_environment"),
]
SHARD = "shards/mischief/shard-0000{}.safetensors"
LINE = ("run", "mischief", "--runtime", "venv", "--threads", "1", "--nodes")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Three shards, each with two records that take their time; the memory of a node vector is most of a file."""
    names = [f"{'slow' if row % 5 < 2 else 'quick'}-{row}" for row in range(15)]
    large(names, atoms=4000).write(tmp_path / "given.safetensors")
    return tmp_path / "given.safetensors"


@pytest.fixture
def undisturbed(matterzoo: Any, records: Path, tmp_path: Path) -> bytes:
    """What a run leaves that nothing disturbs."""
    ended = matterzoo(*LINE, records, "-o", "quiet")
    assert ended.code == 0, ended.stderr
    return (tmp_path / "quiet" / "mischief.safetensors").read_bytes()


def any_of(pattern: str) -> Callable[[Path], bool]:
    return lambda out: any(out.glob(pattern))


MOMENTS = {
    "before anything is there": lambda _: True,
    "once the records are written": any_of("records.safetensors"),
    "while the model loads": any_of("logs/mischief.log"),
    "while a shard is committed": any_of("shards/mischief/.*.part"),
    "after the first shard": any_of(SHARD.format(0)),
    "after the last shard": any_of(SHARD.format(2)),
    "while the file is assembled": any_of(".mischief.safetensors.*.part"),
}


def wait_for(moment: Callable[[Path], bool], process: subprocess.Popen[str], out: Path) -> None:
    """Wait for a moment; a run that ended before it was seen is no less a run."""
    while process.poll() is None and not moment(out):
        time.sleep(0.0005)


def at_random(seed: int) -> Callable[[Path], bool]:
    end = time.monotonic() + random.Random(seed).uniform(0.3, 4.0)
    return lambda _: time.monotonic() > end


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        children = psutil.Process(process.pid).children(recursive=True)
        return [child for child in children if "matterzoo_adapters.worker" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def finish(matterzoo: Any, records: Path, tmp_path: Path, undisturbed: bytes) -> None:
    """The same command again finishes the rest, and leaves nothing but the result."""
    ended = matterzoo(*LINE, records, "-o", "out")
    assert ended.code == 0, ended.stderr
    assert (tmp_path / "out" / "mischief.safetensors").read_bytes() == undisturbed
    assert not list((tmp_path / "out").rglob("*.part"))
    assert not list((tmp_path / "out").rglob("shard-*"))


@pytest.mark.parametrize("moment", [*MOMENTS, *range(3)])
def test_the_harness_is_killed(
    matterzoo: Any, records: Path, tmp_path: Path, undisturbed: bytes, moment: str | int
) -> None:
    process = matterzoo.start(*LINE, records, "-o", "out")
    wait_for(MOMENTS[moment] if isinstance(moment, str) else at_random(moment), process, tmp_path / "out")
    orphans = workers_of(process)
    process.kill()
    process.communicate()
    psutil.wait_procs(orphans, timeout=30)
    assert not any(orphan.is_running() for orphan in orphans), "a dead harness leaves no worker behind"
    finish(matterzoo, records, tmp_path, undisturbed)


@pytest.mark.parametrize(
    "moment", ["while a shard is committed", "after the first shard", "after the last shard", 3, 4]
)
def test_the_worker_is_killed(
    matterzoo: Any, records: Path, tmp_path: Path, undisturbed: bytes, moment: str | int
) -> None:
    process = matterzoo.start(*LINE, records, "-o", "out")
    wait_for(lambda _: bool(workers_of(process)), process, tmp_path / "out")
    wait_for(any_of("shards/mischief"), process, tmp_path / "out")
    wait_for(MOMENTS[moment] if isinstance(moment, str) else at_random(moment), process, tmp_path / "out")
    for worker in workers_of(process):
        worker.kill()
    process.communicate(timeout=300)
    finish(matterzoo, records, tmp_path, undisturbed)


@pytest.fixture
def many_records(tmp_path: Path) -> Path:
    """Records that take so long that a test may be late by seconds: one quick shard, then slow ones."""
    names = [f"{'quick' if row < 5 else 'slow'}-{row}" for row in range(60)]
    large(names, atoms=4000).write(tmp_path / "many.safetensors")
    return tmp_path / "many.safetensors"


def test_control_c_ends_at_once_and_goes_on_later(matterzoo: Any, many_records: Path, tmp_path: Path) -> None:
    process = matterzoo.start(*LINE, many_records, "-o", "out")
    wait_for(any_of(SHARD.format(0)), process, tmp_path / "out")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "the same command goes on where it stopped" in stderr
    assert "Traceback" not in stderr
    assert not workers_of(process)
    undisturbed = matterzoo(*LINE, many_records, "-o", "quiet")
    assert undisturbed.code == 0, undisturbed.stderr
    finish(matterzoo, many_records, tmp_path, (tmp_path / "quiet" / "mischief.safetensors").read_bytes())


def test_a_folder_that_a_run_writes_to_is_refused_to_another(
    matterzoo: Any, many_records: Path, tmp_path: Path
) -> None:
    process = matterzoo.start(*LINE, many_records, "-o", "out")
    wait_for(any_of("shards/mischief/*.safetensors"), process, tmp_path / "out")
    process.send_signal(signal.SIGSTOP)  # it holds the folder for as long as the other one needs to see that
    ended = matterzoo(*LINE, many_records, "-o", "out")
    assert ended.code == ExitCode.CANNOT_WRITE, ended.stderr
    assert "another run is writing" in ended.stderr
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=300)
    assert process.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """A disk of its own under `out`, whose size can be set; only root can mount one."""
    folder = tmp_path / "out"
    folder.mkdir()

    def mount(*options: str) -> int:
        return subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode

    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        pytest.skip("absent real part: a small disk of its own (mounting one needs root)")
    yield lambda size: mount("-o", f"remount,size={size}") and pytest.fail("the disk's size cannot be set")
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("size", "what"), [("64k", "the records"), ("1700k", "a shard"), ("3000k", "a later shard"), ("3900k", "the gathered file")]
)  # fmt: skip
def test_the_disk_is_full(
    matterzoo: Any,
    records: Path,
    tmp_path: Path,
    undisturbed: bytes,
    small_disk: Callable[[str], None],
    size: str,
    what: str,
) -> None:
    small_disk(size)
    ended = matterzoo(*LINE, records, "-o", "out")
    assert ended.code == ExitCode.DISK_FULL, (what, ended.stderr)
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out" / "mischief.safetensors").exists()
    small_disk("64m")
    finish(matterzoo, records, tmp_path, undisturbed)
