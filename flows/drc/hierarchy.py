"""Where the cells of a layout lie in its top cell: what a marker in a cell, or a waiver for it, stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import klayout.db as kdb

__all__ = ["Hierarchy"]


class Hierarchy:
    """The placements of cells in a top cell; lengths in database units, boxes from outside in um."""

    def __init__(self, layout: kdb.Layout, top: kdb.Cell) -> None:
        """The placements in one top cell of a layout; both must stay as they are."""
        self.layout, self.top = layout, top
        self._known: dict[int, list[kdb.ICplxTrans]] = {top.cell_index(): [kdb.ICplxTrans()]}

    def cells(self) -> Iterator[kdb.Cell]:
        """The top cell and all below it."""
        return (self.layout.cell(index) for index in (self.top.cell_index(), *self.top.called_cells()))

    def placements(self, name: str) -> Sequence[kdb.ICplxTrans]:
        """From a cell to the top cell, once for each of its placements; none if it is not in the top cell."""
        cell = self.layout.cell(name)
        return self._placements(cell.cell_index()) if cell else ()

    def first_place(self, name: str) -> kdb.DCplxTrans:
        """From a cell to the top cell [um], by its first placement; nothing is moved if it has none."""
        placements = self.placements(name)
        return self.in_um(placements[0]) if placements else kdb.DCplxTrans()

    def in_um(self, placement: kdb.ICplxTrans) -> kdb.DCplxTrans:
        """A placement for lengths in um."""
        dbu = self.layout.dbu
        return kdb.CplxTrans(dbu) * placement * kdb.VCplxTrans(1 / dbu)

    def boxes(self, name: str, box: kdb.DBox) -> Iterator[kdb.Box]:
        """The box [um] of a cell at each of its places in the top cell [database units]."""
        own = box.to_itype(self.layout.dbu)
        return (trans * own for trans in self.placements(name))

    def extent(self, name: str) -> kdb.DBox:
        """The box [um] around a cell."""
        cell = self.layout.cell(name)
        return cell.dbbox() if cell else kdb.DBox()

    def at(self, place: kdb.DPoint) -> Iterator[tuple[str, kdb.ICplxTrans]]:
        """The cells below the top cell that lie over a place [um] of it, each with its transformation to the top."""
        point = place.to_itype(self.layout.dbu)
        instances = self.top.begin_instances_rec_touching(kdb.Box(point, point))
        while not instances.at_end():
            yield instances.inst_cell().name, instances.trans() * instances.inst_trans()
            instances.next()

    def _placements(self, index: int) -> list[kdb.ICplxTrans]:
        if index not in self._known:
            self._known[index] = [
                above * own for parent, each in self._parents.get(index, ()) for above in self._placements(parent)
                for own in each
            ]  # fmt: skip
        return self._known[index]

    @cached_property
    def _parents(self) -> dict[int, list[tuple[int, list[kdb.ICplxTrans]]]]:
        """The cells that hold a cell, and where, by the cell's index; within the top cell."""
        parents: dict[int, list[tuple[int, list[kdb.ICplxTrans]]]] = {}
        for cell in self.cells():
            for instance in cell.each_inst():
                array = instance.cell_inst
                parents.setdefault(array.cell_index, []).append((cell.cell_index(), list(array.each_cplx_trans())))
        return parents
