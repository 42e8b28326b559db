"""The report's figures as files for a paper: drawn by a browser that is here, from the page alone, with no network."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

FORMATS = ("svg", "png")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SECONDS = 600
"""Longest time for all figures of a page; also the page's own clock, which runs as fast as it is ready."""
KEPT = re.compile(r'<pre data-file="([^"/]+)">([^<]*)</pre>')


def export(page: Path, folder: Path, formats: Sequence[str] = FORMATS, only: Sequence[str] = ()) -> list[Path]:
    """Write every figure of a report as a file of its own.

    Parameters
    ----------
    page
        `report.html`.
    folder
        Where to; made if it is not there.
    formats
        Of `svg` and `png` (3000 pixels wide).
    only
        Ids of figures, such as `matrix`; all if empty.

    Returns
    -------
    files
        In the order of the page.

    Raises
    ------
    MatterzooError
        `USAGE` for an unknown format or figure, `INPUT_MISSING` without a page or a browser, `BUG` if the browser
        did not draw all figures.
    """
    if unknown := [each for each in formats if each not in FORMATS]:
        raise MatterzooError(ExitCode.USAGE, f"there is no format {unknown[0]!r}", f"there is: {', '.join(FORMATS)}")
    if not page.is_file():
        raise MatterzooError(ExitCode.INPUT_MISSING, f"there is no {page}", "matterzoo study report STUDY writes it")
    there = re.findall(r'<section class="panel" id="([a-z]+)" data-figure', page.read_text("utf-8"))
    if unknown := [each for each in only if each not in there]:
        raise MatterzooError(ExitCode.USAGE, f"there is no figure {unknown[0]!r}", f"there is: {', '.join(there)}")
    drawn = _drawn(_browser(), f"{page.absolute().as_uri()}#export={','.join(formats)};only={','.join(only)}")
    if 'data-exported="yes"' not in drawn:
        raise MatterzooError(
            ExitCode.BUG, "the browser did not draw all figures", f"open {page}: each figure has SVG and PNG beside it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in KEPT.findall(drawn):
        files.append(folder / unescape(name))
        files[-1].write_bytes(_content(unescape(text)))
    return files


def _browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise MatterzooError(
            ExitCode.INPUT_MISSING,
            "no Chromium or Chrome is here to draw the figures",
            "apt install chromium, or open report.html in any browser: each figure has SVG and PNG beside it",
        )
    return found


def _drawn(browser: str, address: str) -> str:
    """Let a browser open a page, and return what became of it; nothing of the user's profile is touched."""
    with tempfile.TemporaryDirectory(prefix="matterzoo-export-", ignore_cleanup_errors=True) as profile:
        command = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            f"--user-data-dir={profile}", f"--virtual-time-budget={SECONDS * 1000}", "--dump-dom",
            *(["--no-sandbox"] if os.geteuid() == 0 else []), address,
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise MatterzooError(
                ExitCode.TIMEOUT, f"the browser took more than {SECONDS} s", "--only matrix,tree draws fewer figures"
            ) from error
    return done.stdout.decode("utf-8", "replace")


def _content(address: str) -> bytes:
    """Return the bytes of a data address."""
    head, _, body = address.partition(",")
    return base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
