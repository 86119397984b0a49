"""Our deck on the foundry's standard cells, a tap cell abutted on either side: nothing may be found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.layers import AREAID_SC

TAP = "tapvpwrvgnd"
PITCH_NM = 30_000


def cells() -> list[Path]:
    """Every standard cell's GDS."""
    folder = install.locate().sc_hd
    assert folder
    return sorted(folder.glob("*/*.gds"))


def rows(paths: list[Path], path: Path) -> dict[str, kdb.DBox]:
    """Draw each cell between two taps, in a row of its own; the boxes [um] of the rows by cell."""
    layout = kdb.Layout()
    top = layout.create_cell("rows")
    tap_path = next(one for one in cells() if one.parent.name == TAP)

    def read(gds: Path) -> kdb.Cell:
        if not layout.has_cell(gds.stem):
            layout.read(str(gds))
        cell = layout.cell(gds.stem)
        assert cell
        return cell

    def width(cell: kdb.Cell) -> int:
        return cell.bbox_per_layer(layout.layer(*AREAID_SC)).width()

    tap = read(tap_path)
    found = {}
    for number, gds in enumerate(paths):
        cell = read(gds)
        y = number * PITCH_NM
        x = width(tap)
        for one, at in ((tap, 0), (cell, x), (tap, x + width(cell))):
            top.insert(kdb.CellInstArray(one.cell_index(), kdb.Trans(at, y)))
        found[gds.stem] = kdb.DBox(-5, (y - 5000) / 1000, 100, (y + 10000) / 1000)
    layout.write(str(path))
    return found


def flagged(paths: list[Path], folder: Path) -> dict[str, Counter[str]]:
    """Rules and layers found, by cell."""
    boxes = rows(paths, folder / "rows.gds")
    result = drc.run(folder / "rows.gds", work=folder / "work", decks=("ours",), jobs=2)
    found: dict[str, Counter[str]] = {}
    for violation in result.violations:
        (name,) = [name for name, box in boxes.items() if box.contains(kdb.DPoint(violation.x, violation.y))]
        found.setdefault(name, Counter())[violation.rule] += 1
    return found


def test_no_false_flag_on_standard_cells(tmp_path: Path) -> None:
    chosen = cells()[::4]
    assert len(chosen) > 100
    assert flagged(chosen, tmp_path) == {}


@pytest.mark.slow
def test_no_false_flag_on_all_standard_cells(tmp_path: Path) -> None:
    # Each has a piece of metal 1 of 0.067 um^2 that is to lie under a wire of the chip.
    alone = {f"sky130_fd_sc_hd__{name}_1": Counter({"m1.6": 1}) for name in ("tapvgnd", "tapvgnd2")}
    assert flagged(cells(), tmp_path) == alone
