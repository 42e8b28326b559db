"""Layers written anew: what counts is kept, when and by whom they were made is not."""

from __future__ import annotations

import io
import tarfile

from matterzoo_harness.archive.oci import canonical_layer
from matterzoo_harness.archive.writing import DATE

CAPABILITY = "SCHILY.xattr.security.capability"


def layer(date: int, bytecode: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in {
            "usr/b": b"bb",
            "usr/a": b"a",
            "usr/.wh.gone": b"",
            "usr/__pycache__/m.pyc": bytecode,
        }.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.uname, info.mode = len(content), date + 0.5, f"somebody-{date}", 0o4755
            info.pax_headers = {"atime": str(date), CAPABILITY: "x"}
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("usr/hard")
        link.type, link.linkname, link.mtime = tarfile.LNKTYPE, "usr/b", date
        archive.addfile(link)
    stream.seek(0)
    return stream


def canonical(source: io.BytesIO) -> bytes:
    sink = io.BytesIO()
    canonical_layer(source, sink)
    return sink.getvalue()


def test_two_builds_that_differ_in_dates_and_bytecode_give_one_layer() -> None:
    assert canonical(layer(1_600_000_000, b"one")) == canonical(layer(1_800_000_000, b"another"))


def test_another_content_gives_another_layer() -> None:
    source = layer(1_600_000_000, b"").getvalue().replace(b"bb", b"cc")
    assert canonical(io.BytesIO(source)) != canonical(layer(1_600_000_000, b""))


def test_order_modes_links_whiteouts_and_capabilities_are_kept() -> None:
    with tarfile.open(fileobj=io.BytesIO(canonical(layer(1, b"")))) as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == ["usr/b", "usr/a", "usr/.wh.gone", "usr/hard"]
        assert members[-1].linkname == "usr/b"
        assert {member.mtime for member in members} == {DATE}
        assert members[0].mode == 0o4755
        assert members[0].pax_headers == {CAPABILITY: "x"}
        stream = archive.extractfile("usr/hard")
        assert stream is not None
        assert stream.read() == b"bb"


def test_a_canonical_layer_stays_as_it_is() -> None:
    once = canonical(layer(1, b""))
    assert canonical(io.BytesIO(once)) == once


def test_the_installers_note_of_when_it_found_a_wheel_is_left_out_and_everything_else_of_a_record_stays() -> None:
    def installed(date: str) -> io.BytesIO:
        stream = io.BytesIO()
        record = f"foo.py,sha256=a,1\nfoo-1.0.dist-info/uv_cache.json,sha256={date},9\nfoo-1.0.dist-info/RECORD,,\n"
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in {"uv_cache.json": date, "RECORD": record}.items():
                info = tarfile.TarInfo(f"opt/env/foo-1.0.dist-info/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content.encode()))
        stream.seek(0)
        return stream

    once = canonical(installed("2024"))
    assert once == canonical(installed("2025-later"))
    with tarfile.open(fileobj=io.BytesIO(once)) as archive:
        (member,) = archive.getmembers()
        stream = archive.extractfile(member)
        assert stream is not None
        assert stream.read() == b"foo.py,sha256=a,1\nfoo-1.0.dist-info/RECORD,,\n"
