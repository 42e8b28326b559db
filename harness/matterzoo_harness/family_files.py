"""The files of one adapter: the family's own, those of `models/` that it imports, and texts named after one of them."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from matterzoo_schemas.canonical import sha256_of, sha256_of_file

MODELS = "matterzoo_adapters.models"


def family_files(adapter: Path) -> list[Path]:
    """Return an adapter's file and, beside it, the modules of `matterzoo_adapters.models` that it imports, sorted.

    Texts that a module reads (prompts) count with it: `chat.blank.txt` beside `chat.py`. Read from the source, at any
    depth of it, and never imported: the host imports no model's package.
    """
    found: set[Path] = set()
    waiting = [adapter]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found |= {file, *file.parent.glob(f"{file.stem}.*.txt")}
        waiting += [
            beside for name in _imports(file.read_bytes()) if (beside := file.with_name(f"{name}.py")).is_file()
        ]
    return sorted(found)


def family_sha256(adapter: Path) -> str:
    """Hash an adapter: its file alone, or names and contents of all its files."""
    files = family_files(adapter)
    if len(files) == 1:
        return sha256_of_file(adapter)
    return sha256_of({file.name: sha256_of_file(file) for file in files})


@lru_cache(maxsize=512)
def _imports(source: bytes) -> frozenset[str]:
    """Name the modules of `MODELS` that a source imports; a file is asked for once a model, and parsed once."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == MODELS:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{MODELS}."):
            names.add(node.module.removeprefix(f"{MODELS}."))
        elif isinstance(node, ast.Import):
            names |= {a.name.removeprefix(f"{MODELS}.") for a in node.names if a.name.startswith(f"{MODELS}.")}
    return frozenset(names)
