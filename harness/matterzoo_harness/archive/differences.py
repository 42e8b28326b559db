"""Why two archives, or two images, of one model differ: file by file, down to the key of a table."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from matterzoo_harness.archive.reading import Archive, opened
from matterzoo_harness.archive.writing import PIECE, UNSUMMED, Hashing

IMAGE = "image/"
MOST_KEYS = 5


@dataclass(frozen=True)
class Entry:
    """A file as it counts.

    Parameters
    ----------
    kind
        `file`, `folder`, `link` or `value` (of a configuration).
    content
        SHA-256 of a file, where a link leads, or a value.
    rights
        Mode and owner; empty where they do not count.
    table
        What a small JSON file says.
    """

    kind: str
    content: str
    rights: str = ""
    table: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Difference:
    """One file in which two things differ.

    Parameters
    ----------
    path
        Where.
    what
        `only in A`, `only in B`, or what of it is another.
    """

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def compare_archives(one: Path, other: Path) -> list[Difference]:
    """Compare two archives or OCI layouts (folders or tars), their images file by file.

    Raises
    ------
    MatterzooError
        `INPUT_MISSING`.
    """
    return _compare(archive_entries(one), archive_entries(other))


def archive_entries(path: Path) -> dict[str, Entry]:
    """List what an archive or a layout consists of; an image as the files and settings that it brings."""
    entries: dict[str, Entry] = {}
    with opened(path) as archive:
        names = archive.sizes()
        image = "" if "oci-layout" in names else IMAGE
        layout = f"{image}oci-layout" in names
        for name in names:
            if name in UNSUMMED or (layout and name.startswith(image)):
                continue
            with archive.open(name) as stream:
                entries[name] = _file_entry(name, stream, names[name])
        if layout:
            entries |= _image_entries(archive, image)
    return entries


def _file_entry(name: str, stream: BinaryIO, size: int) -> Entry:
    if name.endswith(".json") and size < PIECE:
        content = stream.read()
        try:
            return Entry("file", sha256(content).hexdigest(), table=dict(_flat(json.loads(content))))
        except ValueError:
            return Entry("file", sha256(content).hexdigest())
    return Entry("file", _digest(stream))


def _image_entries(archive: Archive, place: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    index = _json(archive, f"{place}index.json")
    for described in index["manifests"]:
        manifest = _json(archive, _blob(place, described["digest"]))
        name = described["annotations"]["org.opencontainers.image.ref.name"].rpartition(":")[0]
        config = _json(archive, _blob(place, manifest["config"]["digest"]))
        for key, value in _flat(config.get("config", {})):
            entries[f"image {name}, setting {key}"] = Entry("value", value)
        for layer in manifest["layers"]:
            with archive.open(_blob(place, layer["digest"])) as stream:
                entries |= {f"image {name}, /{path}": entry for path, entry in _layer(stream)}
    return entries


def _layer(stream: BinaryIO) -> Iterator[tuple[str, Entry]]:
    with tarfile.open(fileobj=stream, mode="r:") as layer:
        for member in layer:
            path = member.name.removeprefix("./")
            rights = f"mode {member.mode:o}, owner {member.uid}:{member.gid}"
            if member.isreg():
                content = layer.extractfile(member)
                yield path, Entry("file", _digest(content) if content else "", rights)  # type: ignore[arg-type]
            elif member.issym() or member.islnk():
                yield path, Entry("link", member.linkname, rights)
            else:
                yield path, Entry("folder", "", rights)


def _compare(one: Mapping[str, Entry], other: Mapping[str, Entry]) -> list[Difference]:
    found = []
    versions, moved = _versions(one, other)
    for path in sorted({*one, *other} - moved):
        if path not in other:
            found.append(Difference(path, "only in A"))
        elif path not in one:
            found.append(Difference(path, "only in B"))
        elif what := _what(one[path], other[path]):
            found.append(Difference(path, what))
    return [*versions, *found]


def _versions(one: Mapping[str, Entry], other: Mapping[str, Entry]) -> tuple[list[Difference], set[str]]:
    """Tell of wheels whose version changed; return the paths that this explains, too."""
    first, second = _wheels(set(one) - set(other)), _wheels(set(other) - set(one))
    both = sorted(first.keys() & second.keys())
    told = [
        Difference(f"{folder}/{name}", f"{first[folder, name][0]} → {second[folder, name][0]}") for folder, name in both
    ]
    return told, {path for key in both for path in (first[key][1], second[key][1])}


def _wheels(paths: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    found = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        try:
            package, version, *_ = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        found[folder, str(package)] = (str(version), path)
    return found


def _what(one: Entry, other: Entry) -> str:
    """Say what of a file is another; empty if nothing is."""
    if one.kind != other.kind:
        return f"a {one.kind} → a {other.kind}"
    parts = []
    if one.content != other.content:
        if one.table is not None and other.table is not None:
            keys = sorted(key for key in {*one.table, *other.table} if one.table.get(key) != other.table.get(key))
            more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
            parts.append(f"{', '.join(keys[:MOST_KEYS])}{more}" if keys else "written otherwise")
        elif one.kind == "file":
            parts.append(f"content {one.content[:12]}… → {other.content[:12]}…")
        else:
            parts.append(f"{one.content} → {other.content}")
    if one.rights != other.rights:
        parts.append(f"{one.rights} → {other.rights}")
    return "; ".join(parts)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Give every leaf of a JSON value by its path."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _flat(below, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and value:
        for number, below in enumerate(value):
            yield from _flat(below, f"{prefix}[{number}]")
    else:
        yield prefix or "(all of it)", json.dumps(value)


def _json(archive: Archive, name: str) -> dict[str, Any]:
    with archive.open(name) as stream:
        return dict(json.load(stream))


def _blob(place: str, digest: str) -> str:
    return f"{place}blobs/sha256/{digest.removeprefix('sha256:')}"


def _digest(stream: BinaryIO) -> str:
    hashed = Hashing(stream)
    while hashed.read(PIECE):
        pass
    return hashed.digest.hexdigest()
