"""What the worker makes of a shard: vectors in the records' order, one bad record costs one record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_records import molecule, named, sample
from worker_pipes import Worker, setup_of

from matterzoo_schemas.records import Records
from matterzoo_schemas.shard import Embeddings, Status
from matterzoo_schemas.views import Structure

MANY = [f"r{number}" for number in range(40)]


def expected(records: Records) -> np.ndarray:
    """Mean of atomic number and position over each record's atoms, as the adapters of these tests answer."""
    rows = []
    for row in range(len(records)):
        atoms = records.atoms[row]
        nodes = np.column_stack([atoms.numbers.astype(np.float64), atoms.positions]).astype(np.float32)
        rows.append(nodes.astype(np.float64).sum(axis=0) / len(nodes))
    return np.array(rows).astype(np.float32)


def answer_of(folder: Path, records: Records, adapter: str = "odd:Plain", **changes: object) -> Embeddings:
    with Worker(setup_of(adapter, **changes)) as worker:
        return worker.embed(records, folder)


def test_vectors_stand_in_the_order_of_the_records(tmp_path: Path) -> None:
    records = named(MANY)
    answer = answer_of(tmp_path, records)
    assert list(answer.ids) == MANY
    assert answer.ok.all()
    np.testing.assert_array_equal(answer.layers["last"].pooled, expected(records))
    assert answer.energy is not None
    np.testing.assert_array_equal(
        answer.energy, -np.add.reduceat(records.atoms.numbers.astype(float), records.atoms.offsets[:-1])
    )


def test_the_order_and_company_of_records_change_not_one_bit(tmp_path: Path) -> None:
    records = named(MANY)
    straight = answer_of(tmp_path, records)
    order = np.random.default_rng(1).permutation(len(MANY))
    for budget in (1, 7, 40, 100_000):
        shuffled = answer_of(tmp_path, records.take(order), node_budget=budget)
        assert list(shuffled.ids) == [MANY[row] for row in order]
        np.testing.assert_array_equal(shuffled.layers["last"].pooled, straight.layers["last"].pooled[order])


def test_batches_keep_the_node_budget(tmp_path: Path) -> None:
    records = named(MANY)
    with Worker(setup_of("odd:Plain", node_budget=9)) as worker:
        worker.embed(records, tmp_path)
        sizes = records.atoms.sizes()
        assert max(int(sizes[batch.rows].sum()) for batch in worker.batches) <= 9
        assert sorted(row for batch in worker.batches for row in batch.rows) == list(range(len(MANY)))


def test_exhausted_memory_halves_the_budget_and_gives_the_same_vectors(tmp_path: Path) -> None:
    records = named(MANY)
    with Worker(setup_of("odd:Hungry", node_budget=160)) as worker:
        answer = worker.embed(records, tmp_path)
        sizes = records.atoms.sizes()
        costs = [int(sizes[batch.rows].sum()) for batch in worker.batches]
        assert max(costs) > 80
        assert b'"node_budget": 160' not in (tmp_path / "shard.run.json").read_bytes()
        again = len(worker.batches)
        worker.embed(records, tmp_path)
        assert max(int(sizes[batch.rows].sum()) for batch in worker.batches[again:]) < max(costs), (
            "the budget stays down"
        )
    assert answer.ok.all()
    np.testing.assert_array_equal(answer.layers["last"].pooled, expected(records))


def test_a_record_too_large_even_alone_is_one_failed_record(tmp_path: Path) -> None:
    records = Records.of([sample("a", molecule()), sample("huge", molecule([6] * 11)), sample("b", molecule())])
    answer = answer_of(tmp_path, records, "odd:Hungry")
    assert answer.status.tolist() == [0, Status.OUT_OF_MEMORY, 0]
    assert "11 atoms are too many" in answer.reason[1]


def test_an_exception_costs_one_record(tmp_path: Path) -> None:
    records = named(["a", "raise-1", "b", "c", "raise-2"])
    answer = answer_of(tmp_path, records, "mischief:Mischief")
    assert answer.status.tolist() == [0, Status.ERROR, 0, 0, Status.ERROR]
    assert answer.reason[1] == "ValueError: this record is poisoned"
    np.testing.assert_array_equal(answer.layers["last"].pooled[answer.ok], expected(records)[answer.ok])


def test_an_answer_of_nan_is_no_vector(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, named(["a", "nan-1", "b"]), "mischief:Mischief")
    assert answer.status.tolist() == [0, Status.NOT_FINITE, 0]
    assert np.isnan(answer.layers["last"].pooled[1]).all()
    assert answer.energy is not None
    assert np.isnan(answer.energy[1]), "no number of a failed record is left standing"


def test_records_that_no_model_can_take_are_refused_with_a_reason(tmp_path: Path) -> None:
    water, cell = molecule(), np.eye(3) * 4
    bad = {
        "no-view": (None, Status.MISSING_VIEW, "has no atoms"),
        "empty": (Structure(np.zeros(0, np.uint8), np.zeros((0, 3))), Status.INVALID, "no atoms"),
        "nan": (Structure(water.numbers, water.positions * np.nan), Status.INVALID, "not a finite number"),
        "inf": (Structure(water.numbers, water.positions + np.inf), Status.INVALID, "not a finite number"),
        "cell": (Structure(water.numbers, water.positions, cell * np.nan, np.ones(3, bool)), Status.INVALID, "cell"),
        "flat": (Structure(water.numbers, water.positions, cell * 0, np.ones(3, bool)), Status.INVALID, "no volume"),
        "uranium": (molecule([92]), Status.UNSUPPORTED, "U (92)"),
        "nothing": (molecule([8, 0]), Status.UNSUPPORTED, "atomic number 0"),
        "twice": (Structure(water.numbers, water.positions[[0, 1, 0]]), Status.INVALID, "one place"),
    }  # fmt: skip
    samples = [sample(name, structure) for name, (structure, _, _) in bad.items()]
    records = Records.of([sample("a", water), *samples, sample("b", water)])
    answer = answer_of(tmp_path, records)
    for row, (name, (_, status, reason)) in enumerate(bad.items(), start=1):
        assert (name, Status(answer.status[row])) == (name, status)
        assert reason in answer.reason[row]
        assert np.isnan(answer.layers["last"].pooled[row]).all()
    assert answer.ok.nonzero()[0].tolist() == [0, len(records) - 1]


def test_a_shard_where_every_record_is_refused_is_written_all_the_same(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, Records.of([sample("a", None), sample("b", molecule([92]))]))
    assert not answer.ok.any()
    assert answer.layers["last"].pooled.shape == (2, 4)


def test_periodicity_that_the_card_excludes_is_refused(tmp_path: Path) -> None:
    crystal = Structure(np.array([6], np.uint8), np.zeros((1, 3)), np.eye(3) * 3, np.ones(3, np.bool_))
    records = Records.of([sample("crystal", crystal), sample("molecule", molecule())])
    answer = answer_of(tmp_path, records, card={"domain": {"periodic": False}})
    assert answer.status.tolist() == [Status.UNSUPPORTED, 0]
    answer = answer_of(tmp_path, records, card={"domain": {"non_periodic": False}})
    assert answer.status.tolist() == [0, Status.UNSUPPORTED]


def test_more_nodes_than_the_model_takes_are_refused(tmp_path: Path) -> None:
    records = Records.of([sample("small", molecule([6] * 3)), sample("large", molecule([6] * 4))])
    answer = answer_of(tmp_path, records, card={"domain": {"max_nodes": 3}})
    assert answer.status.tolist() == [0, Status.UNSUPPORTED]
    assert "more than 3 nodes" in answer.reason[1]


def test_node_vectors_say_which_atom_each_row_is(tmp_path: Path) -> None:
    records = named(["a", "raise-1", "b", "c"])
    answer = answer_of(tmp_path, records, "mischief:Mischief", nodes=True)
    assert answer.nodes is not None
    sizes = records.atoms.sizes() * answer.ok
    assert np.diff(answer.nodes.offsets).tolist() == sizes.tolist(), "a failed record has no nodes"
    nodes = answer.layers["last"].nodes
    assert nodes is not None
    for row in answer.ok.nonzero()[0]:
        piece = slice(answer.nodes.offsets[row], answer.nodes.offsets[row + 1])
        np.testing.assert_array_equal(answer.nodes.index[piece], np.arange(sizes[row]))
        np.testing.assert_array_equal(nodes[piece, 0], records.atoms[row].numbers)


def test_a_model_whose_nodes_are_not_the_inputs_says_which_they_are(tmp_path: Path) -> None:
    records = Records.of(
        [sample("water", molecule([1, 8, 1])), sample("h2", molecule([1, 1])), sample("co", molecule([6, 8]))]
    )
    answer = answer_of(tmp_path, records, "odd:Heavy", nodes=True)
    assert answer.nodes is not None
    assert answer.status.tolist() == [0, Status.UNSUPPORTED, 0]
    assert answer.reason[1] == "the structure is hydrogen only"
    assert answer.nodes.offsets.tolist() == [0, 1, 1, 3]
    assert answer.nodes.index.tolist() == [1, 0, 1]
    np.testing.assert_allclose(answer.layers["last"].pooled[[0, 2], 0], [8, 7])


def test_a_model_without_nodes_answers_one_vector_a_record(tmp_path: Path) -> None:
    records = named(["a", "b", "c"])
    answer = answer_of(tmp_path, records, "odd:Whole")
    np.testing.assert_allclose(
        answer.layers["last"].pooled, expected(records) * records.atoms.sizes()[:, None], rtol=1e-6
    )


@pytest.mark.parametrize("pooling", ["mean", "sum", "max", "first", "last"])
def test_every_pooling_can_be_asked_for(tmp_path: Path, pooling: str) -> None:
    records = named(["a", "b", "c", "d"])
    answer = answer_of(tmp_path, records, pooling=pooling)
    of_one = {"mean": np.mean, "sum": np.sum, "max": np.max, "first": lambda v: v[0], "last": lambda v: v[-1]}[pooling]
    wanted = [of_one(records.atoms[row].numbers.astype(float)) for row in range(4)]
    np.testing.assert_allclose(answer.layers["last"].pooled[:, 0], wanted, rtol=1e-6)
