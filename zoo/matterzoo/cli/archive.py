"""`archive`, `verify`, `restore`: a model kept so that it gives the same numbers in years, with no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Json
from matterzoo.cli.progress import amounts
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

if TYPE_CHECKING:
    import docker

    from matterzoo_harness.archive.collect import Weights

ARCHIVE = typer.Argument(..., help="An archive: a folder or a tar.")
SHA256 = typer.Option("", "--identity", help="What its identity must be, where you know that from elsewhere.")


def archive(
    models: list[str] = typer.Argument(..., help="Models' ids."),
    out: Path = typer.Option(
        None,
        "--out",
        "-o",
        help="A folder to be made, or a file whose name ends in .tar  [of one model: MODEL.tar].",
        show_default=False,
    ),
    device: str = typer.Option("cpu", "--device", help="cpu or cuda: which lock."),
    weights: str = typer.Option(
        "auto", "--weights", help="auto: those that nothing forbids to pass on; all: for your own keeping; none."
    ),
    image: bool = typer.Option(True, "--image/--no-image", help="Put the built image in, besides its pieces."),
    share: bool = typer.Option(False, "--share", help="Refuse what may not be passed on."),
    sign: Path = typer.Option(None, "--sign", help="An SSH private key to sign it with (a folder only)."),
    json: Json = False,
) -> int:
    """Put models and all that they are made of into one folder or tar, with a README for whoever opens it."""
    from matterzoo.archiving import documents
    from matterzoo.catalogue import find
    from matterzoo.locking import choose_variant
    from matterzoo_harness.archive.make import make_archive
    from matterzoo_harness.archive.signing import refuse_tar, sign_archive
    from matterzoo_harness.environments.folder import find_environment

    found = [find(name) for name in dict.fromkeys(models)]
    out = out or _usual_place([model.id for model in found], signed=bool(sign))
    if sign:
        refuse_tar(out)
    chosen = [(model, choose_variant(device, find_environment(model.card.environment))[1]) for model in found]
    with amounts() as tick:
        made = make_archive(
            chosen, out, client=_builder() if image else None, weights=_weights(weights), share=share,
            documents=lambda collected: documents(found, collected), progress=console.say, tick=tick,
        )  # fmt: skip
    if sign:
        sign_archive(out, sign)
    if json:
        console.emit({"archive": str(out), "identity": made.identity, **made.manifest})
        return 0
    print(f"{out}\n  identity  {made.identity}")
    for one in made.manifest["left_out"]:
        print(f"  left out  {one['what']}: {one['why']}; from {one['where']}")
    for name, facts in made.manifest["models"].items():
        if not facts["golden"]:
            print(f"  no golden vectors of {name}: nothing will prove it (matterzoo golden {name})")
    print(f"\n  matterzoo verify {out}\n  matterzoo restore {out}")
    return 0


def verify(
    archive: Path = ARCHIVE,
    identity: str = SHA256,
    signers: Path = typer.Option(
        None, "--signers", help="A file of allowed signers (ssh-keygen(1)): it must be signed by one of them."
    ),
    json: Json = False,
) -> int:
    """Read an archive through: every file is listed, none besides, every bit as it was written; else exit code 79."""
    from matterzoo_harness.archive.reading import verify as read_through
    from matterzoo_harness.archive.signing import verify_signature

    with amounts() as tick:
        checked = read_through(archive, identity, tick)
    signer = verify_signature(archive, signers)
    if json:
        console.emit({"archive": str(archive), "identity": checked.identity, "files": len(checked.files),
                      "bytes": checked.size, "signer": signer, "models": checked.manifest["models"]})  # fmt: skip
    else:
        print(f"{archive}: {len(checked.files)} files, {checked.size / 1e6:,.0f} MB, as they were written")
        print(f"  identity  {checked.identity}\n  signed    {signer or 'no'}")
    return 0


def restore(
    archive: Path = ARCHIVE,
    runtime: str = typer.Option("auto", "--runtime", help="auto, docker or venv: where it is proved."),
    identity: str = SHA256,
    json: Json = False,
) -> int:
    """Bring an archive into MATTERZOO_HOME, without network, and prove it with its golden vectors."""
    from dataclasses import asdict

    from matterzoo.archiving import same_recipe
    from matterzoo_harness.archive.proof import prove
    from matterzoo_harness.archive.restore import restore as bring_back

    with amounts() as tick:
        restored = bring_back(archive, identity, tick)
    client = _engine(runtime, has_image="image/index.json" in restored.checked.files)
    proofs = prove(restored, client, console.say)
    if json:
        proved = [asdict(proof) for proof in proofs]
        console.emit({"identity": restored.checked.identity, "folder": str(restored.folder), "models": proved})
    else:
        print(f"{archive} is restored; its own files are in {restored.folder}")
        for proof in proofs:
            mark = {True: "✓", False: "✗", None: "·"}[proof.passed]
            print(f"  {mark} {proof.model} ({proof.runtime}): {proof.message}")
        for model, facts in restored.checked.manifest["models"].items():
            own = "" if same_recipe(model, facts) else f"MATTERZOO_PATH={restored.folder} "
            print(f"\n  {own}matterzoo run {model} INPUT")
    return int(ExitCode.CONFORMANCE if any(proof.passed is False for proof in proofs) else ExitCode.OK)


def diff(
    one: Path = typer.Argument(..., metavar="A", help="An archive or an OCI layout: a folder or a tar."),
    other: Path = typer.Argument(..., metavar="B", help="Another."),
    json: Json = False,
) -> int:
    """Explain file by file why two archives, or two images, differ; exit code 79 if they do."""
    from dataclasses import asdict

    from matterzoo_harness.archive.differences import compare_archives

    found = compare_archives(one, other)
    if json:
        console.emit([asdict(difference) for difference in found])
    else:
        for difference in found:
            print(difference)
        print(f"{len(found)} differences" if found else "the same")
    return int(ExitCode.DIGEST_MISMATCH if found else ExitCode.OK)


def cite(
    models: list[str] = typer.Argument(..., help="Models' ids."),
    metrics: str = typer.Option("", "--metrics", help="Metrics that were used, with commas between."),
    json: Json = False,
) -> int:
    """Write BibTeX: of models, the packages they run on, the metrics used, and matterzoo."""
    from matterzoo.catalogue import find
    from matterzoo.citing import bibliography

    used = [name.strip() for name in metrics.split(",") if name.strip()]
    text = bibliography([find(name) for name in dict.fromkeys(models)], used)
    console.emit({"bibtex": text}) if json else print(text, end="")
    return 0


def _usual_place(models: list[str], *, signed: bool) -> Path:
    """Name an archive after its one model, in this folder; a signed one is a folder itself."""
    if len(models) != 1:
        raise MatterzooError(ExitCode.USAGE, "an archive of several models has no name of its own", "-o NAME.tar")
    return Path(f"{models[0]}-archive" if signed else f"{models[0]}.tar")


def _weights(asked: str) -> Weights:
    choices: tuple[Weights, ...] = ("auto", "all", "none")
    if found := next((choice for choice in choices if choice == asked), None):
        return found
    raise MatterzooError(ExitCode.USAGE, f"--weights {asked!r}: it can be {', '.join(choices)}")


def _builder() -> docker.DockerClient:
    """Give the engine that builds the image, or say how to do without."""
    from matterzoo_harness.engine import connect

    try:
        return connect()
    except MatterzooError as error:
        hint = "start Docker, or --no-image: all that the image would be made of goes in"
        raise MatterzooError(error.code, error.message, hint) from error


def _engine(runtime: str, *, has_image: bool) -> docker.DockerClient | None:
    """Choose where an archive is proved: in its image, if there is one and an engine answers."""
    from matterzoo_harness.engine import connect

    if runtime not in ("auto", "docker", "venv"):
        raise MatterzooError(ExitCode.USAGE, f"--runtime {runtime!r}: it can be auto, docker or venv")
    if runtime == "docker":
        if not has_image:
            raise MatterzooError(ExitCode.USAGE, "this archive has no image inside", "--runtime venv")
        return connect()
    if runtime == "venv" or not has_image:
        return None
    try:
        return connect()
    except MatterzooError:
        return None
