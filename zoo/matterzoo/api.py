"""What a notebook uses: `import matterzoo as mz`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.shard import Embeddings


def load(path: str | Path) -> Embeddings:
    """Open a file of embeddings, memory-mapped.

    Parameters
    ----------
    path
        What `matterzoo run` wrote.

    Returns
    -------
    embeddings
        `layers[name].pooled` [n, d], `energy` [n] in eV, `ok` [n]: mask by it, failed records are NaN rows.

    Raises
    ------
    MatterzooError
        If there is no such file, or it is not ours.
    """
    return Embeddings.open(Path(path))


def embed(
    model: str,
    inputs: Any,
    *,
    ids: Sequence[str] | None = None,
    out: str | Path | None = None,
    runtime: str = "auto",
    device: str = "auto",
    layers: Sequence[str] = (),
    pooling: str | None = None,
    nodes: bool = False,
    options: Mapping[str, str] | None = None,
    threads: int = 0,
    progress: bool = True,
) -> Embeddings:
    """Embed structures, molecules or proteins by one model.

    Parameters
    ----------
    model
        A model's id.
    inputs
        A list of `ase.Atoms` (or of pymatgen structures), a list of SMILES or sequences, or what the command takes:
        a file, a folder, `sample:crystals`.
    ids
        Names of the objects in a list; by default their own, or their number.
    out
        Folder of the results; a temporary one by default, whose arrays are copied into memory.
    runtime, device, layers, pooling, nodes, options, threads
        As the command's options.
    progress
        Whether to show how far it is.

    Returns
    -------
    embeddings
        As `load` gives them, in the order of `inputs`.

    Raises
    ------
    MatterzooError
        Whatever the command would end with.
    """
    from matterzoo.catalogue import find
    from matterzoo.cli.progress import watching
    from matterzoo_harness.embedding import Request
    from matterzoo_harness.embedding import embed as embed_models
    from matterzoo_harness.inputs import Inputs
    from matterzoo_harness.plan import Choices

    found = find(model)
    with tempfile.TemporaryDirectory(prefix="matterzoo-") as scratch:
        folder = Path(out or scratch).absolute()
        inputs_read = Inputs(_read(inputs, found.card.view.value, ids), folder)
        choices = Choices(
            layers=tuple(layers), pooling=pooling, nodes=nodes, options=dict(options or {}), threads=threads
        )
        request = Request(folder, runtime, device, choices)
        if progress:
            with watching(inputs_read.count) as listener:
                (outcome,) = embed_models([found], inputs_read, request, listener)
        else:
            (outcome,) = embed_models([found], inputs_read, request, lambda _: None)
        if outcome.error is not None:
            raise outcome.error
        if outcome.embeddings is None:
            raise MatterzooError(ExitCode.BUG, f"{model} gave neither embeddings nor an error")
        return outcome.embeddings if out else outcome.embeddings.copied()


def _read(inputs: Any, view: str, ids: Sequence[str] | None) -> Any:
    from matterzoo_harness.readers import from_atoms, from_strings, read
    from matterzoo_schemas.views import TEXT_VIEWS

    if isinstance(inputs, (str, Path)):
        return read(inputs)
    objects = list(inputs)
    if not objects:
        raise MatterzooError(ExitCode.BAD_INPUT, "there is nothing to embed")
    if all(isinstance(thing, str) for thing in objects):
        return from_strings(objects, view if view in TEXT_VIEWS else "smiles", ids)
    return from_atoms(objects, ids)
