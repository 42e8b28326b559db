"""Records: what is written is what is read, in every process, or it is refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.columns import Strings, offsets_of
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import TEXT_VIEWS, AtomsColumn, Grid, Structure

# A folder made once serves all examples: each overwrites the file it wrote before.
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

numbers = st.floats(allow_nan=True, width=64)
coordinates = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -0.0])


@st.composite
def structures(draw):
    size = draw(st.integers(0, 5))
    return Structure(
        numbers=draw(hnp.arrays(np.uint8, size, elements=st.integers(0, 118))),
        positions=draw(hnp.arrays(np.float64, (size, 3), elements=coordinates)),
        cell=draw(hnp.arrays(np.float64, (3, 3), elements=coordinates)),
        pbc=draw(hnp.arrays(np.bool_, 3)),
        charge=draw(numbers),
        spin=draw(numbers),
    )


@st.composite
def grids(draw):
    shape = draw(st.tuples(*[st.integers(0, 3)] * 3))
    return Grid(
        values=draw(hnp.arrays(np.float32, shape, elements=st.floats(width=32))),
        latitude=draw(hnp.arrays(np.float64, shape[1], elements=numbers)),
        longitude=draw(hnp.arrays(np.float64, shape[2], elements=numbers)),
        variables=draw(st.text()),
    )


backbones = st.integers(0, 4).flatmap(lambda n: hnp.arrays(np.float64, (n, 4, 3), elements=coordinates))
views = st.fixed_dictionaries(
    {},
    optional={
        "atoms": structures(), "backbone": backbones, "grid": grids(), **dict.fromkeys(TEXT_VIEWS, st.text()),
    },
)  # fmt: skip
labels = st.dictionaries(st.text(min_size=1), numbers, max_size=3)
record_files = st.lists(st.text(min_size=1), unique=True, max_size=6).flatmap(
    lambda ids: st.tuples(*(st.builds(Sample, st.just(id_), views, labels) for id_ in ids))
)


def flat(value):
    """The arrays and strings that a view is made of."""
    return [value] if isinstance(value, str | np.ndarray) else list(vars(value).values())


def assert_same(left: Sample, right: Sample) -> None:
    assert left.id == right.id
    assert left.views.keys() == right.views.keys()
    for name in left.views:
        for a, b in zip(flat(left.views[name]), flat(right.views[name]), strict=True):
            np.testing.assert_array_equal(a, b)
    assert {k: v for k, v in left.labels.items() if not np.isnan(v)} == dict(right.labels)


@anywhere
@given(record_files)
def test_any_records_come_back_from_their_file_as_they_were(tmp_path, samples):
    path = tmp_path / "records.safetensors"
    written = Records.of(samples)
    written.write(path)
    opened = Records.open(path)
    assert len(opened) == len(samples)
    for row, sample in enumerate(samples):
        assert_same(sample, opened[row])
    assert opened.identity == written.identity
    np.testing.assert_array_equal(opened.hashes, written.hashes)


@anywhere
@given(record_files)
def test_writing_what_was_opened_gives_the_same_bytes(tmp_path, samples):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    Records.of(samples).write(first)
    Records.open(first).write(second)
    assert first.read_bytes() == second.read_bytes()


@anywhere
@given(record_files, st.randoms(use_true_random=False))
def test_taking_rows_keeps_each_record_and_its_hash(samples, random):
    records = Records.of(samples)
    rows = list(range(len(samples)))
    random.shuffle(rows)
    taken = records.take(np.array(rows, np.int64))
    for new, old in enumerate(rows):
        assert_same(samples[old], taken[new])
    fresh = Records.of([samples[row] for row in rows])
    np.testing.assert_array_equal(taken.hashes, fresh.hashes)


@anywhere
@given(st.lists(st.text(), max_size=5), st.data())
def test_strings_survive_packing_and_taking(strings, data):
    packed = Strings.pack(strings)
    assert list(packed) == strings
    rows = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=5)) if strings else []
    assert list(packed.take(np.array(rows, np.int64))) == [strings[row] for row in rows]


SCRIPT = """
import sys
import numpy as np
from pathlib import Path
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure
names = {"energy", "gap", "volume", "bulk"}          # a set: its order follows PYTHONHASHSEED
views = {"smiles": "O", "text": "wasser", "selfies": "[O]"}
water = Structure(np.array([8, 1, 1], np.uint8), np.arange(9.0).reshape(3, 3), charge=0.0, spin=1.0)
samples = [
    Sample("water", {name: views[name] for name in set(views)} | {"atoms": water}, {name: 1.5 for name in names}),
    Sample("wässrig \\u03b1", {"sequence": "MKV", "backbone": np.ones((3, 4, 3))}),
]
Records.of(samples).write(Path(sys.argv[1]))
"""


def test_the_same_content_gives_the_same_bytes_in_different_processes(tmp_path):
    digests = set()
    for seed in ("0", "1", "20"):
        path = tmp_path / f"{seed}.safetensors"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", SCRIPT, str(path)], env=environment, check=True)
        digests.add(sha256_of_file(path))
    # Pinned: a release that writes other bytes for this content has changed the schema.
    assert digests == {"847121ece3793f7a25c91a45a6bf004daa6ff11806816759fffc1dcb2c69005b"}


def backed_by_file(array: np.ndarray) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def characters_read() -> int:
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def test_a_million_atoms_open_without_being_read(tmp_path):
    atoms, pieces = 1_000_000, 10
    column = AtomsColumn(
        present=np.ones(pieces, np.bool_),
        offsets=offsets_of([atoms // pieces] * pieces),
        numbers=np.full(atoms, 6, np.uint8),
        positions=np.zeros((atoms, 3)),
        cell=np.zeros((pieces, 3, 3)),
        pbc=np.zeros((pieces, 3), np.bool_),
        charge=np.full(pieces, np.nan),
        spin=np.full(pieces, np.nan),
    )
    path = tmp_path / "million.safetensors"
    Records.of_columns(Strings.pack(map(str, range(pieces))), {"atoms": column}).write(path)
    before = characters_read()
    records = Records.open(path)
    assert characters_read() - before < 100_000 < path.stat().st_size
    assert backed_by_file(records.atoms.positions)
    assert backed_by_file(records.atoms.numbers)
    assert not records.atoms.positions.flags.writeable
    assert len(records.atoms.positions) == atoms


def test_an_id_that_stands_twice_is_refused_by_name():
    with pytest.raises(MatterzooError, match="'a' stands twice: records 0 and 2") as raised:
        Records.of([Sample("a"), Sample("b"), Sample("a")])
    assert raised.value.code == ExitCode.BAD_INPUT


def test_an_empty_id_is_refused_by_its_row():
    with pytest.raises(MatterzooError, match="record 1 has an empty id") as raised:
        Records.of([Sample("a"), Sample("")])
    assert raised.value.code == ExitCode.BAD_INPUT


def test_an_unknown_view_is_refused_by_name():
    with pytest.raises(MatterzooError, match="phonons") as raised:
        Records.of([Sample("a", {"phonons": 1})])
    assert raised.value.code == ExitCode.BAD_INPUT


def test_a_missing_file_is_missing_input(tmp_path):
    with pytest.raises(MatterzooError, match=r"none\.safetensors") as raised:
        Records.open(tmp_path / "none.safetensors")
    assert raised.value.code == ExitCode.INPUT_MISSING


def test_absent_is_not_empty(tmp_path):
    path = tmp_path / "r.safetensors"
    Records.of([Sample("absent", {}), Sample("empty", {"smiles": ""}), Sample("there", {"smiles": "C"})]).write(path)
    opened = Records.open(path)
    assert [set(opened[row].views) for row in range(3)] == [set(), {"smiles"}, {"smiles"}]
    assert opened[1].views["smiles"] == ""


def test_labels_change_the_identity_but_no_record_hash():
    plain, labelled = Records.of([Sample("a")]), Records.of([Sample("a", labels={"energy": 1.0})])
    assert plain.identity != labelled.identity
    np.testing.assert_array_equal(plain.hashes, labelled.hashes)


@pytest.mark.parametrize(
    "other",
    [
        Sample("b", {"smiles": "CC"}),
        Sample("a", {"smiles": "CO"}),
        Sample("a", {"text": "CC"}),
        Sample("a", {"smiles": "CC", "text": ""}),
    ],
)
def test_a_record_hash_tells_id_view_and_content_apart(other):
    ours, others = Records.of([Sample("a", {"smiles": "CC"})]), Records.of([other])
    assert ours.hashes.tobytes() != others.hashes.tobytes()


def test_moving_an_atom_changes_the_record_hash():
    def water(x: float) -> Records:
        positions = np.zeros((1, 3))
        positions[0, 0] = x
        return Records.of([Sample("w", {"atoms": Structure(np.array([8], np.uint8), positions)})])

    assert water(0.0).hashes.tobytes() != water(1e-12).hashes.tobytes()
