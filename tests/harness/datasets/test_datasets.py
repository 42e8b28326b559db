"""Data sets come from small files of the same format, served on 127.0.0.1: whole, broken off, or not what they were."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.units import Hartree
from small_server import SmallServer, small_server

from matterzoo_harness.datasets import open_dataset
from matterzoo_harness.datasets.card import datasets, find_dataset
from matterzoo_harness.datasets.qm9 import molecule
from matterzoo_harness.studies.sampling import draw
from matterzoo_harness.studies.schema import DataSet
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

METHANE = """5
gdb 1\t157.7118\t157.70997\t157.70699\t0.\t13.21\t-0.3877\t0.1171\t0.5048\t35.3641\t0.044749\t-40.47893\t-40.476062\t-40.475117\t-40.498597\t6.469
C\t-0.0126981359\t 1.0858041578\t 0.0080009958\t-0.535689
H\t 0.002150416\t-0.0060313176\t 1.9761*^-3\t 0.133921
H\t 1.0117308433\t 1.4637511618\t 0.0002765748\t 0.133922
H\t-0.540815069\t 1.4475266138\t-0.8766437152\t 0.133923
H\t-0.5238136345\t 1.4379326443\t 0.9063972942\t 0.133923
1341.307\t1341.3284
C\tC
InChI=1S/CH4/h1H4\tInChI=1S/CH4/h1H4
"""
CHAIN = """data_1ABC
_entry.id 1ABC
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.label_asym_id
_atom_site.label_entity_id
_atom_site.label_seq_id
_atom_site.pdbx_PDB_ins_code
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.auth_seq_id
_atom_site.auth_comp_id
_atom_site.auth_asym_id
_atom_site.auth_atom_id
_atom_site.pdbx_PDB_model_num
"""


def chain() -> bytes:
    rows = []
    for residue, name in enumerate(("ALA", "GLY", "SER"), 1):
        for number, atom in enumerate(("N", "CA", "C", "O")):
            x = 3.8 * residue + 1.4 * number
            rows.append(f"ATOM {4 * residue + number} {atom[0]} {atom} . {name} A 1 {residue} ? {x} {number} 0.5 1.0 "
                        f"{residue} {name} A {atom} 1")  # fmt: skip
    return gzip.compress((CHAIN + "\n".join(rows) + "\n").encode())


def tar_of(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def aselmdb(folder: Path, structures: list[Atoms], deleted: tuple[int, ...] = ()) -> bytes:
    """Write structures as fairchem's database does, and return the file's bytes."""
    lmdb = pytest.importorskip("lmdb")
    path = folder / "made.aselmdb"
    environment = lmdb.open(str(path), subdir=False, map_size=1 << 20)
    with environment.begin(write=True) as transaction:

        def put(key: str, value: Any) -> None:
            transaction.put(key.encode(), zlib.compress(json.dumps(value).encode()))

        for number, atoms in enumerate(structures, 1):
            if number not in deleted:
                put(str(number), {
                    "numbers": atoms.numbers.tolist(), "positions": atoms.positions.tolist(),
                    "cell": atoms.cell.array.tolist(), "pbc": atoms.pbc.tolist(), "unique_id": f"{number:032d}",
                    "energy": -1.5 * number, "data": {"charge": 1, "spin": 2}, "key_value_pairs": {}, "ctime": 0.0,
                    "mtime": 0.0, "user": "nobody", "calculator": "unknown", "calculator_parameters": {},
                })  # fmt: skip
        put("nextid", len(structures) + 1)
        put("deleted_ids", list(deleted))
    environment.close()
    content = path.read_bytes()
    path.unlink()
    (folder / "made.aselmdb-lock").unlink(missing_ok=True)
    return content


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    monkeypatch.setenv("MATTERZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MATTERZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATTERZOO_PATH", str(tmp_path / "zoo"))
    (tmp_path / "zoo" / "datasets").mkdir(parents=True)
    with small_server() as served:
        yield served


def card(tmp_path: Path, name: str, format_: str, urls: list[str], extra: str = "") -> None:
    files = "".join(f'[[files]]\nurl = "{url}"\n{extra}' for url in urls)
    entry = f'entry = "{urls[0].rpartition("/")[0]}/{{id}}.cif.gz"\n' if format_ == "rcsb" else ""
    text = f'id = "{name}"\nname = "Made"\nsummary = "Made."\nformat = "{format_}"\n{entry}{files}'
    (tmp_path / "zoo" / "datasets" / f"{name}.toml").write_text(text, "utf-8")


def crystals(count: int) -> list[Atoms]:
    return [Atoms("NaCl", [[0, 0, 0], [0, 0, 2.8 + 0.1 * n]], cell=[5.6] * 3, pbc=True) for n in range(count)]


def drawn(name: str, folder: Path, records: int | None = None) -> Any:
    return draw(DataSet(name=name, title=name, source=f"dataset:{name}", records=records, seed=1), folder)


def test_every_card_that_travels_with_the_package_is_valid() -> None:
    assert set(datasets()) == {"omat24", "omol25", "qm9", "rcsb", "salex"}
    for name in datasets():
        assert find_dataset(name).files


def test_a_data_set_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(MatterzooError) as refused:
        find_dataset("qm8")
    assert refused.value.code == ExitCode.INPUT_MISSING
    assert "qm9" in refused.value.hint


def test_a_molecule_of_qm9_has_geometry_smiles_and_the_energy_that_a_potential_predicts() -> None:
    sample = molecule("dsgdb9nsd_000001", METHANE)
    assert sample.views["smiles"] == "C"
    assert sample.views["atoms"].numbers.tolist() == [6, 1, 1, 1, 1]
    assert sample.views["atoms"].positions[1, 2] == pytest.approx(1.9761e-3)
    assert sample.labels["energy"] == pytest.approx((-40.47893 - 0.044749) * Hartree)
    assert sample.labels["gap"] == pytest.approx(0.5048 * Hartree)


def test_qm9_is_read_once_and_sampled(server: SmallServer, tmp_path: Path) -> None:
    plain = gzip.decompress(tar_of({f"dsgdb9nsd_{n:06d}.xyz": METHANE.encode() for n in range(1, 7)}))
    server.files["/files/3195389"] = bz2.compress(plain)
    card(tmp_path, "mini", "qm9", [f"{server.url}/files/3195389"])
    sample = drawn("mini", tmp_path / "a", 4)
    assert (sample.available, len(sample.result.records), sample.repeats) == (6, 4, 3)
    asked = len(server.asked)
    again = drawn("mini", tmp_path / "b", 4)
    assert list(again.result.records.ids) == list(sample.result.records.ids)
    assert len(server.asked) == asked, "what was fetched is not fetched again"


def test_rows_of_several_archives_are_one_data_set(server: SmallServer, tmp_path: Path) -> None:
    first, second = aselmdb(tmp_path, crystals(5), deleted=(2,)), aselmdb(tmp_path, crystals(3))
    server.files["/one.tar.gz"] = tar_of({"one/data.0000.aselmdb": first, "one/metadata.npz": b"x"})
    server.files["/two.tar.gz"] = tar_of({"two/data.0000.aselmdb": second})
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz", f"{server.url}/two.tar.gz"])
    source = open_dataset("mini")
    rows = np.arange(len(source), dtype=np.int64)
    assert source.ids(rows) == [
        *(f"one/data.0000-{n}" for n in (1, 3, 4, 5)),
        *(f"two/data.0000-{n}" for n in (1, 2, 3)),
    ]
    assert source.rows_of(source.ids(rows)).tolist() == rows.tolist()
    assert source.rows_of(["one/data.0000-2", "three/data.0000-1", "nonsense"]).tolist() == [-1, -1, -1]
    records = source.read(np.array([6, 1], np.int64)).records
    assert list(records.ids) == ["two/data.0000-3", "one/data.0000-3"]
    assert records.labels["energy"].tolist() == [-4.5, -4.5]
    assert (records.atoms.charge.tolist(), records.atoms.spin.tolist()) == ([1.0, 1.0], [2.0, 2.0])
    assert drawn("mini", tmp_path / "a").repeats == 2, "the second file repeats two of the first"


def test_an_entry_of_the_protein_data_bank_is_fetched_when_it_is_drawn(server: SmallServer, tmp_path: Path) -> None:
    holdings = {"1ABC": {"mmcif": ["x"]}, "2XYZ": {"mmcif": ["x"]}, "9OLD": {"pdb": ["x"]}}
    server.files["/list.json.gz"] = gzip.compress(json.dumps(holdings).encode())
    server.files["/1abc.cif.gz"] = chain()
    card(tmp_path, "mini", "rcsb", [f"{server.url}/list.json.gz"])
    result = drawn("mini", tmp_path / "a").result
    assert list(result.records.ids) == ["1abc", "2xyz"]
    assert result.records[0].views["sequence"] == "AGS"
    assert "answers 404" in result.failures["2xyz"]


def test_a_download_that_breaks_off_goes_on_where_it_broke(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))})
    server.breaks_after = [200]
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"])
    assert len(open_dataset("mini")) == 4
    assert [how for _, _, how in server.asked] == [None, "bytes=200-"]


def test_a_server_that_knows_no_ranges_costs_time_and_not_the_file(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))})
    server.breaks_after, server.ranges = [200], False
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"])
    assert len(open_dataset("mini")) == 4


def test_what_a_killed_run_left_of_an_older_file_is_refused_and_the_next_try_is_whole(
    server: SmallServer, tmp_path: Path
) -> None:
    whole = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))})
    server.files["/one.tar.gz"] = whole
    sha256 = hashlib.sha256(whole).hexdigest()
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"], f'sha256 = "{sha256}"\nsize = {len(whole)}\n')
    left = tmp_path / "home" / "datasets" / "mini" / "one.tar.gz.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 100)
    with pytest.raises(MatterzooError) as refused:
        open_dataset("mini")
    assert refused.value.code == ExitCode.DIGEST_MISMATCH
    assert len(open_dataset("mini")) == 4


@pytest.mark.parametrize("kind", ["aselmdb", "qm9", "rcsb"])
def test_a_file_cut_short_by_a_server_that_calls_it_whole_is_not_kept_as_the_measure(
    server: SmallServer, tmp_path: Path, kind: str
) -> None:
    whole = {
        "aselmdb": tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))}),
        "qm9": bz2.compress(gzip.decompress(tar_of({f"dsgdb9nsd_{n:06d}.xyz": METHANE.encode() for n in range(4)}))),
        "rcsb": gzip.compress(json.dumps({f"{n}ABC": {"mmcif": ["x"]} for n in range(4)}).encode()),
    }[kind]
    server.files["/one.tar.gz"] = whole[: len(whole) // 2]
    card(tmp_path, "mini", kind, [f"{server.url}/one.tar.gz"])
    with pytest.raises(MatterzooError, match="it was removed") as refused:
        open_dataset("mini")
    assert refused.value.code == ExitCode.BAD_INPUT
    server.files["/one.tar.gz"] = whole
    assert len(open_dataset("mini")) == 4


def test_another_size_than_the_publisher_states_is_refused(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))})
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"], "size = 12\n")
    with pytest.raises(MatterzooError, match="but 12 bytes was expected"):
        open_dataset("mini")


def test_other_bytes_than_the_card_says_are_refused_and_removed(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = b"not what it was"
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"], f'sha256 = "{"0" * 63}1"\n')
    with pytest.raises(MatterzooError) as refused:
        open_dataset("mini")
    assert refused.value.code == ExitCode.DIGEST_MISMATCH
    assert [file.name for file in (tmp_path / "home" / "datasets" / "mini").iterdir() if file.name[0] != "."] == []


def test_a_measured_hash_holds_for_whatever_comes_later(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(4))})
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"])
    open_dataset("mini")
    (tmp_path / "home" / "datasets" / "mini" / "one.tar.gz").unlink()
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(2))})
    with pytest.raises(MatterzooError) as refused:
        open_dataset("mini")
    assert refused.value.code == ExitCode.DIGEST_MISMATCH


def test_a_gated_data_set_says_what_to_do(server: SmallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["/one.tar.gz"] = tar_of({"data.aselmdb": aselmdb(tmp_path, crystals(2))})
    server.token = "hf_made"
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"])
    file = tmp_path / "zoo" / "datasets" / "mini.toml"
    file.write_text("gated = true\n" + file.read_text("utf-8"), "utf-8")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(MatterzooError) as refused:
        open_dataset("mini")
    assert refused.value.code == ExitCode.GATED
    monkeypatch.setenv("HF_TOKEN", "hf_made")
    assert len(open_dataset("mini")) == 2


def test_offline_names_what_would_have_been_fetched(
    server: SmallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card(tmp_path, "mini", "qm9", [f"{server.url}/files/3195389"])
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    with pytest.raises(MatterzooError, match="files/3195389"):
        open_dataset("mini")
    assert server.asked == []


def test_an_archive_cannot_write_outside_of_its_folder(server: SmallServer, tmp_path: Path) -> None:
    server.files["/one.tar.gz"] = tar_of({"../../escaped": b"x"})
    card(tmp_path, "mini", "aselmdb", [f"{server.url}/one.tar.gz"])
    with pytest.raises(MatterzooError, match="cannot be unpacked"):
        open_dataset("mini")
    assert not list(tmp_path.rglob("escaped"))
