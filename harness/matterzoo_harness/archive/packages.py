"""What packages say of themselves, read out of wheels and Debian packages without installing them."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

_LICENCE = re.compile(r"(licen[cs]es?|copying|copyright|notices?|authors|unlicense|eula)\b", re.IGNORECASE)
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60


@dataclass(frozen=True)
class PackageFacts:
    """A package's own words.

    Parameters
    ----------
    name, version
        As its metadata has them.
    licence
        Its licence expression, field or classifiers; empty if it names none.
    proprietary
        Whether it calls itself proprietary: it may be used, and not be passed on.
    texts
        Its licence files: name → bytes.
    """

    name: str
    version: str
    licence: str
    proprietary: bool
    texts: dict[str, bytes]


def wheel_facts(wheel: Path) -> PackageFacts:
    """Read a wheel's metadata and licence texts."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        folder = f"{metadata.rpartition('/')[0]}/"
        fields = HeaderParser().parsestr(archive.read(metadata).decode("utf-8", "replace"))
        listed = {str(name) for name in fields.get_all("License-File", [])}
        texts = {
            name.removeprefix(folder).removeprefix("licenses/"): archive.read(name)
            for name in names
            if name.startswith(folder) and not name.endswith("/") and _is_licence(name.removeprefix(folder), listed)
        }
    classifiers = [
        str(line).rpartition("::")[2].strip()
        for line in fields.get_all("Classifier", [])
        if str(line).startswith("License ::")
    ]
    stated = str(fields.get("License-Expression") or fields.get("License") or "").strip()
    short = stated if stated and "\n" not in stated and len(stated) <= 100 else ""
    licence = short or " AND ".join(classifiers)
    proprietary = "proprietary" in " ".join([stated, *classifiers]).lower()
    return PackageFacts(str(fields["Name"]), str(fields["Version"]), licence, proprietary, texts)


def deb_copyright(deb: Path, name: str) -> bytes | None:
    """Return the file `copyright` of a Debian package; None where another package's is meant, or it has none."""
    data = _ar_member(deb.read_bytes(), "data.tar")
    if data is None:
        return None
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            member = archive.getmember(f"./usr/share/doc/{name}/copyright")
            stream = archive.extractfile(member)
            return stream.read() if stream else None
    except (KeyError, tarfile.TarError):
        return None


def _is_licence(path: str, listed: set[str]) -> bool:
    parts = PurePosixPath(path)
    return path in listed or path.startswith("licenses/") or bool(_LICENCE.match(parts.name))


def _ar_member(content: bytes, prefix: str) -> bytes | None:
    """Return one member of an `ar` archive, which a Debian package is."""
    if not content.startswith(_AR_MAGIC):
        return None
    start = len(_AR_MAGIC)
    while start + _AR_HEADER <= len(content):
        header = content[start : start + _AR_HEADER]
        size = int(header[48:58])
        start += _AR_HEADER
        if header[:16].decode("ascii", "replace").startswith(prefix):
            return content[start : start + size]
        start += size + size % 2
    return None
