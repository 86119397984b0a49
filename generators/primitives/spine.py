"""Composition: blocks stacked on both sides of a spine of vertical metal 3 trunks.

::

      lanes  ------o----------o------   metal 2, above all blocks: nets that both sides need, and those that leave
                   |   |  |   |
     [ block ]-----+   |  |   +-----[ block ]
     [       ]---------+  |         [       ]
     [ block ]---------+  +---------[ block ]
               left trunks right trunks

A block's rails are prolonged in metal 2 to their net's trunk and cross the others, which lie one layer above. Each
side has trunks of its own, so a rail never meets one from the other side; a net that both sides need has two trunks and
is joined by its lane. Trunks whose heights do not overlap share a track.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from klayout import db as kdb
from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH, TRUNK_HALF, via23
from mirrorneuron.generators.primitives.sheet import Block, Box, Rail, Sheet
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["POWER_COLUMNS", "POWER_COLUMNS_MAX", "Power", "Stacks", "compose", "draw_pins", "trunk_width"]

_GAP = nm("nsd.2") + 2 * nm("nsd.5b") + 20
_WELL_GAP = nm("nwell.2a") + 30
_SPACE = nm("m3.2") + 10

POWER_COLUMNS = 3
"""Vias side by side in a wide trunk."""
POWER_COLUMNS_MAX = 7
"""The most that metal 3 of less than 3 um holds; wider metal asks for more space around it (m3.3c)."""


def trunk_width(columns: int) -> int:
    """Width of a trunk that holds so many vias side by side [nm]."""
    return 2 * TRUNK_HALF + (columns - 1) * (nm("via2.1a") + nm("via2.2"))


@dataclass(frozen=True)
class _Trunk:
    """A net's vertical wire on one side: from the lowest to the highest y that it must reach."""

    net: str
    low: int
    high: int
    columns: int

    @property
    def half(self) -> int:
        return trunk_width(self.columns) // 2


@dataclass(frozen=True)
class Stacks:
    """Blocks on the left and on the right of a spine, bottom up.

    ``hang``: the stacks are flush at the top, below the lanes, and not at the bottom: short wires between the last
    blocks of either side.
    """

    left: Sequence[Block] = ()
    right: Sequence[Block] = ()
    hang: bool = False

    def placed(self) -> dict[str, list[tuple[Block, int]]]:
        """The blocks by side, each with the y of its origin; the lowest edge is at 0."""
        sides = {"left": _stack(self.left), "right": _stack(self.right)}
        if not self.hang:
            return sides
        tops = {side: max((y + block.box.y1 for block, y in blocks), default=0) for side, blocks in sides.items()}
        high = max(tops.values())
        return {side: [(block, y + high - tops[side]) for block, y in blocks] for side, blocks in sides.items()}


@dataclass(frozen=True)
class Power:
    """Nets with wide trunks, and the number of vias side by side that these hold."""

    nets: Collection[str] = ()
    columns: int = POWER_COLUMNS


def compose(
    sheet: Sheet,
    name: str,
    stacks: Stacks,
    *,
    exports: Sequence[str],
    through: Collection[str] = (),
    power: Power = Power(),
) -> Block:
    """Stack blocks on both sides of a spine and connect their rails by net.

    Parameters
    ----------
    exports
        Nets that leave, as rails of the new block above all its blocks, in this order from the bottom.
    through
        Nets of a single rail of the left stack that leave as they are, without a trunk, over the left edge.

    Raises
    ------
    SpecError
        A net has a single rail and is not exported (it would be open), or an exported net is on no rail.
    """
    cell = sheet.cell(name)
    placed = stacks.placed()
    rails = {side: [rail.moved(0, y) for block, y in blocks for rail in block.rails] for side, blocks in placed.items()}
    top = max(y + block.box.y1 for blocks in placed.values() for block, y in blocks)
    lanes = {net: top + RAIL_PITCH * (i + 1) for i, net in enumerate(_lanes(name, rails, exports, through))}
    wide = dict.fromkeys(power.nets, power.columns)
    tracks = {side: _tracks(_trunks(rails[side], lanes, through, wide)) for side in placed}
    trunks, width = _draw_trunks(sheet, cell, tracks)
    boxes = [Box(0, 0, width, max([top, *(y + RAIL_PITCH // 2 for y in lanes.values())]))]
    passing: list[Rail] = []
    for side, blocks in placed.items():
        for block, y in blocks:
            # Blocks line up along the spine, which a block with metal 3 at its edge must keep off.
            dx = -_SPACE - block.box.x1 if side == "left" else width + _SPACE - block.box.x0
            sheet.place(cell, block.cell, dx, y)
            boxes.append(block.box.moved(dx, y))
            here = [rail.moved(dx, y) for rail in block.rails]
            passing += [rail for rail in here if rail.net in through]
            _join(sheet, cell, {rail: trunks[side, rail.net] for rail in here if rail.net not in through})
    leaving = _draw_lanes(sheet, cell, lanes, trunks)
    return Block(
        cell,
        Box.around(boxes),
        (*(rail for rail in leaving if rail.net in exports), *passing),
        well=any(block.well for block in (*stacks.left, *stacks.right)),
    )


def _join(sheet: Sheet, cell: kdb.Cell, trunk_of: Mapping[Rail, tuple[int, int]]) -> None:
    """Prolong rails to their trunks, each at an x with so many via columns."""
    for rail, (x, columns) in trunk_of.items():
        _wire(sheet, cell, rail.y, min(rail.x0, x), max(rail.x1, x))
        via23(sheet, cell, x, rail.y, columns)


def _draw_lanes(
    sheet: Sheet, cell: kdb.Cell, lanes: Mapping[str, int], trunks: Mapping[tuple[str, str], tuple[int, int]]
) -> list[Rail]:
    """Draw the lanes at their y, joined to their trunks."""
    rails: list[Rail] = []
    for net, y in lanes.items():
        ends = [trunks[side, net] for side in ("left", "right") if (side, net) in trunks]
        rails.append(Rail(net, y, min(x for x, _ in ends), max(x for x, _ in ends)))
        _wire(sheet, cell, y, rails[-1].x0 - TRUNK_HALF, rails[-1].x1 + TRUNK_HALF)
        for x, columns in ends:
            via23(sheet, cell, x, y, columns)
    return rails


def _draw_trunks(
    sheet: Sheet, cell: kdb.Cell, tracks: dict[str, list[list[_Trunk]]]
) -> tuple[dict[tuple[str, str], tuple[int, int]], int]:
    """Draw both sides' trunks from x = 0 on: x and via columns of each by side and net, and the spine's width."""
    where: dict[tuple[str, str], tuple[int, int]] = {}
    x = 0
    for side, of_side in tracks.items():
        for track in of_side:
            half = track[0].half
            for trunk in track:
                where[side, trunk.net] = (x + half, trunk.columns)
                sheet.rect(cell, layers.MET3, Box(x, trunk.low - TRUNK_HALF, x + 2 * half, trunk.high + TRUNK_HALF))
            x += 2 * half + _SPACE
    return where, max(x - _SPACE, 0)


def _wire(sheet: Sheet, cell: kdb.Cell, y: int, x0: int, x1: int) -> None:
    sheet.rect(cell, layers.MET2, Box(x0, y - RAIL_HALF, x1, y + RAIL_HALF))


def _stack(blocks: Sequence[Block]) -> list[tuple[Block, int]]:
    """Each block with the y of its origin; the lowest edge is at 0."""
    placed: list[tuple[Block, int]] = []
    edge = 0
    for index, block in enumerate(blocks):
        if index:
            edge += _WELL_GAP if block.well and blocks[index - 1].well else _GAP
        placed.append((block, edge - block.box.y0))
        edge += block.box.y1 - block.box.y0
    return placed


def _lanes(name: str, rails: dict[str, list[Rail]], exports: Sequence[str], through: Collection[str]) -> list[str]:
    """Nets that need a lane: those that both sides share, then those that leave."""
    counts = {side: [rail.net for rail in rails[side]] for side in rails}
    nets = dict.fromkeys([*counts["left"], *counts["right"]])
    for net in exports:
        if net not in nets:
            raise SpecError(f"net {net} leaves {name}, but no block of it has a rail of this net")
    for net in nets:
        alone = counts["left"].count(net) + counts["right"].count(net) == 1
        if alone and net not in exports and net not in through:
            raise SpecError(f"net {net} of {name} has a single rail and does not leave: it would be open")
    shared = [net for net in nets if net in counts["left"] and net in counts["right"] and net not in exports]
    return [*shared, *exports]


def _trunks(
    rails: Sequence[Rail], lane_y: dict[str, int], through: Collection[str], power: Mapping[str, int]
) -> list[_Trunk]:
    reach: dict[str, list[int]] = {}
    for rail in rails:
        if rail.net not in through:
            reach.setdefault(rail.net, []).append(rail.y)
    return [
        _Trunk(net, min(ys), max([*ys, *([lane_y[net]] if net in lane_y else [])]), power.get(net, 1))
        for net, ys in reach.items()
    ]


def _tracks(trunks: Sequence[_Trunk]) -> list[list[_Trunk]]:
    """Left-edge algorithm: trunks that leave room for each other share a track; wide ones stand alone."""
    tracks: list[list[_Trunk]] = []
    for trunk in sorted(trunks, key=lambda t: (t.low, t.high, t.net)):
        room = next(
            (
                track
                for track in tracks
                if trunk.columns == track[-1].columns == 1 and track[-1].high + 2 * TRUNK_HALF + _SPACE <= trunk.low
            ),
            None,
        )
        if room is None:
            tracks.append([trunk])
        else:
            room.append(trunk)
    return tracks


def draw_pins(sheet: Sheet, block: Block, at_edge: Collection[str]) -> None:
    """Make the rails of a top cell its pins; those of `at_edge` are led over the left edge of its box."""
    for rail in block.rails:
        if rail.net in at_edge:
            _wire(sheet, block.cell, rail.y, block.box.x0, rail.x0)
            start = block.box.x0
        else:
            start = rail.x0 - TRUNK_HALF
        sheet.pin(
            block.cell, "met2", rail.net, Box(start, rail.y - RAIL_HALF, start + 4 * RAIL_HALF, rail.y + RAIL_HALF)
        )
