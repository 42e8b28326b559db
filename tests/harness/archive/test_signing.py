"""Signatures of archives, by OpenSSH's own tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from matterzoo_harness.archive.signing import refuse_tar, sign_archive, verify_signature
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@pytest.fixture
def key(tmp_path: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("absent real part: ssh-keygen")
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], check=True)
    return file


@pytest.fixture
def signers(key: Path, tmp_path: Path) -> Path:
    file = tmp_path / "signers"
    file.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    return file


@pytest.fixture
def archive(key: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "sha256sums").write_text(f"{'0' * 64}  README.md\n")
    sign_archive(folder, key)
    return folder


def test_who_signed_it_is_named(archive: Path, signers: Path) -> None:
    assert verify_signature(archive, signers) == "ada@example.org"


def test_a_signature_of_anybody_holds_or_not(archive: Path) -> None:
    assert str(verify_signature(archive, None)).startswith("SHA256:")
    (archive / "sha256sums").write_text(f"{'1' * 64}  README.md\n")
    with pytest.raises(MatterzooError) as caught:
        verify_signature(archive, None)
    assert caught.value.code == ExitCode.DIGEST_MISMATCH


def test_a_changed_archive_is_not_the_signed_one(archive: Path, signers: Path) -> None:
    (archive / "sha256sums").write_text(f"{'1' * 64}  README.md\n")
    with pytest.raises(MatterzooError, match="is of nobody in"):
        verify_signature(archive, signers)


def test_a_stranger_s_signature_is_refused(archive: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", other], check=True)
    strangers = tmp_path / "strangers"
    strangers.write_text(f"bob@example.org {other.with_suffix('.pub').read_text()}")
    with pytest.raises(MatterzooError, match="is of nobody in"):
        verify_signature(archive, strangers)


def test_an_unsigned_archive_is_refused_where_a_signature_is_wanted(archive: Path, signers: Path) -> None:
    (archive / "sha256sums.sig").unlink()
    assert verify_signature(archive, None) is None
    with pytest.raises(MatterzooError, match="is not signed"):
        verify_signature(archive, signers)


def test_a_tar_is_not_signed() -> None:
    with pytest.raises(MatterzooError) as caught:
        refuse_tar(Path("archive.tar"))
    assert caught.value.code == ExitCode.USAGE
