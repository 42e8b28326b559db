"""What all tests share: a home of their own, the real command, the private zoo, and which real parts are absent."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRIVATE_ZOO = ROOT / "tests" / "private_zoo"
ABSENT = "absent real part: "
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def absent(part: str, why: str, *, fatal: bool = False) -> None:
    """Leave a test out because a real part of the system is absent; the run's last lines name it."""
    if fatal:
        pytest.fail(f"{ABSENT}{part} ({why})", pytrace=False)
    pytest.skip(f"{ABSENT}{part} ({why})")


@cache
def engine_absence() -> str | None:
    """Return why no container engine answers, or None."""
    from matterzoo_harness.runtimes.docker import DockerRuntime

    return DockerRuntime().available()


def browser_path() -> str | None:
    """Return Debian's Chromium, or None."""
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)


def browser_absence() -> str | None:
    """Return what a test in a browser lacks, or None."""
    if browser_path() is None:
        return "apt install chromium"
    return None if importlib.util.find_spec("playwright") else "Playwright is in tests/cpu.lock: make test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests with a container engine in one group: they share the engine and its images."""
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.xdist_group("engine"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave tests with an engine out where none answers; in CI that is a failure."""
    if item.get_closest_marker("engine") and (why := engine_absence()):
        absent("a container engine", why, fatal=IN_CI)
    if item.get_closest_marker("browser") and (why := browser_absence()):
        absent("Chromium with Playwright", why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the absent parts, with how many tests each cost."""
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _, found, part = reason.partition(ABSENT)
        if found:
            counts[part] = counts.get(part, 0) + 1
    if counts:
        terminalreporter.section("real parts that were absent")
        for part, count in sorted(counts.items()):
            terminalreporter.line(f"{part}: {count} tests were left out")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share, and all runs if MATTERZOO_TEST_STORE names one."""
    if kept := os.environ.get("MATTERZOO_TEST_STORE"):
        return Path(kept).absolute()
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "matterzoo"


@pytest.fixture(scope="session", autouse=True)
def isolated(shared_folder: Path) -> Iterator[None]:
    """Point every location of ours away from the user's own, for the whole run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATTERZOO_HOME", str(shared_folder / "home"))
        patch.setenv("MATTERZOO_CACHE", str(shared_folder / "cache"))
        for name in ("MATTERZOO_PATH", "MATTERZOO_RUNTIME", "MATTERZOO_OFFLINE", "SLURM_JOB_ID"):
            patch.delenv(name, raising=False)
        patch.setenv("NO_COLOR", "1")
        yield


@pytest.fixture
def private_zoo(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the models that misbehave on MATTERZOO_PATH."""
    monkeypatch.setenv("MATTERZOO_PATH", str(PRIVATE_ZOO))
    return PRIVATE_ZOO


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a private zoo that a test may write to on MATTERZOO_PATH."""
    folder = shutil.copytree(PRIVATE_ZOO, tmp_path / "zoo")
    monkeypatch.setenv("MATTERZOO_PATH", str(folder))
    return folder


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def __iter__(self) -> Iterator[int | str]:
        return iter((self.code, self.stdout, self.stderr))


class Command(Protocol):
    """`matterzoo …` in a process of its own."""

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 600) -> Ended:
        """Run to the end."""
        ...

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start, and hand back the process."""
        ...


class _Command:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
        line = [str(Path(sys.executable).with_name("matterzoo")), *map(str, arguments)]
        process = subprocess.Popen(
            line, cwd=cwd or self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        self._started.append(process)
        return process

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 600) -> Ended:
        process = self.start(*arguments, cwd=cwd)
        stdout, stderr = process.communicate(timeout=timeout)
        return Ended(process.returncode, stdout, stderr)

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.communicate()


@pytest.fixture
def matterzoo(tmp_path: Path) -> Iterator[Command]:
    """The real command, run in the test's own folder."""
    command = _Command(tmp_path)
    yield command
    command.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium without a window, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def plain_environment(isolated: None) -> None:
    """Have the packages of the private zoo's environment in the store, fetched once."""
    from matterzoo_harness.environments.folder import find_environment
    from matterzoo_harness.provision import fetch_environment
    from matterzoo_harness.store import Store
    from matterzoo_schemas.exit_codes import MatterzooError

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATTERZOO_PATH", str(PRIVATE_ZOO))
        try:
            fetch_environment(find_environment("plain"), "cpu", Store())
        except MatterzooError as error:
            absent("the package registries", error.message.splitlines()[0])
