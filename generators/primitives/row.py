"""One row of an array of units: its contacts, its rails, and the strips between columns and rails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF
from mirrorneuron.generators.primitives.sheet import Box, Rail, Sheet
from mirrorneuron.generators.primitives.unit import (
    HEAD,
    LI_END,
    LI_HALF,
    PAD_HALF,
    STRIP_HALF,
    TRACK,
    UnitGeometry,
)
from mirrorneuron.generators.primitives.unit_cells import contact_cell, pad_cell, strip_cell, strip_span
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["ArrayNets", "ArrayRow", "ArrayWiring"]


@dataclass(frozen=True)
class ArrayNets:
    """The nets of an array: ``gates`` and ``drains`` by owner, ``source`` one net or one by owner, ``bulk``.

    There are at most two different gate nets.
    """

    gates: Mapping[str, str]
    drains: Mapping[str, str]
    source: str | Mapping[str, str]
    bulk: str


@dataclass(frozen=True)
class ArrayWiring:
    """The wiring common to all rows of an array: unit, nets, gate nets in order, height of the source rails [nm]."""

    unit: UnitGeometry
    nets: ArrayNets
    gate_nets: tuple[str, ...]
    source_rail_nm: int

    @property
    def apart(self) -> bool:
        """Whether owners have sources of their own."""
        return not isinstance(self.nets.source, str)


class ArrayRow:
    """One row of units: draws contacts, rails and strips on them; the lower edge of their diffusion is at y."""

    def __init__(self, sheet: Sheet, cell: kdb.Cell, owners: tuple[str | None, ...], wiring: ArrayWiring) -> None:
        """A row of these owners' units (None: a dummy), to be drawn in a cell."""
        unit, nets, gate_nets = wiring.unit, wiring.nets, wiring.gate_nets
        self.sheet, self.cell = sheet, cell
        self.unit, self.owners, self.nets = unit, owners, nets
        self.top_gate = gate_nets[0] if gate_nets else None
        self.bottom_gate = gate_nets[1] if len(gate_nets) == 2 else None
        self.drain_nets = list(dict.fromkeys(nets.drains[o] for o in owners if o))
        self.several = not isinstance(nets.source, str)
        if isinstance(nets.source, str):
            self.sources: list[str] = [nets.source] * len(owners)
        else:
            self.sources = [nets.source[o] if o else nets.bulk for o in owners]
        # Dummies are tied where the first track is.
        idle = [nets.bulk] if self.several and None in owners else []
        self.source_nets = list(dict.fromkeys([*idle, *self.sources]))
        self.rail_half = wiring.source_rail_nm // 2
        # The source rail begins at the height of the lower contacts, or below the second gate's rail.
        self.depth = unit.depth(wiring.source_rail_nm, gate_nets=len(gate_nets))
        self.source_y = self.rail_half - self.depth
        self.gate_y = unit.finger_nm + HEAD

    def draw(self, y: int) -> list[Rail]:
        """Draw the row and return its rails."""
        for i, owner in enumerate(self.owners):
            level = self.gate_y if owner and self.nets.gates[owner] == self.top_gate else -HEAD
            self.sheet.place(self.cell, contact_cell(self.sheet, self.unit), self._head_x(i), y + level)
        rails = [*(self._source_tracks(y) if self.several else [self._source_rail(y)]), *self._drain_rails(y)]
        for net, level in ((self.top_gate, self.gate_y), (self.bottom_gate, -HEAD)):
            if net is not None and any(o and self.nets.gates[o] == net for o in self.owners):
                rails.append(self._gate_rail(net, level, y))
        return rails

    def _rect(self, layer: layers.Layer, box: Box, y: int) -> None:
        self.sheet.rect(self.cell, layer, box.moved(0, y))

    def _columns(self, i: int) -> tuple[list[int], list[int]]:
        """x of the source and of the drain columns of unit `i` (shared ones belong to the unit on either side)."""
        x = i * self.unit.pitch
        columns = [x + k * self.unit.step for k in range(self.unit.fingers + 1)]
        return columns[0::2], columns[1::2]

    def _head_x(self, i: int) -> int:
        return i * self.unit.pitch + self.unit.head_x

    def draw_sources(self, pitch: int, rows: int) -> None:
        """Lead all sources of this row, and of the rows that repeat it at a pitch, down to their rails."""
        unit = self.unit
        cell = strip_cell(self.sheet, unit, self.source_y, f"source{self.depth}_{self.rail_half}")
        for k in range(0, unit.fingers if unit.shared else unit.fingers + 1, 2):
            # The last source of the row is the first of a unit that is not there.
            columns = len(self.owners) + (unit.shared and k == 0)
            self.sheet.place_grid(
                self.cell, cell, x=k * unit.step, x_step=unit.pitch, y_step=pitch, columns=columns, rows=rows
            )

    def _source_rail(self, y: int) -> Rail:
        _, high = strip_span(self.unit)
        sources = sorted({x for i in range(len(self.owners)) for x in self._columns(i)[0]})
        tied = self._tie_dummy_drains(y, high)
        left, right = sources[0], max(*sources, *tied) if tied else sources[-1]
        low = self.source_y - self.rail_half
        rail = Box(left - STRIP_HALF, low, right + STRIP_HALF, low + 2 * self.rail_half)
        self._rect(layers.MET1, rail, y)
        for i, owner in enumerate(self.owners):
            if owner is None:
                self._tie_dummy_gate(i, y)
        return self._rail(self.sources[0], sources, self.source_y, y, self.rail_half - PAD_HALF + RAIL_HALF)

    def _source_tracks(self, y: int) -> list[Rail]:
        """A track for each source net; a dummy's source, gate and drain meet in metal 1 at the bulk's."""
        self._tie_dummy_drains(y, strip_span(self.unit)[1])
        for i, owner in enumerate(self.owners):
            if owner is None:
                ends = [x for columns in self._columns(i) for x in columns]
                plate = Box(min(ends), self.source_y, max(ends), self.source_y).grown(STRIP_HALF, PAD_HALF)
                self._rect(layers.MET1, plate, y)
                self._tie_dummy_gate(i, y)
        rails = []
        for k, net in enumerate(self.source_nets):
            level = self.source_y - k * TRACK
            places = [x for i, source in enumerate(self.sources) if source == net for x in self._columns(i)[0]]
            strip = strip_cell(self.sheet, self.unit, level, f"source_track{k}_{-self.source_y}")
            for x in places:
                self.sheet.place(self.cell, strip, x, y)
            rails.append(self._rail(net, places, level, y))
        return rails

    def _tie_dummy_drains(self, y: int, high: int) -> list[int]:
        """Lead the dummies' drains down to the first source rail; returns their x."""
        tied = [x for i, owner in enumerate(self.owners) if owner is None for x in self._columns(i)[1]]
        for x in tied:
            self._rect(layers.MET1, Box(x - STRIP_HALF, self.source_y, x + STRIP_HALF, high), y)
        return tied

    def _tie_dummy_gate(self, i: int, y: int) -> None:
        x = self._head_x(i)
        self._rect(layers.LI1, Box(x - LI_END, -HEAD - LI_HALF, x + LI_END, -HEAD + LI_HALF), y)
        self._rect(layers.LI1, Box(x - LI_HALF, self.source_y - LI_HALF, x + LI_HALF, -HEAD + LI_HALF), y)
        half = nm("ct.1") // 2
        self._rect(layers.MCON, Box(x - half, self.source_y - half, x + half, self.source_y + half), y)

    def _drain_rails(self, y: int) -> list[Rail]:
        rails = []
        for k, net in enumerate(self.drain_nets):
            level = self.gate_y + (k + 1) * TRACK
            places = [
                x
                for i, owner in enumerate(self.owners)
                if owner and self.nets.drains[owner] == net
                for x in self._columns(i)[1]
            ]
            strip = strip_cell(self.sheet, self.unit, level, f"drain{k}")
            for x in places:
                self.sheet.place(self.cell, strip, x, y)
            rails.append(self._rail(net, places, level, y))
        return rails

    def _gate_rail(self, net: str, level: int, y: int) -> Rail:
        units = [i for i, owner in enumerate(self.owners) if owner and self.nets.gates[owner] == net]
        if level < 0 and any(self.owners[i] is None for i in range(units[0], units[-1])):
            raise SpecError(f"a dummy lies between the units of gate net {net}, whose rail is where its gate is tied")
        # The metal 1 pads stand where no strip passes: over a source column above, over a drain column below.
        pads = [i * self.unit.pitch + (0 if level > 0 else self.unit.step) for i in units]
        ends = [end + s * LI_END for i in units for end in (*pads, self._head_x(i)) for s in (-1, 1)]
        self._rect(layers.LI1, Box(min(ends), level - LI_HALF, max(ends), level + LI_HALF), y)
        for x in pads:
            self.sheet.place(self.cell, pad_cell(self.sheet), x, y + level)
        return self._rail(net, pads, level, y)

    def _rail(self, net: str, places: list[int], level: int, y: int, half: int = RAIL_HALF) -> Rail:
        ends = (min(places), max(places))
        reach = nm("via.1a") // 2 + nm("m2.5")
        box = Box(ends[0] - reach, level - half, ends[1] + reach, level + half)
        self._rect(layers.MET2, box, y)
        return Rail(net, y + level, ends[0], ends[1])
