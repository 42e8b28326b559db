"""An image as an OCI layout with one digest for one content, which `docker load` and `podman load` take as well.

The engine's own export says when each file was made and by which build. Here every layer is written anew: dates fixed,
no bytecode (an interpreter compiles it in an order that differs from run to run), a configuration of what counts alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import docker

from matterzoo_harness.archive.writing import DATE
from matterzoo_schemas.canonical import canonical_json
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

_XATTR = "SCHILY.xattr."
_UV_NOTE = "uv_cache.json"
"""When the wheel was put where uv found it; `RECORD` lists it."""
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_KEPT = ("Env", "Cmd", "Entrypoint", "WorkingDir", "User", "Labels")


def write_layout(client: docker.DockerClient, images: Mapping[str, list[str]], folder: Path) -> dict[str, str]:
    """Write images of an engine as one OCI layout.

    Parameters
    ----------
    client
        The engine.
    images
        Name of an image in the engine → the names that it shall have when it is loaded.
    folder
        Where the layout is put; made.

    Returns
    -------
    digests
        Name → digest of its manifest (`sha256:…`), which names every byte of the image.
    """
    blobs = _Blobs(folder / "blobs" / "sha256")
    digests, index, loadable = {}, [], []
    for name, tags in sorted(images.items()):
        saved = folder / "saved.tar"
        with saved.open("wb") as sink:
            for chunk in client.images.get(name).save():
                sink.write(chunk)
        with tarfile.open(saved) as archive:
            config, layers = _image(archive, blobs)
        saved.unlink()
        entry = {"mediaType": _CONFIG, **blobs.add(canonical_json(config))}
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": entry, "layers": layers}
        described = {"mediaType": _MANIFEST, **blobs.add(canonical_json(manifest))}
        digests[name] = str(described["digest"])
        index.append({**described, "annotations": {"org.opencontainers.image.ref.name": tags[0]}})
        places = [_blob(str(layer["digest"])) for layer in layers]
        loadable.append({"Config": _blob(str(entry["digest"])), "RepoTags": tags, "Layers": places})
    content = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": index}
    (folder / "index.json").write_bytes(canonical_json(content))
    (folder / "oci-layout").write_bytes(canonical_json({"imageLayoutVersion": "1.0.0"}))
    (folder / "manifest.json").write_bytes(canonical_json(loadable))
    return digests


def canonical_layer(source: BinaryIO, sink: BinaryIO) -> None:
    """Write a layer anew: order, owners, modes and links as they are, dates fixed, no bytecode, no dates in files."""
    with (
        tarfile.open(fileobj=source, mode="r:") as old,
        tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8") as new,
    ):
        for member in old:
            parts = member.name.split("/")
            if "__pycache__" in parts or member.name.endswith((".pyc", f"/{_UV_NOTE}")):
                continue
            content = old.extractfile(member) if member.isreg() else None
            if content and member.name.endswith(".dist-info/RECORD"):
                lines = content.read().splitlines(keepends=True)
                text = b"".join(line for line in lines if f"/{_UV_NOTE},".encode() not in line)
                member.size, content = len(text), io.BytesIO(text)
            member.mtime, member.uname, member.gname = DATE, "", ""
            member.pax_headers = {key: text for key, text in member.pax_headers.items() if key.startswith(_XATTR)}
            new.addfile(member, content)


def _image(archive: tarfile.TarFile, blobs: _Blobs) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the configuration and the layers of a saved image, the layers' bytes having been put among the blobs."""
    (saved,) = json.load(_file(archive, "manifest.json"))
    old = json.load(_file(archive, saved["Config"]))
    layers = [{"mediaType": _LAYER, **blobs.add_layer(_file(archive, path))} for path in saved["Layers"]]
    chosen = {key: old["config"][key] for key in _KEPT if old["config"].get(key)}
    config = {
        "architecture": "amd64", "os": "linux", "config": chosen,
        "created": datetime.fromtimestamp(DATE, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }  # fmt: skip
    return config, layers


def _file(archive: tarfile.TarFile, path: str) -> BinaryIO:
    """Open a file of a saved image; a layer that another has too is a link to it."""
    member = archive.getmember(path)
    while member.issym():
        member = archive.getmember(posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname)))
    stream = archive.extractfile(member)
    if stream is None:
        raise MatterzooError(ExitCode.BAD_INPUT, f"the engine saved an image whose {path} is no file")
    return cast("BinaryIO", stream)


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


class _Blobs:
    """A folder of files under their hashes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def add(self, content: bytes) -> dict[str, Any]:
        return self._commit(io.BytesIO(content), copy=True)

    def add_layer(self, source: BinaryIO) -> dict[str, Any]:
        return self._commit(source, copy=False)

    def _commit(self, source: BinaryIO, *, copy: bool) -> dict[str, Any]:
        scratch = self._folder.parent / "blob"
        with scratch.open("wb") as file:
            if copy:
                file.write(source.read())
            else:
                canonical_layer(source, file)
        with scratch.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = scratch.stat().st_size
        scratch.replace(self._folder / digest)
        return {"digest": f"sha256:{digest}", "size": size}
