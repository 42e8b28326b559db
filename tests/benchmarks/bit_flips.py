"""Whether `verify` finds a single bit flipped anywhere in a real archive, and names the file that it hit.

    matterzoo archive chgnet-0.3.0 -o chgnet --no-image
    python tests/benchmarks/bit_flips.py chgnet [FLIPS] [SEED]

Of a folder every second flip is in a file drawn evenly, so that small ones are hit, too; the others are anywhere in its
bytes. All of the archive is read after each flip, and the bit is flipped back. Ends with 1 if one was not found.
"""

from __future__ import annotations

import random
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from damage import flip_bit

from matterzoo_harness.archive.reading import verify
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


def owner(archive: Path, file: Path, place: int, members: list[tarfile.TarInfo]) -> str:
    """Name what a damaged place belongs to: a file of the folder, or the entry of the tar that holds the byte."""
    if archive.is_dir():
        return file.relative_to(archive).as_posix()
    before = [member.name for member in members if member.offset <= place]
    return before[-1]


def main() -> int:
    """Flip and verify."""
    archive = Path(sys.argv[1])
    flips = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    draw = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    files = sorted(file for file in archive.rglob("*") if file.is_file()) if archive.is_dir() else [archive]
    files = [file for file in files if file.stat().st_size]
    sizes = [file.stat().st_size for file in files]
    members = [] if archive.is_dir() else tarfile.open(archive).getmembers()  # noqa: SIM115 (ends with the process)
    identity = verify(archive).identity
    missed, unnamed, began = 0, 0, time.perf_counter()
    for number in range(flips):
        (file,) = draw.choices(files, sizes if number % 2 else None)
        place, bit = draw.randrange(file.stat().st_size), draw.randrange(8)
        flip_bit(file, place, bit)
        try:
            verify(archive)
            print(f"MISSED: bit {bit} of byte {place} of {file}")
            missed += 1
        except MatterzooError as error:
            name = owner(archive, file, place, members)
            if error.code is not ExitCode.DIGEST_MISMATCH or (
                name not in error.message and file.name not in error.message
            ):
                print(f"NOT NAMED: bit {bit} of byte {place} of {file} ({name}): {error.code!r} {error.message}")
                unnamed += 1
        finally:
            flip_bit(file, place, bit)
    whole = verify(archive).identity == identity
    each = (time.perf_counter() - began) / flips
    size = sum(sizes) / 1e6
    print(
        f"{archive}: {len(files)} files, {size:,.0f} MB; {flips} bits flipped, {flips - missed} found, "
        f"{flips - missed - unnamed} named with exit code 79; {each:.2f} s each; whole again: {whole}"
    )
    return int(bool(missed or unnamed or not whole))


if __name__ == "__main__":
    sys.exit(main())
