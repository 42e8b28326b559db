"""The authors' own module where no package has it: a file that came with the checkpoint, imported from its folder."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any


def module_of(file: Path, absent: Mapping[str, Mapping[str, Any]] | None = None) -> ModuleType:
    """Import one file.

    Parameters
    ----------
    file
        A Python file in the checkpoint's folder.
    absent
        Packages that it names and this environment lacks, each with what is to be had for its names elsewhere.
    """
    spec = importlib.util.spec_from_file_location(f"authors_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with lent(absent or {}):
        spec.loader.exec_module(module)
    return module


def package_of(folder: Path, name: str, absent: Mapping[str, Mapping[str, Any]] | None = None) -> ModuleType:
    """Import a package that lies in a folder of the checkpoint's."""
    sys.path.insert(0, str(folder))
    try:
        with lent(absent or {}):
            return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


@contextmanager
def lent(absent: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Let `from <package> import <name>` find names for the time of an import."""
    before = {name: sys.modules.get(name) for name in absent}
    for name, content in absent.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(content)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def scatters() -> dict[str, Mapping[str, Any]]:
    """Return what PyTorch Geometric has for torch-scatter, and for a type of torch-sparse."""
    from torch_geometric.typing import SparseTensor
    from torch_geometric.utils import scatter

    def scatter_add(source: Any, index: Any, dim: int = 0, dim_size: int | None = None) -> Any:
        return scatter(source, index, dim, dim_size, reduce="sum")

    return {
        "torch_scatter": {"scatter": scatter, "scatter_add": scatter_add},
        "torch_sparse": {"SparseTensor": SparseTensor, **dict.fromkeys(("matmul", "fill_diag", "sum", "mul"))},
    }
