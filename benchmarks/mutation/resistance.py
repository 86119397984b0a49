"""How much a fault changes the resistance of wires: both layouts around it, solved on a grid.

The window is cut out of all conductors; where a wire crosses its border it has a terminal, and so have the pins, the
diffusions and the gates inside. The circuit outside sees the window through these alone, so that no resistance outside
changes by more than the largest change between two of them. Where a path leads around outside of the window, the change
is overestimated: above `_ENOUGH_OHM` a larger window is taken.
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
    resistances = [_Window(part, places, lines, sheet).resistances() for part in parts]
    worst = [0.0, 0.0]
    for pair in resistances[0].keys() | resistances[1].keys():
        drawn, mutant = (side.get(pair, np.inf) for side in resistances)
        idle = any(key[0] in ("gate", "idle") for key in pair)
        worst[idle] = max(worst[idle], abs(mutant - drawn))
    return Change(*worst)


class _Places:
    """Terminals besides those on the window's border."""

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

    first: list[NDArray[np.int64]] = field(default_factory=list)
    second: list[NDArray[np.int64]] = field(default_factory=list)
    value: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, first: Any, second: Any, value: Any) -> None:
        self.first.append(np.atleast_1d(np.asarray(first, dtype=np.int64)))
        self.second.append(np.atleast_1d(np.asarray(second, dtype=np.int64)))
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
            first = number[i, j]
            second = number[i + 1, j] if axis == 0 else number[i, j + 1]
            self.matrix.add(first, second, across[side] / ((along[k] + along[k + 1]) / 2) / square)
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
        merged = self._merged_nodes()
        a = merged[np.concatenate(self.matrix.first)]
        b = merged[np.concatenate(self.matrix.second)]
        network = _GridNetwork(a, b, np.concatenate(self.matrix.value), int(merged.max()) + 1)
        members: dict[int, list[Key]] = defaultdict(list)
        for key, node in self.terminals.items():
            members[int(network.parts[merged[node]])].append(key)
        resistances: dict[tuple[Key, Key], float] = {}
        for part, keys in members.items():
            nodes = [int(merged[self.terminals[key]]) for key in keys]
            table = network.potentials(part, nodes)
            if table is None:
                continue
            for p, q in combinations(range(len(keys)), 2):
                first, second = sorted((keys[p], keys[q]), key=repr)
                resistances[first, second] = float(table[p, p] + table[q, q] - table[p, q] - table[q, p])
        return resistances

    def _merged_nodes(self) -> NDArray[np.int32]:
        """For each node the number of the node that it is tied to without resistance."""
        ties = np.array(self.same, dtype=np.int64).reshape(-1, 2)
        graph = coo_array((np.ones(len(ties)), (ties[:, 0], ties[:, 1])), shape=(self.size, self.size))
        return connected_components(graph, directed=False)[1]


class _GridNetwork:
    """Conductances `g` between the nodes `a` and `b`; ``parts``: for each node the connected part that it is in."""

    def __init__(self, a: NDArray[np.int32], b: NDArray[np.int32], g: NDArray[np.float64], count: int) -> None:
        self.a, self.b, self.g, self.count = a, b, g, count
        self.parts = connected_components(coo_array((g, (a, b)), shape=(count, count)), directed=False)[1]

    def potentials(self, part: int, nodes: Sequence[int]) -> NDArray[np.float64] | None:
        """Potential of each node [V] for 1 A into each of them in turn, out of the first; None without a resistance."""
        inside = np.nonzero(self.parts == part)[0]
        if len(nodes) < 2 or len(inside) < 2:
            return None
        index = np.full(self.count, -1)
        index[inside] = np.arange(len(inside))
        local = [int(index[node]) for node in nodes]
        keep = np.delete(np.arange(len(inside)), local[0])
        laplace = self._laplace(part, index, len(inside))
        position = {node: k for k, node in enumerate(keep.tolist())}
        sources = np.zeros((len(keep), len(local)))
        for column, node in enumerate(local):
            if node in position:
                sources[position[node], column] = 1
        potential = splu(laplace[keep][:, keep].tocsc()).solve(sources)
        rows = np.array([position.get(node, -1) for node in local])
        return np.where(rows[:, None] >= 0, potential[rows.clip(0)], 0.0)

    def _laplace(self, part: int, index: NDArray[np.int64], size: int) -> Any:
        use = (self.parts[self.a] == part) & (self.a != self.b)
        i, j, g = index[self.a[use]], index[self.b[use]], self.g[use]
        values = np.concatenate((g, g, -g, -g))
        places = np.concatenate((i, j, i, j)), np.concatenate((i, j, j, i))
        return coo_array((values, places), shape=(size, size)).tocsc()


def _corners(box: kdb.Box) -> tuple[int, int, int, int]:
    return box.left, box.bottom, box.right, box.top
