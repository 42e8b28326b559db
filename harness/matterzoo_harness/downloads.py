"""One file from one address: resumed where it broke off, checked before it is trusted."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from matterzoo_harness.pip_settings import read_pip_settings
from matterzoo_harness.store import writing
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

CHUNK = 1 << 20
TIMEOUT_SECONDS = 30.0


class _Redirects(HTTPRedirectHandler):
    """Follow redirects, but never carry a token to another host."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ):
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


def opener() -> OpenerDirector:
    """Give an opener that trusts what the user's pip trusts and follows the proxies of the environment."""
    cert = read_pip_settings().cert
    context = ssl.create_default_context(cafile=cert if cert and Path(cert).is_file() else None)
    return build_opener(HTTPSHandler(context=context), _Redirects())


def download(
    url: str, target: Path, *, headers: Mapping[str, str] | None = None, tries: int = 5, pause: float = 1.0
) -> None:
    """Fetch an address into a file; what an earlier, broken try left in it is gone on from.

    Parameters
    ----------
    url
        http, https or file.
    target
        The file.
    headers
        Sent along; an Authorization header never leaves the first host.
    tries
        How often a broken connection is taken up again.
    pause
        Seconds before the second try; doubled each time.

    Raises
    ------
    MatterzooError
        GATED for 401 and 403, INPUT_MISSING for what is not there or cannot be reached, DISK_FULL, CANNOT_WRITE.
    """
    client = opener()
    for attempt in range(tries):
        try:
            if _go_on(client, url, target, headers or {}):
                return
            reason = "the connection broke off"
        except HTTPError as error:
            if error.code in {401, 403}:
                raise MatterzooError(
                    ExitCode.GATED,
                    f"{url} answers {error.code} {error.reason}: a token, or a licence accepted on its page, is wanted",
                    "accept the licence there, then: HF_TOKEN=… matterzoo fetch",
                ) from error
            if error.code < 500 and error.code != 429:
                raise MatterzooError(ExitCode.INPUT_MISSING, f"{url} answers {error.code} {error.reason}") from error
            reason = f"it answers {error.code}"
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            reason = str(getattr(error, "reason", error))
        if attempt + 1 < tries:
            time.sleep(pause * 2**attempt)
    raise MatterzooError(
        ExitCode.INPUT_MISSING,
        f"{url} could not be fetched in {tries} tries: {reason}",
        "try again: it goes on from there",
    )


def _go_on(client: OpenerDirector, url: str, target: Path, headers: Mapping[str, str]) -> bool:
    """Read once, from where the file ends; tell whether the end was reached."""
    have = target.stat().st_size if target.exists() else 0
    request = Request(url, headers={**headers, "Accept-Encoding": "identity"})  # noqa: S310 - cards and indexes name it
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer: HTTPResponse = client.open(request, timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        if have and error.code == 416:  # nothing lies behind what we have
            return True
        raise
    with answer:
        resumed = getattr(answer, "status", 200) == 206
        length = answer.headers.get("Content-Length")
        size = (have if resumed else 0) + int(length) if length else None
        with writing(target), target.open("ab" if resumed else "wb") as stream:
            while chunk := answer.read(CHUNK):
                stream.write(chunk)
    return size is None or target.stat().st_size >= size
