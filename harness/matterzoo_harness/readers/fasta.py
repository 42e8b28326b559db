"""FASTA with biotite."""

from __future__ import annotations

from collections.abc import Iterator

from biotite.sequence.io.fasta import FastaFile

from matterzoo_harness.readers.files import Source
from matterzoo_harness.readers.result import Entry
from matterzoo_harness.readers.strings import entry_of_string


def read_fasta(source: Source) -> Iterator[Entry]:
    """Yield the sequences, each called by the first word of its header."""
    with source.lines() as file:
        for header, sequence in FastaFile.read_iter(file):
            words = header.split()
            yield entry_of_string(sequence, "sequence", words[0] if words else None)
