"""Our own code as the worker gets it: two packages, found without importing them, copied apart from everything else.

In an installed wheel they lie among all the host's packages; a worker that could see their folder would see those too.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.store import writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PACKAGES = ("matterzoo_schemas", "matterzoo_adapters")


@lru_cache
def source_files() -> dict[str, Path]:
    """List every source file of the worker: its path below the staged folder → where it lies now, sorted.

    Raises
    ------
    MatterzooError
        BUG if a package of ours is not installed.
    """
    files: dict[str, Path] = {}
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise MatterzooError(ExitCode.BUG, f"{package} is not installed", "make clean, then again")
        root = Path(spec.submodule_search_locations[0])
        found = [path for path in root.rglob("*") if path.suffix in {".py", ".json"} or path.name == "py.typed"]
        files |= {f"{package}/{path.relative_to(root).as_posix()}": path for path in found}
    return dict(sorted(files.items()))


def sources_sha256() -> str:
    """Hash the worker's sources: names and contents."""
    digest = hashlib.sha256()
    for name, path in source_files().items():
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def copy_sources(target: Path) -> None:
    """Copy the sources below a folder."""
    for name, path in source_files().items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)


def staged_sources() -> Path:
    """Give a folder that holds exactly the two packages; made once for each state of the sources."""
    target = locations.cache() / "worker" / sources_sha256()[:16]
    if target.is_dir():
        return target
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        scratch.chmod(0o755)
        copy_sources(scratch)
        try:
            scratch.replace(target)
        except OSError:  # another process was faster
            shutil.rmtree(scratch)
    return target
