"""From a bare Python to the checkout's own virtual environment, then on to the `matterzoo` command.

Run by the Makefile: `python3 -m matterzoo_harness.bootstrap [--tests] PROGRAM [ARGUMENT …]`. Standard library only, and
readable by an old Python, which is told so. What is installed comes from a hashed lock; what was installed is
remembered by a stamp, so that the next call only compares.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
OLDEST = (3, 11)
PREFERRED = "python3.11"
INPUTS = (
    "cpu.lock",
    "cuda.lock",
    "pyproject.toml",
    "schemas/pyproject.toml",
    "adapters/pyproject.toml",
    "harness/matterzoo_harness/bootstrap.py",
)
TEST_INPUTS = ("tests/cpu.lock",)


def main(arguments: "list[str]") -> None:
    """Bring `.venv` up to date, then become the program that was asked for."""
    tests = arguments[:1] == ["--tests"]
    program = arguments[1:] if tests else arguments
    if not _is_current("host", INPUTS):
        interpreter = find_interpreter()
        if interpreter != sys.executable:
            os.execv(interpreter, [interpreter, "-m", "matterzoo_harness.bootstrap", *arguments])  # noqa: S606
        with _alone():
            if not _is_current("host", INPUTS):
                install_host()
                _remember("host", INPUTS)
    if tests and not _is_current("tests", (*INPUTS, *TEST_INPUTS)):
        with _alone():
            install_tests()
            _remember("tests", (*INPUTS, *TEST_INPUTS))
    if program:
        executable = str(VENV / "bin" / program[0])
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        os.execve(executable, [executable, *program[1:]], environment)  # noqa: S606 - our own virtual environment


def find_interpreter() -> str:
    """Give the Python that the virtual environment is made of: 3.11 where it is to be had, else any newer one."""
    candidates = [shutil.which(PREFERRED), sys.executable]
    candidates += [shutil.which(f"python3.{minor}") for minor in range(12, 20)]
    for candidate in candidates:
        if candidate and _version_of(candidate) >= OLDEST:
            return candidate
    wanted = ".".join(map(str, OLDEST))
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"matterzoo needs Python {wanted} or newer with its venv module; this is {found}, and no other was found.\n"
        f"  → install python{wanted} (on Debian python{wanted}-venv too), then again"
    )


def install_host() -> None:
    """Install the lock that this machine can use, and our three distributions in place."""
    from matterzoo_harness.pip_settings import read_pip_settings, uv_environment

    lock, links, reason = choose_lock()
    _say(f"setting up {VENV} with Python {sys.version.split()[0]} and {lock.name}: {reason}")
    python = VENV / "bin" / "python"
    if not python.exists() or _version_of(str(python)) != sys.version_info[:2]:
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "make clean, then again")
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
    only_uv = VENV / "uv.lock"
    only_uv.write_text(_stanza(lock.read_text(encoding="utf-8"), "uv"), encoding="utf-8")
    _run([*pip, "--no-deps", "--requirement", str(only_uv)], "check the network and pip's settings, then again")
    environment = {**os.environ, **uv_environment(read_pip_settings()), "VIRTUAL_ENV": str(VENV)}
    sync = [_uv(), "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), *links, str(lock)]
    _run(sync, "check the network and pip's settings, then again", environment)
    folders = [word for folder in ("schemas", "adapters", ".") for word in ("--editable", str(ROOT / folder))]
    in_place = ["--offline", "--no-deps", "--no-build-isolation", "--python", str(python), *folders]
    _run([_uv(), "pip", "install", "--quiet", *in_place], "make clean, then again", environment)


def install_tests() -> None:
    """Add what the tests need."""
    from matterzoo_harness.pip_settings import read_pip_settings, uv_environment

    _say("adding what the tests need: tests/cpu.lock")
    environment = {**os.environ, **uv_environment(read_pip_settings()), "VIRTUAL_ENV": str(VENV)}
    python = str(VENV / "bin" / "python")
    install = ["--require-hashes", "--no-deps", "--python", python, "--requirement", str(ROOT / "tests" / "cpu.lock")]
    _run(
        [_uv(), "pip", "install", "--quiet", *install], "check the network and pip's settings, then again", environment
    )


def choose_lock() -> "tuple[Path, list[str], str]":
    """Decide which lock this machine takes.

    Returns
    -------
    lock, options, reason
        The file, what uv must be told to find its torch, and why, in words.
    """
    from matterzoo_harness.torch_builds import cpu_builds

    if _has_gpu():
        return ROOT / "cuda.lock", [], "this machine has an NVIDIA GPU"
    locked = _stanza((ROOT / "cpu.lock").read_text(encoding="utf-8"), "torch")
    minor = ".".join(map(str, sys.version_info[:2]))
    for build in cpu_builds(minor):
        if build.sha256 in locked:
            where = build.find_links
            return ROOT / "cpu.lock", ["--find-links", where], f"torch {build.version}, CPU build, from {where}"
    version = locked.split("==", 1)[1].split()[0]
    reason = (
        f"no folder of pip's find-links and not PyTorch's own index has the CPU build torch {version} for Python "
        f"{minor}, so the whole CUDA build is installed (several GB); it runs on the CPU too"
    )
    return ROOT / "cuda.lock", [], reason


def _has_gpu() -> bool:
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and b"GPU " in listed.stdout


def _stanza(lock: str, name: str) -> str:
    """Cut one package, with its hashes, out of a lock."""
    for entry in lock.replace("\\\n", " ").splitlines():
        if entry.startswith(f"{name}=="):
            return entry + "\n"
    sys.exit(f"the lock pins no {name}\n  → matterzoo lock host")


def _version_of(python: str) -> "tuple[int, int]":
    """Ask an interpreter for its version; (0, 0) if it does not run (a pyenv shim may not) or lacks the venv module."""
    ask = "import sys, ensurepip, venv; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-I", "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        major, minor = done.stdout.split()
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0, 0


def _uv() -> str:
    return str(VENV / "bin" / "uv")


def _key(inputs: "tuple[str, ...]") -> str:
    digest = hashlib.sha256(str(ROOT).encode())
    for name in inputs:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _is_current(name: str, inputs: "tuple[str, ...]") -> bool:
    stamp = VENV / f".matterzoo-{name}"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _key(inputs)


def _remember(name: str, inputs: "tuple[str, ...]") -> None:
    (VENV / f".matterzoo-{name}").write_text(_key(inputs), encoding="utf-8")


class _alone:  # noqa: N801 - used like a function
    """Let one bootstrap of this checkout work at a time."""

    def __enter__(self) -> None:
        import fcntl

        self._file = (ROOT / "cpu.lock").open(encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _run(command: "list[str]", hint: str, environment: "dict[str, str] | None" = None) -> None:
    done = subprocess.run(command, env=environment, cwd=str(ROOT), check=False)
    if done.returncode:
        sys.exit(f"matterzoo could not be set up: {' '.join(command[:4])} … failed\n  → {hint}")


def _say(line: str) -> None:
    print(f"matterzoo: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
