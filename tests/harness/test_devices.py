"""Which device a run takes: a GPU that is wanted and absent is an error, never the CPU in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo_harness import devices
from matterzoo_harness.checking.check import device_name
from matterzoo_harness.devices import choose_device, default_threads
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.runtimes.gpu import gpus
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def test_the_cpu_can_always_be_asked_for() -> None:
    assert choose_device("cpu", find_environment("chgnet").environment) == ("cpu", "cpu")


@pytest.mark.skipif(bool(gpus()), reason="there is a GPU here")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_an_error() -> None:
    environment = find_environment("chgnet").environment
    assert choose_device("auto", environment)[0] == "cpu"
    with pytest.raises(MatterzooError) as caught:
        choose_device("cuda", environment)
    assert caught.value.code is ExitCode.GPU_UNUSABLE


def test_an_environment_for_the_cpu_only_refuses_a_gpu(private_zoo: object) -> None:
    with pytest.raises(MatterzooError, match="computes on the CPU only") as caught:
        choose_device("cuda", find_environment("plain").environment)
    assert caught.value.code is ExitCode.GPU_UNUSABLE


def test_one_model_may_lie_on_several_gpus_all_of_which_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = (
        "GPU-a, NVIDIA H100, 580.10, 9.0, 81559\nGPU-b, NVIDIA H100, 580.10, 9.0, 81559\nGPU-c, Old, 580.10, 6.1, 8000"
    )
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\necho '{shown}'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    environment = find_environment("transformers").environment
    assert choose_device("GPU-b,GPU-a", environment) == ("GPU-b,GPU-a", "cuda")
    assert device_name("GPU-b,GPU-a") == "NVIDIA H100 + NVIDIA H100"
    for wanted, why in (("GPU-a,GPU-c", "capability 7.5"), ("GPU-a,GPU-d", "no GPU GPU-d")):
        with pytest.raises(MatterzooError, match=why) as caught:
            choose_device(wanted, environment)
        assert caught.value.code is ExitCode.GPU_UNUSABLE


def test_a_word_that_is_no_device_is_a_mistake_in_typing() -> None:
    with pytest.raises(MatterzooError, match="auto, cpu, cuda") as caught:
        choose_device("gpu", find_environment("chgnet").environment)
    assert caught.value.code is ExitCode.USAGE


def test_workers_side_by_side_share_the_cores() -> None:
    assert 1 <= default_threads(1) <= devices.MOST_THREADS
    assert default_threads(10_000) == 1
