"""`list`, `info` and `doctor`: look, and change nothing."""

from __future__ import annotations

from typing import Any

import typer

from matterzoo.cli import console
from matterzoo_schemas.exit_codes import ExitCode


def list_models(
    names: list[str] = typer.Argument(None, help="Only ids that contain one of these.", show_default=False),
    family: str = typer.Option(None, "--family", help="Only this family."),
    view: str = typer.Option(None, "--view", help="Only models of atoms, smiles, sequence, …"),
    state: str = typer.Option(None, "--state", help="Only models in this state."),
    commercial: bool = typer.Option(False, "--commercial", help="Leave out non-commercial licences."),
    archival: bool = typer.Option(False, "--archival", help="Only models that `archive` takes: pinned to the byte."),
    blocked: bool = typer.Option(False, "--blocked", help="Only models that lack something, and what it is."),
    json: bool = typer.Option(False, "--json", help="Write the list as JSON."),
    markdown: bool = typer.Option(False, "--markdown", help="Write the list as the page docs/models.md."),
) -> int:
    """List the models, and how far up the ladder each has come."""
    from matterzoo.catalogue import index

    models = [
        model
        for model in index()
        if (not names or any(name in model["id"] for name in names))
        and (family is None or model.get("family") == family)
        and (view is None or model.get("view") == view)
        and (state is None or model["state"] == state)
        and not (commercial and model.get("non_commercial"))
        and not (archival and not model.get("archival"))
        and not (blocked and model["missing"] is None)
    ]
    if json:
        console.emit(models)
    elif markdown:
        from matterzoo.pages import models_page

        print(models_page(models), end="")
    elif blocked:
        _print_table([("MODEL", "STATE", "WHAT IS MISSING"), *((m["id"], _state(m), m["missing"]) for m in models)])
    else:
        heads = ("MODEL", "VIEW", "DIM", "ENERGY", "STATE", "ENVIRONMENT", "SUMMARY")
        _print_table([heads, *(_row(model) for model in models)])
    return 0


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    dim, energy = str(model.get("dim") or ""), "eV" if model.get("energy") else ""
    summary = model.get("summary", model.get("reason", ""))
    return model["id"], model.get("view", ""), dim, energy, _state(model), model.get("environment", ""), summary


def _state(model: dict[str, Any]) -> str:
    return describe_state(model["state"], model.get("random_weights"), model.get("weights_pinned", True))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]]))


def describe_state(state: str, random_weights: bool | None, weights_pinned: bool) -> str:
    """Say how far a model has come, and what must be known beside it."""
    notes = [
        state,
        "random weights" if random_weights and "random" not in state else "",
        "" if weights_pinned else "weights not pinned",
    ]
    return ", ".join(filter(None, notes))


def info(
    model: str = typer.Argument("", help="A model's id."),
    json: bool = typer.Option(False, "--json", help="Write everything as JSON."),
) -> int:
    """Show a model's card, its lock and its state."""
    from matterzoo.catalogue import find
    from matterzoo.missing import missing_piece
    from matterzoo.states import standing_of, why_not_archival
    from matterzoo_harness.checking.files import golden_file
    from matterzoo_harness.gates import weights_state
    from matterzoo_harness.store import Store

    found = find(model)
    card = found.card
    standing = standing_of(found)
    weights = weights_state(found, Store())
    state, missing, unpinned = standing.state, missing_piece(found, standing), why_not_archival(found)
    proof = "proved by its golden vectors" if golden_file(found).is_file() else "without golden vectors to prove it"
    content = {
        "card": card.model_dump(mode="json", exclude_none=True),
        "lock": found.lock.model_dump(mode="json", exclude_defaults=True),
        "state": state,
        "missing": missing,
        "archival": unpinned is None,
        "weights": weights._asdict(),
        "folder": str(found.folder),
        "adapter": str(found.adapter_file),
    }
    if json:
        console.emit(content)
        return 0
    print(f"{card.name} ({card.id}): {card.summary}")
    facts = {
        "state": describe_state(state, card.random_weights, found.weights_pinned),
        "missing": missing,
        "view": card.view.value,
        "environment": card.environment,
        "checkpoint": card.checkpoint.source,
        "weights": weights.words,
        "energy": "eV, total" if card.energy.available else "no head",
        "parameters": f"{card.training.parameters:,}" if card.training.parameters else None,
        "trained on": ", ".join(card.training.data_sets) or None,
        "level of theory": card.training.level_of_theory,
        "licence": " / ".join(filter(None, [card.licence.code, card.licence.weights])) or None,
        "archival": f"no: {unpinned}" if unpinned else f"yes, {proof}",
        "image": found.lock.image_digest,
        "cite": card.citation.doi,
        "folder": str(found.folder),
    }
    for name, value in facts.items():
        if value:
            print(f"  {name:<15} {value}")
    for layer in card.embedding.layers:
        default = " (default)" if layer.name == card.embedding.default else ""
        dim = layer.dim or "?"
        print(
            f"  layer           {layer.name}{default}: {dim} numbers a {layer.node_kind or 'record'}, {layer.symmetry}"
        )
    for name, option in card.options.items():
        print(f"  option          {name}={option.value} of {', '.join(option.allowed)}")
    print(f"\n  make run MODEL={card.id}")
    return 0


def lint(
    names: list[str] = typer.Argument(None, help="Models or environments; all by default.", show_default=False),
    lacking: bool = typer.Option(False, "--lacking", help="Show too what is only lacking (a licence, a hash, a lock)."),
    json: bool = typer.Option(False, "--json", help="Write every remark as JSON."),
) -> int:
    """Find contradictions between files, and what was left unfinished; exit code 78 if there is any."""
    from collections import Counter
    from dataclasses import asdict

    from matterzoo.linting import lint as inspect

    remarks = inspect(names or ())
    if json:
        console.emit([asdict(remark) for remark in remarks])
    else:
        for remark in remarks:
            if lacking or remark.fails:
                print(f"{'✗' if remark.fails else '·'} {remark.name}: {remark.message} ({remark.rule})")
        count = Counter(remark.kind for remark in remarks)
        hint = "" if lacking else " (--lacking shows it)"
        print(
            f"contradictions: {count['contradiction']}, left unfinished: {count['unfinished']}, "
            f"lacking: {count['lacking']}{hint}"
        )
    return int(ExitCode.BAD_CARD) if any(remark.fails for remark in remarks) else 0


def doctor(json: bool = typer.Option(False, "--json", help="Write the findings as JSON.")) -> int:
    """Check what this machine can do, and say how to mend what it cannot."""
    from matterzoo_harness.doctor import examine

    findings = examine()
    if json:
        console.emit([finding.__dict__ for finding in findings])
    else:
        for finding in findings:
            mark = {"ok": "✓", "note": "·", "problem": "✗"}[finding.severity]
            print(f"{mark} {finding.check}: {finding.message}")
            if finding.remedy:
                print(f"    → {finding.remedy}")
    return 1 if any(finding.severity == "problem" for finding in findings) else 0
