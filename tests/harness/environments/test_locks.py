"""Locks: read, and made from the package index."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_environments import make_environment
from made_wheels import make_wheel

from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.environments.lockfile import parse_lock, read_lock
from matterzoo_harness.environments.locks import lock_environment, own_needs, without_places
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

A, B = "a" * 64, "b" * 64
DECLARED = [(name, variant) for name in environment_names() for variant in find_environment(name).environment.variants]
OURS = [(name, variant) for name, variant in DECLARED if not find_environment(name).conflict(variant).is_file()]
BOTH = [name for name, variant in OURS if variant == "cuda" and (name, "cpu") in OURS]
WITH_TORCH = [name for name in BOTH if "torch==" in find_environment(name).lock("cuda").read_text()]


def test_every_pin_is_read_with_all_its_hashes() -> None:
    pins = parse_lock(
        f"ase==3.29.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\ntorch==2.13.0+cpu \\\n    --hash=sha256:{A}\n",
        "x",
    )
    assert [(pin.name, pin.version, len(pin.sha256s)) for pin in pins] == [
        ("ase", "3.29.0", 2),
        ("torch", "2.13.0+cpu", 1),
    ]


@pytest.mark.parametrize("line", ["ase==3.29.0", f"ase>=3 --hash=sha256:{A}", f"-e . --hash=sha256:{A}"])
def test_a_line_that_is_no_exact_hashed_pin_is_refused(line: str) -> None:
    with pytest.raises(MatterzooError) as refusal:
        parse_lock(line, "my.lock")
    assert refusal.value.code is ExitCode.BAD_CARD
    assert "my.lock" in refusal.value.message


@pytest.mark.parametrize(("name", "variant"), OURS)
def test_our_locks_name_no_place(name: str, variant: str) -> None:
    text = find_environment(name).lock(variant).read_text()
    assert "://" not in text
    assert "/" not in text.replace("\\\n", "")


@pytest.mark.parametrize(("name", "variant"), OURS)
def test_our_locks_hold_what_our_own_code_needs(name: str, variant: str) -> None:
    pinned = {pin.name for pin in read_lock(find_environment(name).lock(variant))}
    assert {need.partition(">")[0] for need in own_needs()} <= pinned


@pytest.mark.parametrize("name", WITH_TORCH)
def test_a_cpu_lock_has_the_cpu_build_of_torch_and_no_cuda(name: str) -> None:
    folder = find_environment(name)
    cpu = {pin.name: pin.version for pin in read_lock(folder.lock("cpu"))}
    cuda = {pin.name: pin.version for pin in read_lock(folder.lock("cuda"))}
    assert cpu["torch"].endswith("+cpu")
    assert cuda["torch"] == cpu["torch"].removesuffix("+cpu")
    assert not any(package.startswith(("nvidia-cublas", "nvidia-cudnn", "nvidia-nccl", "triton")) for package in cpu)


def test_a_misspelt_environment_names_the_nearest() -> None:
    with pytest.raises(MatterzooError) as refusal:
        find_environment("chgnett")
    assert "chgnet" in refusal.value.hint


def test_a_wrong_key_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError, match="pythn") as refusal:
        make_environment(tmp_path, "", rest='pythn = "3.11"\n[variants.cpu]\n')
    assert "environment.toml" in refusal.value.message


def test_a_lock_that_was_not_made_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError) as refusal:
        make_environment(tmp_path, "").lock("cpu")
    assert refusal.value.hint == "matterzoo lock mine"


def test_offline_makes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    with pytest.raises(MatterzooError, match="MATTERZOO_OFFLINE"):
        lock_environment(make_environment(tmp_path, "ase\n"))


@pytest.mark.network
def test_the_same_requirements_give_the_same_lock(tmp_path: Path) -> None:
    first = make_environment(tmp_path / "1", "platformdirs==4.3.6\n")
    second = make_environment(tmp_path / "2", "platformdirs==4.3.6\n")
    assert [result.changed for result in lock_environment(first)] == [True]
    lock_environment(second)
    assert first.lock("cpu").read_bytes() == second.lock("cpu").read_bytes()
    assert [result.changed for result in lock_environment(first)] == [False]
    pinned = {pin.name: pin.version for pin in read_lock(first.lock("cpu"))}
    assert pinned["platformdirs"] == "4.3.6"
    assert pinned.keys() == {"platformdirs", "numpy", "safetensors"}


@pytest.mark.network
def test_what_a_variant_excludes_is_left_out(tmp_path: Path) -> None:
    folder = make_environment(tmp_path, "httpcore==1.0.9\n")
    (folder.path / "cpu.excludes").write_text("# a comment\nh11\n")
    lock_environment(folder)
    pinned = {pin.name for pin in read_lock(folder.lock("cpu"))}
    assert "httpcore" in pinned
    assert "h11" not in pinned


@pytest.mark.network
def test_what_uv_is_told_of_a_package_stands_for_what_its_setup_script_would_say(tmp_path: Path) -> None:
    folder = make_environment(tmp_path, "httpcore==1.0.9\n")
    (folder.path / "uv.toml").write_text(
        'dependency-metadata = [{ name = "httpcore", version = "1.0.9", requires-dist = ["sniffio"] }]\n'
    )
    lock_environment(folder)
    pinned = {pin.name for pin in read_lock(folder.lock("cpu"))}
    assert "sniffio" in pinned
    assert "h11" not in pinned


@pytest.mark.network
def test_a_contradiction_is_told_in_the_resolvers_own_words(tmp_path: Path) -> None:
    folder = make_environment(tmp_path, "numpy==1.26.4\nnumpy==2.0.0\n")
    with pytest.raises(MatterzooError) as refusal:
        lock_environment(folder)
    assert refusal.value.code is ExitCode.BAD_CARD
    assert "numpy==1.26.4" in refusal.value.message
    assert not (folder.path / "cpu.lock").exists()
    assert "numpy==1.26.4" in folder.conflict("cpu").read_text()
    (folder.path / "requirements.in").write_text("numpy==2.0.0\n")
    lock_environment(folder)
    assert not folder.conflict("cpu").exists()


def test_what_is_kept_of_a_conflict_names_no_place() -> None:
    assert without_places("it was not found at https://my.mirror/simple/torch/ (see `file:///wheels`)") == (
        "it was not found at <index> (see `<index>`)"
    )


@pytest.mark.network
def test_without_a_cpu_build_of_torch_none_is_taken_unawares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("MATTERZOO_TORCH_INDEX", "http://127.0.0.1:9/whl/cpu")
    folder = make_environment(tmp_path, "torch==2.13.0\n")
    with pytest.raises(MatterzooError) as refusal:
        lock_environment(folder)
    assert refusal.value.code is ExitCode.BAD_CARD
    assert "cpu_is_cuda_lock" in refusal.value.hint
    assert not (folder.path / "cpu.lock").exists()
    assert not folder.conflict("cpu").exists(), "a missing build is no contradiction"


@pytest.mark.network
def test_a_wheel_that_only_this_machine_has_does_not_stand_in_for_the_published_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sha256 = make_wheel(tmp_path / "wheels", "platformdirs", "4.3.6")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    folder = make_environment(tmp_path, "platformdirs==4.3.6\n")
    lock_environment(folder)
    assert sha256 not in folder.lock("cpu").read_text()
