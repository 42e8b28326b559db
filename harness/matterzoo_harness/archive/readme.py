"""The archive's README: for a reader who has never heard of us, with nothing but a container engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from matterzoo_harness.archive.collect import Collected
from matterzoo_harness.model import Model
from matterzoo_schemas.card import View

_EXAMPLES = {
    View.ATOMS: '{"atoms": Structure(np.array([11, 17], np.uint8), np.array([[0, 0, 0], [2.82, 2.82, 2.82]]),\n'
    "                            np.array([[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]]), np.ones(3, bool))}",
    View.SMILES: '{"smiles": "CCO"}',
    View.SELFIES: '{"selfies": "[C][C][O]"}',
    View.TEXT: '{"text": "NaCl crystallizes in the cubic space group Fm-3m."}',
    View.SEQUENCE: '{"sequence": "MKTAYIAKQR"}',
}  # fmt: skip


def readme(models: Sequence[Model], found: Collected, tags: dict[str, str], base_layer: str | None) -> str:
    """Write the README.

    Parameters
    ----------
    models, found
        What is archived.
    tags
        Model → the name that its image has when it is loaded; empty if no image is inside.
    base_layer
        Path of the image's lowest layer, which is a whole root; None without an image.
    """
    first = models[0]
    facts = found.models[first.id]
    environment = f"{facts['environment']}-{facts['variant']}"
    lacking = [f"- {one['what']}: {one['why']}. From: {one['where']}\n" for one in found.contents.left_out]
    return _template("readme.md").substitute(
        names=", ".join(model.card.name for model in models),
        models="".join(f"- **{model.id}**: {model.card.summary}\n" for model in models),
        left_out="**Left out:**\n\n" + "".join(lacking) + "\n" if lacking else "",
        in_container=_in_container(models, tags) if tags else "",
        base=_base(found, base_layer),
        environment=f"environments/{environment}",
        python=found.environments[environment]["python"],
        first=first.id,
    )


def _in_container(models: Sequence[Model], tags: dict[str, str]) -> str:
    first = models[0]
    line = '$ docker run --rm --network none -v "$PWD":/archive:ro {} python /archive/replay.py {}'
    return _template("readme_image.md").substitute(
        runs="\n".join(line.format(tags[model.id], model.id) for model in models),
        tag=tags[first.id],
        first=first.id,
        views=_EXAMPLES.get(first.card.view, f'{{"{first.card.view.value}": …}}  # see views.py'),
    )


def _base(found: Collected, base_layer: str | None) -> str:
    """Give the commands that make an image `matterzoo-base` of what is in the archive."""
    if base_layer:
        return f"$ docker import {base_layer} matterzoo-base"
    if not found.debs:
        return "$ docker load --input base/*.tar    # it says the image's id: docker tag ID matterzoo-base"
    suite = found.debs[0][0]
    return (
        f"$ mkdir ../root\n$ for package in debian/{suite}/*.deb; do dpkg-deb -x $package ../root; done\n"
        "$ [ -e ../root/bin/sh ] || ln -s dash ../root/bin/sh\n"
        "$ tar -C ../root -c . | docker import - matterzoo-base"
    )


def _template(name: str) -> Template:
    return Template(Path(__file__).with_name(name).read_text("utf-8"))
