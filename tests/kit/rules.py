"""Design rules once over many cells: side by side in one layout, the violations told apart by place.

A deck costs seconds before it looks at the first shape, so each deck runs once a test run. A test module says with
`add` what it wants checked; the fixture ``design_rules`` (``tests/conftest.py``) gives the verdicts.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import klayout.db as kdb
from filelock import FileLock
from mirrorneuron.flows import drc

GAP_NM: Final = 20_000
"""Between two cells: more than any rule reaches (LU.2: 15 um), so that no cell is judged by its neighbour's taps."""

_ROW_NM: Final = 600_000
_TIMEOUT_S: Final = 1200.0
_WANTED: Final[dict[str, Callable[[], kdb.Layout]]] = {}


def add(name: str, draw: Callable[[], kdb.Layout]) -> None:
    """Have a layout with one top cell checked along with all others of this run."""
    assert name not in _WANTED, f"two layouts are called {name}"
    _WANTED[name] = draw


@dataclass(frozen=True)
class Verdicts:
    """The violations of each layout by its name, and how many rules each deck has run."""

    violations: Mapping[str, tuple[drc.Violation, ...]]
    rules_by_deck: Mapping[str, int]


def of_this_run(folder: Path) -> Verdicts:
    """The verdicts on all that modules have added, made in `folder` by one process of the run; the others wait."""
    kept = folder / "verdicts"
    with FileLock(folder.with_suffix(".lock")):
        if not kept.is_file():
            folder.mkdir()
            kept.write_bytes(pickle.dumps(check({name: draw() for name, draw in _WANTED.items()}, folder)))
    verdicts = pickle.loads(kept.read_bytes())
    assert isinstance(verdicts, Verdicts)
    return verdicts


def check(layouts: Mapping[str, kdb.Layout], folder: Path) -> Verdicts:
    """All decks on layouts side by side."""
    gds = folder / "side_by_side.gds"
    places = side_by_side(layouts, gds)
    result = drc.run(gds, work=folder / "drc", jobs=2, timeout_s=_TIMEOUT_S)
    assert all(".pd." in rule for rule in result.not_applicable), "only densities need a whole chip"
    return Verdicts(by_place(places, result.violations), result.rules_by_deck)


def side_by_side(layouts: Mapping[str, kdb.Layout], path: Path) -> dict[str, kdb.Box]:
    """Write the top cells of layouts into one, in rows; where each lies [nm], half the gap around it included.

    All is flat: Magic 8.3.105 names no error below the top cell, the official check for shapes without area gives
    places in the coordinates of the cell that holds them, and our deck looks at all cells again in each operation.
    """
    whole = kdb.Layout()
    whole.dbu = 0.001
    top = whole.create_cell("side_by_side")
    places: dict[str, kdb.Box] = {}
    x = y = height = 0
    for name, layout in layouts.items():
        source = layout.top_cell()
        if x and x + source.bbox().width() > _ROW_NM:
            x, y, height = 0, y + height, 0
        box = source.bbox()
        move = kdb.Trans(_up(x + GAP_NM // 2 - box.left), _up(y + GAP_NM // 2 - box.bottom))
        cell = whole.create_cell(name)
        cell.copy_tree(source)
        top.insert(kdb.CellInstArray(cell.cell_index(), move))
        places[name] = box.transformed(move).enlarged(GAP_NM // 2, GAP_NM // 2)
        x, height = places[name].right, max(height, places[name].top - y)
    top.flatten(True)
    whole.write(str(path))
    return places


def _up(nm: int) -> int:
    """To the next whole micrometre, so that a cell stays on every grid."""
    return -(-nm // 1000) * 1000


def by_place(
    places: Mapping[str, kdb.Box], violations: tuple[drc.Violation, ...]
) -> dict[str, tuple[drc.Violation, ...]]:
    """Each violation with the cell at whose place it lies; one that lies at none is an error."""
    found: dict[str, list[drc.Violation]] = {name: [] for name in places}
    for violation in violations:
        at = kdb.Point(round(1000 * violation.x), round(1000 * violation.y))
        names = [name for name, box in places.items() if box.contains(at)]
        assert names, f"{violation} lies at no cell"
        found[names[0]].append(violation)
    return {name: tuple(some) for name, some in found.items()}
