"""The bill of materials of an archive, in CycloneDX."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from matterzoo_harness.archive.packages import PackageFacts
from matterzoo_harness.archive.writing import DATE
from matterzoo_harness.bases.debian import Deb
from matterzoo_harness.model import Model


def bill_of_materials(
    models: Sequence[Model], wheels: Sequence[tuple[PackageFacts, str]], debs: Sequence[tuple[str, Deb]]
) -> bytes:
    """Write the bill of materials.

    Parameters
    ----------
    models
        The archived models.
    wheels
        What each wheel says of itself, and its sha256.
    debs
        Debian packages, each with its release.

    Returns
    -------
    json
        CycloneDX 1.6; the same content gives the same bytes.
    """
    licences = LicenseFactory()
    components = [_model(model) for model in models]
    for facts, sha256 in wheels:
        components.append(
            Component(
                name=facts.name,
                version=facts.version,
                bom_ref=f"pypi:{facts.name}@{facts.version}:{sha256[:12]}",
                hashes=[_sha256(sha256)],
                purl=PackageURL("pypi", None, facts.name.lower(), facts.version),
                licenses=[licences.make_from_string(facts.licence)] if facts.licence else [],
            )
        )
    for suite, deb in debs:
        where = {"arch": "amd64", "distro": suite}
        components.append(
            Component(
                name=deb.name,
                version=deb.version,
                bom_ref=f"deb:{deb.name}@{deb.version}",
                hashes=[_sha256(deb.sha256)],
                purl=PackageURL("deb", "debian", deb.name, deb.version, where),
            )
        )
    name = "+".join(model.id for model in models)
    whole = Component(name=name, type=ComponentType.CONTAINER, bom_ref="archive")
    hashes = " ".join(sorted(one.content for component in components for one in component.hashes))
    bom = Bom(
        components=components,
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {hashes}"),
        metadata=BomMetaData(component=whole, timestamp=datetime.fromtimestamp(DATE, UTC)),
    )
    bom.register_dependency(whole, components)
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b"\n"


def _model(model: Model) -> Component:
    card, locked = model.card, model.lock.checkpoint
    sha256 = card.checkpoint.sha256 or (locked.sha256 if locked else None)
    licences = LicenseFactory()
    return Component(
        name=card.name,
        version=card.version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{card.id}",
        description=card.summary,
        hashes=[_sha256(sha256)] if sha256 else [],
        licenses=[licences.make_from_string(card.licence.weights)] if card.licence.weights else [],
    )


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)
