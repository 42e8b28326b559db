"""What packages say of themselves, read without installing them."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from matterzoo_harness.archive.packages import deb_copyright, wheel_facts


def wheel(folder: Path, metadata: str, **texts: str) -> Path:
    file = folder / "foo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("foo/__init__.py", "")
        archive.writestr("foo/LICENSE_of_data.py", "not a licence file of the package")
        archive.writestr("foo-1.0.dist-info/METADATA", f"Metadata-Version: 2.4\nName: foo\nVersion: 1.0\n{metadata}\n")
        for name, text in texts.items():
            archive.writestr(f"foo-1.0.dist-info/{name.replace('__', '/')}", text)
    return file


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License: BSD-3-Clause", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT License"),
        ("License: Copyright (c) somebody\n        all of its text\nClassifier: License :: OSI Approved :: BSD", "BSD"),
        ("Summary: nothing said", ""),
    ],
)
def test_the_licence_is_the_packages_own_words(tmp_path: Path, metadata: str, licence: str) -> None:
    assert wheel_facts(wheel(tmp_path, metadata)).licence == licence


@pytest.mark.parametrize("metadata", ["License: LicenseRef-NVIDIA-Proprietary", "License: NVIDIA Proprietary Software"])
def test_what_calls_itself_proprietary_is_so(tmp_path: Path, metadata: str) -> None:
    assert wheel_facts(wheel(tmp_path, metadata)).proprietary
    assert not wheel_facts(wheel(tmp_path, "License: MIT")).proprietary


def test_licence_texts_are_all_found_wherever_the_metadata_has_them(tmp_path: Path) -> None:
    texts = {
        "licenses__LICENSE": "a",
        "licenses__vendored__COPYING": "b",
        "NOTICE": "c",
        "terms.txt": "d",
        "RECORD": "e",
    }
    facts = wheel_facts(wheel(tmp_path, "License-File: terms.txt", **texts))
    assert facts.texts == {"LICENSE": b"a", "vendored/COPYING": b"b", "NOTICE": b"c", "terms.txt": b"d"}


def test_the_copyright_of_a_debian_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "root/DEBIAN").mkdir(parents=True)
    (tmp_path / "root/DEBIAN/control").write_text(
        "Package: foo\nVersion: 1.0\nArchitecture: all\nMaintainer: Ada <ada@example.org>\nDescription: a test\n"
    )
    (tmp_path / "root/usr/share/doc/foo").mkdir(parents=True)
    (tmp_path / "root/usr/share/doc/foo/copyright").write_text("Copyright Ada\n")
    try:
        command = ["dpkg-deb", "-Zxz", "--build", tmp_path / "root", tmp_path / "foo.deb"]
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("absent real part: dpkg-deb")
    assert deb_copyright(tmp_path / "foo.deb", "foo") == b"Copyright Ada\n"
    assert deb_copyright(tmp_path / "foo.deb", "bar") is None
