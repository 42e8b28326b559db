"""Where a CPU build of PyTorch can be had, decided in seconds (standard library only).

PyPI carries torch for Linux with several GB of CUDA only. The small CPU builds stand on PyTorch's own index, which
many clusters cannot reach; some sites keep a wheel in a folder of their own. So, in this order: the folders and pages
that the user's pip is configured with (`find-links`), then PyTorch's index.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from urllib.request import urlopen

from matterzoo_harness.pip_settings import PipSettings, read_pip_settings

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 3.0

_WHEEL = re.compile(
    r"torch-(?P<version>[0-9.]+\+cpu)-(?P<python>cp\d+)-(?P=python)-(?P<platform>\w+)_x86_64\.whl(#sha256=(?P<sha>\w{64}))?"
)


@dataclass(frozen=True)
class TorchBuild:
    """One wheel of a CPU build: its version (`2.13.0+cpu`), and what to hand to `--find-links` to get it."""

    version: str
    sha256: str
    find_links: str


def cpu_builds(python: str, settings: PipSettings | None = None) -> list[TorchBuild]:
    """List the CPU builds of torch for Linux x86-64 that can be had now, the newest version first.

    Parameters
    ----------
    python
        Python minor, such as `3.11`.
    settings
        The user's pip settings; read from the machine by default.
    """
    settings = settings or read_pip_settings()
    tag = "cp" + python.replace(".", "")
    builds: list[TorchBuild] = []
    for place in settings.find_links:
        folder = Path(place.removeprefix("file://")).expanduser()
        builds += _in_folder(folder, tag) if folder.is_dir() else _on_page(place, tag, settings)
    if not builds and not os.environ.get("MATTERZOO_OFFLINE"):
        index = os.environ.get("MATTERZOO_TORCH_INDEX", CPU_INDEX)
        builds += _on_page(f"{index.rstrip('/')}/torch/", tag, settings)
    return sorted(builds, key=lambda build: _release(build.version), reverse=True)


def _in_folder(folder: Path, tag: str) -> list[TorchBuild]:
    found = []
    for file in sorted(folder.glob("torch-*+cpu-*.whl")):
        match = _WHEEL.fullmatch(file.name)
        if match and match["python"] == tag:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found.append(TorchBuild(match["version"], digest, str(folder)))
    return found


def _on_page(url: str, tag: str, settings: PipSettings) -> list[TorchBuild]:
    """Read the wheels off an index page; a page that does not answer in time lists none."""
    if not url.startswith(("http://", "https://")):
        return []
    page: list[str] = []

    def read() -> None:
        try:
            context = ssl.create_default_context(cafile=settings.cert) if settings.cert else None
            with urlopen(url, timeout=PROBE_SECONDS, context=context) as answer:  # noqa: S310 - checked above
                page.append(answer.read().decode("utf-8", "replace"))
        except (OSError, ValueError):
            pass  # unreachable is an ordinary answer here: there is another way

    # In a thread, because a name server that does not answer knows no timeout.
    probe = threading.Thread(target=read, daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS)
    matches = _WHEEL.finditer(unquote(page[0])) if page else ()
    return sorted(
        {TorchBuild(m["version"], m["sha"], url) for m in matches if m["python"] == tag and m["sha"]},
        key=lambda build: build.sha256,
    )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+", maxsplit=1)[0].split("."))
