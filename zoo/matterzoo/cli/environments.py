"""`lock`, `fetch` and `build`: the two phases that make an environment last."""

from __future__ import annotations

from pathlib import Path

import typer

from matterzoo.cli import console

NAME = typer.Argument("", help="A model's id, or an environment's name.")
DEVICE = typer.Option("auto", "--device", help="auto, cpu or cuda: which lock.")


def lock(
    name: str = typer.Argument("", help="A model's id, an environment's name, or 'host'."),
    upgrade: bool = typer.Option(False, "--upgrade", help="Take the newest versions that fit."),
    check: bool = typer.Option(False, "--check", help="Write nothing: say what would change today, and why."),
    json: bool = typer.Option(False, "--json", help="Write what was locked as JSON."),
) -> int:
    """Resolve an environment to hashed locks, and record what a model is made of in its lock.json."""
    if check:
        return _check_lock(name, json=json)
    from matterzoo.locking import lock_name

    done = lock_name(name, upgrade=upgrade, progress=console.say)
    if json:
        console.emit(done)
    return 0


def _check_lock(name: str, *, json: bool) -> int:
    """Show what a lock would become; exit code 78 if it contradicts what it was made from."""
    from dataclasses import asdict

    from matterzoo.lock_check import check_lock
    from matterzoo_schemas.exit_codes import ExitCode

    changes = check_lock(name, console.say)
    if json:
        console.emit([asdict(change) for change in changes])
    else:
        for change in changes:
            print(f"{'✗' if change.wanted else '·'} {change.lock}: {change.what} ({change.why})")
        print(f"{name}: {len(changes)} changes" if changes else f"{name}: nothing would change")
    return int(ExitCode.BAD_CARD if any(change.wanted for change in changes) else ExitCode.OK)


def conflicts(
    names: list[str] = typer.Argument(None, help="Environments; all by default.", show_default=False),
    markdown: bool = typer.Option(False, "--markdown", help="Write the page docs/conflicts.md."),
    again: bool = typer.Option(False, "--again", help="Ask anew for pairs whose answer was kept, too."),
    json: bool = typer.Option(False, "--json", help="Write every pair as JSON."),
) -> int:
    """Ask the resolver, for every two environments, whether one could serve both.

    Needs the package index. Answers are kept in the cache until requirements or uv change.
    """
    from dataclasses import asdict

    from matterzoo.missing import summary, unlockable
    from matterzoo_harness.environments.clashes import clashes
    from matterzoo_harness.environments.folder import environment_names, find_environment
    from matterzoo_harness.metrics.progress import reporter

    folders = [find_environment(name) for name in names or environment_names()]
    alone = [folder for folder in folders if not unlockable(folder)]  # the others exclude themselves already
    with reporter() as progress:
        pairs = clashes(alone, progress, again=again)
    if json:
        console.emit([asdict(pair) for pair in pairs])
    elif markdown:
        from matterzoo.pages import conflicts_page

        print(conflicts_page(pairs), end="")
    else:
        for pair in pairs:
            print(f"{'✗' if pair.words else '✓'} {pair.one} + {pair.other}  {summary(pair.words)}".rstrip())
        print(f"{sum(bool(pair.words) for pair in pairs)} of {len(pairs)} pairs of environments exclude each other")
    return 0


def fetch(
    name: str = NAME,
    device: str = DEVICE,
    runtime: str = typer.Option("auto", "--runtime", help="auto and docker: the base image too; venv does without."),
    offline: bool = typer.Option(
        False, "--offline", help="Touch no network: every byte is read and compared, and what is missing is named."
    ),
) -> int:
    """Put all that a model needs into the store: packages, base image, weights. Runs nothing of it."""
    from matterzoo.locking import fetch_name, prove_fetched

    if offline:
        size = prove_fetched(name, device=device, runtime=runtime, progress=console.say)
        print(f"{name}: nothing is missing; {size / 1e6:,.0f} MB were read, every file as its hash says")
        return 0
    fetch_name(name, device=device, runtime=runtime, progress=console.say)
    return 0


def build(
    name: str = NAME,
    device: str = DEVICE,
    archival: bool = typer.Option(False, "--archival", help="Build it from two clean stores: one digest, or why not."),
    home: Path = typer.Option(
        None, "--home", help="With --archival: another MATTERZOO_HOME, the second store; else a clean copy is made."
    ),
    record: bool = typer.Option(False, "--record", help="Put that digest on record in the model's lock.json."),
    out: Path = typer.Option(None, "--out", "-o", help="With --archival: keep the image there, as an OCI layout."),
    json: bool = typer.Option(False, "--json", help="Write tag and recipe key as JSON."),
) -> int:
    """Build a model's container image from the store, without network."""
    from matterzoo.locking import build_name

    if archival:
        from matterzoo.archiving import build_twice

        digest = build_twice(name, device, out, console.say, home=home, record=record)
        console.emit({"model": name, "digest": digest}) if json else print(f"{name}\n  digest  {digest}")
        return 0
    built = build_name(name, device=device, progress=console.say)
    if json:
        console.emit(built)
    else:
        print(f"{built['image']}\n  recipe  {built['recipe_key']}")
    return 0
