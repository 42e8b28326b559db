"""Checkpoints: fetched from a server that breaks off, lies, and asks for a token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_server import SmallServer, small_server

from matterzoo_harness import downloads
from matterzoo_harness.store import Store
from matterzoo_harness.weights import fetch_checkpoint, measure_checkpoint
from matterzoo_schemas.card import Checkpoint
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError
from matterzoo_schemas.lock import LockedCheckpoint

WEIGHTS = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    monkeypatch.setattr(downloads.time, "sleep", lambda _: None)
    with small_server() as running:
        running.files["/model.pt"] = WEIGHTS
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def by_url(server: SmallServer, sha256: str | None = None, size: int | None = None) -> Checkpoint:
    return Checkpoint(source="url", url=f"{server.url}/model.pt", sha256=sha256, size=size)


def refused(checkpoint: Checkpoint, store: Store) -> MatterzooError:
    with pytest.raises(MatterzooError) as refusal:
        fetch_checkpoint(checkpoint, None, store)
    return refusal.value


def test_weights_that_come_with_a_package_need_no_fetching(store: Store) -> None:
    assert fetch_checkpoint(Checkpoint(source="package", file="weights.pth"), None, store) is None
    assert fetch_checkpoint(Checkpoint(source="none"), None, store) is None


def test_a_checkpoint_is_kept_under_its_own_name(server: SmallServer, store: Store) -> None:
    path = fetch_checkpoint(by_url(server, SHA256), None, store)
    assert path is not None
    assert (path.name, path.read_bytes()) == ("model.pt", WEIGHTS)


def test_a_broken_connection_is_taken_up_where_it_broke(server: SmallServer, store: Store) -> None:
    server.breaks_after = [100_000, 200_000]
    path = fetch_checkpoint(by_url(server, SHA256), None, store)
    assert path is not None
    assert path.read_bytes() == WEIGHTS
    assert [asked for _, _, asked in server.asked] == [None, "bytes=100000-", "bytes=300000-"]


def test_a_fetch_that_was_given_up_is_gone_on_with_by_the_next_one(server: SmallServer, store: Store) -> None:
    server.breaks_after = [100_000] * 5
    assert refused(by_url(server, SHA256), store).code is ExitCode.INPUT_MISSING
    server.asked.clear()
    assert fetch_checkpoint(by_url(server, SHA256), None, store) is not None
    assert server.asked[0][2] == "bytes=500000-"


def test_what_was_fetched_once_is_not_fetched_again(server: SmallServer, store: Store) -> None:
    first = fetch_checkpoint(by_url(server), None, store)
    server.asked.clear()
    assert fetch_checkpoint(by_url(server), None, store) == first
    assert server.asked == []


def test_other_bytes_than_the_card_pins_are_refused_and_fetched_anew_next_time(
    server: SmallServer, store: Store
) -> None:
    server.files["/model.pt"] = WEIGHTS[::-1]
    assert refused(by_url(server, SHA256), store).code is ExitCode.DIGEST_MISMATCH
    server.files["/model.pt"] = WEIGHTS
    assert fetch_checkpoint(by_url(server, SHA256), None, store) is not None


def test_other_bytes_than_were_measured_before_are_refused(server: SmallServer, store: Store) -> None:
    server.files["/model.pt"] = WEIGHTS[::-1]
    with pytest.raises(MatterzooError) as refusal:
        fetch_checkpoint(by_url(server), LockedCheckpoint(sha256=SHA256, size=len(WEIGHTS)), store)
    assert refusal.value.code is ExitCode.DIGEST_MISMATCH


def test_a_size_that_the_card_does_not_say_is_refused(server: SmallServer, store: Store) -> None:
    assert refused(by_url(server, size=5), store).code is ExitCode.DIGEST_MISMATCH


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>log in", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_page_or_a_pointer_in_place_of_weights_is_refused(server: SmallServer, store: Store, page: bytes) -> None:
    server.files["/model.pt"] = page
    assert refused(by_url(server), store).code is ExitCode.DIGEST_MISMATCH


def test_an_empty_file_is_refused(server: SmallServer, store: Store) -> None:
    server.files["/model.pt"] = b""
    assert refused(by_url(server), store).code is ExitCode.DIGEST_MISMATCH


def test_a_server_that_asks_for_a_token_means_gated(server: SmallServer, store: Store) -> None:
    server.token = "secret"
    error = refused(by_url(server, SHA256), store)
    assert error.code is ExitCode.GATED
    assert "accept" in error.hint


def test_what_is_not_there_is_said(server: SmallServer, store: Store) -> None:
    server.files.clear()
    error = refused(by_url(server, SHA256), store)
    assert error.code is ExitCode.INPUT_MISSING
    assert "404" in error.message


def test_offline_names_what_is_missing_and_asks_nobody(
    server: SmallServer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    error = refused(by_url(server, SHA256), store)
    assert error.code is ExitCode.INPUT_MISSING
    assert "model.pt" in error.message
    assert server.asked == []


def test_a_local_file_is_taken_where_it_lies_if_it_is_the_pinned_one(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "mine.pt"
    file.write_bytes(WEIGHTS)
    assert fetch_checkpoint(Checkpoint(source="local", file=str(file), sha256=SHA256), None, store) == file
    other = Checkpoint(source="local", file=str(file), sha256="1" * 64)
    assert refused(other, store).code is ExitCode.DIGEST_MISMATCH


@pytest.fixture
def repository(server: SmallServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallServer:
    """The server as the only hub there is, with the weights of one commit."""
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    server.files[f"/owner/name/resolve/{COMMIT}/model.safetensors"] = WEIGHTS
    return server


class TestFromAHub:
    """A Hugging Face hub, as its own client sees it, at HF_ENDPOINT."""

    CHECKPOINT = Checkpoint(source="huggingface", repo="owner/name", revision=COMMIT, file="model.safetensors")

    @pytest.fixture
    def hub(self, repository: SmallServer) -> SmallServer:
        repository.headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{SHA256}"'}
        return repository

    def test_one_file_of_one_commit_is_fetched(self, hub: SmallServer, store: Store) -> None:
        path = fetch_checkpoint(self.CHECKPOINT, None, store)
        assert path is not None
        assert (path.name, path.read_bytes()) == ("model.safetensors", WEIGHTS)

    def test_a_gated_repository_says_what_to_accept(self, hub: SmallServer, store: Store) -> None:
        hub.token = "secret"
        hub.refusals = {"X-Error-Code": "GatedRepo"}
        error = refused(self.CHECKPOINT, store)
        assert error.code is ExitCode.GATED
        assert "owner/name" in error.hint

    def test_a_token_opens_it(self, hub: SmallServer, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        hub.token = "secret"
        monkeypatch.setenv("HF_TOKEN", "secret")
        assert fetch_checkpoint(self.CHECKPOINT, None, store) is not None

    def test_a_file_that_is_not_there_is_said(self, hub: SmallServer, store: Store) -> None:
        hub.files.clear()
        assert refused(self.CHECKPOINT, store).code is ExitCode.INPUT_MISSING

    def test_where_the_card_names_no_commit_the_newest_is_taken_and_remembered(
        self, hub: SmallServer, store: Store
    ) -> None:
        unpinned = self.CHECKPOINT.model_copy(update={"revision": None})
        hub.files["/api/models/owner/name"] = json.dumps({"id": "owner/name", "sha": COMMIT}).encode()
        path = fetch_checkpoint(unpinned, None, store)
        measured = measure_checkpoint(unpinned, path, store)
        assert measured == LockedCheckpoint(sha256=SHA256, size=len(WEIGHTS), revision=COMMIT)
        hub.files["/api/models/owner/name"] = json.dumps({"id": "owner/name", "sha": "f" * 40}).encode()
        assert fetch_checkpoint(unpinned, None, store) == path

    def test_a_locked_commit_is_fetched_though_the_branch_has_moved(self, hub: SmallServer, store: Store) -> None:
        unpinned = self.CHECKPOINT.model_copy(update={"revision": None})
        hub.files["/api/models/owner/name"] = json.dumps({"id": "owner/name", "sha": "f" * 40}).encode()
        locked = LockedCheckpoint(sha256=SHA256, size=len(WEIGHTS), revision=COMMIT)
        assert fetch_checkpoint(unpinned, locked, store) is not None

    def test_offline_and_no_commit_known(self, hub: SmallServer, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
        error = refused(self.CHECKPOINT.model_copy(update={"revision": None}), store)
        assert error.code is ExitCode.INPUT_MISSING
        assert hub.asked == []


class TestAFolderFromAHub(TestFromAHub):
    """Weights, settings and tokenizer, each a file of its own."""

    CHECKPOINT = Checkpoint(
        source="huggingface", repo="owner/name", revision=COMMIT, files=("model.safetensors", "*.json")
    )
    CONFIG = b'{"hidden_size": 8}'

    @pytest.fixture
    def hub(self, repository: SmallServer) -> SmallServer:
        repository.files[f"/owner/name/resolve/{COMMIT}/config.json"] = self.CONFIG
        names = ["README.md", "config.json", "model.safetensors", "pytorch_model.bin"]
        listing = {"id": "owner/name", "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
        repository.files[f"/api/models/owner/name/revision/{COMMIT}"] = json.dumps(listing).encode()
        repository.headers = {"X-Repo-Commit": COMMIT, "ETag": '"any"'}
        return repository

    def test_one_file_of_one_commit_is_fetched(self, hub: SmallServer, store: Store) -> None:
        path = fetch_checkpoint(self.CHECKPOINT, None, store)
        assert path is not None
        assert {file.name: file.read_bytes() for file in path.iterdir()} == {
            "model.safetensors": WEIGHTS, "config.json": self.CONFIG,
        }  # fmt: skip

    def test_it_is_recorded_file_by_file_and_fetched_once(self, hub: SmallServer, store: Store) -> None:
        path = fetch_checkpoint(self.CHECKPOINT, None, store)
        locked = measure_checkpoint(self.CHECKPOINT, path, store)
        assert locked is not None
        assert locked.files == {
            "model.safetensors": SHA256, "config.json": hashlib.sha256(self.CONFIG).hexdigest(),
        }  # fmt: skip
        assert locked.size == len(WEIGHTS) + len(self.CONFIG)
        hub.asked.clear()
        assert fetch_checkpoint(self.CHECKPOINT, locked, store) == path
        assert hub.asked == []

    def test_another_file_than_was_locked_is_refused(self, hub: SmallServer, store: Store, tmp_path: Path) -> None:
        locked = measure_checkpoint(self.CHECKPOINT, fetch_checkpoint(self.CHECKPOINT, None, store), store)
        hub.files[f"/owner/name/resolve/{COMMIT}/config.json"] = b'{"hidden_size": 9}'
        with pytest.raises(MatterzooError) as refusal:
            fetch_checkpoint(self.CHECKPOINT, locked, Store(tmp_path / "empty"))
        assert refusal.value.code is ExitCode.DIGEST_MISMATCH

    def test_a_damaged_file_of_it_is_found(self, hub: SmallServer, store: Store) -> None:
        path = fetch_checkpoint(self.CHECKPOINT, None, store)
        assert path is not None
        (path / "config.json").chmod(0o644)
        (path / "config.json").write_bytes(b"{}")
        assert refused(self.CHECKPOINT, store).code is ExitCode.DIGEST_MISMATCH

    def test_a_pattern_that_matches_nothing_lists_what_there_is(self, hub: SmallServer, store: Store) -> None:
        error = refused(self.CHECKPOINT.model_copy(update={"files": ("*.gguf",)}), store)
        assert error.code is ExitCode.INPUT_MISSING
        assert "pytorch_model.bin" in error.message

    def test_where_the_card_names_no_commit_the_newest_is_taken_and_remembered(
        self, hub: SmallServer, store: Store
    ) -> None:
        unpinned = self.CHECKPOINT.model_copy(update={"revision": None})
        hub.files["/api/models/owner/name"] = json.dumps({"id": "owner/name", "sha": COMMIT}).encode()
        measured = measure_checkpoint(unpinned, fetch_checkpoint(unpinned, None, store), store)
        assert measured is not None
        assert measured.revision == COMMIT

    def test_a_locked_commit_is_fetched_though_the_branch_has_moved(self, hub: SmallServer, store: Store) -> None:
        unpinned = self.CHECKPOINT.model_copy(update={"revision": None})
        fetched = fetch_checkpoint(self.CHECKPOINT, None, store)
        locked = measure_checkpoint(self.CHECKPOINT, fetched, store)
        assert locked is not None
        assert fetch_checkpoint(unpinned, locked.model_copy(update={"revision": COMMIT}), store) == fetched


class TestAFolderFromSeveralAddresses:
    """Weights, and the authors' code at a commit, where no package has it."""

    CODE = b"class Net: ...\n"

    @pytest.fixture
    def checkpoint(self, server: SmallServer) -> Checkpoint:
        server.files[f"/{COMMIT}/models/net.py"] = self.CODE
        parts = {"net.py": {"url": f"{server.url}/{COMMIT}/models/net.py"}, "w.pt": {"url": f"{server.url}/model.pt"}}
        return Checkpoint.model_validate({"source": "url", "parts": parts})

    def pinned(self, checkpoint: Checkpoint, **hashes: str) -> Checkpoint:
        stated = {"net.py": hashlib.sha256(self.CODE).hexdigest(), "w.pt": SHA256} | hashes
        parts = {name: {"url": part.url, "sha256": stated[name]} for name, part in checkpoint.parts.items()}
        return Checkpoint.model_validate({"source": "url", "parts": parts})

    def test_each_lies_under_the_name_that_the_card_gives_it(self, checkpoint: Checkpoint, store: Store) -> None:
        path = fetch_checkpoint(checkpoint, None, store)
        assert path is not None
        assert {file.name: file.read_bytes() for file in path.iterdir()} == {"net.py": self.CODE, "w.pt": WEIGHTS}

    def test_it_is_recorded_file_by_file_and_fetched_once(
        self, checkpoint: Checkpoint, server: SmallServer, store: Store
    ) -> None:
        path = fetch_checkpoint(checkpoint, None, store)
        locked = measure_checkpoint(checkpoint, path, store)
        assert locked is not None
        assert locked.files == {"net.py": hashlib.sha256(self.CODE).hexdigest(), "w.pt": SHA256}
        server.asked.clear()
        assert fetch_checkpoint(checkpoint, locked, store) == path
        assert server.asked == []

    def test_hashes_of_all_parts_pin_the_folder(self, checkpoint: Checkpoint, store: Store) -> None:
        path = fetch_checkpoint(checkpoint, None, store)
        assert path is not None
        assert checkpoint.sha256 is None
        assert self.pinned(checkpoint).sha256 == path.name
        assert fetch_checkpoint(self.pinned(checkpoint), None, store) == path

    def test_offline_the_parts_that_the_store_has_suffice_and_one_that_it_lacks_is_named(
        self, checkpoint: Checkpoint, server: SmallServer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
        (code := tmp_path / "net.py").write_bytes(self.CODE)
        store.add(code, None)
        assert "model.pt" in refused(self.pinned(checkpoint), store).message
        (weights := tmp_path / "model.pt").write_bytes(WEIGHTS)
        store.add(weights, None)
        assert fetch_checkpoint(self.pinned(checkpoint), None, store) is not None
        assert server.asked == []

    def test_one_other_part_is_refused(self, checkpoint: Checkpoint, store: Store) -> None:
        wrong = self.pinned(checkpoint, **{"net.py": "0" * 64})
        assert refused(wrong, store).code is ExitCode.DIGEST_MISMATCH

    def test_code_alone_serves_random_weights(self, checkpoint: Checkpoint, store: Store) -> None:
        parts = {"net.py": checkpoint.parts["net.py"]}
        path = fetch_checkpoint(Checkpoint(source="none", parts=parts), None, store)
        assert path is not None
        assert [file.name for file in path.iterdir()] == ["net.py"]

    @pytest.mark.parametrize("name", ["../net.py", "/net.py", "a//b", ".hidden/../net.py"])
    def test_no_name_leads_out_of_the_folder(self, name: str) -> None:
        with pytest.raises(ValueError, match="pattern"):
            Checkpoint.model_validate({"source": "url", "parts": {name: {"url": "https://example.org/net.py"}}})

    def test_parts_and_one_url_contradict_each_other(self) -> None:
        with pytest.raises(ValueError, match="parts name their own addresses"):
            Checkpoint.model_validate(
                {"source": "url", "url": "https://example.org/a", "parts": {"a": {"url": "https://example.org/a"}}}
            )
