"""Gathering: several models are laid side by side only if they saw the same records in the same order."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from host_runtime import job_of
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import named

from matterzoo_harness import plan as planning
from matterzoo_harness.assembling import assemble
from matterzoo_harness.gather import embedding_files, gather, write_proof
from matterzoo_harness.plan import Plan
from matterzoo_schemas.columns import Strings, offsets_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings, Layer, Nodes, Status


def answer(ids: list[str], *, model: str = "a", data: str = "d", failed: tuple[str, ...] = ()) -> Embeddings:
    """One model's answer for records of these ids, its numbers following from the ids."""
    vectors = np.array([[len(name), sum(name.encode())] for name in ids], np.float32).reshape(-1, 2)
    status = np.array([Status.ERROR if name in failed else Status.OK for name in ids], np.uint8)
    vectors[status != Status.OK] = np.nan
    reasons = Strings.pack("no luck" if name in failed else "" for name in ids)
    header = {"model": model, "records": data, "key": f"key-{model}"}
    return Embeddings(Strings.pack(ids), {"last": Layer(vectors)}, status, reasons, header=header)


def files(folder: Path, *answers: Embeddings) -> dict[str, Path]:
    for content in answers:
        content.write(folder / f"{(content.header or {})['model']}.safetensors")
    return embedding_files(folder)


def refused(folder: Path, *answers: Embeddings) -> str:
    with pytest.raises(MatterzooError) as caught:
        gather(files(folder, *answers))
    assert caught.value.code is ExitCode.BAD_INPUT
    return caught.value.message


def test_the_same_ids_in_the_same_order_are_proved(tmp_path: Path) -> None:
    ids = ["x", "y", "z"]
    gathered = gather(files(tmp_path, answer(ids, failed=("y",)), answer(ids, model="b")))
    assert gathered.ids == ids
    assert gathered.common.tolist() == [True, False, True], "a record counts where all models have a vector"
    proof = json.loads(write_proof(gathered, tmp_path).read_bytes())
    assert (proof["records"], proof["common"], proof["dropped"]) == (3, 2, [])
    assert proof["models"]["a"]["failed"] == 1


def test_another_order_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, answer(["x", "y"]), answer(["y", "x"], model="b"))
    assert "another order" in message


def test_missing_and_foreign_ids_are_refused_by_name(tmp_path: Path) -> None:
    message = refused(tmp_path, answer(["x", "y", "only-a"]), answer(["x", "y", "only-b"], model="b"))
    assert "1 missing from b, such as only-a" in message
    assert "1 foreign to a, such as only-b" in message


def test_an_id_that_stands_twice_is_refused_by_name(tmp_path: Path) -> None:
    assert "x" in refused(tmp_path, answer(["x", "x"]), answer(["x", "x"], model="b"))
    with pytest.raises(MatterzooError):
        gather(files(tmp_path, answer(["x", "x"]), answer(["x"], model="b")), intersect=True)


def test_equal_ids_of_other_data_are_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, answer(["x"], data="one"), answer(["x"], model="b", data="two"))
    assert "the data behind them differs" in message


def test_an_intersection_is_made_on_request_and_recorded(tmp_path: Path) -> None:
    given_files = files(tmp_path, answer(["x", "y", "only-a", "z"]), answer(["z", "only-b", "x"], model="b"))
    gathered = gather(given_files, intersect=True)
    assert gathered.ids == ["x", "z"], "in the first model's order"
    np.testing.assert_array_equal(
        gathered.models["a"].layers["last"].pooled, gathered.models["b"].layers["last"].pooled
    )
    proof = json.loads(write_proof(gathered, tmp_path).read_bytes())
    assert proof["dropped"] == ["only-a", "only-b", "y"]
    assert list(Embeddings.open(tmp_path / "gathered" / "b.safetensors").ids) == ["x", "z"]


def test_models_without_a_record_in_common_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError, match="no record in common"):
        gather(files(tmp_path, answer(["x"]), answer(["y"], model="b")), intersect=True)


def test_two_files_of_one_model_are_refused(tmp_path: Path) -> None:
    answer(["x"]).write(tmp_path / "one.safetensors")
    answer(["x"]).write(tmp_path / "two.safetensors")
    with pytest.raises(MatterzooError, match="both of a"):
        embedding_files(tmp_path)


def test_a_folder_without_embeddings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MatterzooError) as caught:
        embedding_files(tmp_path)
    assert caught.value.code is ExitCode.INPUT_MISSING


def whole_answer(count: int, width: int, failed: list[bool], rng: np.random.Generator) -> Embeddings:
    """An answer with node vectors and energies, some records failed."""
    bad = np.array(failed[:count])
    sizes = np.where(bad, 0, rng.integers(1, 4, count))
    pooled = rng.random((count, width)).astype(np.float32)
    pooled[bad] = np.nan
    nodes = Nodes(offsets_of(sizes), np.concatenate([np.arange(n) for n in sizes]).astype(np.int64))
    return Embeddings(
        Strings.pack(f"räcord-{row}" for row in range(count)),
        {"last": Layer(pooled, rng.random((int(sizes.sum()), width)).astype(np.float32))},
        np.where(bad, Status.ERROR, Status.OK).astype(np.uint8),
        Strings.pack("why not" if one else "" for one in bad),
        np.where(bad, np.nan, rng.random(count)),
        nodes,
    )


def piece(whole: Embeddings, start: int, stop: int, header: dict[str, object]) -> Embeddings:
    """The rows `start … stop`, as a worker would have written them: no width is known where all failed."""
    part = whole.take(np.arange(start, stop))
    assert whole.nodes is not None
    first, last = whole.nodes.offsets[start], whole.nodes.offsets[stop]
    layer = whole.layers["last"]
    assert layer.nodes is not None
    known = layer.pooled.shape[1] if part.ok.any() else 0
    layers = {"last": Layer(part.layers["last"].pooled[:, :known], layer.nodes[first:last, :known])}
    nodes = Nodes(whole.nodes.offsets[start : stop + 1] - first, whole.nodes.index[first:last])
    return Embeddings(part.ids, layers, part.status, part.reason, part.energy, nodes, header)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 12),
    cuts=st.lists(st.integers(1, 11), max_size=4),
    failed=st.lists(st.booleans(), min_size=12, max_size=12),
    seed=st.integers(0, 100),
)
def test_shards_of_any_size_assemble_to_what_one_shard_holds(
    count: int, cuts: list[int], failed: list[bool], seed: int
) -> None:
    whole = whole_answer(count, 3, failed, np.random.default_rng(seed))
    bounds = sorted({0, count, *(cut for cut in cuts if cut < count)})
    shards = tuple(
        planning.Shard(number, start, stop, f"key-{number}", {})
        for number, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:], strict=True))
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for shard in shards:
            piece(whole, shard.start, shard.stop, {"key": shard.key}).write(folder / shard.file_name)
        plan = Plan(None, folder, count, shards, {}, {"model": "m"}, "k")  # type: ignore[arg-type]
        made = assemble(plan, folder, folder / "all.safetensors").copied()
    width = 3 if whole.ok.any() else 0
    assert list(made.ids) == list(whole.ids)
    assert list(made.reason) == list(whole.reason)
    np.testing.assert_array_equal(made.status, whole.status)
    np.testing.assert_array_equal(made.energy, whole.energy)
    np.testing.assert_array_equal(made.layers["last"].pooled, whole.layers["last"].pooled[:, :width])
    assert made.nodes is not None
    assert whole.nodes is not None
    np.testing.assert_array_equal(made.nodes.offsets, whole.nodes.offsets)
    np.testing.assert_array_equal(made.nodes.index, whole.nodes.index)
    nodes = whole.layers["last"].nodes
    assert nodes is not None
    np.testing.assert_array_equal(made.layers["last"].nodes, nodes[:, :width])


def test_a_shard_that_is_missing_or_of_another_run_is_refused(tmp_path: Path, private_zoo: Path) -> None:
    job = job_of("trivial", named(["x", "y"]), tmp_path)
    job.folder.mkdir(parents=True)
    with pytest.raises(MatterzooError) as caught:
        assemble(job.plan, job.folder, tmp_path / "all.safetensors")
    assert caught.value.code is ExitCode.INPUT_MISSING
    answer(["x", "y"]).write(job.folder / job.plan.shards[0].file_name)
    with pytest.raises(MatterzooError, match="of another run"):
        assemble(job.plan, job.folder, tmp_path / "all.safetensors")
    assert not (tmp_path / "all.safetensors").exists()
