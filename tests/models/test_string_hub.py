"""From a hub to vectors: every architecture's card fetches, locks and runs what `save_pretrained` published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_environments import measured_inside
from small_server import SmallServer, small_server

from matterzoo_harness.cards import read_card
from matterzoo_harness.store import Store
from matterzoo_harness.weights import fetch_checkpoint
from matterzoo_schemas.exit_codes import ExitCode
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings

CARDS = {
    "roberta": "chemberta-77m-mlm", "gpt-neo": "chemgpt-4.7m", "t5": "molt5-small", "esm": "esm2-8m",
    "esmc": "esmc-300m", "bart": "selfies-ted", "llama": "deepseek-r1-distill-llama-8b-blank",
    "qwen3-moe": "qwen3-30b-a3b-thinking-2507-blank", "gpt-oss": "gpt-oss-20b-blank",
}  # fmt: skip
"""Architecture → the card whose adapter, options and patterns of files are tried, with another repository."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_FILES = ("README.md", "pytorch_model.bin", "onnx/model.onnx", "flax_model.msgpack")
"""What lies beside the wanted files in a repository, and is not fetched."""

pytestmark = [pytest.mark.model_env, pytest.mark.slow, pytest.mark.xdist_group("transformers")]


@dataclass(frozen=True)
class Published:
    """All repositories, and what a plain loop says of their models."""

    folder: Path
    told: dict[str, Any]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Published:
    """Save every architecture once."""
    folder = tmp_path_factory.mktemp("published")
    given = {"folder": str(folder), "names": list(CARDS)}
    return Published(folder, measured_inside("transformers", "publish.py", given, tmp_path_factory.mktemp("publish")))


@pytest.fixture
def hub(published: Published, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SmallServer]:
    """Serve them as the hub does."""
    with small_server() as server:
        server.headers = {"X-Repo-Commit": COMMIT, "ETag": '"any"'}
        for name in CARDS:
            repo, files = repository(published, name), contents(published, name)
            about = {"id": repo, "sha": COMMIT, "siblings": [{"rfilename": file} for file in (*files, *OTHER_FILES)]}
            server.files[f"/api/models/{repo}"] = json.dumps(about).encode()
            server.files[f"/api/models/{repo}/revision/{COMMIT}"] = json.dumps(about).encode()
            server.files |= {f"/{repo}/resolve/{COMMIT}/{file}": content for file, content in files.items()}
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("MATTERZOO_PATH", str(tmp_path / "zoo"))
        yield server


def contents(published: Published, name: str) -> dict[str, bytes]:
    """The files of a repository; gpt-oss keeps its weights in numbered files, and once more below original/."""
    files = {file.name: file.read_bytes() for file in sorted((published.folder / name).iterdir())}
    if name == "gpt-oss":
        files["model-00000-of-00001.safetensors"] = files["original/model.safetensors"] = files.pop("model.safetensors")
        shapes = {"metadata": {}, "weight_map": dict.fromkeys(keys(files), "model-00000-of-00001.safetensors")}
        files["model.safetensors.index.json"] = json.dumps(shapes).encode()
    return files


def keys(files: dict[str, bytes]) -> list[str]:
    """The weights of gpt-oss."""
    file = files["model-00000-of-00001.safetensors"]
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    return [name for name in header if name != "__metadata__"]


def repository(published: Published, name: str) -> str:
    """A name that no other content has: the store remembers which commit a repository was at."""
    digest = hashlib.sha256(b"".join(contents(published, name).values())).hexdigest()
    return f"tests/{name}-{digest[:12]}"


def carded(published: Published, name: str, zoo: Path) -> tuple[str, Path]:
    """Write a private card that takes everything but the repository from the zoo's own, and fetch what it names."""
    base = read_card(Path(__file__).resolve().parents[2] / "zoo" / "models" / CARDS[name] / "card.toml")
    folder = zoo / "models" / f"published-{name}"
    folder.mkdir(parents=True)
    layer = base.embedding.layers[0].model_dump(mode="json", exclude_none=True) | {"dim": 32}
    lines = [
        f'extends = "{CARDS[name]}"',
        f'id = "{folder.name}"',
        "[checkpoint]",
        f'repo = "{repository(published, name)}"',
    ]
    lines += ["[[embedding.layers]]", *(f"{key} = {json.dumps(value)}" for key, value in layer.items())]
    if "precision" in base.options:
        lines += ["[options.precision]", 'value = "float32"']
    (folder / "card.toml").write_text("\n".join(lines))
    checkpoint = read_card(folder / "card.toml").checkpoint
    pinned = fetch_checkpoint(checkpoint, None, Store())
    assert pinned is not None
    text = (folder / "card.toml").read_text().replace("[checkpoint]", f'[checkpoint]\nsha256 = "{pinned.name}"')
    (folder / "card.toml").write_text(text)
    return folder.name, pinned


@pytest.mark.parametrize("name", CARDS)
def test_a_published_checkpoint_is_fetched_locked_and_run_as_by_a_plain_loop(
    matterzoo: Any, published: Published, hub: SmallServer, tmp_path: Path, name: str
) -> None:
    model, fetched = carded(published, name, tmp_path / "zoo")
    wanted = {file for file in contents(published, name) if not file.startswith("original/")}
    assert {file.name for file in fetched.iterdir()} == wanted
    code, _, stderr = matterzoo("lock", model)
    assert code == 0, stderr
    lock = json.loads((tmp_path / "zoo" / "models" / model / "lock.json").read_text())
    assert lock["checkpoint"]["revision"] == COMMIT
    assert lock["weights_sha256"]
    told = published.told[name]
    Records.of(Sample(text, {told["view"]: text}) for text in told["vectors"]).write(tmp_path / "in.safetensors")
    code, _, stderr = matterzoo("run", model, "in.safetensors", "-o", "out", "--runtime", "venv", "--device", "cpu")
    assert code == 0, stderr
    ours = Embeddings.open(tmp_path / "out" / f"{model}.safetensors")
    theirs = np.array([told["vectors"][text] for text in ours.ids])
    assert np.linalg.norm(ours.layers["last"].pooled - theirs) / np.linalg.norm(theirs) < 1e-5


def test_a_tokenizer_that_reads_otherwise_than_when_golden_vectors_were_kept_is_found(
    matterzoo: Any, published: Published, hub: SmallServer, tmp_path: Path
) -> None:
    model, _ = carded(published, "roberta", tmp_path / "zoo")
    assert matterzoo("lock", model).code == 0
    assert matterzoo("golden", model, "--runtime", "venv", "--device", "cpu").code == 0
    code, stdout, stderr = matterzoo("check", model, "--level", "golden", "--runtime", "venv", "--device", "cpu")
    assert code == 0, stdout + stderr
    assert "golden-tokens" in stdout
    golden = tmp_path / "zoo" / "models" / model / "golden.safetensors"
    kept = Embeddings.open(golden).copied()
    assert kept.header is not None
    tokens = kept.header["tokens"]
    tokens["CCCl"] = tokens["CCCl"][:-2] + tokens["CCCl"][-1:]
    kept.write(golden)
    code, stdout, _ = matterzoo("check", model, "--level", "golden", "--runtime", "venv", "--device", "cpu")
    assert code == ExitCode.CONFORMANCE
    assert "'CCCl' was read as" in stdout
