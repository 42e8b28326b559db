"""`metrics`: how the models' embeddings of the same records relate, all pairs at once."""

from __future__ import annotations

from pathlib import Path

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Json
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

FOLDER = typer.Argument(..., help="Folder with one .safetensors or .npz file a model.")
OUT = typer.Option(None, "--out", "-o", help="Folder of the results  [EMB_DIR/metrics].", show_default=False)
PRESET = typer.Option("default", "--preset", help="default, paper, prh, idcorr, dadapy or skdim.")
METRICS = typer.Option(None, "--metrics", help="Names, with commas between  [the preset's].", show_default=False)
K = typer.Option(None, "--k", help="Neighbours, with commas between  [the preset's].", show_default=False)
DEVICE = typer.Option("auto", "--device", help="auto, cpu, cuda; several share the work: cuda:0,cuda:1.")
PRECISION = typer.Option(None, "--precision", help="float32 or float64  [the preset's].", show_default=False)
PERMUTATIONS = typer.Option(99, "--permutations", min=0, help="Draws from the null; 0 leaves p and intervals out.")
SUBSAMPLE = typer.Option(1000, "--subsample", min=50, help="Records for nulls and intervals.")
INTERSECT = typer.Option(False, "--intersect", help="Keep the records that all models have.")
DROP = typer.Option(False, "--drop-bad", help="Leave out records that are not finite in some model.")
SEED = typer.Option(0, "--seed", help="Seed of folds, subsamples and permutations.")
LABELS = typer.Option(
    None,
    "--labels",
    metavar="RECORDS",
    help="records.safetensors: probes, transfer and energies, too.",
    show_default=False,
)
GROWTH = typer.Option(False, "--against-n", help="Compare nested subsamples, too.")
ESTIMATE = typer.Option(False, "--estimate", help="Say how long it will take and how much memory, and stop.")


def metrics(
    folder: Path = FOLDER,
    out: Path = OUT,
    preset: str = PRESET,
    metrics: str = METRICS,
    k: str = K,
    device: str = DEVICE,
    precision: str = PRECISION,
    permutations: int = PERMUTATIONS,
    subsample: int = SUBSAMPLE,
    intersect: bool = INTERSECT,
    drop_bad: bool = DROP,
    labels: Path = LABELS,
    against_n: bool = GROWTH,
    seed: int = SEED,
    estimate: bool = ESTIMATE,
    json: Json = False,
) -> int:
    """Compare the embeddings of several models: all pairs, all metrics, in one sweep."""
    from matterzoo.cli.comparison import show
    from matterzoo_harness.metrics.estimate import calibration_seconds
    from matterzoo_harness.metrics.estimate import estimate as estimated
    from matterzoo_harness.metrics.folder import compare_folder
    from matterzoo_harness.metrics.load import join_folder
    from matterzoo_harness.metrics.presets import resolve
    from matterzoo_harness.metrics.progress import reporter

    names = None if metrics is None else tuple(name.strip() for name in metrics.split(",") if name.strip())
    chosen = resolve(preset, metrics=names, k=_numbers(k), precision=precision)
    how, on_bad = "intersect" if intersect else "exact", "drop" if drop_bad else "error"
    if estimate:
        joined, _ = join_folder(folder, chosen, how=how, on_bad=on_bad)
        cost = estimated(joined, chosen, device=device)
        nulls = calibration_seconds(joined, chosen, permutations=permutations, subsample=subsample, device=device)
        if json:
            console.emit(
                {
                    "seconds": cost.seconds,
                    "calibration_seconds": nulls,
                    "gibibytes": cost.gibibytes,
                    "strips_tried": cost.strips_tried,
                }
            )
        else:
            print(
                f"{len(joined.names)} models, {joined.records} records: about {cost.seconds:.1f} s and "
                f"{cost.gibibytes:.2f} GiB, and {nulls:.1f} s for nulls and intervals "
                f"(tried on {cost.strips_tried} strips and three draws, with this machine as busy as it is)"
            )
        return 0
    target = out or folder / "metrics"
    with reporter() as bars:
        result = compare_folder(
            folder,
            target,
            chosen,
            how=how,
            on_bad=on_bad,
            permutations=permutations,
            subsample=subsample,
            records=labels,
            growth=against_n,
            device=device,
            seed=seed,
            progress=bars,
        )
    if json:
        console.emit(
            {
                "folder": str(target),
                "names": list(result.names),
                "provenance": result.provenance,
                "models": result.model_rows(),
                "pairs": list(result.rows()),
            }
        )
    else:
        show(result, target)
    return 0


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise MatterzooError(ExitCode.USAGE, f"--k {text}: not numbers with commas between", "--k 10,25,100") from None
