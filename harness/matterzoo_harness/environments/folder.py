"""An environment's folder: found by name, its description read and checked."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from matterzoo_harness.environments.lockfile import Pin, read_lock
from matterzoo_harness.locations import containers_roots
from matterzoo_schemas.canonical import sha256_of_file
from matterzoo_schemas.environment import Environment
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


@dataclass(frozen=True)
class EnvironmentFolder:
    """`containers/<env>/` with its validated description."""

    path: Path
    environment: Environment

    @property
    def name(self) -> str:
        """The environment's name, which is its folder's."""
        return self.environment.name

    def lock(self, variant: str) -> Path:
        """Give the lock file of a variant.

        Raises
        ------
        MatterzooError
            BAD_CARD if the environment has no such variant, or its lock was not made yet.
        """
        if variant not in self.environment.variants:
            there = ", ".join(self.environment.variants)
            raise MatterzooError(
                ExitCode.BAD_CARD, f"environment {self.name} has no variant {variant}; it has: {there}"
            )
        lock = self.path / f"{variant}.lock"
        if not lock.is_file():
            raise MatterzooError(
                ExitCode.BAD_CARD,
                f"environment {self.name} has no lock for {variant}: {lock} is missing",
                f"matterzoo lock {self.name}",
            )
        return lock

    def pins(self, variant: str) -> list[Pin]:
        """Read the lock of a variant; a package that compiles is told what against.

        Raises
        ------
        MatterzooError
            BAD_CARD as `lock` and `read_lock`, and if a package is compiled against one that the lock lacks.
        """
        pins = {pin.name: pin for pin in read_lock(self.lock(variant))}
        for name, against in self.environment.build.items():
            if lacking := [other for other in against if other not in pins]:
                raise MatterzooError(
                    ExitCode.BAD_CARD,
                    f"environment {self.name} compiles {name} against {', '.join(lacking)}, which {variant}.lock lacks",
                    f"mend [build] in {self.path / 'environment.toml'}, or: matterzoo lock {self.name}",
                )
            if name in pins:
                pins[name] = replace(pins[name], against=tuple(pins[other] for other in against))
        return list(pins.values())

    def conflict(self, variant: str) -> Path:
        """Give the file with the resolver's own words, which is there as long as this variant cannot be locked."""
        return self.path / f"{variant}.conflict"

    def lock_sha256(self, variant: str) -> str:
        """Hash the lock of a variant (part of content and recipe keys)."""
        return sha256_of_file(self.lock(variant))


def environment_names() -> list[str]:
    """List every environment that can be found, sorted."""
    return sorted({file.parent.name for root in containers_roots() for file in root.glob("*/environment.toml")})


def find_environment(name: str) -> EnvironmentFolder:
    """Find an environment by name, a user's own before ours.

    Raises
    ------
    MatterzooError
        BAD_CARD if there is none of that name (the nearest are named) or its description is not valid.
    """
    for root in containers_roots():
        if (root / name / "environment.toml").is_file():
            return read_environment(root / name)
    names = environment_names()
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    raise MatterzooError(ExitCode.BAD_CARD, f"there is no environment {name!r}", f"did you mean {', '.join(near)}?")


def read_environment(folder: Path) -> EnvironmentFolder:
    """Read and validate one folder's `environment.toml`.

    Raises
    ------
    MatterzooError
        BAD_CARD naming each wrong key.
    """
    file = folder / "environment.toml"
    try:
        environment = Environment.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MatterzooError(ExitCode.BAD_CARD, f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "\n".join(f"  {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise MatterzooError(ExitCode.BAD_CARD, f"{file} is not a valid environment:\n{faults}") from error
    if environment.name != folder.name:
        raise MatterzooError(
            ExitCode.BAD_CARD, f"{file} says that its name is {environment.name}, but its folder is {folder.name}"
        )
    return EnvironmentFolder(folder, environment)
