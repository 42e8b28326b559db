"""A model whose code is in no package: fetched with its weights from several addresses, imported behind the wall, run."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from host_runtime import job_of
from small_server import SmallServer, small_server

from matterzoo.catalogue import find
from matterzoo_harness.assembling import assemble
from matterzoo_harness.executors.local import LocalExecutor
from matterzoo_harness.store import Store
from matterzoo_harness.weights import fetch_checkpoint
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.shard import Embeddings

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CODE = b"""
import numpy as np
from scattering import add

class Net:
    def __init__(self, weights):
        self.weights = weights

    def __call__(self, atoms):
        return add(self.weights[atoms], 1.0)
"""
ADAPTER = """
import numpy as np
from matterzoo_adapters.base import Embedding, TextAdapter
from matterzoo_adapters.models.authors_code import module_of
from matterzoo_adapters.smiles import atom_places

class LentAdapter(TextAdapter):
    backend = "none"

    def load(self):
        code = module_of(self.setup.checkpoint / "net.py", {"scattering": {"add": np.add}})
        file = self.setup.checkpoint / "weights.bin"
        seeded = np.random.default_rng(self.setup.seed).standard_normal((256, 4))
        self.net = code.Net(seeded if self.setup.random_weights else np.frombuffer(file.read_bytes()).reshape(256, 4))

    def weights(self):
        return {"weights": self.net.weights}

    def embed(self, batch):
        places = [np.array(atom_places(smiles)) for smiles in batch.strings]
        nodes = [self.net([smiles.encode()[i] for i in at]) for smiles, at in zip(batch.strings, places)]
        return Embedding({"last": np.concatenate(nodes)}, offsets=np.cumsum([0, *map(len, places)]),
                         index=np.concatenate(places))
"""
CARD = """
id = "{id}"
name = "Lent"
summary = "What its authors' file says."
family = "lent"
view = "smiles"
environment = "plain"
adapter = "lent:LentAdapter"

[checkpoint]
source = "{source}"
{parts}
[embedding]
default = "last"

[[embedding.layers]]
name = "last"
level = "node"
node_kind = "atom"
dim = 4
symmetry = "invariant"
"""
WEIGHTS = np.random.default_rng(7).standard_normal((256, 4))
MOLECULES = ["CCO", "[Na+].[Cl-]", "C"]


@pytest.fixture
def repository(tmp_path: Path, private_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    """Serve code and weights at a commit; two cards of a zoo of one's own name them, with the hash of each."""
    zoo = tmp_path / "zoo"
    shutil.copytree(private_zoo / "containers", zoo / "containers")
    monkeypatch.setenv("MATTERZOO_PATH", str(zoo))
    (zoo / "adapters").mkdir()
    (zoo / "adapters" / "lent.py").write_text(ADAPTER)
    with small_server() as server:
        contents = {"net.py": CODE, "weights.bin": WEIGHTS.tobytes()}
        server.files = {f"/{COMMIT}/{name}": content for name, content in contents.items()}
        for model, source, names in (("lent", "url", ["net.py", "weights.bin"]), ("lent-random", "none", ["net.py"])):
            parts = "".join(
                f'[checkpoint.parts."{name}"]\nurl = "{server.url}/{COMMIT}/{name}"\n'
                f'sha256 = "{hashlib.sha256(contents[name]).hexdigest()}"\n'
                for name in names
            )
            folder = zoo / "models" / model
            folder.mkdir(parents=True)
            (folder / "card.toml").write_text(CARD.format(id=model, source=source, parts=parts))
        yield server


def ran(model: str, folder: Path) -> Embeddings:
    """Fetch a model's checkpoint and embed the molecules."""
    found = find(model)
    weights = fetch_checkpoint(found.card.checkpoint, found.lock.checkpoint, Store(folder / "store"))
    records = Records.of(Sample(smiles, {"smiles": smiles}) for smiles in MOLECULES)
    job = job_of(model, records, folder / model, weights=weights)
    (error,) = LocalExecutor().run([job], lambda _: None)
    assert error is None, error
    return assemble(job.plan, job.folder, folder / f"{model}.safetensors")


def test_vectors_are_those_of_the_authors_code_with_the_authors_weights(
    repository: SmallServer, tmp_path: Path
) -> None:
    answer = ran("lent", tmp_path)
    expected = [WEIGHTS[list(b"CCO")] + 1, WEIGHTS[list(b"[[")] + 1, WEIGHTS[list(b"C")] + 1]
    for row, vectors in zip(answer.layers["last"].pooled, expected, strict=True):
        np.testing.assert_allclose(row, vectors.mean(axis=0), rtol=1e-6)


def test_the_untrained_twin_runs_the_same_code_with_none_of_the_weights(
    repository: SmallServer, tmp_path: Path
) -> None:
    answer = ran("lent-random", tmp_path)
    assert answer.ok.all()
    assert not np.allclose(answer.layers["last"].pooled, ran("lent", tmp_path).layers["last"].pooled)
    assert [path for _, path, _ in repository.asked].count(f"/{COMMIT}/net.py") == 1, "one file, fetched once"


def test_other_code_than_was_read_is_not_run(repository: SmallServer, tmp_path: Path) -> None:
    repository.files[f"/{COMMIT}/net.py"] = CODE + b"# and more\n"
    with pytest.raises(Exception, match="sha256"):
        ran("lent", tmp_path)
    assert find("lent").weights_pinned
