"""`diff` explains why two archives, or two images, differ."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from matterzoo_harness.archive.differences import compare_archives
from matterzoo_harness.archive.writing import write_archive

NUMPY = "environments/foo-cpu/wheels/numpy-{}-cp311-cp311-manylinux_2_28_x86_64.whl"


def written(target: Path, **files: bytes) -> Path:
    write_archive({name.replace("__", "/"): content for name, content in files.items()}, target)
    return target


def layout(folder: Path, files: Mapping[str, tuple[bytes, int]], **config: Any) -> Path:
    """Write an image of one layer: path → content and mode."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as layer:
        for path, (content, mode) in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), mode
            layer.addfile(info, io.BytesIO(content))
    described = blob(json.dumps({"config": config}).encode())
    manifest = blob(json.dumps({"config": described, "layers": [blob(stream.getvalue())]}).encode())
    name = {"org.opencontainers.image.ref.name": "matterzoo/foo:cpu-0123"}
    (folder / "index.json").write_text(json.dumps({"manifests": [{**manifest, "annotations": name}]}))
    (folder / "oci-layout").write_text("{}")
    return folder


def said(one: Path, other: Path) -> list[str]:
    return [str(difference) for difference in compare_archives(one, other)]


def test_a_folder_and_a_tar_of_the_same_content_are_the_same(tmp_path: Path) -> None:
    assert said(written(tmp_path / "a", README=b"x"), written(tmp_path / "b.tar", README=b"x")) == []


def test_files_that_only_one_has_are_named(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a", only_here=b"", same=b"1"), written(tmp_path / "b", only_there=b"", same=b"1")
    assert said(one, other) == ["only_here: only in A", "only_there: only in B"]


def test_a_table_that_differs_is_explained_by_its_keys(tmp_path: Path) -> None:
    one = written(tmp_path / "a", **{"lock.json": b'{"recipe": {"cpu": "1"}, "same": 1}'})
    other = written(tmp_path / "b", **{"lock.json": b'{"recipe": {"cpu": "2"}, "same": 1}'})
    assert said(one, other) == ["lock.json: recipe.cpu"]


def test_another_version_of_a_wheel_is_one_difference(tmp_path: Path) -> None:
    one = written(tmp_path / "a", **{NUMPY.format("2.4.6"): b"old"})
    other = written(tmp_path / "b", **{NUMPY.format("2.4.7"): b"new"})
    assert said(one, other) == ["environments/foo-cpu/wheels/numpy: 2.4.6 → 2.4.7"]


@pytest.mark.parametrize(
    ("files", "config", "expected"),
    [
        ({"opt/a": (b"1", 0o644)}, {"User": "0"}, []),
        ({"opt/a": (b"1", 0o755)}, {"User": "0"}, ["image matterzoo/foo, /opt/a: mode 644, owner 0:0 → mode 755, owner 0:0"]),
        ({"opt/a": (b"1", 0o644)}, {"User": "1"}, ['image matterzoo/foo, setting User: "0" → "1"']),
        ({}, {"User": "0"}, ["image matterzoo/foo, /opt/a: only in A"]),
    ],
)  # fmt: skip
def test_an_image_is_compared_file_by_file(tmp_path: Path, files: Any, config: Any, expected: list[str]) -> None:
    one = layout(tmp_path / "a", {"opt/a": (b"1", 0o644)}, User="0")
    assert said(one, layout(tmp_path / "b", files, **config)) == expected


def test_a_changed_file_of_an_image_is_named(tmp_path: Path) -> None:
    one, other = layout(tmp_path / "a", {"opt/a": (b"1", 0o644)}), layout(tmp_path / "b", {"opt/a": (b"2", 0o644)})
    (found,) = said(one, other)
    assert found.startswith("image matterzoo/foo, /opt/a: content ")
