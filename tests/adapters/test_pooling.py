"""From node vectors to one vector a record, the same to the last bit in any company."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matterzoo_adapters.pooling import POOLINGS, pool

SIZES = [3, 1, 4, 2]
OFFSETS = np.concatenate([[0], np.cumsum(SIZES)]).astype(np.int64)
NODES = np.random.default_rng(0).normal(size=(sum(SIZES), 5)).astype(np.float32)
PARTS = np.split(NODES, OFFSETS[1:-1])


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean", [part.mean(axis=0, dtype=np.float64) for part in PARTS]),
        ("sum", [part.sum(axis=0, dtype=np.float64) for part in PARTS]),
        ("max", [part.max(axis=0) for part in PARTS]),
        ("first", [part[0] for part in PARTS]),
        ("last", [part[-1] for part in PARTS]),
    ],
)
def test_each_way_of_pooling_is_what_its_name_says(pooling: str, expected: list[np.ndarray]) -> None:
    np.testing.assert_allclose(pool(NODES, OFFSETS, pooling), np.array(expected), rtol=1e-6)


def test_pooled_vectors_are_float32_whatever_the_nodes_are() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        assert {pool(NODES.astype(dtype), OFFSETS, name).dtype for name in POOLINGS} == {np.dtype(np.float32)}


@given(order=st.permutations(range(len(SIZES))), pooling=st.sampled_from(sorted(POOLINGS)))
def test_neither_order_nor_company_change_a_bit(order: list[int], pooling: str) -> None:
    offsets = np.concatenate([[0], np.cumsum([SIZES[row] for row in order])]).astype(np.int64)
    shuffled = pool(np.concatenate([PARTS[row] for row in order]), offsets, pooling)
    alone = [pool(PARTS[row], np.array([0, SIZES[row]]), pooling)[0] for row in order]
    np.testing.assert_array_equal(shuffled, np.array(alone))


def test_a_mean_of_many_atoms_does_not_lose_digits() -> None:
    nodes = np.full((1_000_000, 1), 0.1, np.float32)
    assert pool(nodes, np.array([0, len(nodes)]), "mean")[0, 0] == np.float32(0.1)


def test_a_record_without_nodes_is_refused_instead_of_being_zero() -> None:
    with pytest.raises(ValueError, match="without nodes"):
        pool(NODES[:3], np.array([0, 3, 3]), "mean")


def test_a_mean_counts_each_node_by_its_weight() -> None:
    weights = np.arange(1.0, len(NODES) + 1)
    expected = [np.average(p, axis=0, weights=w) for p, w in zip(PARTS, np.split(weights, OFFSETS[1:-1]), strict=True)]
    np.testing.assert_allclose(pool(NODES, OFFSETS, "mean", weights), np.array(expected), rtol=1e-6)
    np.testing.assert_array_equal(pool(NODES, OFFSETS, "max", weights), pool(NODES, OFFSETS, "max"))
