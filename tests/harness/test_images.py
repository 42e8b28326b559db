"""Images: what identifies them, and that they are built of the store alone."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from matterzoo_harness.bases.choice import ensure_base_image, fetch_base
from matterzoo_harness.engine import connect
from matterzoo_harness.environments.folder import EnvironmentFolder, find_environment, read_environment
from matterzoo_harness.environments.locks import lock_environment
from matterzoo_harness.images import KEY_LABEL, build_environment_image, build_model_image, model_key
from matterzoo_harness.installing import commit_installed
from matterzoo_harness.provision import fetch_environment
from matterzoo_harness.runtimes.orphans import builder_name
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

CARD = {"id": "probe", "adapter": "none:None", "checkpoint": {"sha256": None}}


@pytest.fixture
def plain(private_zoo: Path, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> EnvironmentFolder:
    monkeypatch.setenv("MATTERZOO_BASE", "debootstrap")
    return find_environment("plain")


def test_the_recipe_key_changes_with_lock_adapter_and_card_and_with_nothing_else(
    plain: EnvironmentFolder, tmp_path: Path
) -> None:
    copied = shutil.copytree(plain.path, tmp_path / "plain")
    key = model_key(plain, "cpu", CARD, Store())
    assert model_key(read_environment(copied), "cpu", CARD, Store(tmp_path)) == key
    with (copied / "cpu.lock").open("a") as lock:
        lock.write("# another lock\n")
    others = [
        model_key(read_environment(copied), "cpu", CARD, Store()),
        model_key(plain, "cpu", CARD | {"adapter": "chgnet:CHGNetAdapter"}, Store()),
        model_key(plain, "cpu", CARD | {"summary": "another"}, Store()),
    ]
    assert len({key, *others}) == 4


@pytest.mark.engine
@pytest.mark.network
class TestBuilding:
    """With a real engine."""

    @pytest.fixture
    def client(self, plain: EnvironmentFolder) -> docker.DockerClient:
        fetch_base("3.11", Store())
        return connect()

    @pytest.fixture
    def image(self, client: docker.DockerClient, plain: EnvironmentFolder) -> str:
        return build_model_image(client, "probe", plain, "cpu", CARD, Store())

    def test_it_carries_its_recipe_key(self, client: docker.DockerClient, plain: EnvironmentFolder, image: str) -> None:
        assert client.images.get(image).labels[KEY_LABEL] == model_key(plain, "cpu", CARD, Store())

    def test_it_is_not_built_twice(self, client: docker.DockerClient, plain: EnvironmentFolder, image: str) -> None:
        said: list[str] = []
        assert build_model_image(client, "probe", plain, "cpu", CARD, Store(), said.append) == image
        assert said == []

    def test_it_holds_no_wheels_and_no_installer(self, client: docker.DockerClient, image: str) -> None:
        find = ["find", "/", "-xdev", "(", "-name", "*.whl", "-o", "-name", "uv", "-o", "-name", "pip", ")"]
        assert client.containers.run(image, find, remove=True, network_mode="none", user="root") == b""

    def test_it_has_exactly_what_the_lock_pins(
        self, client: docker.DockerClient, plain: EnvironmentFolder, image: str
    ) -> None:
        code = "import importlib.metadata as m; print(sorted(d.name.lower() for d in m.distributions()))"
        listed = client.containers.run(image, ["python", "-c", code], remove=True, network_mode="none")
        assert listed.decode().strip() == "['numpy', 'safetensors']"

    def test_it_has_gained_nothing_but_its_environment_and_the_worker(
        self, client: docker.DockerClient, plain: EnvironmentFolder, image: str
    ) -> None:
        base = ensure_base_image(client, "debootstrap", "3.11", (), Store())
        all_but_ours = ["find", "/", "-xdev", "-path", "/opt/matterzoo", "-prune", "-o", "-print"]
        listed = [
            sorted(
                client.containers.run(name, all_but_ours, remove=True, network_mode="none", user="root").splitlines()
            )
            for name in (base, image)
        ]
        assert listed[0] == listed[1]
        ours = ["ls", "/opt/matterzoo"]
        assert client.containers.run(image, ours, remove=True).split() == [b"card.json", b"env", b"sources"]

    def test_what_a_recipe_said_before_it_failed_is_told_and_no_container_is_left(
        self, client: docker.DockerClient, plain: EnvironmentFolder, tmp_path: Path
    ) -> None:
        own = read_environment(shutil.copytree(plain.path, tmp_path / "plain"))
        (own.path / "install.sh").write_text(
            "ls /mnt/wheels; ls /sys/class/net; echo the pipe is blocked >&2; exit 3\n"
        )
        with pytest.raises(MatterzooError) as refused:
            build_environment_image(client, own, "cpu", Store())
        assert refused.value.code is ExitCode.BAD_CARD
        words = refused.value.message.splitlines()
        assert "exit code 3" in words[0]
        assert sum(word.endswith(".whl") for word in words) == len(own.pins("cpu")) + 1  # and uv's own
        assert words[-2:] == ["lo", "the pipe is blocked"]  # and no network
        names = [name for container in client.api.containers(all=True) for name in container["Names"]]
        mine = builder_name().rpartition("_")[0]  # of this process, whatever others are building
        assert not [name for name in names if name.startswith(f"/{mine}")]

    def test_an_engine_that_does_not_see_the_store_is_told_so(
        self, client: docker.DockerClient, tmp_path: Path
    ) -> None:
        base = ensure_base_image(client, "debootstrap", "3.11", (), Store())
        with pytest.raises(MatterzooError) as refused:
            commit_installed(client, base, tmp_path / "elsewhere", "matterzoo/environment:none", {})
        assert refused.value.code is ExitCode.NO_ENGINE
        assert str(tmp_path) in refused.value.hint

    def test_it_compiles_nothing_when_it_runs(self, client: docker.DockerClient, image: str) -> None:
        code = (
            "import pathlib, numpy; root = pathlib.Path(numpy.__file__).parent\n"
            "print(all((p.parent / '__pycache__' / f'{p.stem}.cpython-311.pyc').exists() for p in root.glob('*.py')))"
        )
        ran = client.containers.run(image, ["python", "-c", code], remove=True, network_mode="none", read_only=True)
        assert ran.strip() == b"True"

    def test_it_is_built_from_a_copied_store_with_the_network_forbidden(
        self, client: docker.DockerClient, plain: EnvironmentFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copied = Store(shutil.copytree(Store().root, tmp_path / "store"))
        monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
        changed = CARD | {"summary": "so that it must be built"}
        name = build_model_image(client, "probe-copied", plain, "cpu", changed, copied)
        assert name.endswith(model_key(plain, "cpu", changed, Store())[:12])
        client.images.remove(name, force=True)
        client.images.remove("matterzoo/probe-copied:cpu", force=True)

    def test_of_two_who_want_one_environment_one_builds_and_the_other_waits(
        self, client: docker.DockerClient, plain: EnvironmentFolder, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(plain.path, tmp_path / "shared"))
        file, said = folder / "environment.toml", list[str]()
        file.write_text(file.read_text().replace('name = "plain"', 'name = "shared"'))
        shared = read_environment(folder)
        with ThreadPoolExecutor(2) as both:
            built = [
                both.submit(build_environment_image, connect(), shared, "cpu", Store(), said.append) for _ in range(2)
            ]
        try:
            (image,) = {each.result() for each in built}
            assert [line.partition(" ")[0] for line in said].count("building") == 1
            assert f"waiting for {image}, which another one builds" in said
        finally:
            client.images.remove(image)

    @pytest.mark.slow
    def test_an_environment_of_python_3_13_stands_on_trixie(
        self, client: docker.DockerClient, plain: EnvironmentFolder, tmp_path: Path
    ) -> None:
        folder = tmp_path / "newer"
        folder.mkdir()
        (folder / "environment.toml").write_text(
            'name = "newer"\nsummary = "a test"\npython = "3.13"\n[variants.cpu]\n'
        )
        (folder / "requirements.in").write_text("")
        newer, store = read_environment(folder), Store()
        lock_environment(newer)
        fetch_environment(newer, "cpu", store)
        fetch_base("3.13", store)
        image = build_model_image(client, "probe-newer", newer, "cpu", CARD, store)
        try:
            code = "import sys, numpy; print(sys.version_info[:2])"
            ran = client.containers.run(image, ["python", "-c", code], remove=True, network_mode="none")
            assert ran.strip() == b"(3, 13)"
        finally:
            for tag in (tag for image in client.api.images() for tag in image["RepoTags"] or ()):
                if tag.startswith(("matterzoo/probe-newer:", "matterzoo/environment:newer-")):
                    client.images.remove(tag)

    def test_what_was_not_fetched_is_named(
        self, client: docker.DockerClient, tmp_path: Path, plain: EnvironmentFolder
    ) -> None:
        other = read_environment(shutil.copytree(plain.path, tmp_path / "plain"))
        with (other.path / "cpu.lock").open("a") as lock:
            lock.write(f"absent==1.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(MatterzooError, match=r"absent==1\.0"):
            build_model_image(client, "probe", other, "cpu", CARD, Store())
