"""Where things lie: the user's store and cache, and the recipes that travel with the package."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

import matterzoo_harness
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def home() -> Path:
    """Give the folder of what must be kept (the store): `MATTERZOO_HOME`, else the user's data folder."""
    return Path(os.environ.get("MATTERZOO_HOME") or platformdirs.user_data_path("matterzoo")).expanduser()


def cache() -> Path:
    """Give the folder of what can be made again (environments): `MATTERZOO_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("MATTERZOO_CACHE") or platformdirs.user_cache_path("matterzoo")).expanduser()


def offline() -> bool:
    """Tell whether `MATTERZOO_OFFLINE` forbids the network."""
    return os.environ.get("MATTERZOO_OFFLINE", "") not in ("", "0")


def forbid_network() -> None:
    """Set `MATTERZOO_OFFLINE`, for this process and those that it starts."""
    os.environ["MATTERZOO_OFFLINE"] = "1"


def refuse_offline(what: str) -> None:
    """Stop before the network is touched, naming what would have been fetched.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if `MATTERZOO_OFFLINE` is set.
    """
    if offline():
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            f"MATTERZOO_OFFLINE is set, and this is not in the store: {what}",
            "unset MATTERZOO_OFFLINE, or copy the store of a machine that has it to MATTERZOO_HOME",
        )


def containers_roots() -> list[Path]:
    """List the folders of environments, a user's own (`MATTERZOO_PATH`) before ours."""
    return [root for root in [*(entry / "containers" for entry in own_zoos()), packaged_containers()] if root.is_dir()]


def models_roots() -> list[Path]:
    """List the folders of cards, a user's own (`MATTERZOO_PATH`) before ours."""
    return [root for root in [*(entry / "models" for entry in own_zoos()), packaged_models()] if root.is_dir()]


def own_zoos() -> list[Path]:
    """List the private zoos that `MATTERZOO_PATH` names."""
    return [Path(entry).expanduser() for entry in os.environ.get("MATTERZOO_PATH", "").split(":") if entry]


def packaged_containers() -> Path:
    """Give our own `containers/`: of the checkout, or of the installed wheel."""
    return _packaged("containers", "containers")


def packaged_models() -> Path:
    """Give our own cards: of the checkout, or of the installed wheel."""
    return _packaged("zoo/models", "models")


def packaged_studies() -> Path:
    """Give our own studies: of the checkout, or of the installed wheel."""
    return _packaged("zoo/studies", "studies")


def packaged_datasets() -> Path:
    """Give our own cards of data sets: of the checkout, or of the installed wheel."""
    return _packaged("zoo/datasets", "datasets")


def _packaged(in_checkout: str, in_wheel: str) -> Path:
    package = Path(matterzoo_harness.__file__).parent
    checkout = package.parent.parent / in_checkout
    return checkout if checkout.is_dir() else package.parent / "matterzoo" / "_data" / in_wheel
