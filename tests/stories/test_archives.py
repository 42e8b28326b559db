"""The restore drill: archived, moved to an empty home, the network cut, restored, run: the golden vectors."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import flip_bit
from no_network import matterzoo_without_network, needs_namespaces
from rotation import in_turn

from matterzoo.catalogue import find
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.runtimes.venv import environment_path
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode
from matterzoo_schemas.shard import Embeddings

SMALL, REAL = "ecfp4", "chgnet-0.3.0"
IN_TURN = ("sevennet-0", "mace-random", "bert-random")
"""One of each week, besides; `MATTERZOO_TEST_DRILLS=sevennet-0,mace-random` takes these instead."""
NAMED = list(filter(None, os.environ.get("MATTERZOO_TEST_DRILLS", "").split(",")))
FLIPS = 3


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for archives that several tests read."""
    return tmp_path_factory.mktemp("archives")


def archived(matterzoo: Any, model: str, target: Path, *options: str) -> Path:
    """Archive a model; leave the test out where its packages cannot be had."""
    if not target.exists():
        code, _, stderr = matterzoo("archive", model, "-o", target, *options, timeout=1800)
        if code == ExitCode.INPUT_MISSING:
            pytest.skip(f"absent real part: the package registries ({stderr.splitlines()[-2:]})")
        assert code == 0, stderr
    return target


def commands(readme: Path, title: str) -> str:
    """Return what a reader types who follows a section of a README, as a script that ends where a command fails."""
    section = readme.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    blocks = [block.removeprefix("console\n") for block in section.split("```")[1::2]]
    assert blocks, f"{readme} has no commands under {title}"
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return "\n".join(["set -e", *lines])


def drill(archive: Path, model: str, runtime: str, folder: Path) -> None:
    """Restore an archive into an empty home without network, run its model, and compare with its golden vectors."""
    needs_namespaces()
    moved, places = folder / "moved" / archive.name, {"home": folder / "home", "cache": folder / "cache"}
    moved.parent.mkdir()
    (shutil.copytree if archive.is_dir() else shutil.copyfile)(archive, moved)
    said = json.loads(matterzoo_without_network("restore", moved, "--runtime", runtime, "--json", **places))
    assert [(proof["model"], proof["runtime"], proof["passed"]) for proof in said["models"]] == [(model, runtime, True)]
    shutil.rmtree(moved.parent)  # from here on, the home is all that there is
    own = Path(said["folder"]) / "models" / model
    asked = ["run", model, own / "records.safetensors", "-o", folder / "out", "--runtime", runtime]
    matterzoo_without_network(*asked, **places)
    golden, answer = (
        Embeddings.open(own / "golden.safetensors"),
        Embeddings.open(folder / "out" / f"{model}.safetensors"),
    )
    assert list(golden.ids) == list(answer.ids)
    card = find(model).card
    old, new = (embeddings.layers[card.embedding.default].pooled for embeddings in (golden, answer))
    distance = np.linalg.norm(new - old, axis=1) / np.linalg.norm(old, axis=1)
    assert distance.max() <= card.tolerances.golden


@pytest.mark.model_env
@pytest.mark.slow
@pytest.mark.xdist_group("archive-small")
class TestASmallOne:
    """Of a model without a framework: the whole way, in seconds."""

    @pytest.fixture
    def archive(self, matterzoo, kept: Path) -> Path:
        return archived(matterzoo, SMALL, kept / "small.tar", "--no-image")

    def test_it_gives_its_golden_vectors_in_an_empty_home_without_network(self, archive: Path, tmp_path: Path) -> None:
        drill(archive, SMALL, "venv", tmp_path)

    def test_its_readme_is_enough_without_matterzoo(self, archive: Path, tmp_path: Path) -> None:
        subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
        script = commands(tmp_path / "README.md", "Without a container engine").replace("../env", str(tmp_path / "e"))
        if shutil.which("python3.11") is None:
            pytest.skip("absent real part: python3.11 on PATH")
        ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert "passed: True" in ended.stdout

    def test_coreutils_check_it(self, archive: Path, tmp_path: Path) -> None:
        subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "sha256sums"], cwd=tmp_path, check=True)

    def test_two_archives_of_one_state_are_the_same_bytes(self, archive: Path, matterzoo, tmp_path: Path) -> None:
        again = archived(matterzoo, SMALL, tmp_path / "again.tar", "--no-image")
        assert subprocess.run(["cmp", archive, again], check=False).returncode == 0

    def test_a_flipped_bit_ends_with_79(self, archive: Path, matterzoo, tmp_path: Path) -> None:
        damaged, draw = tmp_path / "damaged.tar", random.Random(2)
        shutil.copyfile(archive, damaged)
        for _ in range(FLIPS):
            place, bit = draw.randrange(damaged.stat().st_size), draw.randrange(8)
            flip_bit(damaged, place, bit)
            assert matterzoo("verify", damaged).code == ExitCode.DIGEST_MISMATCH
            flip_bit(damaged, place, bit)
        assert matterzoo("verify", damaged).code == 0

    def test_it_holds_what_a_reader_needs(self, archive: Path) -> None:
        listed = subprocess.run(["tar", "-tf", archive], capture_output=True, text=True, check=True).stdout.splitlines()
        for name in (
            "README.md", "sha256sums", "sbom.cdx.json", "CITATION.bib", ".zenodo.json", "replay.py", "manifest.json",
            f"models/{SMALL}/card.toml", f"models/{SMALL}/golden.safetensors", "licences/matterzoo/LICENSE",
            "schemas/card.schema.json", "sources/matterzoo_schemas/records.py",
        ):  # fmt: skip
            assert name in listed
        assert any(name.startswith("environments/baselines-cpu/wheels/rdkit-") for name in listed)
        assert any(name.startswith("debian/") for name in listed)
        assert any(name.startswith("licences/numpy-") for name in listed)


@pytest.mark.model_env
@pytest.mark.slow
@pytest.mark.xdist_group("archive-small")
class TestOneWithWeights:
    """Of a model whose checkpoint is a file."""

    @pytest.fixture
    def weights(self, matterzoo, private_zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Make the model `weighed`, locked, in a private zoo, and return its checkpoint."""
        zoo, file = tmp_path / "zoo", tmp_path / "weights.bin"
        shutil.copytree(private_zoo, zoo)
        monkeypatch.setenv("MATTERZOO_PATH", str(zoo))
        file.write_bytes(b"these are weights")
        (zoo / "models" / "weighed").mkdir()
        card = f'extends = "mischief"\nid = "weighed"\n[checkpoint]\nsource = "local"\nfile = "{file}"\n'
        (zoo / "models" / "weighed" / "card.toml").write_text(f'{card}sha256 = "{sha256_of_file(file)}"\n')
        code, _, stderr = matterzoo("lock", "weighed")
        assert code == 0, stderr
        return file

    def test_weights_that_are_left_out_are_named_and_used_once_they_are_put_back(
        self, matterzoo, weights: Path, tmp_path: Path
    ) -> None:
        archive = archived(matterzoo, "weighed", tmp_path / "archive", "--no-image", "--weights", "none")
        assert not (archive / "weights").exists()
        (left_out,) = json.loads((archive / "manifest.json").read_bytes())["left_out"]
        for fact in (str(weights), sha256_of_file(weights)):
            assert fact in left_out["where"]
            assert fact in (archive / "README.md").read_text()
        python = environment_path(find_environment("plain"), "cpu") / "bin" / "python"
        mine = ["--records", archive / "models" / "weighed" / "records.safetensors", "--out", tmp_path / "vectors"]
        line = [python, archive / "replay.py", "weighed", *mine]
        lacking = subprocess.run(line, capture_output=True, text=True, check=False)
        place = archive / json.loads((archive / "models" / "weighed" / "request.json").read_bytes())["weights"]
        assert lacking.returncode == 1
        assert f"put them at {place}" in lacking.stderr
        place.parent.mkdir(parents=True)
        shutil.copyfile(weights, place)
        subprocess.run(line, check=True)
        assert Embeddings.open(tmp_path / "vectors").ok.all()

    def test_a_signed_archive_says_who_signed_it(self, matterzoo, weights: Path, tmp_path: Path) -> None:
        if shutil.which("ssh-keygen") is None:
            pytest.skip("absent real part: ssh-keygen")
        key, signers = tmp_path / "key", tmp_path / "signers"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
        signers.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
        archive = archived(matterzoo, "weighed", tmp_path / "archive", "--no-image", "--sign", str(key))
        (inside,) = (file for file in (archive / "weights").rglob("*") if file.is_file())
        assert inside.read_bytes() == weights.read_bytes()
        ended = matterzoo("verify", archive, "--signers", signers)
        assert ended.code == 0, ended.stderr
        assert "ada@example.org" in ended.stdout
        signers.write_text(signers.read_text().replace("AAAAC3", "AAAAD3"))
        assert matterzoo("verify", archive, "--signers", signers).code == ExitCode.DIGEST_MISMATCH

    def test_without_another_name_it_is_called_after_its_model(self, matterzoo, weights: Path, tmp_path: Path) -> None:
        ended = matterzoo("archive", "weighed", "--no-image")
        assert ended.code == 0, ended.stderr
        assert "matterzoo verify weighed.tar" in ended.stdout
        assert matterzoo("verify", "weighed.tar").code == 0

    def test_a_tar_is_not_signed_and_that_is_said_at_once(self, matterzoo, weights: Path, tmp_path: Path) -> None:
        assert matterzoo("archive", "weighed", "-o", tmp_path / "a.tar", "--sign", weights).code == ExitCode.USAGE
        assert not (tmp_path / "a.tar").exists()


@pytest.mark.model_env
@pytest.mark.slow
@pytest.mark.xdist_group("archive-real")
def test_chgnet_gives_its_golden_vectors_in_an_empty_home_without_network(
    matterzoo, kept: Path, tmp_path: Path
) -> None:
    drill(archived(matterzoo, REAL, kept / "real", "--no-image"), REAL, "venv", tmp_path)


@pytest.mark.model_env
@pytest.mark.slow
@pytest.mark.xdist_group("archive-real")
def test_so_does_the_model_whose_turn_it_is_this_week(matterzoo, tmp_path: Path) -> None:
    for model in NAMED or in_turn(IN_TURN, datetime.now(UTC).date(), 1)[:1]:
        folder = tmp_path / model
        folder.mkdir()
        drill(archived(matterzoo, model, folder / "archive", "--no-image"), model, "venv", folder)


@pytest.mark.engine
@pytest.mark.network
@pytest.mark.slow
def test_chgnet_gives_its_golden_vectors_in_the_image_that_was_archived(matterzoo, kept: Path, tmp_path: Path) -> None:
    archive = archived(matterzoo, REAL, kept / "with-image")
    images = json.loads((archive / "image" / "manifest.json").read_bytes())[0]["RepoTags"]
    subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True, check=True)
    drill(archive, REAL, "docker", tmp_path)


@pytest.mark.engine
@pytest.mark.network
@pytest.mark.slow
def test_its_readme_and_a_container_engine_are_enough(matterzoo, kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(archived(matterzoo, REAL, kept / "with-image"), folder)
    titles = ("Is it whole?", "Run it in a container", "Your own data", "Build the container anew, without network")
    script = "\n".join(commands(folder / "README.md", title) for title in titles)
    try:
        ended = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        said = ended.stdout.splitlines()
        assert said.count("passed: True") == len(("the archived image", "one's own data", "the image made anew"))
        archived_one, made_anew = (line for line in said if line.startswith("distance: "))
        assert archived_one == made_anew  # on one machine the two images give the same bits
        (mine,) = Embeddings.open(tmp_path / "mine" / "vectors.safetensors").ids
        assert mine == "my-record"
    finally:
        made = ["rebuilt", "matterzoo-base"]
        subprocess.run(["docker", "rm", "--force", "rebuilding"], capture_output=True, check=False)
        subprocess.run(["docker", "image", "rm", "--force", *made], capture_output=True, check=False)


def test_an_unlocked_model_cannot_be_archived(matterzoo, private_zoo: Path, tmp_path: Path) -> None:
    code, _, stderr = matterzoo("archive", "trivial", "-o", tmp_path / "archive", "--no-image")
    assert code == ExitCode.BAD_CARD
    assert "matterzoo lock trivial" in stderr


def test_several_models_are_asked_for_a_name_before_anything_is_done(matterzoo, tmp_path: Path) -> None:
    code, _, stderr = matterzoo("archive", SMALL, REAL, "--no-image")
    assert code == ExitCode.USAGE
    assert "-o NAME.tar" in stderr


def test_where_no_engine_answers_the_way_without_is_named(
    matterzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    code, _, stderr = matterzoo("archive", SMALL, "-o", tmp_path / "archive")
    assert code == ExitCode.NO_ENGINE
    assert "--no-image" in stderr


def test_there_is_nothing_in_no_archive(matterzoo, tmp_path: Path) -> None:
    assert matterzoo("verify", tmp_path / "absent").code == ExitCode.INPUT_MISSING
    (tmp_path / "empty").mkdir()
    assert matterzoo("verify", tmp_path / "empty").code == ExitCode.DIGEST_MISMATCH
    assert matterzoo("restore", tmp_path / "empty").code == ExitCode.DIGEST_MISMATCH
