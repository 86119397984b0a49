"""How much a fault changes the resistance of wires: both layouts around it, solved on a grid.

The window is cut out of all conductors; where a wire crosses its border it has a terminal, and so have the pins, the
diffusions and the gates inside. What lies outside sees the window through these alone, so that no resistance outside
changes by more than the largest change between two of them. Where a way round leads out of the window, a larger one is
taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.extract import resistance_rules
from mirrorneuron.flows.extract.resistance_rules import ResistanceRules
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from mutation.fault import CUTS, METALS

__all__ = ["WIRES", "Change", "largest_change", "rules"]

WIRES = ("poly", *METALS)
_MARGIN = 2000
_FAR = 30_000
_ENOUGH_OHM = 10.0
_CELLS = 150
_PITCH = 100
_VARIANT = "(si)"

Key = tuple[Any, ...]


def rules() -> ResistanceRules:
    """Sheet and contact resistances of the official technology file."""
    return resistance_rules.read(install.locate().magic_tech.read_text(), _VARIANT)


@dataclass(frozen=True)
class Change:
    """Largest change [ohm] where current flows; and where none does: to gates, taps and dummies."""

    flowing: float = 0.0
    idle: float = 0.0


def largest_change(before: kdb.Layout, after: kdb.Layout, box: kdb.Box, dummies: Sequence[kdb.Box] = ()) -> Change:
    """Largest change of the resistance between two terminals around a box; infinite if they part or meet.

    ``dummies`` are the gates through which no current flows; a diffusion that has no other is idle, too.
    """
    change = _change(before, after, box.enlarged(_MARGIN, _MARGIN), dummies)
    if max(change.flowing, change.idle) > _ENOUGH_OHM:
        change = _change(before, after, box.enlarged(_FAR, _FAR), dummies)
    return change


def _change(before: kdb.Layout, after: kdb.Layout, window: kdb.Box, dummies: Sequence[kdb.Box]) -> Change:
    window &= before.top_cell().bbox().enlarged(_MARGIN, _MARGIN)
    sheet = rules()
    names = (*WIRES, *CUTS, "diff", "tap", "nsdm")
    parts = [{name: _clipped(layout, name, window) for name in names} for layout in (before, after)]
    lines = [
        _lines([part[name] for part in parts for name in (*WIRES, *CUTS)], window, vertical)
        for vertical in (False, True)
    ]
    # Terminals on diffusions, gates and pins are the original's, so that both have the same ones.
    places = _Places(parts[0], before, window, dummies)
    found = [_Window(part, places, lines, sheet).resistances() for part in parts]
    worst = [0.0, 0.0]
    for pair in found[0].keys() | found[1].keys():
        one, other = (side.get(pair, np.inf) for side in found)
        idle = any(key[0] in ("gate", "idle") for key in pair)
        worst[idle] = max(worst[idle], abs(other - one))
    return Change(*worst)


class _Places:
    """Where terminals are besides the window's border."""

    def __init__(
        self, parts: dict[str, kdb.Region], layout: kdb.Layout, window: kdb.Box, dummies: Sequence[kdb.Box]
    ) -> None:
        self.gates = list((parts["poly"] & parts["diff"]).each_merged())
        busy, passive = kdb.Region(), kdb.Region()
        for gate in self.gates:
            (passive if gate.bbox() in dummies else busy).insert(gate)
        channels = ((parts["diff"] + parts["tap"]) - parts["poly"]).merged()
        flowing = channels.interacting(busy)
        self.lands: list[tuple[kdb.Polygon, Key]] = []
        for word, region in (("flowing", flowing), ("idle", channels - flowing)):
            self.lands += [(land, (word, *_corners(land.bbox()))) for land in region.each_merged()]
        self.pins: list[tuple[str, kdb.Point]] = []
        for metal, layers in PIN_LAYERS.items():
            for shape in layout.top_cell().shapes(layout.layer(*layers.label)).each(kdb.Shapes.STexts):
                if window.contains(shape.text_pos):
                    self.pins.append((metal, shape.text_pos))


def _clipped(layout: kdb.Layout, name: str, window: kdb.Box) -> kdb.Region:
    shapes = layout.top_cell().shapes(layout.layer(*DRAWING[name]))
    return (kdb.Region(shapes) & kdb.Region(window)).merged()


def _lines(regions: list[kdb.Region], window: kdb.Box, vertical: bool) -> NDArray[np.int64]:
    low, high = (window.bottom, window.top) if vertical else (window.left, window.right)
    places = {low, high}
    for region in regions:
        for edge in region.edges().each():
            places.update((edge.y1, edge.y2) if vertical else (edge.x1, edge.x2))
    step = max(_PITCH, (high - low) // _CELLS)
    ordered = sorted(places)
    fine = [
        value
        for a, b in pairwise(ordered)
        for value in np.linspace(a, b, -(-(b - a) // step) + 1).round().astype(int).tolist()
    ]
    return np.unique(np.array(fine, dtype=np.int64))


@dataclass
class _Matrix:
    """Conductances between nodes."""

    one: list[NDArray[np.int64]] = field(default_factory=list)
    other: list[NDArray[np.int64]] = field(default_factory=list)
    value: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, one: Any, other: Any, value: Any) -> None:
        self.one.append(np.atleast_1d(np.asarray(one, dtype=np.int64)))
        self.other.append(np.atleast_1d(np.asarray(other, dtype=np.int64)))
        self.value.append(np.atleast_1d(np.asarray(value, dtype=np.float64)))


class _Window:
    def __init__(
        self,
        parts: dict[str, kdb.Region],
        places: _Places,
        lines: list[NDArray[np.int64]],
        sheet: ResistanceRules,
    ) -> None:
        self.parts, self.sheet = parts, sheet
        self.x, self.y = lines
        self.width, self.height = np.diff(self.x).astype(float), np.diff(self.y).astype(float)
        self.shape = (len(self.width), len(self.height))
        self.matrix = _Matrix()
        self.terminals: dict[Key, int] = {}
        self.size = 0
        self.same: list[tuple[int, int]] = []
        self.number: dict[str, NDArray[np.int64]] = {}
        for name in WIRES:
            self._wire(name)
        self._cuts(places.lands)
        for gate in places.gates:
            self._at("poly", gate.bbox().center(), ("gate", *_corners(gate.bbox())))
        for metal, point in places.pins:
            self._at(metal, point, ("pin", metal, point.x, point.y))

    def _mask(self, region: kdb.Region) -> NDArray[np.bool_]:
        mask = np.zeros(self.shape, dtype=bool)
        for polygon in region.each_merged():
            for part in polygon.decompose_trapezoids(kdb.Polygon.TD_htrapezoids):
                box = part.bbox()
                i = np.searchsorted(self.x, (box.left, box.right))
                j = np.searchsorted(self.y, (box.bottom, box.top))
                mask[i[0] : i[1], j[0] : j[1]] = True
        return mask

    def _wire(self, name: str) -> None:
        mask = self._mask(self.parts[name])
        number = np.full(self.shape, -1, dtype=np.int64)
        number[mask] = np.arange(self.size, self.size + int(mask.sum()))
        self.size += int(mask.sum())
        self.number[name] = number
        square = self.sheet.sheet[name]
        for axis, along, across in ((0, self.width, self.height), (1, self.height, self.width)):
            both = mask[1:, :] & mask[:-1, :] if axis == 0 else mask[:, 1:] & mask[:, :-1]
            i, j = np.nonzero(both)
            k, side = (i, j) if axis == 0 else (j, i)
            one = number[i, j]
            other = number[i + 1, j] if axis == 0 else number[i, j + 1]
            self.matrix.add(one, other, across[side] / ((along[k] + along[k + 1]) / 2) / square)
        for side, cells in enumerate((number[0, :], number[-1, :], number[:, 0], number[:, -1])):
            starts = self.y if side < 2 else self.x
            run: list[int] = []
            for place in range(len(cells) + 1):
                if place < len(cells) and cells[place] >= 0:
                    run.append(place)
                elif run:
                    self._terminal((name, side, int(starts[run[0]])), cells[run])
                    run = []

    def _terminal(self, key: Key, cells: NDArray[np.int64]) -> int:
        if key not in self.terminals:
            self.terminals[key] = self.size
            self.size += 1
        node = self.terminals[key]
        self.same += [(node, int(cell)) for cell in cells]
        return node

    def _at(self, name: str, point: kdb.Point, key: Key) -> None:
        """A terminal in one cell of the grid, if the wire is there."""
        i = min(int(np.searchsorted(self.x, point.x, side="right")) - 1, self.shape[0] - 1)
        j = min(int(np.searchsorted(self.y, point.y, side="right")) - 1, self.shape[1] - 1)
        if self.number[name][i, j] >= 0:
            self._terminal(key, self.number[name][i : i + 1, j])

    def _cuts(self, lands: Sequence[tuple[kdb.Polygon, Key]]) -> None:
        for cut, (below, above) in CUTS.items():
            for polygon in self.parts[cut].each_merged():
                spot = kdb.Region(polygon)
                upper = self.number[above][self._mask(spot)]
                if cut == "licon1" and (spot & self.parts["poly"]).is_empty():
                    land = next((key for shape, key in lands if not (kdb.Region(shape) & spot).is_empty()), None)
                    if land is None:
                        continue
                    node = self._terminal(land, upper[:0])
                    kind = "p" if (spot & self.parts["nsdm"]).is_empty() else "n"
                    upper = upper[upper >= 0]
                    if len(upper):
                        share = 1 / self.sheet.contact[kind] / len(upper)
                        self.matrix.add(np.full(len(upper), node), upper, np.full(len(upper), share))
                    continue
                lower = self.number[below][self._mask(spot)]
                both = (lower >= 0) & (upper >= 0)
                if both.any():
                    share = 1 / self.sheet.contact[cut] / int(both.sum())
                    self.matrix.add(lower[both], upper[both], np.full(int(both.sum()), share))

    def resistances(self) -> dict[tuple[Key, Key], float]:
        """Between all pairs of terminals that are joined [ohm]."""
        one, other = (
            (np.array(side, dtype=np.int64) for side in zip(*self.same, strict=True))
            if self.same
            else (
                np.empty(0, np.int64),
                np.empty(0, np.int64),
            )
        )
        ties = coo_array((np.ones(len(one)), (one, other)), shape=(self.size, self.size))
        merged = connected_components(ties, directed=False)[1]
        a = merged[np.concatenate(self.matrix.one)]
        b = merged[np.concatenate(self.matrix.other)]
        g = np.concatenate(self.matrix.value)
        count = int(merged.max()) + 1
        graph = coo_array((g, (a, b)), shape=(count, count))
        parts = connected_components(graph, directed=False)[1]
        members: dict[int, list[Key]] = defaultdict(list)
        for key, node in self.terminals.items():
            members[int(parts[merged[node]])].append(key)
        found: dict[tuple[Key, Key], float] = {}
        for part, keys in members.items():
            if len(keys) < 2:
                continue
            inside = np.nonzero(parts == part)[0]
            index = np.full(count, -1)
            index[inside] = np.arange(len(inside))
            use = (parts[a] == part) & (a != b)
            i, j, value = index[a[use]], index[b[use]], g[use]
            size = len(inside)
            if size < 2:
                continue
            laplace = coo_array(
                (
                    np.concatenate((value, value, -value, -value)),
                    (np.concatenate((i, j, i, j)), np.concatenate((i, j, j, i))),
                ),
                shape=(size, size),
            ).tocsc()
            nodes = [int(index[merged[self.terminals[key]]]) for key in keys]
            ground = nodes[0]
            keep = np.delete(np.arange(size), ground)
            solver = splu(laplace[keep][:, keep].tocsc())
            position = {node: k for k, node in enumerate(keep.tolist())}
            sources = np.zeros((size - 1, len(keys)))
            for column, node in enumerate(nodes):
                if node != ground:
                    sources[position[node], column] = 1
            potential = solver.solve(sources)
            rows = np.array([position.get(node, -1) for node in nodes])
            table = np.where(rows[:, None] >= 0, potential[rows.clip(0)], 0.0)
            for p, q in combinations(range(len(keys)), 2):
                pair = tuple(sorted((keys[p], keys[q]), key=repr))
                found[pair[0], pair[1]] = float(table[p, p] + table[q, q] - table[p, q] - table[q, p])
        return found


def _corners(box: kdb.Box) -> tuple[int, int, int, int]:
    return box.left, box.bottom, box.right, box.top
