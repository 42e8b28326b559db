"""An environment's image: what its recipe installs in a container of the base, committed once.

The wheels are mounted, not copied into a layer of their own: nothing is written twice, and none is in the image.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.types import Mount
from requests.exceptions import RequestException

from matterzoo_harness.runtimes.orphans import builder_name, reap_orphans, remove_container
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError

RECIPE = "install.sh"
GIVEN = "/mnt"
"""Where the container finds what it is given: every Debian root has that folder, so that none is left in the image."""
INTERPRETER = "/opt/matterzoo/env/bin/python"
SHOWN = 40
"""Last lines of a failed installation."""


def lay_out(content: Mapping[str, Path | bytes], folder: Path) -> None:
    """Put files below a folder that anybody can read: those of the store as links, where the file system allows it.

    In a container without privileges, root reads what the mode allows everybody and no more.
    """
    for name, source in content.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, bytes):
            file.write_bytes(source)
            file.chmod(0o644)
            continue
        try:
            os.link(source, file)
        except OSError:
            shutil.copyfile(source, file)
    for entry in (folder, *folder.rglob("*")):
        if entry.is_dir():
            entry.chmod(0o755)


def commit_installed(client: docker.DockerClient, base: str, given: Path, name: str, labels: Mapping[str, str]) -> None:
    """Run a recipe in a container of the base, without network, and make an image of it.

    Parameters
    ----------
    client
        A container engine of this machine.
    base
        The image to start from.
    given
        A folder with `install.sh` and what it asks for; see `containers/install.sh`.
    name
        The image's name.
    labels
        Its labels.

    Raises
    ------
    MatterzooError
        BAD_CARD with the last words of a recipe that failed; DISK_FULL; NO_ENGINE with the engine's words.
    """
    reap_orphans(client)
    repository, _, tag = name.rpartition(":")
    try:
        container = client.api.create_container(
            base,
            ["sh", f"{GIVEN}/{RECIPE}"],
            name=builder_name(),  # no labels: an image inherits those of its container
            host_config=client.api.create_host_config(
                network_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mounts=[Mount(target=GIVEN, source=str(given), type="bind", read_only=True)],
            ),
            use_config_proxy=False,
        )["Id"]
        try:
            client.api.start(container)
            code = int(client.api.wait(container)["StatusCode"])
            if code:
                words = client.api.logs(container, tail=SHOWN).decode("utf-8", "replace")
                raise not_built(name, f"{RECIPE} ended with exit code {code}:\n{words}")
            changes = [f'LABEL {key}="{value}"' for key, value in labels.items()] + [f'CMD ["{INTERPRETER}"]']
            client.api.commit(container, repository, tag, changes="\n".join(changes))
        finally:
            remove_container(client, container)
    except (DockerException, RequestException) as error:
        unseen = "bind source path does not exist" in str(error)
        hint = f"the engine must see {given.parent}: use one of this machine" if unseen else "matterzoo doctor"
        raise not_built(name, str(error), ExitCode.NO_ENGINE, hint) from error


def not_built(name: str, words: str, code: ExitCode = ExitCode.BAD_CARD, hint: str = "") -> MatterzooError:
    """Say that an image cannot be built, with the engine's words; a full disk has a code and a hint of its own."""
    if "no space left" in words.lower():
        code, hint = ExitCode.DISK_FULL, "free some space where the engine keeps its images (docker system df)"
    return MatterzooError(code, f"{name} cannot be built: {words}", hint)
