"""`df` and `gc`: what matterzoo holds on this machine, and freeing what nothing uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from matterzoo.cli import console
from matterzoo.cli.options import Json

if TYPE_CHECKING:
    from matterzoo_harness.upkeep.usage import Holding


def df(json: Json = False) -> int:
    """Show what the store and the cache hold, and how much of it is in use."""
    kinds: dict[str, dict[str, int]] = {}
    for holding in _holdings():
        row = kinds.setdefault(holding.kind, {"count": 0, "bytes": 0, "unused": 0, "unused_bytes": 0})
        row["count"] += 1
        row["bytes"] += holding.size
        row["unused"] += not holding.used
        row["unused_bytes"] += 0 if holding.used else holding.size
    if json:
        console.emit(kinds)
        return 0
    print(f"{'':<24}{'count':>8}{'GB':>10}{'unused':>10}{'GB':>10}")
    for kind, row in kinds.items():
        sizes = f"{row['count']:>8}{row['bytes'] / 1e9:>10.2f}{row['unused']:>10}{row['unused_bytes'] / 1e9:>10.2f}"
        print(f"{kind:<24}{sizes}")
    total, unused = (sum(row[key] for row in kinds.values()) for key in ("bytes", "unused_bytes"))
    print(f"{'':<24}{'':>8}{total / 1e9:>10.2f}{'':>10}{unused / 1e9:>10.2f}")
    if unused:
        print("\n  matterzoo gc    shows what would be removed")
    return 0


def gc(
    yes: bool = typer.Option(False, "--yes", help="Remove it; without this it is only shown."),
    json: Json = False,
) -> int:
    """Show what no lock, card or restored archive uses any more; with --yes remove it.

    A private zoo counts only while MATTERZOO_PATH names it.
    """
    from matterzoo_harness.store import Store
    from matterzoo_harness.upkeep.usage import remove

    unused = [holding for holding in _holdings() if not holding.used]
    freed = remove(unused, Store()) if yes else 0
    if json:
        console.emit(
            {"unused": [{"kind": one.kind, "path": str(one.path), "bytes": one.size} for one in unused], "freed": freed}
        )
        return 0
    for one in unused:
        name = next((entry.name for entry in one.path.iterdir()), "") if not yes and one.kind != "environments" else ""
        print(f"  {one.size / 1e6:>10,.1f} MB  {one.kind}: {name or one.path.name}")
    total = sum(one.size for one in unused)
    print(f"{'removed' if yes else 'would be removed'}: {len(unused)} things, {total / 1e9:.2f} GB")
    if unused and not yes:
        print("  matterzoo gc --yes")
    return 0


def _holdings() -> list[Holding]:
    from matterzoo.catalogue import readable
    from matterzoo_harness.store import Store
    from matterzoo_harness.upkeep.needs import needs
    from matterzoo_harness.upkeep.usage import holdings

    store = Store()
    return holdings(needs(readable(), store), store)
