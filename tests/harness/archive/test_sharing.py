"""`--share` refuses what nobody has allowed to be passed on, and says where it can be had instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matterzoo.catalogue import find
from matterzoo_harness.archive.packages import PackageFacts
from matterzoo_harness.archive.sharing import forbidden_weights, refuse_sharing
from matterzoo_harness.model import Model
from matterzoo_schemas.card import Checkpoint, Licence
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

OPEN = PackageFacts("foo", "1.0", "MIT", proprietary=False, texts={})
CLOSED = PackageFacts("nvidia-foo", "1.0", "LicenseRef-NVIDIA-Proprietary", proprietary=True, texts={})
HUB = {"source": "huggingface", "repo": "owner/name", "file": "a.safetensors"}


def model(code: str | None = "MIT", **checkpoint: Any) -> Model:
    found = find("chgnet-0.3.0")
    changes: dict[str, Any] = {"licence": Licence(code=code)}
    if checkpoint:
        changes["checkpoint"] = Checkpoint(**checkpoint)
    return replace(found, card=found.card.model_copy(update=changes))


def refused(found: Model, package: PackageFacts = OPEN, *, with_weights: bool = True) -> str:
    with pytest.raises(MatterzooError) as caught:
        refuse_sharing([found], [package], with_weights=with_weights)
    assert caught.value.code == ExitCode.GATED
    return caught.value.message


def test_open_code_and_weights_that_come_with_their_package_are_shared() -> None:
    refuse_sharing([model(), model("Modified BSD"), model("LGPL-3.0-or-later")], [OPEN], with_weights=True)


def test_weights_whose_licence_was_read_and_allows_it_are_shared() -> None:
    refuse_sharing([model(**HUB, redistributable=True)], [OPEN], with_weights=True)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"gated": True}, "they are gated"),
        ({"redistributable": False}, "does not allow"),
        ({}, "nobody has read"),
    ],
)
def test_weights_that_may_not_be_passed_on_are_named_with_their_place(fields: dict[str, bool], why: str) -> None:
    message = refused(model(**HUB, **fields))
    assert why in message
    assert "owner/name" in message


def test_an_archive_without_those_weights_is_shared() -> None:
    refuse_sharing([model(**HUB, gated=True)], [OPEN], with_weights=False)


@pytest.mark.parametrize("code", [None, "Academic Software License"])
def test_code_without_an_open_licence_is_refused(code: str | None) -> None:
    assert "its code" in refused(model(code))


def test_a_proprietary_package_is_refused_by_name() -> None:
    assert "nvidia-foo 1.0 is proprietary" in refused(model(), CLOSED)


def test_only_what_a_licence_forbids_is_left_out_of_ones_own_archive() -> None:
    assert forbidden_weights(model(**HUB)) == ""
    assert forbidden_weights(model(**HUB, gated=True))
    assert forbidden_weights(model(**HUB, redistributable=False))
