"""The drawing surface: a KLayout layout in integer nanometres that refuses what is off the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from klayout import db as kdb
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["Block", "Box", "Rail", "Sheet"]


class Box(NamedTuple):
    """A rectangle, in nm."""

    x0: int
    y0: int
    x1: int
    y1: int

    def grown(self, x: int, y: int | None = None) -> Box:
        """The box with its left and right edges moved out by `x`, the others by `y` (default `x`)."""
        y = x if y is None else y
        return Box(self.x0 - x, self.y0 - y, self.x1 + x, self.y1 + y)

    def moved(self, x: int, y: int) -> Box:
        """The box displaced."""
        return Box(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    @classmethod
    def around(cls, boxes: Iterable[Box]) -> Box:
        """The bounding box of boxes."""
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        return cls(min(x0), min(y0), max(x1), max(y1))


class Rail(NamedTuple):
    """A horizontal metal 2 wire of a block that a spine may prolong beyond the block, left or right, at the same y."""

    net: str
    y: int
    x0: int
    x1: int

    def moved(self, x: int, y: int) -> Rail:
        """The rail displaced."""
        return Rail(self.net, self.y + y, self.x0 + x, self.x1 + x)


@dataclass(frozen=True)
class Block:
    """A drawn cell, the box that it claims, the rails that connect it, and whether it has an n-well at its edge."""

    cell: kdb.Cell
    box: Box
    rails: tuple[Rail, ...]
    well: bool = False


class Sheet:
    """One GDS library while it is drawn. The caller names the cells, each name once."""

    def __init__(self) -> None:
        """Start an empty library."""
        self.layout = kdb.Layout()
        self.layout.dbu = 0.001
        # In one order in every layout: `finish` places a cell's origin by the first of its layers.
        for layer in sorted(DRAWING.values()):
            self.layout.layer(*layer)

    def cell(self, name: str) -> kdb.Cell:
        """A new, empty cell.

        Raises
        ------
        SpecError
            There is a cell of this name.
        """
        if self.layout.has_cell(name):
            raise SpecError(f"two cells are called {name!r}: cell names must be unique in a GDS file")
        return self.layout.create_cell(name)

    def shared(self, name: str, draw: Callable[[kdb.Cell], None]) -> kdb.Cell:
        """The cell of this name; `draw` draws it at the first call."""
        if self.layout.has_cell(name):
            return self.layout.cell(name)
        cell = self.cell(name)
        draw(cell)
        return cell

    def rect(self, cell: kdb.Cell, layer: Layer, box: Box) -> None:
        """Draw a rectangle.

        Raises
        ------
        SpecError
            It is empty or off the manufacturing grid; nothing is snapped.
        """
        if box.x1 <= box.x0 or box.y1 <= box.y0 or any(v % GRID_NM for v in box):
            raise SpecError(f"rectangle {tuple(box)} nm on {layer} is empty or off the {GRID_NM} nm grid (x.1a)")
        cell.shapes(self.layout.layer(*layer)).insert(kdb.Box(*box))

    def place(self, cell: kdb.Cell, child: kdb.Cell, x: int, y: int) -> None:
        """Place a cell, unrotated.

        Raises
        ------
        SpecError
            The place is off the manufacturing grid.
        """
        if x % GRID_NM or y % GRID_NM:
            raise SpecError(f"cell {child.name} placed at ({x}, {y}) nm, off the {GRID_NM} nm grid (x.1a)")
        cell.insert(kdb.CellInstArray(child.cell_index(), kdb.Trans(x, y)))

    def place_grid(
        self, cell: kdb.Cell, child: kdb.Cell, *, x: int = 0, x_step: int, y_step: int, columns: int, rows: int
    ) -> None:
        """Place `columns` x `rows` copies of a cell, unrotated, the first at (x, 0); steps in nm.

        Raises
        ------
        SpecError
            The place or a step is off the manufacturing grid.
        """
        if x % GRID_NM or x_step % GRID_NM or y_step % GRID_NM:
            raise SpecError(
                f"cell {child.name} placed from x = {x} nm in steps of ({x_step}, {y_step}) nm, off the {GRID_NM} nm "
                "grid (x.1a)"
            )
        steps = kdb.Vector(x_step, 0), kdb.Vector(0, y_step)
        cell.insert(kdb.CellInstArray(child.cell_index(), kdb.Trans(x, 0), *steps, columns, rows))

    def pin(self, cell: kdb.Cell, metal: str, name: str, box: Box) -> None:
        """Draw a pin: its rectangle on the drawing and pin purposes, its name on the pin and label purposes."""
        where = PIN_LAYERS[metal]
        self.rect(cell, where.drawing, box)
        self.rect(cell, where.pin, box)
        x, y = (box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2
        for layer in (where.pin, where.label):
            cell.shapes(self.layout.layer(*layer)).insert(kdb.Text(name, kdb.Trans(x, y)))

    def port(self, cell: kdb.Cell, metal: str, name: str, x: int, y: int) -> None:
        """Name the net of a cell that lies below the top, at a place on its metal: a text on the pin purpose alone."""
        cell.shapes(self.layout.layer(*PIN_LAYERS[metal].pin)).insert(kdb.Text(name, kdb.Trans(x, y)))

    def finish(self) -> kdb.Layout:
        """Move the lower left corner of every cell to its origin, or 5 nm off it, and return the layout.

        Magic 8.3.105 counts in 10 nm until it reads an odd multiple of 5 nm, and misplaces by 5 nm all shapes of that
        cell that it has read before. So the first shape of each cell without children begins at an odd multiple.
        """
        moved: dict[int, kdb.Vector] = {}
        for index in self.layout.each_cell_bottom_up():
            cell = self.layout.cell(index)
            for instance in cell.each_inst():
                instance.trans = kdb.Trans(instance.trans.disp - moved[instance.cell_index])
            corner = cell.bbox().p1
            first = next((box for layer in self.layout.layer_indexes() if not (box := cell.bbox(layer)).empty()), None)
            even = cell.is_leaf() and first is not None and (first.left - corner.x) % (2 * GRID_NM) == 0
            moved[index] = kdb.Vector(-corner.x + (GRID_NM if even else 0), -corner.y)
            cell.transform(kdb.Trans(moved[index]))
        return self.layout
