"""How long reading takes beside what ase and rdkit themselves take for the same file.

    python tests/benchmarks/readers.py [--frames 5000] [--molecules 20000]

Each line: what, our seconds, the library's seconds, the ratio. The library's time is what it needs to parse the file
into its own objects, and, where a view needs more of it (the canonical SMILES of an SDF), for that too; the second
ratio of the SDF is against parsing alone. Processor time, the best of three runs, the two taken in turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom

from matterzoo_harness.readers import read

LIMIT = 1.3


def best(ours: Callable[[], object], theirs: Callable[[], object], runs: int = 3) -> tuple[float, float]:
    """Return the shortest time of each [s]."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for function, taken in zip((ours, theirs), times, strict=True):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    return min(times[0]), min(times[1])


def write_extxyz(path: Path, frames: int) -> None:
    """Write crystals and molecules in turns, with energies, forces, charge and spin."""
    random = np.random.default_rng(0)
    kinds = [bulk("Cu", cubic=True) * (2, 2, 1), molecule("C6H6"), bulk("NaCl", "rocksalt", 5.64, cubic=True)]
    images = []
    for frame in range(frames):
        atoms = kinds[frame % len(kinds)].copy()
        atoms.rattle(0.05, rng=random)
        forces = random.normal(size=(len(atoms), 3))
        atoms.calc = SinglePointCalculator(atoms, energy=float(random.normal()), forces=forces)
        atoms.info.update(charge=0, spin=1, id=f"frame{frame}")
        images.append(atoms)
    ase.io.write(path, images, format="extxyz")


def drug_like(count: int) -> list[str]:
    """Return SMILES of some twenty atoms: a core, a linker and a tail in every combination."""
    cores = ["c1ccc2[nH]ccc2c1", "c1ccncc1", "C1CCNCC1", "c1ccc(cc1)S(=O)(=O)N", "C1CC2CCC1C2", "c1cnc2ccccc2c1"]
    linkers = ["C(=O)N", "OCC", "NC(=O)", "C(C)O", "CCN(C)", "C=C", "C#C", "CSC"]
    tails = ["c1ccc(F)cc1", "C(C)(C)C", "C[C@H](N)C(=O)O", "c1ccsc1", "CCO", "FC(F)(F)c1ccc(Cl)cc1"]
    every = [f"{tail}{linker}{core}" for core in cores for linker in linkers for tail in tails]
    return [every[i % len(every)] + "C" * (i // len(every) % 5 + 1) for i in range(count)]


def write_sdf(path: Path, smiles: list[str]) -> None:
    """Write molecules with hydrogens and coordinates; one in forty is embedded, the others are moved copies."""
    embedded = []
    for line in dict.fromkeys(smiles[:: max(1, len(smiles) // 200)]):
        mol = Chem.AddHs(Chem.MolFromSmiles(line))
        if rdDistGeom.EmbedMolecule(mol, randomSeed=1) == 0:
            embedded.append(mol)
    with Chem.SDWriter(str(path)) as writer:
        for index in range(len(smiles)):
            mol = embedded[index % len(embedded)]
            mol.SetProp("_Name", f"mol{index}")
            mol.SetProp("logp", f"{index / 7:.3f}")
            writer.write(mol)


def rdkit_sdf(path: Path, *, smiles: bool) -> list[Any]:
    """Parse as rdkit's users do."""
    molecules = [mol for mol in Chem.SDMolSupplier(str(path), removeHs=False) if mol is not None]
    return [Chem.MolToSmiles(Chem.RemoveHs(mol, sanitize=False)) for mol in molecules] if smiles else molecules


def main() -> None:
    """Print the ratios; the exit code is 1 if one is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--molecules", type=int, default=20000)
    arguments = parser.parse_args()
    blocker = rdBase.BlockLogs()
    smiles = drug_like(arguments.molecules)
    with tempfile.TemporaryDirectory() as folder:
        xyz, csv, sdf = (Path(folder) / f"b.{suffix}" for suffix in ("extxyz", "csv", "sdf"))
        write_extxyz(xyz, arguments.frames)
        csv.write_text("id,smiles,gap\n" + "".join(f"m{i},{line},{i / 3:.4f}\n" for i, line in enumerate(smiles)))
        write_sdf(sdf, smiles)
        rows = [
            ("extxyz / ase", lambda: read(xyz), lambda: ase.io.read(xyz, ":")),
            ("SMILES in CSV / rdkit", lambda: read(csv), lambda: [Chem.MolFromSmiles(line) for line in smiles]),
            ("SDF / rdkit parse + SMILES", lambda: read(sdf), lambda: rdkit_sdf(sdf, smiles=True)),
            ("SDF / rdkit parse alone", lambda: read(sdf), lambda: rdkit_sdf(sdf, smiles=False)),
        ]
        ratios = []
        for what, ours, theirs in rows:
            mine, library = best(ours, theirs)
            ratios.append(mine / library)
            print(f"{what:28s} {mine:7.2f} s {library:7.2f} s   ratio {ratios[-1]:.2f}", flush=True)
    del blocker
    raise SystemExit(any(ratio > LIMIT for ratio in ratios[:3]))


if __name__ == "__main__":
    main()
