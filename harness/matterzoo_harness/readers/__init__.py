"""From a user's files to records: parse, name, and never lose a row."""

from matterzoo_harness.readers.objects import from_atoms, from_strings
from matterzoo_harness.readers.read import read
from matterzoo_harness.readers.registry import FORMATS
from matterzoo_harness.readers.result import ReadResult

__all__ = ["FORMATS", "ReadResult", "from_atoms", "from_strings", "read"]
