"""Reading: every record is kept, every id is unique, every refusal names its place."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.build import bulk, molecule

from matterzoo_harness.readers import FORMATS, from_atoms, from_strings, read
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def refused(code: ExitCode, match: str):
    class Refusal:
        def __enter__(self):
            self.context = pytest.raises(MatterzooError, match=match)
            self.raised = self.context.__enter__()
            return self.raised

        def __exit__(self, *details):
            suppressed = self.context.__exit__(*details)
            assert self.raised.value.code == code
            return suppressed

    return Refusal()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.smi").write_text("CCO\n")
    (tmp_path / "b.smi").write_text("CC\n")
    (tmp_path / "deep" / "a.smi").write_text("C\n")
    return tmp_path


def test_a_record_alone_in_its_file_is_called_by_the_file(folder):
    assert list(read(folder / "a.smi").records.ids) == ["a"]


def test_records_of_one_file_are_numbered(tmp_path):
    (tmp_path / "m.smi").write_text("CCO\nCC\nC methane\n")
    assert list(read(tmp_path / "m.smi").records.ids) == ["m-0", "m-1", "methane"]


def test_a_folder_is_read_in_order_of_its_paths_and_names_records_by_them(folder):
    assert list(read(folder).records.ids) == ["a", "b", "deep/a"]


def test_a_pattern_names_records_by_the_path_below_its_fixed_part(folder):
    assert list(read(str(folder / "*" / "*.smi")).records.ids) == ["deep/a"]
    assert list(read(str(folder / "**" / "*.smi")).records.ids) == ["a", "b", "deep/a"]


def test_several_sources_keep_their_order(folder):
    assert list(read([folder / "b.smi", folder / "a.smi"]).records.ids) == ["b", "a"]


def test_one_id_in_two_files_is_refused_with_both_places(folder):
    with refused(ExitCode.BAD_INPUT, r"'a' stands twice: record 0 of .*/a\.smi and record 0 of .*/deep/a\.smi"):
        read([folder / "a.smi", folder / "deep" / "a.smi"])


def test_one_id_twice_in_a_file_is_refused_with_both_rows(tmp_path):
    (tmp_path / "m.smi").write_text("CCO x\nCC y\nC x\n")
    with refused(ExitCode.BAD_INPUT, "'x' stands twice: record 0 of .* and record 2 of"):
        read(tmp_path / "m.smi")


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_compressed_file_reads_as_the_plain_one(tmp_path, suffix, compress):
    plain = tmp_path / "m.xyz"
    ase.io.write(plain, [molecule("H2O"), molecule("CH4")])
    packed = tmp_path / f"m.xyz{suffix}"
    packed.write_bytes(compress(plain.read_bytes()))
    assert read(packed).records.identity == read(plain).records.identity


def test_formats_that_need_a_path_may_be_compressed_too(tmp_path):
    plain = tmp_path / "m.traj"
    ase.io.write(plain, [molecule("H2O"), molecule("CH4")])
    (tmp_path / "m.traj.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read(tmp_path / "m.traj.gz").records.identity == read(plain).records.identity


def test_a_damaged_archive_is_refused_by_name(tmp_path):
    (tmp_path / "m.smi.gz").write_bytes(gzip.compress(b"CCO\n" * 1000)[:-20])
    with refused(ExitCode.BAD_INPUT, r"m\.smi\.gz cannot be read"):
        read(tmp_path / "m.smi.gz")


@pytest.mark.parametrize("source", ["none.cif", "nofolder/", "*.nothing", "sample:metals"])
def test_a_missing_source_is_missing_input(tmp_path, source):
    with refused(ExitCode.INPUT_MISSING, "there is no|no file matches"):
        read(source if ":" in source else tmp_path / source)


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "notes.docx").write_text("x")
    with refused(ExitCode.BAD_INPUT, r"notes\.docx") as raised:
        read(tmp_path / "notes.docx")
    assert ".cif" in raised.value.hint
    assert "POSCAR" in raised.value.hint


def test_files_of_a_folder_that_no_reader_takes_are_skipped_and_told(folder):
    (folder / "README.md").write_text("x")
    (folder / ".hidden.smi").write_text("CC")
    result = read(folder)
    assert result.skipped == (folder / "README.md",)
    assert len(result.records) == 3


def test_a_folder_without_any_structure_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("x")
    with refused(ExitCode.BAD_INPUT, "no reader takes any file"):
        read(tmp_path)


def test_an_empty_file_holds_no_record(tmp_path):
    (tmp_path / "empty.smi").write_text("")
    with refused(ExitCode.BAD_INPUT, "no record"):
        read(tmp_path / "empty.smi")


def test_a_record_that_cannot_be_parsed_keeps_its_row_and_its_id(tmp_path):
    (tmp_path / "m.smi").write_text("CCO good\nC( bad\nCC fine\n")
    result = read(tmp_path / "m.smi")
    assert list(result.records.ids) == ["good", "bad", "fine"]
    assert list(result.failures) == ["bad"]
    assert "C(" in result.failures["bad"]
    assert result.records.views["smiles"].present.tolist() == [True, False, True]


def test_a_file_that_is_one_broken_record_does_not_cost_the_others(tmp_path):
    ase.io.write(tmp_path / "good.cif", bulk("Cu"))
    (tmp_path / "bad.cif").write_text("data_x\nloop_\n_atom_site_label\n_atom_site_fract_x\nCu1\n")
    result = read(tmp_path)
    assert list(result.records.ids) == ["bad", "good"]
    assert list(result.failures) == ["bad"]


def test_where_nothing_could_be_parsed_the_input_is_bad(tmp_path):
    (tmp_path / "m.smi").write_text("C( bad\n")
    with refused(ExitCode.BAD_INPUT, r"none of the 1 records could be parsed: bad .*m\.smi.*RDKit"):
        read(tmp_path / "m.smi")


def test_a_failure_can_be_an_error(tmp_path):
    (tmp_path / "m.smi").write_text("CCO good\nC( bad\n")
    with refused(ExitCode.BAD_INPUT, "'bad'"):
        read(tmp_path / "m.smi", on_error="raise")


def test_a_file_of_records_is_mapped_as_it_is_and_mixes_with_others(folder):
    before = read(folder)
    before.records.write(folder / "r.safetensors")
    assert read(folder / "r.safetensors").records.identity == before.records.identity
    (folder / "new.smi").write_text("CCC fresh\n")
    mixed = read([folder / "r.safetensors", folder / "new.smi"])
    assert list(mixed.records.ids) == ["a", "b", "deep/a", "fresh"]


def test_progress_is_told_file_by_file(folder):
    told = []
    read(folder, progress=lambda done, total, name: told.append((done, total, Path(name).name)))
    assert told == [(0, 3, "a.smi"), (1, 3, "b.smi"), (2, 3, "a.smi"), (3, 3, "")]


def test_every_reader_of_the_table_is_there():
    for format_ in FORMATS:
        assert callable(format_.load())


def test_structures_of_a_notebook_are_read_like_a_file():
    water = molecule("H2O")
    water.info.update(charge=-1, spin=2, energy=-3.5)
    records = from_atoms([water, bulk("Cu")], ids=["water", "copper"]).records
    structure = records[0].views["atoms"]
    assert (structure.charge, structure.spin) == (-1, 2)
    assert records[0].labels == {"energy": -3.5}
    assert records[1].views["atoms"].pbc.all()
    assert math.isnan(records[1].views["atoms"].charge)


def test_structures_without_names_are_numbered():
    assert list(from_atoms([molecule("H2O"), molecule("H2")]).records.ids) == ["atoms-0", "atoms-1"]


def test_strings_of_a_notebook_are_checked_like_a_file():
    result = from_strings(["CCO", "C("], "smiles")
    assert list(result.failures) == ["smiles-1"]
    assert from_strings(["mkv*"], "sequence").records[0].views["sequence"] == "MKV"


def test_more_ids_than_structures_are_refused():
    with refused(ExitCode.BAD_INPUT, "1 objects and 2 ids"):
        from_atoms([molecule("H2O")], ids=["a", "b"])


def test_structures_that_cannot_be_computed_are_kept_for_the_model_to_refuse(tmp_path):
    (tmp_path / "n.xyz").write_text("1\n\nO 0 0 nan\n0\n\n1\n\nO 0 0 0\n")
    result = read(tmp_path / "n.xyz")
    assert result.failures == {}
    assert result.records.atoms.present.all()
    assert result.records.atoms.sizes().tolist() == [1, 0, 1]
    assert np.isnan(result.records.atoms.positions[0, 2])
