"""A folder of embeddings in, a folder of results out: resumable, calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matterzoo_harness.metrics.calibrate import calibrate
from matterzoo_harness.metrics.checkpoint import Checkpoint, state_key
from matterzoo_harness.metrics.comparing import Progress, compare_joined
from matterzoo_harness.metrics.devices import pick_devices, strip_height
from matterzoo_harness.metrics.extras import write_growth, write_probes, write_tree
from matterzoo_harness.metrics.growth import against_n
from matterzoo_harness.metrics.joining import deduplicated
from matterzoo_harness.metrics.load import join_folder
from matterzoo_harness.metrics.presets import Preset
from matterzoo_harness.metrics.result import Comparison
from matterzoo_harness.metrics.split import sweeper
from matterzoo_schemas.records import Records


def compare_folder(
    folder: str | Path,
    out: str | Path,
    preset: Preset,
    *,
    how: str = "exact",
    on_bad: str = "error",
    permutations: int = 0,
    subsample: int = 1000,
    records: str | Path | None = None,
    growth: bool = False,
    device: str | Sequence[str] = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    save_every: float = 20.0,
) -> Comparison:
    """Compare the embeddings in a folder and write the results.

    A run that was killed continues where its last save was, and gives the same bits: the state lies in `out/.state`
    under a hash of the embeddings, the ids and all settings.

    Parameters
    ----------
    folder
        See `load_embeddings`.
    out
        Where `pairs.parquet`, `models.parquet`, `comparison.json` and `tree.nwk` go.
    preset
        What to compute.
    how, on_bad
        See `inputs.join`.
    permutations, subsample
        See `calibrate`; 0 permutations leave nulls and intervals out.
    records
        The records behind the embeddings: probes, transfer and energies are written too.
    growth
        Compare nested subsamples too, and write alignment against N.
    device, seed, progress
        See `compare`.
    save_every
        Seconds between two saves of the state.
    """
    joined, loaded = join_folder(folder, preset, how=how, on_bad=on_bad)
    joined = deduplicated(joined, False)
    places = pick_devices(device)
    place = places[0]
    height = strip_height(len(joined.names) - len(joined.degenerate), joined.records, preset.precision, place)
    key = state_key(joined, preset, strip=height, device=place.type, seed=seed)
    state = Checkpoint(Path(out) / ".state", key, save_every, progress, sweeper(places))
    comparison = compare_joined(joined, preset, device=device, seed=seed, strip=height, runner=state)
    if permutations:
        comparison = calibrate(
            comparison,
            joined,
            preset,
            permutations=permutations,
            subsample=subsample,
            device=device,
            seed=seed,
            progress=progress,
        )
    files: dict[str, Any] = {name: header.get("key", "") for name, header in loaded.headers.items()}
    comparison = replace(comparison, provenance={**comparison.provenance, "inputs_sha256": key, "content_keys": files})
    target = comparison.to_folder(out)
    write_tree(comparison, loaded, target)
    if growth:
        grown = against_n(joined, preset, device=device, seed=seed, progress=progress, full=comparison)
        write_growth(grown, target)
    if records is not None:
        write_probes(joined, loaded, Records.open(Path(records)), target, seed)
    state.clear()
    return comparison
