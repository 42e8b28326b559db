"""Old archives stay readable: one of every format that was ever released is verified and restored.

A file in `released/` is never changed. A new format brings one of its own, and whatever then reads the old ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from matterzoo_harness.archive.contents import FORMAT
from matterzoo_harness.archive.reading import verify
from matterzoo_harness.archive.restore import restore
from matterzoo_harness.environments.folder import read_environment
from matterzoo_harness.store import Store
from matterzoo_schemas.shard import Embeddings

RELEASED = Path(__file__).parent / "released"
IDENTITIES = {1: "841670d9fee445283326520732538f729175cceda32478179df7ea9f7f4ab303"}
WEIGHTS = "e220f9c8e833587de5fecda97bb995f986ee02acf514ec71f81d9062a43c200e"
FOLDER = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

each_format = pytest.mark.parametrize("number", IDENTITIES)


def test_there_is_one_of_every_format() -> None:
    assert sorted(int(file.stem) for file in RELEASED.glob("*.tar")) == list(IDENTITIES) == list(range(1, FORMAT + 1))


@each_format
def test_it_is_the_one_that_was_released(number: int) -> None:
    checked = verify(RELEASED / f"{number}.tar")
    assert checked.identity == IDENTITIES[number]
    assert checked.manifest["models"]["some-model"]["golden"]


@each_format
def test_it_is_restored(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERZOO_HOME", str(tmp_path / "home"))
    restored, store = restore(RELEASED / f"{number}.tar"), Store()
    assert store.get(WEIGHTS).name == "model.bin"
    assert store.note("folders", FOLDER) == f'{{"model.bin": "{WEIGHTS}"}}'
    own = restored.folder / "models" / "some-model"
    assert list(Embeddings.open(own / "golden.safetensors").ids) == ["nacl", "ethanol"]
    assert read_environment(restored.folder / "containers" / "some").environment.name == "some"
