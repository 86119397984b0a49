"""Matched high-ohmic poly resistors: rows of equal upright bars, dummies among and beside them, a guard ring.

A bar, on its side::

        |  slot  |            body            |  slot  |
    ----+--------+----------------------------+--------+----     poly, in p+ implant, npc and the marker rpm or urpm
    m1  ==========                            ==========          up or down to a metal 2 track for each net

L is the distance of the slots. Groups of bars in series go up in one bar and down in the next; the nets between them
stay inside the block. A dummy's ends are joined, on the bulk's net. The bulk is the substrate, or an n-well of the
block's own (for resistors at vdd).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, cut_row, via12
from mirrorneuron.generators.primitives.ring import guard_ring
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.generators.units import ResistorArray
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.devices import BAR_LENGTH_MAX_NM, BAR_LENGTH_MIN_NM, MOSFETS, PolyResistor, poly_resistor
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, nm

__all__ = ["bar_height", "bar_pitch", "draw_resistors"]

_PAD_HALF = nm("via.1a") // 2 + nm("via.5a")
# From the body to the first track: its via lies on the slot's metal.
_FIRST_TRACK = 300
_RING_GAP = 1000
_STRIP_HALF = 150


@dataclass(frozen=True)
class _Bar:
    """Measures of a bar [nm]; its body is from y = 0 to `length`, its poly from x = 0 to `width`."""

    device: PolyResistor
    length: int

    @property
    def width(self) -> int:
        return self.device.width_nm

    @property
    def end(self) -> int:
        """Reach of a terminal beyond the body."""
        return nm("licon.1c") + nm("licon.8a")

    @property
    def margin(self) -> int:
        """From the poly's side to the marker's, which has its minimum width and meets its neighbour's."""
        return max(nm("poly.9") // 2, nm("rpm.3"), (nm("rpm.1a") - self.width) // (2 * GRID_NM) * GRID_NM + GRID_NM)

    @property
    def pitch(self) -> int:
        return self.width + nm("poly.9")

    def track(self, top: bool, index: int) -> int:
        """y of a track on one side."""
        away = _FIRST_TRACK + index * RAIL_PITCH
        return self.length + away if top else -away

    def reach(self, tracks: int) -> int:
        """Reach of a row with so many tracks on a side beyond the body there."""
        return max(self.end, _FIRST_TRACK + (tracks - 1) * RAIL_PITCH + _PAD_HALF)


def bar_pitch(device: str) -> int:
    """Pitch of the bars [nm]."""
    return _Bar(poly_resistor(device), BAR_LENGTH_MIN_NM).pitch


def bar_height(device: str, length_nm: int) -> int:
    """Height of a bar with its terminals [nm]."""
    return length_nm + 2 * _Bar(poly_resistor(device), length_nm).end


def draw_resistors(
    sheet: Sheet,
    name: str,
    size: ResistorArray,
    ends: Mapping[str, tuple[str, str]],
    bulk: str,
    *,
    in_well: bool = False,
) -> Block:
    """Draw matched resistors.

    Parameters
    ----------
    ends
        Both ends' nets by owner.
    in_well
        Whether the bulk is an n-well.

    Raises
    ------
    SpecError
        The length is off the grid or outside the model's limits, or an owner has no ends.
    """
    bar = _Bar(poly_resistor(size.device), size.length_nm)
    if size.length_nm % GRID_NM or not BAR_LENGTH_MIN_NM <= size.length_nm <= BAR_LENGTH_MAX_NM:
        raise SpecError(
            f"resistor {size.device} of {size.length_nm} nm: {BAR_LENGTH_MIN_NM} to {BAR_LENGTH_MAX_NM} nm in steps of "
            f"{GRID_NM} nm (MR_poly.LEN.2, models, x.1b)"
        )
    if set(size.pattern.owners) != ends.keys():
        raise SpecError(f"resistors of {list(size.pattern.owners)} in {name}, but ends of {sorted(ends)}")
    cell = sheet.cell(name)
    rows = [_BarRow(bar, row, bulk) for row in _wired(name, size, ends)]
    high = bar.reach(max(len(row.nets(top=True)) for row in rows))
    low = bar.reach(max(len(row.nets(top=False)) for row in rows))
    pitch = low + bar.length + high + nm("rpm.2") + 2 * bar.margin
    unit = _bar_cell(sheet, bar, in_well=in_well)
    sheet.place_grid(cell, unit, x_step=bar.pitch, y_step=pitch, columns=size.pattern.columns, rows=len(rows))
    leaving = _leaving(rows, {bulk, *(net for pair in ends.values() for net in pair)})
    rails = [
        rail for index, row in enumerate(rows) for rail in row.draw(sheet, cell, index * pitch) if rail.net in leaving
    ]
    right = (size.pattern.columns - 1) * bar.pitch + bar.width
    content = Box(0, -low, right, (len(rows) - 1) * pitch + bar.length + high).grown(bar.margin)
    around = MOSFETS["pfet_01v8" if in_well else "nfet_01v8"]
    box, ring_rail = guard_ring(sheet, cell, content.grown(_RING_GAP - bar.margin), around, bulk)
    return Block(cell, box, (ring_rail, *rails), well=in_well)


def _leaving(rows: Sequence[_BarRow], outside: set[str]) -> set[str]:
    """The nets that need a rail beyond their row: those outside, and inner nets of several rows."""
    counts = Counter(net for row in rows for net in {*row.nets(top=True), *row.nets(top=False)})
    return outside | {net for net, count in counts.items() if count > 1}


def _wired(name: str, size: ResistorArray, ends: Mapping[str, tuple[str, str]]) -> list[list[tuple[str, str] | None]]:
    """The nets of each bar's lower and upper end, None for a dummy."""
    drawn: Counter[str] = Counter()

    def bar(owner: str | None) -> tuple[str, str] | None:
        if owner is None:
            return None
        group = drawn[owner] % size.series
        drawn[owner] += 1
        nodes = [ends[owner][1], *(f"{name}_{owner}_{i}" for i in range(1, size.series)), ends[owner][0]]
        lower, upper = nodes[group], nodes[group + 1]
        return (lower, upper) if group % 2 == 0 else (upper, lower)

    return [[bar(owner) for owner in row] for row in size.pattern.rows]


class _BarRow:
    """One row of bars."""

    def __init__(self, bar: _Bar, wired: Sequence[tuple[str, str] | None], bulk: str) -> None:
        self.bar, self.wired, self.bulk = bar, wired, bulk

    def nets(self, *, top: bool) -> list[str]:
        """The nets of one side, from the body outwards."""
        nets = dict.fromkeys(ends[top] for ends in self.wired if ends)
        if not top and None in self.wired:
            nets.setdefault(self.bulk)
        return list(nets)

    def draw(self, sheet: Sheet, cell: kdb.Cell, y: int) -> list[Rail]:
        """Draw all wires, and return those along the row."""
        rails: list[Rail] = []
        for top in (False, True):
            for index, net in enumerate(self.nets(top=top)):
                level = self.bar.track(top, index)
                places = [self._x(i) for i, ends in enumerate(self.wired) if self._net(ends, top) == net]
                for x in places:
                    body = self.bar.length if top else 0
                    strip = Box(
                        x - _STRIP_HALF, min(body, level - _PAD_HALF), x + _STRIP_HALF, max(body, level + _PAD_HALF)
                    )
                    sheet.rect(cell, layers.MET1, strip.moved(0, y))
                    via12(sheet, cell, x, y + level)
                wire = Box(min(places), level, max(places), level).grown(nm("via.1a") // 2 + nm("m2.5"), RAIL_HALF)
                sheet.rect(cell, layers.MET2, wire.moved(0, y))
                rails.append(Rail(net, y + level, min(places), max(places)))
        for i, ends in enumerate(self.wired):
            if ends is None:
                x = self._x(i)
                sheet.rect(cell, layers.MET1, Box(x - _STRIP_HALF, y, x + _STRIP_HALF, y + self.bar.length))
        return rails

    def _x(self, i: int) -> int:
        return i * self.bar.pitch + self.bar.width // 2

    def _net(self, ends: tuple[str, str] | None, top: bool) -> str | None:
        if ends is None:
            return None if top else self.bulk
        return ends[top]


def _bar_cell(sheet: Sheet, bar: _Bar, *, in_well: bool) -> kdb.Cell:
    """A bar with both terminals and all layers of its device, its n-well too: Magic derives devices cell by cell."""

    def draw(cell: kdb.Cell) -> None:
        poly = Box(0, -bar.end, bar.width, bar.length + bar.end)
        sheet.rect(cell, layers.POLY, poly)
        sheet.rect(cell, layers.POLY_RES, Box(0, 0, bar.width, bar.length))
        for layer in (bar.device.marker, layers.PSDM, layers.NPC):
            sheet.rect(cell, layer, poly.grown(bar.margin))
        if in_well:
            sheet.rect(cell, layers.NWELL, poly.grown(bar.margin))
        size, space, slots = nm("licon.1b"), nm("licon.2c"), bar.device.slots
        half = (slots * (size + space) - space) // 2
        for low in (-nm("licon.1c"), bar.length):
            high = low + nm("licon.1c")
            left = bar.width // 2 - half
            for k in range(slots):
                x = left + k * (size + space)
                sheet.rect(cell, layers.LICON1, Box(x, low, x + size, high))
            metal = Box(left, low, bar.width - left, high).grown(nm("li.5"), 0)
            sheet.rect(cell, layers.LI1, metal)
            sheet.rect(cell, layers.MET1, metal)
            cut_row(sheet, cell, layers.MCON, metal.grown(-nm("m1.5")), nm("ct.1"), nm("ct.2"))

    return sheet.shared(f"{bar.device.name}_l{bar.length}{'_nwell' if in_well else ''}", draw)
