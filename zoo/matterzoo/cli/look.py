"""`list`, `info` and `doctor`: look, and change nothing."""

from __future__ import annotations

import typer

from matterzoo.cli import console


def list_models(
    family: str = typer.Option(None, "--family", help="Only this family."),
    view: str = typer.Option(None, "--view", help="Only models of atoms, smiles, sequence, …"),
    state: str = typer.Option(None, "--state", help="Only models in this state."),
    commercial: bool = typer.Option(False, "--commercial", help="Leave out non-commercial licences."),
    json: bool = typer.Option(False, "--json", help="Write the list as JSON."),
) -> int:
    """List the models, and how far up the ladder each has come."""
    from matterzoo.catalogue import index

    models = [
        model
        for model in index()
        if (family is None or model.get("family") == family)
        and (view is None or model.get("view") == view)
        and (state is None or model["state"] == state)
        and not (commercial and model.get("non_commercial"))
    ]
    if json:
        console.emit(models)
        return 0
    rows = [("MODEL", "VIEW", "DIM", "ENERGY", "STATE", "ENVIRONMENT", "SUMMARY")]
    for model in models:
        state_text = describe_state(model["state"], model.get("random_weights"), model.get("weights_pinned", True))
        rows.append(
            (
                model["id"], model.get("view", ""), str(model.get("dim") or ""), "eV" if model.get("energy") else "",
                state_text, model.get("environment", ""), model.get("summary", model.get("reason", "")),
            )
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]]))
    return 0


def describe_state(state: str, random_weights: bool | None, weights_pinned: bool) -> str:
    """Say how far a model has come, and what must be known beside it."""
    notes = [state, "random weights" if random_weights else "", "" if weights_pinned else "weights not pinned"]
    return ", ".join(filter(None, notes))


def info(
    model: str = typer.Argument("", help="A model's id."),
    json: bool = typer.Option(False, "--json", help="Write everything as JSON."),
) -> int:
    """Show a model's card, its lock and its state."""
    from matterzoo.catalogue import find
    from matterzoo.states import state_of

    found = find(model)
    card = found.card
    state = state_of(found)
    content = {
        "card": card.model_dump(mode="json", exclude_none=True),
        "lock": found.lock.model_dump(mode="json", exclude_defaults=True),
        "state": state,
        "folder": str(found.folder),
        "adapter": str(found.adapter_file),
    }
    if json:
        console.emit(content)
        return 0
    print(f"{card.name} ({card.id}): {card.summary}")
    facts = {
        "state": describe_state(state, card.random_weights, found.weights_pinned),
        "view": card.view.value,
        "environment": card.environment,
        "checkpoint": card.checkpoint.source,
        "energy": "eV, total" if card.energy.available else "no head",
        "parameters": f"{card.training.parameters:,}" if card.training.parameters else None,
        "trained on": ", ".join(card.training.data_sets) or None,
        "level of theory": card.training.level_of_theory,
        "licence": " / ".join(filter(None, [card.licence.code, card.licence.weights])) or None,
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
