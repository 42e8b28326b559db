"""Which records run together: every one once, within the budget, alike in size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matterzoo_adapters.batching import MOST_RECORDS, batches

SIZES = st.lists(st.integers(1, 60), max_size=60).map(lambda sizes: np.array(sizes, np.int64))


def cost(sizes: np.ndarray, *, padded: bool) -> int:
    return int(sizes.max() * len(sizes)) if padded else int(sizes.sum())


@given(sizes=SIZES, budget=st.integers(1, 200), padded=st.booleans(), data=st.data())
def test_every_row_runs_once_and_only_a_single_one_may_exceed_the_budget(
    sizes: np.ndarray, budget: int, padded: bool, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(sizes))), unique=True) if len(sizes) else st.just([])))
    groups = batches(sizes, rows.astype(np.int64), budget, padded=padded)
    assert sorted(row for group in groups for row in group) == sorted(rows)
    for group in groups:
        assert len(group) == 1 or cost(sizes[group], padded=padded) <= budget


@given(sizes=SIZES, budget=st.integers(1, 200), padded=st.booleans())
def test_no_batch_is_cut_before_the_budget_is_used(sizes: np.ndarray, budget: int, padded: bool) -> None:
    groups = batches(sizes, np.arange(len(sizes)), budget, padded=padded)
    for group, following in zip(groups[:-1], groups[1:], strict=True):
        assert cost(sizes[np.append(group, following[0])], padded=padded) > budget


def test_batches_go_from_small_to_large_and_equals_keep_their_order() -> None:
    sizes = np.array([5, 1, 5, 1, 3])
    order = np.concatenate(batches(sizes, np.arange(5), 6, padded=False))
    assert order.tolist() == [1, 3, 4, 0, 2]


@pytest.mark.parametrize("padded", [False, True])
def test_a_batch_of_tiny_records_has_a_limit_too(padded: bool) -> None:
    groups = batches(np.ones(10_000, np.int64), np.arange(10_000), 1_000_000, padded=padded)
    assert max(len(group) for group in groups) == MOST_RECORDS


def test_nothing_to_run_is_no_batch() -> None:
    assert batches(np.array([3, 4]), np.zeros(0, np.int64), 10, padded=False) == []
