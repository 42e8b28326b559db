"""Small packages, made on the spot: wheels and source archives that are installed for real."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path


def make_wheel(
    folder: Path, name: str, version: str, tag: str = "py3-none-any", content: str = "", needs: str = ""
) -> tuple[Path, str]:
    """Make a wheel of one module, which may need another package; give its file and sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": content or f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel, hashlib.sha256(wheel.read_bytes()).hexdigest()


def make_source(folder: Path, name: str, version: str, setup: str = "", extension: str = "None") -> tuple[Path, str]:
    """Make a source archive of one module, whose setup script runs `setup` first; give its file and sha256.

    With an `extension`, which is an expression of the setup script, it compiles.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = (
        f"{setup}\nfrom setuptools import Extension, setup\n"
        f"setup(name={name!r}, version={version!r}, py_modules=[{name!r}], ext_modules={extension})\n"
    )
    files = {"setup.py": script, f"{name}.py": f"VERSION = {version!r}\n"}
    source = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return source, hashlib.sha256(source.read_bytes()).hexdigest()


def pin(name: str, version: str, *sha256s: str) -> str:
    """Write one line of a lock."""
    return f"{name}=={version} " + " ".join(f"--hash=sha256:{sha256}" for sha256 in sha256s) + "\n"
