"""Our own code as the worker gets it: two packages, found without importing them, copied apart from everything else.

In an installed wheel they lie among all the host's packages; a worker that could see their folder would see those too.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from matterzoo_harness import locations
from matterzoo_harness.family_files import family_files
from matterzoo_harness.store import writing
from matterzoo_schemas.canonical import sha256_of, sha256_of_file
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PACKAGES = ("matterzoo_schemas", "matterzoo_adapters")
_FAMILIES = "matterzoo_adapters/models/"


def source_files(adapter: str | None = None) -> dict[str, Path]:
    """List the worker's source files.

    Parameters
    ----------
    adapter
        `<family>:<class>` as on a card: of all families, only this one's files are listed (`family_files`). All
        families by default.

    Returns
    -------
    dict
        Path below the folder of sources → where the file lies now; sorted.

    Raises
    ------
    MatterzooError
        BUG if a package of ours is not installed.
    """
    files: dict[str, Path] = {}
    for package in PACKAGES:
        root = package_folder(package)
        found = [path for path in root.rglob("*") if path.suffix in {".py", ".json", ".txt"}]
        files |= {f"{package}/{path.relative_to(root).as_posix()}": path for path in found}
    if adapter is None:
        return dict(sorted(files.items()))
    own = files.get(f"{_FAMILIES}{adapter.partition(':')[0]}.py")
    wanted = {*(family_files(own) if own else ()), files[f"{_FAMILIES}__init__.py"]}
    return {name: path for name, path in sorted(files.items()) if not name.startswith(_FAMILIES) or path in wanted}


def package_folder(package: str) -> Path:
    """Locate one of our packages without importing it.

    Raises
    ------
    MatterzooError
        BUG if it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MatterzooError(ExitCode.BUG, f"{package} is not installed", "make clean, then again")
    return Path(next(iter(spec.submodule_search_locations)))


def sources_sha256(adapter: str | None = None) -> str:
    """Hash the worker's sources: their names and contents; see `source_files`."""
    return sha256_of({name: sha256_of_file(path) for name, path in source_files(adapter).items()})


def copy_sources(target: Path, adapter: str | None = None) -> None:
    """Copy the sources below a folder; see `source_files`."""
    for name, path in source_files(adapter).items():
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
