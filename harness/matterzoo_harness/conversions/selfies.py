"""SMILES to SELFIES and back, with the library of its authors."""

from __future__ import annotations

import selfies


def selfies_of(smiles: str) -> str:
    """Return the SELFIES of a SMILES.

    Raises
    ------
    ValueError
        If SELFIES cannot say it (a wildcard, a valence beyond its rules).

    References
    ----------
    Krenn et al., Mach. Learn.: Sci. Technol. 2020, 1, 045024.
    """
    try:
        return str(selfies.encoder(smiles))
    except selfies.EncoderError as error:
        raise ValueError(" ".join(str(error).split())) from error


def smiles_of_selfies(text: str) -> str:
    """Return the SMILES of a SELFIES.

    Raises
    ------
    ValueError
        If it holds a symbol that is none of SELFIES, or says nothing.
    """
    try:
        smiles = str(selfies.decoder(text))
    except selfies.DecoderError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not smiles:
        raise ValueError("the SELFIES says nothing")
    return smiles
