"""Small environments, made on the spot."""

from __future__ import annotations

from pathlib import Path

from matterzoo_harness.environments.folder import EnvironmentFolder, read_environment


def make_environment(
    folder: Path, requirements: str, *, name: str = "mine", python: str = "3.11", rest: str = "[variants.cpu]\n"
) -> EnvironmentFolder:
    """Write an environment's folder below a folder, or write it anew, and read it."""
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "environment.toml").write_text(f'name = "{name}"\nsummary = "a test"\npython = "{python}"\n{rest}')
    (path / "requirements.in").write_text(requirements)
    return read_environment(path)
