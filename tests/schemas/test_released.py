"""Old things stay readable: one folder of files a schema version that was ever released, and this release reads it.

A file in `released/` is never changed. A new version brings a folder of its own, and whatever then reads the old ones.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from matterzoo_schemas import SCHEMA_VERSION
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.card import ModelCard, parse
from matterzoo_schemas.environment import Environment
from matterzoo_schemas.events import PROTOCOL_VERSION, Failed, Load, Ready, decode
from matterzoo_schemas.lock import read_lock
from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Embeddings, Status

RELEASED = Path(__file__).parent / "released"
FOLDERS = sorted(folder for folder in RELEASED.iterdir() if folder.is_dir())
BYTES = {
    "1/records.safetensors": "0ca348af502abbde66d03589d0900e1d41bc7e989788aebc467792b1039f00d3",
    "1/embeddings.safetensors": "cad82b6a42940b646ffa2446b954e21e2725f15d1f22510901fadf616a013535",
}
"""The files' own hashes: whoever regenerates one instead of reading it is told."""

each_release = pytest.mark.parametrize("released", FOLDERS, ids=lambda folder: f"schema {folder.name}")


def test_there_is_a_folder_for_every_version() -> None:
    assert [folder.name for folder in FOLDERS] == [str(number) for number in range(1, SCHEMA_VERSION + 1)]


def test_the_files_are_those_that_were_released() -> None:
    assert {name: sha256_of_file(RELEASED / name) for name in BYTES} == BYTES


@each_release
def test_records_are_read(released: Path) -> None:
    records = Records.open(released / "records.safetensors")
    assert list(records.ids) == ["nacl", "ethanol", "peptide"]
    structure = records[0].views["atoms"]
    assert structure.numbers.tolist() == [11, 17]
    assert structure.positions[1].tolist() == [2.82, 2.82, 2.82]
    assert structure.cell[0].tolist() == [0, 2.82, 2.82]
    assert structure.pbc.all()
    assert (structure.charge, structure.spin) == (1.0, 2.0)
    assert records[1].views == {"smiles": "CCO", "selfies": "[C][C][O]", "text": "an alcohol"}
    assert records[2].views["sequence"] == "MKTAYI"
    assert records[2].views["backbone"].shape == (2, 4, 3)
    assert records[0].labels["energy"] == -6.5
    assert records[2].labels["gap"] == 1.25


@each_release
def test_embeddings_are_read(released: Path) -> None:
    answer = Embeddings.open(released / "embeddings.safetensors")
    assert list(answer.ids) == ["nacl", "ethanol"]
    assert answer.status.tolist() == [Status.OK, Status.UNSUPPORTED]
    assert list(answer.reason) == ["", "no atoms"]
    layer = answer.layers["last"]
    assert layer.pooled[0].tolist() == [1, 2, 3]
    assert np.isnan(layer.pooled[1]).all()
    assert layer.nodes is not None
    assert layer.nodes.shape == (2, 3)
    assert answer.nodes is not None
    assert answer.nodes.offsets.tolist() == [0, 2, 2]
    assert answer.energy is not None
    assert answer.energy[0] == -6.5
    assert (answer.header or {})["model"] == "some-model"


@each_release
def test_cards_environments_and_locks_are_read(released: Path) -> None:
    file = released / "card.toml"
    card = parse(ModelCard, tomllib.loads(file.read_text()), file)
    assert (card.id, card.checkpoint.size, card.options["head"].value) == ("some-model", 10, "one")
    environment = Environment.model_validate(tomllib.loads((released / "environment.toml").read_text()))
    assert environment.variant_for("cuda") == "cuda"
    lock = read_lock(released / "lock.json")
    assert lock.verified[0].level == "golden"
    assert lock.checkpoint is not None
    assert lock.checkpoint.size == 10


@each_release
def test_the_protocols_messages_are_read(released: Path) -> None:
    messages = [decode(line) for line in (released / "events.jsonl").read_bytes().splitlines()]
    kinds = [type(message) for message in messages]
    assert kinds[0] is Load
    assert kinds[-1] is Failed
    assert len(set(kinds)) == 9
    (ready,) = [message for message in messages if isinstance(message, Ready)]
    assert ready.protocol <= PROTOCOL_VERSION
