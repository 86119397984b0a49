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

_LOCAL: Final = "zero-area"
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
    result = drc.run(gds, work=folder / "drc", decks=("ours", "official"), jobs=2, timeout_s=_TIMEOUT_S)
    # Magic 8.3.105 names no error that lies in a cell below the top cell.
    magic = drc.run(_flat(gds), work=folder / "drc", decks=("magic",), timeout_s=_TIMEOUT_S)
    violations = result.violations + magic.violations
    assert all(".pd." in rule for rule in result.not_applicable), "only densities need a whole chip"
    found = by_place(places, tuple(one for one in violations if one.deck != _LOCAL))
    # This deck gives a place in the coordinates of the cell that holds the shape.
    local = tuple(one for one in violations if one.deck == _LOCAL)
    blamed = [name for name, layout in layouts.items() if local and _has_shapes_without_size(layout)]
    assert bool(blamed) == bool(local), f"{local} lie in no cell"
    found |= {name: (*found[name], *local) for name in blamed}
    return Verdicts(found, {**result.rules_by_deck, **magic.rules_by_deck})


def _flat(gds: Path) -> Path:
    layout = kdb.Layout()
    layout.read(str(gds))
    layout.top_cell().flatten(True)
    path = gds.with_name("flat.gds")
    layout.write(str(path))
    return path


def _has_shapes_without_size(layout: kdb.Layout) -> bool:
    """Whether a layout has a shape without area or a path without length."""
    return any(
        not shape.area() or (shape.is_path() and len(set(shape.each_point())) == 1)
        for cell in layout.each_cell()
        for index in layout.layer_indexes()
        for shape in cell.shapes(index).each(kdb.Shapes.SBoxes + kdb.Shapes.SPolygons + kdb.Shapes.SPaths)
    )


def side_by_side(layouts: Mapping[str, kdb.Layout], path: Path) -> dict[str, kdb.Box]:
    """Write the top cells of layouts into one, in rows; where each lies [nm], half the gap around it included."""
    whole = kdb.Layout()
    whole.dbu = 0.001
    top = whole.create_cell("side_by_side")
    places: dict[str, kdb.Box] = {}
    x = y = height = 0
    for number, (name, layout) in enumerate(layouts.items()):
        for cell in layout.each_cell():
            cell.name = f"{cell.name}_{number}"  # cells of one unit are called alike in each layout
        source = layout.top_cell()
        if x and x + source.bbox().width() > _ROW_NM:
            x, y, height = 0, y + height, 0
        target = whole.create_cell(source.name)
        target.copy_tree(source)
        box = source.bbox()
        move = kdb.Trans(_up(x + GAP_NM // 2 - box.left), _up(y + GAP_NM // 2 - box.bottom))
        top.insert(kdb.CellInstArray(target.cell_index(), move))
        places[name] = box.transformed(move).enlarged(GAP_NM // 2, GAP_NM // 2)
        x, height = places[name].right, max(height, places[name].top - y)
    options = kdb.SaveLayoutOptions()
    options.write_context_info = False
    whole.write(str(path), options)
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
