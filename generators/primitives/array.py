"""The unit-transistor fabric: rows of equal units that share diffusion, dummies at their ends and around, a guard ring.

One row, with two owners A and B whose gates are common and whose sources are one net::

    m2   ------------------ drain of B ---------      a metal 2 track for each drain in the row,
    m2   ------- drain of A --------------------      reached by the drains' metal 1 strips
    li   ===o=====o=====o=====o================  m2   the gates' contacts, on one li rail
           |_|   |_|   |_|   |_|
         S  g  D  g  S  g  D  g  S  ...                unit = S g D g S, the outer S shared with the neighbour
    m1   ===========================================  sources, in metal 1

A second gate net (a differential pair) has its contacts and its rail below the diffusion. A dummy's gate and drain are
tied to the source rail. A unit with an odd number of fingers ends in a drain and stands on an island of its own.

Every wire that leaves is a metal 2 rail at a y of its own, which a spine beside the array reaches by prolonging it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from klayout import db as kdb
from mirrorneuron.generators.placement import Pattern
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, cut_row, fit_cuts, via12
from mirrorneuron.generators.primitives.ring import RING_WIDTH, guard_ring
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MosDevice, mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["ArrayNets", "draw_array"]

# Along the row: from gate to gate over a column of contacts.
_COLUMN = nm("licon.1") + 2 * nm("licon.11")
_STRIP_HALF = nm("via.1a") // 2 + nm("via.4a")
# Across the row: from the diffusion's edge to the centre of a gate's contact, which keeps off the p+ implant.
_HEAD = nm("nsd.5a") + nm("licon.9") + nm("licon.1") // 2
_BAR_HALF = nm("licon.1") // 2 + nm("licon.8")
_BAR_WIDTH_MIN = nm("licon.1") + 2 * nm("licon.8a")
_LI_HALF = nm("licon.1") // 2
_LI_END = _LI_HALF + nm("li.5")
_PAD_HALF = nm("via.1a") // 2 + nm("via.5a")
_TRACK = RAIL_PITCH
_DUMMY_ROW_GAP = nm("poly.8") + nm("poly.2") + _HEAD + _BAR_HALF + GRID_NM
_RING_GAP_X = 400
_RING_GAP_Y = 300
# Diffusion has a tap above and below it, the nearer one at most half a section away.
_SECTION_MAX = 2 * (nm("LU.2") - 2000) - 2 * RING_WIDTH


@dataclass(frozen=True)
class ArrayNets:
    """Which nets an array's terminals are on: ``gates`` and ``drains`` by owner, one ``source``, one ``bulk``.

    At most two different gate nets.
    """

    gates: Mapping[str, str]
    drains: Mapping[str, str]
    source: str
    bulk: str


@dataclass(frozen=True)
class _Geometry:
    """Measures of a unit [nm]."""

    device: MosDevice
    finger_nm: int
    length_nm: int
    fingers: int

    @property
    def step(self) -> int:
        return self.length_nm + _COLUMN

    @property
    def shared(self) -> bool:
        return self.fingers % 2 == 0

    @property
    def pitch(self) -> int:
        width = self.fingers * self.step
        return width if self.shared else width + _COLUMN + nm("difftap.3")

    @property
    def name(self) -> str:
        return f"{self.device.name}_w{self.finger_nm}_l{self.length_nm}_f{self.fingers}"


def draw_array(
    sheet: Sheet,
    name: str,
    pattern: Pattern,
    nets: ArrayNets,
    *,
    device: str,
    width_nm: int,
    length_nm: int,
    fingers: int = 2,
) -> Block:
    """Draw a matched array.

    Parameters
    ----------
    width_nm
        Total width of a unit, over all its fingers.

    Raises
    ------
    SpecError
        A finger's width or the length is below the process minimum or off the grid, there are more than two gate nets,
        or a dummy lies among the units of the second gate net.
    """
    unit = _geometry(mosfet(device), width_nm, length_nm, fingers)
    gate_nets = list(dict.fromkeys(nets.gates[o] for row in pattern.rows for o in row if o))
    if len(gate_nets) > 2:
        raise SpecError(f"array {name} has {len(gate_nets)} gate nets ({', '.join(gate_nets)}): at most 2 can be wired")
    cell = sheet.cell(name)
    rails: list[Rail] = []
    bars: list[int] = []
    rows = [_Row(sheet, cell, unit, owners, nets, gate_nets) for owners in pattern.rows]
    # Rows with units, and all between them, lie at one pitch: centroids that agree in rows then agree in nm.
    holding = [index for index, row in enumerate(rows) if row.active]
    body = range(holding[0], holding[-1] + 1) if holding else range(0)
    height = max(row.height for row in rows)
    pitch = max(height + nm("m1.2") + rows[0].depth, unit.finger_nm + _DUMMY_ROW_GAP)
    barred = len(rows) * pitch > _SECTION_MAX
    y = top = 0
    bottom = -rows[0].depth
    for index, row in enumerate(rows):
        if index and barred:
            bars.append(top + _RING_GAP_Y)
            y = top + 2 * _RING_GAP_Y + RING_WIDTH + row.depth
        elif index:
            y = max(top + nm("m1.2") + row.depth, y + unit.finger_nm + _DUMMY_ROW_GAP)
        rails += row.draw(y)
        top = y + (height if index in body else row.height)
    right = (pattern.columns - 1) * unit.pitch + unit.fingers * unit.step
    content = Box(-_COLUMN // 2, bottom, right + _COLUMN // 2, top)
    ring_inner = content.grown(_RING_GAP_X, _RING_GAP_Y)
    box, ring_rail = guard_ring(sheet, cell, ring_inner, unit.device, nets.bulk, bars)
    if nets.source == nets.bulk:
        _tie_rows(sheet, cell, [r for r in rails if r.net == _TIED], ring_inner)
    return Block(cell, box, (ring_rail, *(r for r in rails if r.net != _TIED)), well=unit.device.polarity == "p")


_TIED = ""


def _geometry(device: MosDevice, width_nm: int, length_nm: int, fingers: int) -> _Geometry:
    finger, rest = divmod(width_nm, fingers)
    if rest or finger % GRID_NM or length_nm % (2 * GRID_NM):
        raise SpecError(
            f"unit of {device.name} with W = {width_nm} nm in {fingers} fingers, L = {length_nm} nm: a finger's W must "
            f"be a multiple of {GRID_NM} nm and L of {2 * GRID_NM} nm (x.1a; contacts are centred between gates)"
        )
    if finger < device.width_min_nm:
        raise SpecError(
            f"W of a finger is {finger} nm: at least {device.width_min_nm} nm (difftap.2); fewer fingers help"
        )
    if not device.length_min_nm <= length_nm <= device.length_max_nm:
        raise SpecError(
            f"L of {device.name} is {length_nm} nm: {device.length_min_nm} to {device.length_max_nm} nm (poly.1a)"
        )
    return _Geometry(device, finger, length_nm, fingers)


def _tie_rows(sheet: Sheet, cell: kdb.Cell, rows: list[Rail], inner: Box) -> None:
    """Prolong the source rails in metal 1 into the ring on both sides."""
    for rail in rows:
        reach = Box(inner.x0 - RING_WIDTH // 2, rail.y - _PAD_HALF, inner.x1 + RING_WIDTH // 2, rail.y + _PAD_HALF)
        sheet.rect(cell, layers.MET1, reach)


class _Row:
    """One row of units, drawn with the lower edge of its diffusion at a given y."""

    def __init__(
        self,
        sheet: Sheet,
        cell: kdb.Cell,
        unit: _Geometry,
        owners: tuple[str | None, ...],
        nets: ArrayNets,
        gate_nets: list[str],
    ) -> None:
        second = len(gate_nets) == 2
        self.sheet, self.cell, self.unit, self.owners, self.nets = sheet, cell, unit, owners, nets
        self.top_gate = gate_nets[0] if gate_nets else None
        self.bottom_gate = gate_nets[1] if second else None
        self.drain_nets = list(dict.fromkeys(nets.drains[o] for o in owners if o))
        self.gate_y = unit.finger_nm + _HEAD
        self.source_y = -_HEAD - (2 * _PAD_HALF + nm("m1.2") + 2 * GRID_NM if second else 0)
        active = [i for i, owner in enumerate(owners) if owner]
        self.active = active
        # How far the row reaches above and below the lower edge of its diffusion.
        self.depth = -self.source_y + _PAD_HALF
        self.height = (
            self.gate_y + _TRACK * len(self.drain_nets) + _PAD_HALF if active else unit.finger_nm + nm("poly.8")
        )

    def draw(self, y: int) -> list[Rail]:
        """Draw the row and return its rails; the source rail, where the ring carries it, has the net `_TIED`."""
        unit, columns = self.unit, len(self.owners)
        end = (columns - 1) * unit.pitch + unit.fingers * unit.step
        for i, owner in enumerate(self.owners):
            self.sheet.place(self.cell, self._unit_cell(self._head(owner)), i * unit.pitch, y)
        for i in range(columns + 1) if unit.shared else ():
            self.sheet.place(self.cell, self._column_cell(), i * unit.pitch, y)
        if not unit.shared:
            # Islands stand nearer to each other than two implants may.
            half = _COLUMN // 2
            self._rect(unit.device.implant, Box(-half, 0, end + half, unit.finger_nm).grown(nm("nsd.5a")), y)
        rails = [self._source_rail(y), *self._drain_rails(y)]
        for net, level in ((self.top_gate, self.gate_y), (self.bottom_gate, -_HEAD)):
            if net is not None and any(o and self.nets.gates[o] == net for o in self.owners):
                rails.append(self._gate_rail(net, level, y))
        return rails

    def _rect(self, layer: layers.Layer, box: Box, y: int) -> None:
        self.sheet.rect(self.cell, layer, box.moved(0, y))

    def _head(self, owner: str | None) -> str:
        if owner is None:
            return "dummy"
        return "top" if self.nets.gates[owner] == self.top_gate else "bottom"

    def _strip_span(self) -> tuple[int, int]:
        """Lower and upper end of the metal 1 that covers a column's mcon."""
        low, high = _mcon_span(self.unit.finger_nm)
        return low - nm("m1.5"), high + nm("m1.5")

    def _columns(self, i: int) -> tuple[list[int], list[int]]:
        """x of the source and of the drain columns of unit `i` (shared ones belong to the unit on either side)."""
        x = i * self.unit.pitch
        every = [x + k * self.unit.step for k in range(self.unit.fingers + 1)]
        return every[0::2], every[1::2]

    def _source_rail(self, y: int) -> Rail:
        _, high = self._strip_span()
        sources = sorted({x for i in range(len(self.owners)) for x in self._columns(i)[0]})
        tied = [x for i, owner in enumerate(self.owners) if owner is None for x in self._columns(i)[1]]
        for x in (*sources, *tied):
            self._rect(layers.MET1, Box(x - _STRIP_HALF, self.source_y, x + _STRIP_HALF, high), y)
        left, right = sources[0], max(*sources, *tied) if tied else sources[-1]
        rail = Box(left - _STRIP_HALF, self.source_y - _PAD_HALF, right + _STRIP_HALF, self.source_y + _PAD_HALF)
        self._rect(layers.MET1, rail, y)
        for i, owner in enumerate(self.owners):
            if owner is None:
                self._tie_dummy_gate(i, y)
        if self.nets.source == self.nets.bulk:
            return Rail(_TIED, y + self.source_y, left, right)
        inner = [x for x in sources if x >= self.active[0] * self.unit.pitch] if self.active else sources
        return self._rail(self.nets.source, [inner[0], sources[-1]], self.source_y, y)

    def _tie_dummy_gate(self, i: int, y: int) -> None:
        x = self._head_x(i)
        self._rect(layers.LI1, Box(x - _LI_END, -_HEAD - _LI_HALF, x + _LI_END, -_HEAD + _LI_HALF), y)
        self._rect(layers.LI1, Box(x - _LI_HALF, self.source_y - _LI_HALF, x + _LI_HALF, -_HEAD + _LI_HALF), y)
        half = nm("ct.1") // 2
        self._rect(layers.MCON, Box(x - half, self.source_y - half, x + half, self.source_y + half), y)

    def _drain_rails(self, y: int) -> list[Rail]:
        low, _ = self._strip_span()
        rails = []
        for k, net in enumerate(self.drain_nets):
            level = self.gate_y + (k + 1) * _TRACK
            places = [
                x
                for i, owner in enumerate(self.owners)
                if owner and self.nets.drains[owner] == net
                for x in self._columns(i)[1]
            ]
            for x in places:
                self._rect(layers.MET1, Box(x - _STRIP_HALF, low, x + _STRIP_HALF, level + _PAD_HALF), y)
            rails.append(self._rail(net, places, level, y))
        return rails

    def _gate_rail(self, net: str, level: int, y: int) -> Rail:
        units = [i for i, owner in enumerate(self.owners) if owner and self.nets.gates[owner] == net]
        if level < 0 and any(self.owners[i] is None for i in range(units[0], units[-1])):
            raise SpecError(f"a dummy lies between the units of gate net {net}, whose rail is where its gate is tied")
        # The metal 1 pad stands where no strip passes: over a source column above, over a drain column below.
        x = units[0] * self.unit.pitch + (0 if level > 0 else self.unit.step)
        ends = [x - _LI_END, *(self._head_x(i) + s * _LI_END for i in units for s in (-1, 1)), x + _LI_END]
        self._rect(layers.LI1, Box(min(ends), level - _LI_HALF, max(ends), level + _LI_HALF), y)
        half = nm("ct.1") // 2
        self._rect(layers.MCON, Box(x - half, level - half, x + half, level + half), y)
        return self._rail(net, [x], level, y)

    def _rail(self, net: str, places: list[int], level: int, y: int) -> Rail:
        for x in dict.fromkeys(places):
            via12(self.sheet, self.cell, x, y + level)
        ends = (min(places), max(places))
        reach = nm("via.1a") // 2 + nm("m2.5")
        box = Box(ends[0] - reach, level - RAIL_HALF, ends[1] + reach, level + RAIL_HALF)
        self._rect(layers.MET2, box, y)
        return Rail(net, y + level, ends[0], ends[1])

    def _head_x(self, i: int) -> int:
        """Centre of the poly bar that joins a unit's gates, where its contact is."""
        left = i * self.unit.pitch + _COLUMN // 2
        return left + (self.unit.fingers * self.unit.step - _COLUMN) // 2

    def _column_cell(self) -> kdb.Cell:
        """A column of contacts on diffusion, with li and mcon, about x = 0."""
        name = f"{self.unit.name}_column"
        known = self.sheet.known(name)
        if known:
            return known
        cell = self.sheet.cell(name)
        half = _COLUMN // 2
        _diffusion(self.sheet, cell, Box(-half, 0, half, self.unit.finger_nm), self.unit.device)
        _column(self.sheet, cell, 0, self.unit.finger_nm)
        return cell

    def _unit_cell(self, head: str) -> kdb.Cell:
        """A unit from its first column to its last, its gates joined above (top) or below (bottom, dummy)."""
        unit, sheet = self.unit, self.sheet
        name = f"{unit.name}_{'bottom' if head == 'dummy' else head}"
        known = sheet.known(name)
        if known:
            return known
        cell = sheet.cell(name)
        half, width = _COLUMN // 2, unit.fingers * unit.step
        edge = 0 if unit.shared else half
        _diffusion(sheet, cell, Box(-edge, 0, width + edge, unit.finger_nm), unit.device)
        inner = range(1, unit.fingers) if unit.shared else range(unit.fingers + 1)
        for k in inner:
            _column(sheet, cell, k * unit.step, unit.finger_nm)
        level = unit.finger_nm + _HEAD if head == "top" else -_HEAD
        low, high = -nm("poly.8"), unit.finger_nm + nm("poly.8")
        low, high = (low, level + _BAR_HALF) if head == "top" else (level - _BAR_HALF, high)
        for k in range(unit.fingers):
            x = half + k * unit.step
            sheet.rect(cell, layers.POLY, Box(x, low, x + unit.length_nm, high))
        bar_half = max(width - _COLUMN, _BAR_WIDTH_MIN) // 2
        centre = width // 2
        sheet.rect(cell, layers.POLY, Box(centre - bar_half, level - _BAR_HALF, centre + bar_half, level + _BAR_HALF))
        cut = nm("licon.1") // 2
        licon = Box(centre - cut, level - cut, centre + cut, level + cut)
        sheet.rect(cell, layers.LICON1, licon)
        sheet.rect(cell, layers.NPC, licon.grown(nm("licon.15")))
        return cell


def _diffusion(sheet: Sheet, cell: kdb.Cell, box: Box, device: MosDevice) -> None:
    """Diffusion with all that makes it this device's: Magic reads a cell by itself and must find them together."""
    sheet.rect(cell, layers.DIFF, box)
    sheet.rect(cell, device.implant, box.grown(nm("nsd.5a")))
    for marker in device.markers:
        sheet.rect(cell, marker, box.grown(nm("lvtn.4b")))
    if device.polarity == "p":
        sheet.rect(cell, layers.NWELL, box.grown(nm("lvtn.4b") + nm("lvtn.10")))


def _column(sheet: Sheet, cell: kdb.Cell, x: int, finger_nm: int) -> None:
    """Contacts, li and mcon of a source or drain about `x`."""
    half = nm("licon.1") // 2
    low, high = _licon_span(finger_nm)
    cut_row(sheet, cell, layers.LICON1, Box(x - half, low, x + half, high), nm("licon.1"), nm("licon.2"))
    sheet.rect(cell, layers.LI1, Box(x - half, low - nm("li.5"), x + half, high + nm("li.5")))
    low, high = _mcon_span(finger_nm)
    cut_row(sheet, cell, layers.MCON, Box(x - half, low, x + half, high), nm("ct.1"), nm("ct.2"))


def _licon_span(finger_nm: int) -> tuple[int, int]:
    """Lower and upper end of the contacts on a finger's diffusion."""
    reach = nm("licon.5c")
    return _centred(reach, finger_nm - reach, nm("licon.1"), nm("licon.2"))


def _mcon_span(finger_nm: int) -> tuple[int, int]:
    """Lower and upper end of a column's mcon: on its li, and short enough that its metal 1 stays over the finger."""
    low, high = _licon_span(finger_nm)
    reach = nm("m1.5")
    return _centred(max(reach, low - nm("li.5")), min(finger_nm - reach, high + nm("li.5")), nm("ct.1"), nm("ct.2"))


def _centred(low: int, high: int, size: int, space: int) -> tuple[int, int]:
    """Lower edge of the first and upper edge of the last cut that fit."""
    cuts = fit_cuts(low, high, size, space)
    return cuts[0], cuts[-1] + size
