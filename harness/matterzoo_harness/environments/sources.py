"""Source archives of packages that have no wheel.

pip cannot download one without running its setup script, and fetching must run nothing: so the index page is read here.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import Request

from packaging.utils import canonicalize_name

from matterzoo_harness.downloads import TIMEOUT_SECONDS, download, opener
from matterzoo_harness.environments.lockfile import Pin
from matterzoo_harness.pip_settings import PipSettings, read_pip_settings
from matterzoo_harness.store import Store
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

_FILE = re.compile(r"""href=["']([^"'#]+)#sha256=([0-9a-f]{64})""")
_SOURCE_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz")


def fetch_source(pin: Pin, store: Store) -> str:
    """Fetch the source archive that a lock pins.

    Parameters
    ----------
    pin
        The pin; its hashes choose the file.
    store
        Where it goes.

    Returns
    -------
    str
        Its sha256.

    Raises
    ------
    MatterzooError
        INPUT_MISSING if no index that pip is configured with has it, DIGEST_MISMATCH if it is not what was pinned.
    """
    asked = []
    for index in _indexes(read_pip_settings()):
        page_url = _page_url(index, pin.name)
        asked.append(urlsplit(page_url).netloc or page_url)
        for link, sha256 in _FILE.findall(_page(page_url)):
            name = Path(unquote(urlsplit(link).path)).name
            if sha256 in pin.sha256s and name.endswith(_SOURCE_ENDINGS):
                with store.scratch() as folder:
                    download(urljoin(page_url, html.unescape(link)), folder / name)
                    return store.add(folder / name, sha256)
    raise MatterzooError(
        ExitCode.INPUT_MISSING,
        f"the source archive of {pin} was not found at {', '.join(asked)}",
        "check pip's index settings, then fetch again",
    )


def is_listed(name: str) -> bool:
    """Tell whether an index that pip is configured with answers, and knows a package: pip's own words do not say."""
    return any(_page(_page_url(index, name)) for index in _indexes(read_pip_settings()))


def _page_url(index: str, name: str) -> str:
    return f"{index.rstrip('/')}/{canonicalize_name(name)}/"


def _indexes(settings: PipSettings) -> list[str]:
    from pip._internal.models.index import PyPI  # pip's own default, which has no public name

    return [settings.index_url or str(PyPI.simple_url), *settings.extra_index_urls]


def _page(url: str) -> str:
    if url.startswith("file:"):
        url += "index.html"  # as pip does for an index in a folder
    try:
        with opener().open(Request(url), timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - the user's own index
            return str(answer.read().decode("utf-8", "replace"))
    except (URLError, OSError):
        return ""
