"""The store: bytes under their hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def file_of(folder: Path, content: bytes, name: str = "a.whl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_found_by_its_content_under_its_own_name(store: Store, tmp_path: Path) -> None:
    sha256 = store.add(file_of(tmp_path, b"bytes"))
    found = store.get(sha256)
    assert (found.name, found.read_bytes()) == ("a.whl", b"bytes")


def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert store.find("0" * 64) is None
    with pytest.raises(MatterzooError) as refusal:
        store.get("0" * 64)
    assert refusal.value.code is ExitCode.INPUT_MISSING


def test_other_bytes_than_expected_are_refused_and_not_kept(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MatterzooError) as refusal:
        store.add(file_of(tmp_path, b"bytes"), expected="1" * 64)
    assert refusal.value.code is ExitCode.DIGEST_MISMATCH
    assert store.find(hashlib.sha256(b"bytes").hexdigest()) is None


def test_an_empty_file_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MatterzooError, match=r"a\.whl is empty"):
        store.add(file_of(tmp_path, b""))


def test_a_file_that_was_damaged_later_is_noticed_when_it_is_read(store: Store, tmp_path: Path) -> None:
    sha256 = store.add(file_of(tmp_path, b"bytes"))
    found = store.find(sha256)
    assert found is not None
    found.chmod(0o644)
    found.write_bytes(b"bites")
    with pytest.raises(MatterzooError) as refusal:
        store.get(sha256)
    assert refusal.value.code is ExitCode.DIGEST_MISMATCH


def test_adding_twice_keeps_the_first(store: Store, tmp_path: Path) -> None:
    first = store.add(file_of(tmp_path, b"bytes"))
    second = store.add(file_of(tmp_path, b"bytes", "b.whl"))
    assert first == second
    assert store.get(first).name == "a.whl"


def test_many_processes_may_add_the_same_file_at_once(store: Store, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from matterzoo_harness.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for number in range(40):\n"
        "    file = Path(sys.argv[2]) / f'{number}.whl'; file.write_bytes(b'%d' % number); store.add(file)\n"
    )
    processes = []
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        processes.append(subprocess.Popen([sys.executable, "-c", code, store.root, folder]))
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    for number in range(40):
        assert store.get(hashlib.sha256(b"%d" % number).hexdigest()).read_bytes() == b"%d" % number


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(MatterzooError) as refusal, store.scratch():
        pass
    assert refusal.value.code is ExitCode.CANNOT_WRITE
    assert str(store.root) in refusal.value.message
