"""`gather` and `metrics`: several models over the same records."""

from __future__ import annotations

from pathlib import Path

import typer

from matterzoo.cli import console

FOLDER = typer.Argument(..., help="The folder that `run` or `embed` wrote to.")


def gather(
    folder: Path = FOLDER,
    intersect: bool = typer.Option(False, "--intersect", help="Keep the records that all models have."),
    out: Path = typer.Option(None, "--out", "-o", help="File of the proof  [FOLDER/gathered.json]."),
    json: bool = typer.Option(False, "--json", help="Write the proof to standard output, too."),
) -> int:
    """Prove that all models of a folder saw the same ids in the same order from the same data."""
    from matterzoo_harness.gather import embedding_files, gather, write_proof

    gathered = gather(embedding_files(folder), intersect=intersect)
    target = write_proof(gathered, folder, out)
    if json:
        console.emit(gathered.summary())
    else:
        common = int(gathered.common.sum())
        print(f"{len(gathered.models)} models saw the same {len(gathered.ids)} records; {common} succeeded in all")
        for name, embeddings in gathered.models.items():
            failed = int((~embeddings.ok).sum())
            print(f"  {name}: {int(embeddings.ok.sum())} ok" + (f", {failed} failed" if failed else ""))
        if gathered.dropped:
            print(f"  dropped: {len(gathered.dropped)} records that not every model has")
        print(f"  proof   {target}")
    return 0
