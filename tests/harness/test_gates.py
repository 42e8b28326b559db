"""How far weights have come, from the licence to the hash that holds them: told without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_server import SmallServer, small_server

from matterzoo.catalogue import find
from matterzoo_harness.gates import weights_state
from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_harness.weights import fetch_checkpoint, measure_checkpoint
from matterzoo_schemas.card import Checkpoint, Part
from matterzoo_schemas.lock import ModelLock


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with small_server() as running:
        running.files |= {"/model.pt": b"weights" * 99, "/model.py": b"class Model: ..."}
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def of(checkpoint: Checkpoint) -> Model:
    model = find("chgnet-0.3.0")
    return replace(model, card=model.card.model_copy(update={"checkpoint": checkpoint}), lock=ModelLock())


def test_random_weights_and_a_packages_own_need_no_fetching(store: Store) -> None:
    assert weights_state(find("mace-random"), store).gate == "none"
    assert weights_state(find("chgnet-0.3.0"), store).gate == "package"


def test_gated_weights_begin_with_their_licence(store: Store) -> None:
    gated = Checkpoint(source="huggingface", repo="owner/name", file="model.pt", revision="a" * 40, gated=True)
    state = weights_state(of(gated), store)
    assert state.gate == "licence"
    assert "page of owner/name" in state.words
    assert "matterzoo fetch chgnet-0.3.0" in state.words


@pytest.mark.parametrize("parted", [False, True])
def test_weights_climb_from_unfetched_to_fetched_to_verified(server: SmallServer, store: Store, parted: bool) -> None:
    one = Checkpoint(source="url", url=f"{server.url}/model.pt")
    names = ("model.pt", "model.py")
    parts = Checkpoint(source="url", parts={name: Part(url=f"{server.url}/{name}") for name in names})
    model = of(parts if parted else one)
    assert weights_state(model, store).gate == "unfetched"
    path = fetch_checkpoint(model.card.checkpoint, None, store)
    assert weights_state(model, store).gate == "fetched"
    pinned = replace(model, lock=ModelLock(checkpoint=measure_checkpoint(model.card.checkpoint, path, store)))
    assert weights_state(pinned, store).gate == "verified"
    assert weights_state(pinned, Store(store.root.with_name("another"))).gate == "unfetched"


def test_a_folder_that_lacks_one_of_its_files_was_not_fetched(server: SmallServer, store: Store) -> None:
    names = ("model.pt", "model.py")
    model = of(Checkpoint(source="url", parts={name: Part(url=f"{server.url}/{name}") for name in names}))
    path = fetch_checkpoint(model.card.checkpoint, None, store)
    measured = measure_checkpoint(model.card.checkpoint, path, store)
    assert measured is not None
    kept = store.find(measured.files["model.py"])
    assert kept is not None
    kept.unlink()
    assert weights_state(model, store).gate == "unfetched"
