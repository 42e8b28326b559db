"""The user's own pip configuration, so that uv and our look-ups follow it too (standard library only)."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PipSettings:
    """What pip was told about where packages come from; None and empty mean pip's own default."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    cert: str | None = None


def read_pip_settings(environ: Mapping[str, str] | None = None) -> PipSettings:
    """Read pip's configuration files and its `PIP_*` variables, later ones winning, as pip does.

    Parameters
    ----------
    environ
        The environment; the process's own by default.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for file in _configuration_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (OSError, configparser.Error):
            continue  # pip itself will complain about it, with more to say
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                values |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    for key in ("index-url", "extra-index-url", "find-links", "cert"):
        value = environ.get(f"PIP_{key.upper().replace('-', '_')}")
        if value:
            values[key] = value
    return PipSettings(
        index_url=values.get("index-url"),
        extra_index_urls=tuple(values.get("extra-index-url", "").split()),
        find_links=tuple(values.get("find-links", "").split()),
        cert=values.get("cert"),
    )


def uv_environment(settings: PipSettings) -> dict[str, str]:
    """Say the same to uv, which reads none of pip's configuration.

    Variables that the user has set for uv are left alone.
    """
    wanted: dict[str, str] = {}
    if settings.index_url:
        wanted["UV_DEFAULT_INDEX"] = settings.index_url
    if settings.extra_index_urls:
        wanted["UV_INDEX"] = " ".join(settings.extra_index_urls)
        wanted["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # what pip does with several indexes
    if settings.find_links:
        wanted["UV_FIND_LINKS"] = ",".join(settings.find_links)
    if settings.cert:
        wanted["SSL_CERT_FILE"] = settings.cert
    return {key: value for key, value in wanted.items() if key not in os.environ}


def _configuration_files(environ: Mapping[str, str]) -> list[Path]:
    """Name pip's configuration files from the weakest to the strongest."""
    home = Path(environ.get("HOME", "~")).expanduser()
    only = environ.get("PIP_CONFIG_FILE")
    if only == os.devnull:
        return []
    site = [Path(folder) / "pip" / "pip.conf" for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")]
    files = [
        *site,
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf",
        Path(sys.prefix) / "pip.conf",
    ]
    return [*files, Path(only)] if only else files
