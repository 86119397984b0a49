"""The unit-transistor fabric: rows of equal units that share diffusion, dummies at their ends and around, a guard ring.

One row, with two owners A and B whose gates are common and whose sources are one net::

    m2   ------------------ drain of B ---------      a metal 2 track for each drain in the row,
    m2   ------- drain of A --------------------      reached by the drains' metal 1 strips
    m2   ===o=====o=====o=====o================  li   the gates' contacts, on one rail
           |_|   |_|   |_|   |_|
         S  g  D  g  S  g  D  g  S  ...                unit = S g D g S, the outer S shared with the neighbour
           |_|   |_|   |_|   |_|
    m2   ===o===========o===========o===========  m1   sources; a dummy's gate and drain are tied to it

Units and dummies are one cell; a second gate net (a differential pair) takes the units' lower contacts, on a rail of
its own below the diffusion. A unit with an odd number of fingers ends in a drain and stands on an island of its own.
All rows lie at one pitch.

Where owners have sources of their own, every unit stands on an island, and each source has a metal 2 track below the
diffusion, as the drains have above it; dummies are tied to the bulk's::

    m1       |     |     |     |
    m2   ----o-----|-----o-----|---------------   bulk: dummies, and owners whose source it is
    m2             o-----------o---------------   source of A, then that of B

Every wire that leaves is a metal 2 rail at a y of its own, which a spine beside the array reaches by prolonging it.
What the units of a row do not share is the length of rail to the spine: `wiring_resistance` gives its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, cut_row, fit_cuts, via12
from mirrorneuron.generators.primitives.ring import RING_WIDTH, guard_ring
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import MosDevice, mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, SHEET_OHM, nm

__all__ = [
    "SOURCE_RAIL_MAX",
    "SOURCE_RAIL_MIN",
    "ArrayNets",
    "UnitGeometry",
    "draw_array",
    "source_rail",
    "wiring_resistance",
]

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
# What a second gate net's rail takes between the diffusion and the source rail.
_SECOND_GATE = 2 * _PAD_HALF + nm("m1.2") + 2 * GRID_NM
_RING_GAP_X = 400
_RING_GAP_Y = 300
# Diffusion has a tap above and below it, the nearer one at most half a section away.
_SECTION_MAX = 2 * (nm("LU.2") - 2000) - 2 * RING_WIDTH

SOURCE_RAIL_MIN = 2 * _PAD_HALF
"""Height of the narrowest source rail [nm]."""
SOURCE_RAIL_MAX = 2900
"""Height of the widest [nm]: metal wider than 3 um asks for more space around it (m1.3a)."""


@dataclass(frozen=True)
class ArrayNets:
    """Which nets an array's terminals are on: ``gates`` and ``drains`` by owner, one ``source`` or, by owner, several,
    one ``bulk``.

    At most two different gate nets.
    """

    gates: Mapping[str, str]
    drains: Mapping[str, str]
    source: str | Mapping[str, str]
    bulk: str


@dataclass(frozen=True)
class UnitGeometry:
    """Measures of a unit [nm]; `of` makes it from the sizes that were asked for.

    ``apart``: on an island of its own whatever its fingers.
    """

    device: MosDevice
    finger_nm: int
    length_nm: int
    fingers: int
    apart: bool = False

    @classmethod
    def of(cls, unit: Unit, *, apart: bool = False) -> UnitGeometry:
        """The measures of a unit transistor.

        Raises
        ------
        SpecError
            A finger's width or the length is outside the process's or the models' range, or off the grid.
        """
        mos = mosfet(unit.device)
        if unit.fingers < 1:
            raise SpecError(f"unit of {unit.device} has {unit.fingers} fingers: at least 1")
        finger, rest = divmod(unit.width_nm, unit.fingers)
        if rest or finger % GRID_NM or unit.length_nm % GRID_NM:
            raise SpecError(
                f"unit of {unit.device} with W = {unit.width_nm} nm in {unit.fingers} fingers, L = {unit.length_nm} "
                f"nm: a finger's W and L must be multiples of {GRID_NM} nm (x.1a); nothing is rounded, choose sizes "
                "that fit"
            )
        if finger < mos.width_min_nm:
            raise SpecError(
                f"W of a finger is {finger} nm: at least {mos.width_min_nm} nm (difftap.2); fewer fingers help"
            )
        if finger > mos.width_max_nm:
            raise SpecError(
                f"W of a finger is {finger} nm: at most {mos.width_max_nm} nm (models' range); more fingers help"
            )
        if not mos.length_min_nm <= unit.length_nm <= mos.length_max_nm:
            raise SpecError(
                f"L of {unit.device} is {unit.length_nm} nm: {mos.length_min_nm} to {mos.length_max_nm} nm "
                f"({mos.length_rule}; models' range)"
            )
        return cls(mos, finger, unit.length_nm, unit.fingers, apart)

    @property
    def step(self) -> int:
        """From gate to gate within the unit."""
        return self.length_nm + _COLUMN

    @property
    def shared(self) -> bool:
        """Whether neighbouring units share the diffusion between them."""
        return self.fingers % 2 == 0 and not self.apart

    @property
    def pitch(self) -> int:
        """From unit to unit along the row."""
        width = self.fingers * self.step
        return width if self.shared else width + _COLUMN + nm("difftap.3")

    @property
    def head_x(self) -> int:
        """Middle of the bars that join the unit's gates, where their contacts are, from the unit's first column."""
        return self.fingers * self.step // 2 // GRID_NM * GRID_NM

    @property
    def name(self) -> str:
        """What its cell is called."""
        name = f"{self.device.name}_w{self.finger_nm}_l{self.length_nm}_f{self.fingers}"
        return f"{name}_apart" if self.apart else name

    def height(self, tracks: int) -> int:
        """How far a row with `tracks` drains reaches above the lower edge of its diffusion."""
        return self.finger_nm + _HEAD + tracks * _TRACK + _PAD_HALF

    def depth(self, source_rail_nm: int = SOURCE_RAIL_MIN, *, gate_nets: int = 1, sources: int = 1) -> int:
        """How far a row with so many gate and source nets reaches below the lower edge of its diffusion."""
        more = (_SECOND_GATE if gate_nets == 2 else 0) + (sources - 1) * _TRACK
        return _HEAD - _PAD_HALF + source_rail_nm + more

    def row_pitch(
        self, rows: int, tracks: int, source_rail_nm: int = SOURCE_RAIL_MIN, *, gate_nets: int = 1, sources: int = 1
    ) -> tuple[int, bool]:
        """From row to row in an array with at most `tracks` drains in a row, and whether bars of taps lie between."""
        body = self.height(tracks) + self.depth(source_rail_nm, gate_nets=gate_nets, sources=sources)
        pitch = body + nm("m1.2")
        return (pitch, False) if rows * pitch <= _SECTION_MAX else (body + 2 * _RING_GAP_Y + RING_WIDTH, True)


def wiring_resistance(unit: UnitGeometry, columns: int, source_rail_nm: int = SOURCE_RAIL_MIN) -> tuple[float, float]:
    """Limit of the difference in source and in drain resistance between two units of a row of `columns` [ohm].

    It is the whole rail's, end to end: the source's in metal 1 and 2, the drain's in metal 2 alone. Rails are fed from
    the spine; where the guard ring carries the source too, the difference is smaller.
    """
    length = unit.pitch * columns
    metal1, metal2 = source_rail_nm, source_rail_nm - 2 * (_PAD_HALF - RAIL_HALF)
    source = length / (metal1 / SHEET_OHM["met1"] + metal2 / SHEET_OHM["met2"])
    return source, SHEET_OHM["met2"] * length / (2 * RAIL_HALF)


def source_rail(unit: UnitGeometry, columns: int, ohm: float) -> int:
    """Height of the lowest source rail [nm] with which two units of a row differ by at most `ohm`; else the highest."""
    heights = range(SOURCE_RAIL_MIN, SOURCE_RAIL_MAX + 1, 2 * GRID_NM)
    enough = (height for height in heights if wiring_resistance(unit, columns, height)[0] <= ohm)
    return next(enough, heights[-1])


def draw_array(
    sheet: Sheet,
    name: str,
    size: ArraySize,
    nets: ArrayNets,
    *,
    source_rail_nm: int = SOURCE_RAIL_MIN,
) -> Block:
    """Draw a matched array.

    Parameters
    ----------
    source_rail_nm
        Height of the rails that carry the sources [nm]; sources by owner have the lowest alone.

    Raises
    ------
    SpecError
        A size is refused by `UnitGeometry.of`, the source rail is too low or too high, there are more than two gate
        nets, or a dummy lies among the units of the second gate net.
    """
    apart = not isinstance(nets.source, str)
    unit, pattern = UnitGeometry.of(size.unit, apart=apart), size.pattern
    if apart and source_rail_nm != SOURCE_RAIL_MIN:
        raise SpecError(f"source rail of {name} is {source_rail_nm} nm: sources by owner have {SOURCE_RAIL_MIN} nm")
    if not SOURCE_RAIL_MIN <= source_rail_nm <= SOURCE_RAIL_MAX or source_rail_nm % (2 * GRID_NM):
        raise SpecError(
            f"source rail of {name} is {source_rail_nm} nm: {SOURCE_RAIL_MIN} to {SOURCE_RAIL_MAX} nm in steps of "
            f"{2 * GRID_NM} nm (via.5a, m1.3a, x.1a)"
        )
    gate_nets = list(dict.fromkeys(nets.gates[o] for row in pattern.rows for o in row if o))
    if len(gate_nets) > 2:
        raise SpecError(f"array {name} has {len(gate_nets)} gate nets ({', '.join(gate_nets)}): at most 2 can be wired")
    cell = sheet.cell(name)
    rows = [_Row(sheet, cell, unit, owners, nets, gate_nets, source_rail_nm) for owners in pattern.rows]
    tracks, sources = max(len(row.drain_nets) for row in rows), max(len(row.source_nets) for row in rows)
    height, depth = unit.height(tracks), unit.depth(source_rail_nm, gate_nets=len(gate_nets), sources=sources)
    pitch, barred = unit.row_pitch(len(rows), tracks, source_rail_nm, gate_nets=len(gate_nets), sources=sources)
    bars = [index * pitch + height + _RING_GAP_Y for index in range(len(rows) - 1)] if barred else []
    _draw_units(sheet, cell, unit, pattern.columns, len(rows), pitch)
    if not apart:
        rows[0].draw_sources(pitch, len(rows))
    rails = [rail for index, row in enumerate(rows) for rail in row.draw(index * pitch)]
    right = (pattern.columns - 1) * unit.pitch + unit.fingers * unit.step
    content = Box(-_COLUMN // 2, -depth, right + _COLUMN // 2, (len(rows) - 1) * pitch + height)
    ring_inner = content.grown(_RING_GAP_X, _RING_GAP_Y)
    box, ring_rail = guard_ring(sheet, cell, ring_inner, unit.device, nets.bulk, bars)
    if nets.source == nets.bulk:
        # The ring feeds the source rails from both ends.
        half = source_rail_nm // 2
        for index, row in enumerate(rows):
            y = index * pitch + row.source_y
            reach = Box(ring_inner.x0 - RING_WIDTH // 2, y - half, ring_inner.x1 + RING_WIDTH // 2, y + half)
            sheet.rect(cell, layers.MET1, reach)
    return Block(cell, box, (ring_rail, *rails), well=unit.device.polarity == "p")


def _draw_units(sheet: Sheet, cell: kdb.Cell, unit: UnitGeometry, columns: int, rows: int, pitch: int) -> None:
    """Place all units, and the columns of contacts between those that share diffusion."""
    place = partial(sheet.place_grid, cell, x_step=unit.pitch, y_step=pitch, rows=rows)
    place(_unit_cell(sheet, unit), columns=columns)
    if unit.shared:
        place(_column_cell(sheet, unit), columns=columns + 1)
        return
    # Islands stand nearer to each other than two implants may.
    half, end = _COLUMN // 2, (columns - 1) * unit.pitch + unit.fingers * unit.step
    for row in range(rows):
        sheet.rect(
            cell,
            unit.device.implant,
            Box(-half, 0, end + half, unit.finger_nm).grown(nm("nsd.5a")).moved(0, row * pitch),
        )


class _Row:
    """One row of units: what is drawn on them, with the lower edge of their diffusion at a given y."""

    def __init__(
        self,
        sheet: Sheet,
        cell: kdb.Cell,
        unit: UnitGeometry,
        owners: tuple[str | None, ...],
        nets: ArrayNets,
        gate_nets: list[str],
        source_rail_nm: int,
    ) -> None:
        self.sheet, self.cell, self.unit, self.owners, self.nets = sheet, cell, unit, owners, nets
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
        self.rail_half = source_rail_nm // 2
        # The source rail begins at the height of the lower contacts, or below the second gate's rail.
        self.depth = unit.depth(source_rail_nm, gate_nets=len(gate_nets))
        self.source_y = self.rail_half - self.depth
        self.gate_y = unit.finger_nm + _HEAD

    def draw(self, y: int) -> list[Rail]:
        """Draw the row and return its rails."""
        for i, owner in enumerate(self.owners):
            level = self.gate_y if owner and self.nets.gates[owner] == self.top_gate else -_HEAD
            self.sheet.place(self.cell, _contact_cell(self.sheet, self.unit), self._head_x(i), y + level)
        rails = [*(self._source_tracks(y) if self.several else [self._source_rail(y)]), *self._drain_rails(y)]
        for net, level in ((self.top_gate, self.gate_y), (self.bottom_gate, -_HEAD)):
            if net is not None and any(o and self.nets.gates[o] == net for o in self.owners):
                rails.append(self._gate_rail(net, level, y))
        return rails

    def _rect(self, layer: layers.Layer, box: Box, y: int) -> None:
        self.sheet.rect(self.cell, layer, box.moved(0, y))

    def _columns(self, i: int) -> tuple[list[int], list[int]]:
        """x of the source and of the drain columns of unit `i` (shared ones belong to the unit on either side)."""
        x = i * self.unit.pitch
        every = [x + k * self.unit.step for k in range(self.unit.fingers + 1)]
        return every[0::2], every[1::2]

    def _head_x(self, i: int) -> int:
        return i * self.unit.pitch + self.unit.head_x

    def draw_sources(self, pitch: int, rows: int) -> None:
        """Lead all sources of this row, and of those that repeat it at a pitch, down to their rails."""
        unit = self.unit
        cell = _strip_cell(self.sheet, unit, self.source_y, f"source{self.depth}_{self.rail_half}")
        for k in range(0, unit.fingers if unit.shared else unit.fingers + 1, 2):
            # The last source of the row is the first of a unit that is not there.
            columns = len(self.owners) + (unit.shared and k == 0)
            self.sheet.place_grid(
                self.cell, cell, x=k * unit.step, x_step=unit.pitch, y_step=pitch, columns=columns, rows=rows
            )

    def _source_rail(self, y: int) -> Rail:
        _, high = _strip_span(self.unit)
        sources = sorted({x for i in range(len(self.owners)) for x in self._columns(i)[0]})
        tied = self._tie_dummy_drains(y, high)
        left, right = sources[0], max(*sources, *tied) if tied else sources[-1]
        low = self.source_y - self.rail_half
        rail = Box(left - _STRIP_HALF, low, right + _STRIP_HALF, low + 2 * self.rail_half)
        self._rect(layers.MET1, rail, y)
        for i, owner in enumerate(self.owners):
            if owner is None:
                self._tie_dummy_gate(i, y)
        return self._rail(self.sources[0], sources, self.source_y, y, self.rail_half - _PAD_HALF + RAIL_HALF)

    def _source_tracks(self, y: int) -> list[Rail]:
        """A track for each source net; a dummy's source, gate and drain meet in metal 1 at the bulk's."""
        self._tie_dummy_drains(y, _strip_span(self.unit)[1])
        for i, owner in enumerate(self.owners):
            if owner is None:
                ends = [x for columns in self._columns(i) for x in columns]
                plate = Box(min(ends), self.source_y, max(ends), self.source_y).grown(_STRIP_HALF, _PAD_HALF)
                self._rect(layers.MET1, plate, y)
                self._tie_dummy_gate(i, y)
        rails = []
        for k, net in enumerate(self.source_nets):
            level = self.source_y - k * _TRACK
            places = [x for i, source in enumerate(self.sources) if source == net for x in self._columns(i)[0]]
            strip = _strip_cell(self.sheet, self.unit, level, f"source_track{k}_{-self.source_y}")
            for x in places:
                self.sheet.place(self.cell, strip, x, y)
            rails.append(self._rail(net, places, level, y))
        return rails

    def _tie_dummy_drains(self, y: int, high: int) -> list[int]:
        """Lead the dummies' drains down to the first source rail; where they are."""
        tied = [x for i, owner in enumerate(self.owners) if owner is None for x in self._columns(i)[1]]
        for x in tied:
            self._rect(layers.MET1, Box(x - _STRIP_HALF, self.source_y, x + _STRIP_HALF, high), y)
        return tied

    def _tie_dummy_gate(self, i: int, y: int) -> None:
        x = self._head_x(i)
        self._rect(layers.LI1, Box(x - _LI_END, -_HEAD - _LI_HALF, x + _LI_END, -_HEAD + _LI_HALF), y)
        self._rect(layers.LI1, Box(x - _LI_HALF, self.source_y - _LI_HALF, x + _LI_HALF, -_HEAD + _LI_HALF), y)
        half = nm("ct.1") // 2
        self._rect(layers.MCON, Box(x - half, self.source_y - half, x + half, self.source_y + half), y)

    def _drain_rails(self, y: int) -> list[Rail]:
        rails = []
        for k, net in enumerate(self.drain_nets):
            level = self.gate_y + (k + 1) * _TRACK
            places = [
                x
                for i, owner in enumerate(self.owners)
                if owner and self.nets.drains[owner] == net
                for x in self._columns(i)[1]
            ]
            strip = _strip_cell(self.sheet, self.unit, level, f"drain{k}")
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
        ends = [end + s * _LI_END for i in units for end in (*pads, self._head_x(i)) for s in (-1, 1)]
        self._rect(layers.LI1, Box(min(ends), level - _LI_HALF, max(ends), level + _LI_HALF), y)
        for x in pads:
            self.sheet.place(self.cell, _pad_cell(self.sheet), x, y + level)
        return self._rail(net, pads, level, y)

    def _rail(self, net: str, places: list[int], level: int, y: int, half: int = RAIL_HALF) -> Rail:
        ends = (min(places), max(places))
        reach = nm("via.1a") // 2 + nm("m2.5")
        box = Box(ends[0] - reach, level - half, ends[1] + reach, level + half)
        self._rect(layers.MET2, box, y)
        return Rail(net, y + level, ends[0], ends[1])


def _column_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A column of contacts on diffusion, with li and mcon, about x = 0."""

    def draw(cell: kdb.Cell) -> None:
        half = _COLUMN // 2
        _diffusion(sheet, cell, Box(-half, 0, half, unit.finger_nm), unit.device)
        _column(sheet, cell, 0, unit.finger_nm)

    return sheet.shared(f"{unit.name}_column", draw)


def _strip_cell(sheet: Sheet, unit: UnitGeometry, level: int, name: str) -> kdb.Cell:
    """The metal 1 that leads a column's mcon up or down to a rail at a y, with the via to it, about x = 0."""

    def draw(cell: kdb.Cell) -> None:
        low, high = _strip_span(unit)
        low, high = (level, high) if level < 0 else (low, level)
        sheet.rect(cell, layers.MET1, Box(-_STRIP_HALF, low, _STRIP_HALF, high))
        via12(sheet, cell, 0, level)

    return sheet.shared(f"{unit.name}_{name}", draw)


def _strip_span(unit: UnitGeometry) -> tuple[int, int]:
    """Lower and upper end of the metal 1 that covers a column's mcon."""
    low, high = _mcon_span(unit.finger_nm)
    return low - nm("m1.5"), high + nm("m1.5")


def _pad_cell(sheet: Sheet) -> kdb.Cell:
    """From li up to metal 2, about the origin."""

    def draw(cell: kdb.Cell) -> None:
        half = nm("ct.1") // 2
        sheet.rect(cell, layers.LI1, Box(-_LI_HALF, -_LI_HALF, _LI_HALF, _LI_HALF))
        sheet.rect(cell, layers.MCON, Box(-half, -half, half, half))
        via12(sheet, cell, 0, 0)

    return sheet.shared("via_li1_met2", draw)


def _contact_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A contact on the bar that joins a unit's gates, about the origin."""

    def draw(cell: kdb.Cell) -> None:
        half = nm("licon.1") // 2
        licon = Box(-half, -half, half, half)
        sheet.rect(cell, layers.POLY, licon.grown(_BAR_WIDTH_MIN // 2 - half, _BAR_HALF - half))
        sheet.rect(cell, layers.LICON1, licon)
        sheet.rect(cell, layers.NPC, licon.grown(nm("licon.15")))

    return sheet.shared(f"{unit.name}_gate_contact", draw)


def _unit_cell(sheet: Sheet, unit: UnitGeometry) -> kdb.Cell:
    """A unit from its first column to its last, its gates joined above and below."""

    def draw(cell: kdb.Cell) -> None:
        half, width = _COLUMN // 2, unit.fingers * unit.step
        edge = 0 if unit.shared else half
        _diffusion(sheet, cell, Box(-edge, 0, width + edge, unit.finger_nm), unit.device)
        inner = range(1, unit.fingers) if unit.shared else range(unit.fingers + 1)
        for k in inner:
            _column(sheet, cell, k * unit.step, unit.finger_nm)
        low, high = -_HEAD, unit.finger_nm + _HEAD
        for k in range(unit.fingers):
            x = half + k * unit.step
            sheet.rect(cell, layers.POLY, Box(x, low - _BAR_HALF, x + unit.length_nm, high + _BAR_HALF))
        left = min(half, unit.head_x - _BAR_WIDTH_MIN // 2)
        right = max(width - half, unit.head_x + _BAR_WIDTH_MIN // 2)
        for y in (low, high):
            sheet.rect(cell, layers.POLY, Box(left, y - _BAR_HALF, right, y + _BAR_HALF))

    return sheet.shared(unit.name, draw)


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
