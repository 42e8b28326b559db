"""What may be passed on: every reason why an archive must not be, each with where its reader can get the thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from license_expression import get_spdx_licensing

from matterzoo_harness.archive.packages import PackageFacts
from matterzoo_harness.model import Model
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

_UNLISTED = {"Modified BSD"}
"""Licences that allow to pass code on and are stated by a name that SPDX does not list."""


def weights_place(model: Model) -> str:
    """Say where a model's weights can be had."""
    checkpoint = model.card.checkpoint
    parts = ", ".join(part.url for part in checkpoint.parts.values())
    return str(checkpoint.url or checkpoint.repo or parts or checkpoint.file or model.card.name)


def forbidden_weights(model: Model) -> str:
    """Say why a model's weights may not be passed on, as far as its card knows; empty if nothing forbids it."""
    checkpoint = model.card.checkpoint
    if checkpoint.source == "none" and not checkpoint.parts:
        return ""
    if checkpoint.gated:
        return "they are gated: whoever uses them accepts their licence at the source"
    return "their licence does not allow to pass them on" if checkpoint.redistributable is False else ""


def refuse_sharing(models: Sequence[Model], packages: Iterable[PackageFacts], *, with_weights: bool) -> None:
    """Refuse to pass on what nobody has allowed to be passed on.

    Parameters
    ----------
    models
        The archive's models.
    packages
        What its wheels say of themselves.
    with_weights
        Whether checkpoints are in it.

    Raises
    ------
    MatterzooError
        `GATED` with every reason, and where the reader gets what must be left out.
    """
    reasons = [reason for model in models for reason in _of_model(model, with_weights=with_weights)]
    own = [facts for facts in packages if facts.proprietary]
    reasons += [f"{one.name} {one.version} is proprietary ({one.licence}): from the package index" for one in own]
    if reasons:
        hint = "--weights none leaves checkpoints out, by name; --device cpu does without CUDA's libraries"
        raise MatterzooError(ExitCode.GATED, "this may not be passed on:\n  " + "\n  ".join(reasons), hint)


def _of_model(model: Model, *, with_weights: bool) -> list[str]:
    card, reasons = model.card, []
    if why := _closed(card.licence.code):
        reasons.append(f"{model.id}: its code {why}: from its authors ({card.citation.doi or card.name})")
    elsewhere = card.checkpoint.source in ("huggingface", "url", "local") or bool(card.checkpoint.parts)
    why = forbidden_weights(model)
    if not why and elsewhere and card.checkpoint.redistributable is None:
        why = "nobody has read whether their licence allows to pass them on"
    if why and (with_weights or not elsewhere):
        reasons.append(f"{model.id}: its weights: {why}: from {weights_place(model)}")
    return reasons


def _closed(licence: str | None) -> str:
    """Say what stands against passing code on; empty for a licence that SPDX lists."""
    if licence is None:
        return "has no licence on the card"
    if licence in _UNLISTED or not get_spdx_licensing().validate(licence).errors:
        return ""
    return f"is under {licence}, which is no open licence that SPDX lists"
