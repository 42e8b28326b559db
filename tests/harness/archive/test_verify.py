"""`verify` trusts nothing: whatever is changed in an archive is found, and named."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from damage import flip_bit

from matterzoo_harness.archive.reading import verify
from matterzoo_harness.archive.writing import write_archive
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

FLIPS = 500
DEEP = "licences/" + "/".join(["a-rather-long-name-of-a-folder"] * 4) + "/LICENSE"
"""A path of more than 100 characters: a tar holds it in an entry of its own."""


@pytest.fixture(scope="module")
def files() -> dict[str, Path | bytes]:
    draw = random.Random(0)
    manifest = {"kind": "matterzoo archive", "format": 1, "models": {}, "kept": [], "notes": [], "left_out": []}
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "README.md": b"# An archive\n" * 20,
        "weights/model.bin": draw.randbytes(4000),
        "wheels/empty.whl": b"",
        DEEP: b"Permission is hereby granted\n" * 30,
    }


@pytest.fixture(params=["folder", "archive.tar"])
def archive(request: pytest.FixtureRequest, files: dict[str, Path | bytes], tmp_path: Path) -> Path:
    target = tmp_path / request.param
    write_archive(files, target)
    return target


def parts(archive: Path) -> list[Path]:
    return sorted(path for path in archive.rglob("*") if path.is_file()) if archive.is_dir() else [archive]


def test_what_was_written_is_whole(archive: Path, files: dict[str, Path | bytes]) -> None:
    assert set(verify(archive).files) == set(files)


def test_the_same_content_gives_the_same_bytes(files: dict[str, Path | bytes], tmp_path: Path) -> None:
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    assert write_archive(files, first) == write_archive(dict(reversed(files.items())), second)
    assert first.read_bytes() == second.read_bytes()


def test_folder_and_tar_have_one_identity(files: dict[str, Path | bytes], tmp_path: Path) -> None:
    identities = {write_archive(files, tmp_path / name) for name in ("folder", "archive.tar")}
    assert {verify(tmp_path / name).identity for name in ("folder", "archive.tar")} == identities
    assert len(identities) == 1


def test_a_bit_flipped_anywhere_is_found_and_its_file_named(archive: Path) -> None:
    draw, places = random.Random(1), parts(archive)
    sizes = [part.stat().st_size for part in places]
    for _ in range(FLIPS):
        (part,) = draw.choices(places, sizes)
        byte, bit = draw.randrange(part.stat().st_size), draw.randrange(8)
        flip_bit(part, byte, bit)
        with pytest.raises(MatterzooError) as caught:
            verify(archive)
        assert caught.value.code == ExitCode.DIGEST_MISMATCH, f"bit {bit} of byte {byte} of {part}"
        assert part.name in caught.value.message
        flip_bit(part, byte, bit)
    verify(archive)


@pytest.mark.parametrize("place", range(0, 20_000, 997))
def test_a_tar_that_was_cut_off_is_found(files: dict[str, Path | bytes], tmp_path: Path, place: int) -> None:
    target = tmp_path / "archive.tar"
    write_archive(files, target)
    target.write_bytes(target.read_bytes()[:place])
    with pytest.raises(MatterzooError) as caught:
        verify(target)
    assert caught.value.code == ExitCode.DIGEST_MISMATCH


class TestAFolder:
    """What can happen to the files of one."""

    @pytest.fixture
    def folder(self, files: dict[str, Path | bytes], tmp_path: Path) -> Path:
        write_archive(files, tmp_path / "folder")
        return tmp_path / "folder"

    def test_a_missing_file_is_named(self, folder: Path) -> None:
        (folder / "README.md").unlink()
        with pytest.raises(MatterzooError, match=r"README\.md is missing"):
            verify(folder)

    def test_an_unlisted_file_is_named(self, folder: Path) -> None:
        (folder / "weights" / "another.bin").write_bytes(b"x")
        with pytest.raises(MatterzooError, match=r"weights/another\.bin is not listed"):
            verify(folder)

    def test_a_link_in_the_place_of_a_file_is_refused_even_if_it_leads_to_the_same_bytes(self, folder: Path) -> None:
        shutil.move(folder / "README.md", folder.parent / "elsewhere")
        (folder / "README.md").symlink_to(folder.parent / "elsewhere")
        with pytest.raises(MatterzooError, match="neither a file nor a folder"):
            verify(folder)

    @pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "weights/../README.md", "./README.md"])
    def test_a_path_that_leads_elsewhere_is_refused(self, folder: Path, path: str) -> None:
        with (folder / "sha256sums").open("a") as sums:
            sums.write(f"{'0' * 64}  {path}\n")
        with pytest.raises(MatterzooError, match="is not a hash and a path below this folder"):
            verify(folder)

    def test_another_archive_that_is_whole_is_not_the_expected_one(self, folder: Path) -> None:
        identity = verify(folder).identity
        assert verify(folder, identity).identity == identity
        with pytest.raises(MatterzooError, match="not the expected one"):
            verify(folder, "0" * 64)

    def test_sha256sum_of_coreutils_checks_it(self, folder: Path) -> None:
        command = ["sha256sum", "--check", "--strict", "--quiet", "sha256sums"]
        assert subprocess.run(command, cwd=folder, check=False).returncode == 0

    def test_an_archive_of_another_format_is_refused(self, files: dict[str, Path | bytes], tmp_path: Path) -> None:
        manifest = json.loads(bytes(files["manifest.json"])) | {"format": 99}  # type: ignore[arg-type]
        write_archive({**files, "manifest.json": json.dumps(manifest).encode()}, tmp_path / "newer")
        with pytest.raises(MatterzooError, match="no archive that this release reads"):
            verify(tmp_path / "newer")


def test_nothing_is_written_over(files: dict[str, Path | bytes], archive: Path) -> None:
    with pytest.raises(MatterzooError) as caught:
        write_archive(files, archive)
    assert caught.value.code == ExitCode.CANNOT_WRITE


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_archive({"a": b"x", "b": tmp_path / "absent"}, tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []
