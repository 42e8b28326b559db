"""Golden vectors: small ones as they are, wide ones projected; what is far stays far, and what is near stays near."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pytest

from matterzoo_schemas.columns import Strings
from matterzoo_schemas.golden import KEPT, LARGEST, distances, kept_small, signs
from matterzoo_schemas.shard import Embeddings, Layer

RECORDS = 8
WIDE = LARGEST + 8
DRAW = np.random.default_rng(7)


def answer(layers: Mapping[str, np.ndarray], energy: np.ndarray | None = None) -> Embeddings:
    ids = Strings.pack([f"record-{number}" for number in range(RECORDS)])
    named = {name: Layer(vectors.astype(np.float32)) for name, vectors in layers.items()}
    nothing = Strings.pack([""] * RECORDS)
    return Embeddings(ids, named, np.zeros(RECORDS, np.uint8), nothing, energy, None, {"model": "m"})


def vectors(width: int) -> np.ndarray:
    return DRAW.normal(size=(RECORDS, width))


def test_what_is_small_is_kept_as_it_is() -> None:
    small = answer({"first": vectors(LARGEST // 2), "last": vectors(LARGEST // 2)})
    assert kept_small(small) is small


def test_a_wide_layer_is_projected_and_a_narrow_one_beside_it_is_not() -> None:
    whole = answer({"wide": vectors(WIDE), "narrow": vectors(KEPT)})
    kept = kept_small(whole)
    assert kept.layers["wide"].pooled.shape == (RECORDS, KEPT)
    assert kept.layers["narrow"] is whole.layers["narrow"]
    assert kept.header == {"model": "m", "projected": {"wide": WIDE}}


def test_the_same_answer_is_at_no_distance_from_its_projection() -> None:
    whole = answer({"wide": vectors(WIDE)}, np.arange(RECORDS, dtype=float))
    assert set(distances(kept_small(whole), whole).values()) == {0.0}


@pytest.mark.parametrize("size", [1e-6, 1e-4, 1e-2])
def test_a_drift_has_nearly_the_same_size_after_the_projection(size: float) -> None:
    old = vectors(WIDE)
    new = old + size * np.linalg.norm(old, axis=1, keepdims=True) * vectors(WIDE) / np.sqrt(WIDE)
    whole, today = answer({"wide": old}), answer({"wide": new})
    true = np.array(list(distances(whole, today).values()))
    seen = np.array(list(distances(kept_small(whole), today).values()))
    assert np.abs(seen / true - 1).max() < 0.25  # five of the spread √(2/k)/√2 of a ratio of norms


def test_one_number_that_differs_is_seen_in_the_projection() -> None:
    old = vectors(WIDE)
    new = old.copy()
    new[3, 4096] += np.linalg.norm(old[3])
    found = distances(kept_small(answer({"wide": old})), answer({"wide": new}))
    assert max(found, key=lambda name: found[name]) == "record-3, layer wide"
    assert found["record-3, layer wide"] == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("width", [WIDE - 1, KEPT])
def test_a_layer_of_another_width_is_infinitely_far(width: int) -> None:
    found = distances(kept_small(answer({"wide": vectors(WIDE)})), answer({"wide": vectors(width)}))
    assert found == {f"layer wide, which was {WIDE} numbers wide and is {width}": float("inf")}


def test_a_number_that_is_none_and_an_energy_that_is_gone_are_infinitely_far() -> None:
    old = vectors(3)
    new = np.where(np.arange(3) == 1, np.nan, old)
    assert set(distances(answer({"last": old}), answer({"last": new})).values()) == {float("inf")}
    energies = np.zeros(RECORDS)
    assert distances(answer({"last": old}, energies), answer({"last": old})) == {
        "the energy, which is gone": float("inf")
    }


def test_the_signs_are_the_same_for_ever() -> None:
    matrix = signs(1000)
    assert np.array_equal(np.unique(np.abs(matrix)), [1 / np.sqrt(KEPT)])
    packed = np.packbits(matrix > 0).tobytes()
    assert packed == hashlib.shake_256(b"matterzoo/golden/1000/256").digest(1000 * KEPT // 8)
    assert hashlib.sha256(packed).hexdigest()[:16] == "00f4771652a54779"
