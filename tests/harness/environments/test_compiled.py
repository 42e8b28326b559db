"""Packages that exist as source only and compile: built once, against wheels of their own lock, if they are declared."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from made_wheels import make_source, make_wheel, pin

from matterzoo_harness.environments.folder import read_environment
from matterzoo_harness.environments.interpreters import find_python
from matterzoo_harness.environments.lockfile import Pin, parse_lock
from matterzoo_harness.environments.sealed import build_sources, fetch_tools
from matterzoo_harness.environments.venvs import create_venv
from matterzoo_harness.environments.wheels import require_wheels, stored_wheels
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

PYTHON = "3.11"
MACRO = "('AGAINST', '\"' + big.VERSION + '\"')"
EXTENSION = f"[Extension('_fast', ['fast.cpp'], [big.__file__[:-6]], define_macros=[{MACRO}])]"
"""What `fast` compiles knows the version of `big` that it was compiled against."""
CODE = """
#include <Python.h>
#include "big.h"
static PyObject* against(PyObject*, PyObject*) { return PyUnicode_FromFormat("%s in %s", AGAINST, header()); }
static PyMethodDef methods[] = {{"against", against, METH_NOARGS, ""}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", "", -1, methods};
PyMODINIT_FUNC PyInit__fast() { return PyModule_Create(&module); }
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store that holds the build tools."""
    if shutil.which("c++", path=os.defpath) is None:
        pytest.skip("absent real part: a C++ compiler (c++ is not on this machine)")
    store = Store(tmp_path_factory.mktemp("tools") / "store")
    fetch_tools(PYTHON, store)
    return store


def stored(store: Store, made: tuple[Path, str], name: str, version: str = "1.0") -> Pin:
    """Put a package into the store, as fetching would."""
    store.add(*made)
    return parse_lock(pin(name, version, made[1]), "test")[0]


def big(store: Store, folder: Path, version: str = "1.0") -> list[Pin]:
    """Return the pins of `big`, and of `small`, which `big` needs."""
    imports = f"import small\nVERSION = {version!r}"
    made = make_wheel(folder, "big", version, content=imports, needs="small; python_version > '3'")
    return [stored(store, made, "big", version), stored(store, make_wheel(folder, "small", "1.0"), "small")]


def fast(store: Store, folder: Path, *against: Pin, setup: str = "import big") -> Pin:
    """Return the pin of `fast`, which compiles with a header beside `big`; its setup script brings the code along."""
    header = "open(big.__file__[:-2] + 'h', 'w').write('inline const char* header() { return __FILE__; }')"
    code = f"{setup}\n{header}\nopen('fast.cpp', 'w').write({CODE!r})"
    return replace(stored(store, make_source(folder, "fast", "1.0", code, EXTENSION), "fast"), against=against)


def built(lock: list[Pin], store: Store) -> list[str]:
    """Build what exists as source only, and return what was said."""
    said: list[str] = []
    build_sources(lock, PYTHON, ("fast",), store, said.append)
    return said


def wheel_of(lock: list[Pin], store: Store) -> str:
    """Return the hash of the wheel of `fast` that an environment of this lock gets."""
    return next(wheel.sha256 for wheel in require_wheels(lock, PYTHON, store, "") if wheel.pin.name == "fast")


@pytest.mark.slow
@pytest.mark.network
def test_it_is_compiled_once_against_each_version_and_each_lock_gets_its_own(store: Store, tmp_path: Path) -> None:
    locks = {}
    for version in ("1.0", "2.0"):
        others = big(store, tmp_path / version, version)
        locks[version] = [*others, fast(store, tmp_path, others[0])]
        assert f"against big=={version}" in built(locks[version], store)[0]
    for version, lock in locks.items():
        assert built(lock, store) == []
        venv = tmp_path / f"venv-{version}"
        create_venv(venv, find_python(PYTHON), require_wheels(lock, PYTHON, store, ""))
        code = "import _fast; print(_fast.against())"
        ended = subprocess.run([venv / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=True)
        assert ended.stdout.split()[0] == version
    assert wheel_of(locks["1.0"], store) != wheel_of(locks["2.0"], store)


@pytest.mark.slow
@pytest.mark.network
def test_the_same_source_compiles_to_the_same_bytes(store: Store, tmp_path: Path) -> None:
    others = big(store, tmp_path)
    lock = [*others, fast(store, tmp_path, others[0], setup="import big  # twice")]
    found = set()
    for _ in range(2):
        built(lock, store)
        found.add(wheel_of(lock, store))
        shutil.rmtree(store.root / "built")
    assert len(found) == 1


@pytest.mark.slow
@pytest.mark.network
def test_only_what_is_named_and_what_that_needs_is_at_hand(store: Store, tmp_path: Path) -> None:
    others = big(store, tmp_path)
    stranger = stored(store, make_wheel(tmp_path, "stranger", "1.0"), "stranger")
    lock = [*others, stranger, fast(store, tmp_path, others[0], setup="import big, stranger")]
    with pytest.raises(MatterzooError, match="No module named 'stranger'") as refusal:
        built(lock, store)
    assert refusal.value.code is ExitCode.BAD_CARD


@pytest.mark.slow
@pytest.mark.network
def test_a_graphics_processor_and_the_users_own_settings_are_hidden(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_CUDA", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    asks = "import os, sys, big; seen = [os.environ.get(name) for name in ('CUDA_VISIBLE_DEVICES', 'FORCE_CUDA')]\n"
    others = big(store, tmp_path)
    lock = [*others, fast(store, tmp_path, others[0], setup=f"{asks}sys.exit(f'it saw {{seen}}')")]
    with pytest.raises(MatterzooError, match=r"it saw \['', None\]"):
        built(lock, store)


@pytest.mark.slow
@pytest.mark.network
def test_what_compiles_and_does_not_say_against_what_is_refused(store: Store, tmp_path: Path) -> None:
    lock = [fast(store, tmp_path, setup="class big: VERSION, __file__ = '0', './big.py'")]
    with pytest.raises(MatterzooError, match="would depend on this machine's compiler") as refusal:
        built(lock, store)
    assert refusal.value.code is ExitCode.BAD_CARD
    assert "[build]" in refusal.value.hint
    assert stored_wheels(lock, PYTHON, store) == ([], lock)


@pytest.mark.slow
@pytest.mark.network
def test_without_the_wheel_that_it_is_compiled_against_nothing_is_built(store: Store, tmp_path: Path) -> None:
    absent = parse_lock(pin("big", "3.0", "e" * 64), "test")[0]
    lock = [absent, fast(store, tmp_path, absent)]
    with pytest.raises(MatterzooError, match=r"big==3\.0") as refusal:
        built(lock, store)
    assert refusal.value.code is ExitCode.INPUT_MISSING
    assert stored_wheels(lock, PYTHON, store) == ([], lock)


def test_an_environment_tells_its_pins_what_they_are_compiled_against(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    plain = 'name = "mine"\nsummary = "a test"\npython = "3.11"\n'
    compiling = 'source_only = ["fast"]\n[build]\nfast = ["big"]\n[variants.cpu]\n'
    (folder / "environment.toml").write_text(plain + compiling)
    (folder / "cpu.lock").write_text(pin("fast", "1.0", "a" * 64) + pin("big", "1.0", "b" * 64))
    fast, big = read_environment(folder).pins("cpu")
    assert fast.against == (big,)
    (folder / "cpu.lock").write_text(pin("fast", "1.0", "a" * 64))
    with pytest.raises(MatterzooError, match=r"against big, which cpu\.lock lacks") as refusal:
        read_environment(folder).pins("cpu")
    assert refusal.value.code is ExitCode.BAD_CARD
