"""Where a CPU build of torch comes from, and pip's settings that say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_server import SmallServer, small_server

from matterzoo_harness.pip_settings import PipSettings, read_pip_settings, uv_environment
from matterzoo_harness.torch_builds import TorchBuild, cpu_builds

NAME = "torch-{}-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallServer]:
    with small_server() as running:
        monkeypatch.setenv("MATTERZOO_TORCH_INDEX", f"{running.url}/whl/cpu")
        yield running


def serve(index: SmallServer, *versions: str) -> None:
    links = (f'<a href="/f/{NAME.format(v).replace("+", "%2B")}#sha256={"a" * 64}">x</a>' for v in versions)
    index.files["/whl/cpu/torch/"] = "\n".join(links).encode()


def test_a_wheel_in_the_users_own_folder_comes_first(tmp_path: Path, index: SmallServer) -> None:
    serve(index, "9.9.0+cpu")
    (tmp_path / NAME.format("2.13.0+cpu")).write_bytes(b"wheel")
    (tmp_path / NAME.format("2.13.0")).write_bytes(b"with CUDA")
    found = cpu_builds("3.11", PipSettings(find_links=(str(tmp_path),)))
    assert found == [TorchBuild("2.13.0+cpu", hashlib.sha256(b"wheel").hexdigest(), str(tmp_path))]
    assert index.asked == []


def test_then_pytorchs_own_index_the_newest_first(index: SmallServer) -> None:
    serve(index, "2.9.1+cpu", "2.13.0+cpu", "2.14.0")
    found = cpu_builds("3.11", PipSettings())
    assert [build.version for build in found] == ["2.13.0+cpu", "2.9.1+cpu"]
    assert {build.find_links for build in found} == {f"{index.url}/whl/cpu/torch/"}


def test_a_build_for_another_python_is_none(index: SmallServer) -> None:
    serve(index, "2.13.0+cpu")
    assert cpu_builds("3.13", PipSettings()) == []


@pytest.mark.timeout(15)
def test_an_index_that_accepts_and_then_says_nothing_is_given_up(index: SmallServer) -> None:
    index.silent = True  # for twice as long as this test may take
    assert cpu_builds("3.11", PipSettings()) == []


def test_an_index_that_cannot_be_reached_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERZOO_TORCH_INDEX", "http://127.0.0.1:9/whl/cpu")
    assert cpu_builds("3.11", PipSettings()) == []


def test_offline_asks_no_index(index: SmallServer, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(index, "2.13.0+cpu")
    monkeypatch.setenv("MATTERZOO_OFFLINE", "1")
    assert cpu_builds("3.11", PipSettings()) == []
    assert index.asked == []


class TestPipsSettings:
    """Read from pip's files and variables, told to uv."""

    def test_a_variable_wins_over_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "pip.conf"
        file.write_text("[global]\nindex-url = https://mirror/simple\nfind-links = /wheels\n")
        read = read_pip_settings(
            {"PIP_CONFIG_FILE": str(file), "HOME": str(tmp_path), "PIP_FIND_LINKS": "/mine /yours", "PIP_CERT": "/ca"}
        )
        assert read.index_url == "https://mirror/simple"
        assert read.find_links == ("/mine", "/yours")
        assert read.cert == "/ca"

    def test_the_users_file_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "pip").mkdir()
        (tmp_path / "pip" / "pip.conf").write_text(
            "[install]\nextra_index_url = https://a/simple\n  https://b/simple\n"
        )
        read = read_pip_settings({"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere", "PIP_INDEX_URL": "https://c"})
        assert read.extra_index_urls == ("https://a/simple", "https://b/simple")

    def test_uv_is_told_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_INDEX_STRATEGY", "SSL_CERT_FILE"):
            monkeypatch.delenv(name, raising=False)
        said = uv_environment(PipSettings("https://m/simple", ("https://a", "https://b"), ("/w", "/v"), "/ca"))
        assert said == {
            "UV_DEFAULT_INDEX": "https://m/simple",
            "UV_INDEX": "https://a https://b",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_FIND_LINKS": "/w,/v",
            "SSL_CERT_FILE": "/ca",
        }

    def test_what_the_user_told_uv_stands(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own")
        assert uv_environment(PipSettings("https://m/simple")) == {}
