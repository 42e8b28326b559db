"""Load a checkpoint in its package's own format: `python molecular.py setup.json answer.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import references
import torch
import yaml
from measure import Measured, against_package, batched, deviation, load
from structures import atoms_batch, others

from matterzoo_adapters.base import AtomsBatch, Setup
from matterzoo_adapters.worker.loading import adapter_class, fingerprint
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure

Tensors = Mapping[str, torch.Tensor]


def ani(setup: Setup, file: Path) -> Tensors:
    """Write the state of an ensemble of eight, as `ANI2x` downloads it; only its first member is to be found again."""
    adapter_class(setup.adapter)
    from matterzoo_adapter import MEMBERS, architecture

    ensemble = architecture(len(setup.card["domain"]["elements"]), members=MEMBERS)
    torch.save(ensemble.state_dict(), file)
    return dict(ensemble[0].state_dict())


def aimnet(setup: Setup, file: Path) -> Tensors:
    """Export a training's weights, with charges and dispersion left to the calculator, by the package's own command."""
    import aimnet
    from aimnet.config import build_module
    from aimnet.train.export_model import export_model

    definition = yaml.safe_load((Path(aimnet.__file__).parent / "models" / "aimnet2_dftd3_wb97m.yaml").read_text())
    definition["kwargs"]["num_charge_channels"] = 2 if setup.model.endswith("-nse") else 1
    yamls = {"model": definition, "sae": {number: -0.5 * number for number in setup.card["domain"]["elements"]}}
    for name, content in yamls.items():
        file.with_name(f"{name}.yaml").write_text(yaml.dump(content, sort_keys=False))
    learned = build_module(str(file.with_name("model.yaml"))).state_dict()
    torch.save(learned, file.with_name("weights.pt"))
    given = [file.with_name("weights.pt"), file, "--model", file.with_name("model.yaml")]
    export_model([str(word) for word in [*given, "--sae", file.with_name("sae.yaml")]], standalone_mode=False)
    return {name: values for name, values in learned.items() if name.startswith(("mlps.", "conv_"))}


def unimol(setup: Setup, file: Path) -> Tensors:
    """Write what pretraining keeps; zeros are drawn too, for they keep atoms (and padding) of Uni-Mol2 from mixing."""
    untrained = {**setup.card, "checkpoint": {**setup.card["checkpoint"], "source": "none"}}
    learned = load(replace(setup, card=untrained)).model.state_dict()
    for values in learned.values():
        if values.is_floating_point() and not values.any():
            values.normal_(std=0.05)
    torch.save({"model": learned}, file)
    return dict(learned)


WRITERS: dict[str, Callable[[Setup, Path], Tensors]] = {"ani": ani, "aimnet": aimnet, "unimol": unimol}


def charged(charge: float, spin: float) -> AtomsBatch:
    """Return a molecule of this charge and spin multiplicity."""
    water = others()[2]
    view = Structure(water.numbers.astype(np.uint8), water.positions, charge=charge, spin=spin)
    return AtomsBatch(Records.of([Sample("0", {"atoms": view})]), "atoms")


def answer(setup: Setup, file: Path) -> dict[str, Any]:
    """Write a checkpoint, load it twice with two seeds, and compare with what was written and with the package."""
    torch.manual_seed(7)
    written = WRITERS[setup.card["family"]](setup, file)
    setup = replace(setup, weights=str(file))
    adapter = load(setup)
    measured, molecules = Measured(adapter), others()[:3]
    family = references.of(setup.card["family"])
    assert family is not None
    found = adapter.weights()
    neutral, cation, triplet = (measured.embed(charged(*of))[0][0] for of in ((0.0, 1.0), (1.0, 1.0), (0.0, 3.0)))
    return {
        "fingerprints": [fingerprint(found)[0], fingerprint(load(setup, seed=1).weights())[0]],
        "found": {name: bool(np.array_equal(found[name], values.numpy())) for name, values in written.items()},
        "package": against_package(measured, family.reference(adapter), molecules),
        "batch": batched(measured, atoms_batch(molecules)),
        "charge": deviation(cation, neutral),
        "spin": deviation(triplet, neutral),
    }


if __name__ == "__main__":
    asked = Setup(**json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(answer(asked, Path(sys.argv[2]).with_name("checkpoint.pt"))))
