"""The archival build, with a real engine: what is built twice has one digest, and what differs is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import docker
import pytest

from matterzoo.catalogue import find
from matterzoo_harness.archive.clean import clean_store
from matterzoo_harness.archive.twice import archival_build
from matterzoo_harness.bases.choice import fetch_base
from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import find_environment
from matterzoo_harness.model import Model
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

pytestmark = [pytest.mark.engine, pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def model(private_zoo: Path, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    fetch_base("3.11", Store())
    return find("trivial")


def marked(client: docker.DockerClient) -> list[str]:
    """List what this process left."""
    tags = [tag for image in client.api.images() for tag in image["RepoTags"] or ()]
    return [tag for tag in tags if f"-archival-{os.getpid()}-" in tag]


def test_two_builds_from_two_clean_stores_give_one_digest(model: Model, tmp_path: Path) -> None:
    client, folder = connect(), find_environment(model.card.environment)
    clean = [clean_store(folder, "cpu", Store(), tmp_path / name) for name in ("one", "other")]
    digest = archival_build(client, model, "cpu", clean, tmp_path / "image")
    index = json.loads((tmp_path / "image" / "index.json").read_bytes())
    assert [manifest["digest"] for manifest in index["manifests"]] == [digest]
    assert not list(tmp_path.glob("*.again"))
    assert not marked(client)


def test_a_build_that_differs_is_explained(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def edit(line: str) -> None:
        """Change the card between the two builds, as an edit in a bad moment would."""
        if line.startswith("build 1 of 2"):
            monkeypatch.setattr(type(model), "resolved_card", {**model.resolved_card, "summary": "another"})

    with pytest.raises(MatterzooError, match=r"/opt/matterzoo/card\.json: content") as caught:
        archival_build(connect(), model, "cpu", [Store(), Store()], tmp_path / "image", edit)
    assert caught.value.code == ExitCode.DIGEST_MISMATCH
    assert not marked(connect())
