"""The conductors of a flat layout and their nets, for the calculation of parasitics."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import Final

import klayout.db as kdb
import numpy as np
from mirrorneuron.flows.extract.geometry import Boxes, Ints, boxes_of, find, pairs, stairs
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["METALS", "SUBSTRATE", "Conductors"]

SUBSTRATE: Final = 0
"""The number of the net that has no shape."""

METALS: Final = ("li1", "met1", "met2", "met3", "met4", "met5")

_CELL_UM: Final = 2.0
_STAIR_UM: Final = 0.05
_TERMINAL_UM: Final = 0.08
_CUTS: Final = ("mcon", "via", "via2", "via3", "via4")
# A plate cuts off the contact below it.
_PLATES: Final = {"via3": "capm", "via4": "cap2m"}


class Conductors:
    """The conductors of a cell: merged regions by name, boxes by name with the net of each.

    Besides the drawn layers: ``poly`` without resistors' bodies, which are ``body``; ``diff`` without gates; ``pwell``
    is an isolated p-well.
    """

    def __init__(self, layout: kdb.Layout, cell: kdb.Cell) -> None:
        """Find them in a cell and all below it."""
        self.dbu = layout.dbu
        self._layout, self._cell = layout, cell
        self.regions = self._regions()
        self.frame = cell.bbox()
        self._parts = {name: boxes_of(region) for name, region in self.regions.items() if name not in _CUTS}
        # An n+ and a p+ diffusion that touch are two: a junction lies between them.
        n = self.regions["nsdm"]
        (boxes, owners), (others, behind) = (
            boxes_of(part) for part in (self.regions["diff"] & n, self.regions["diff"] - n)
        )
        self._parts["diff"] = np.vstack((boxes, others)), np.concatenate((owners, behind + _count(owners)))

    @property
    def grid(self) -> int:
        """Pitch of the grid for finding what meets what [dbu]."""
        return round(_CELL_UM / self.dbu)

    def drawn(self, name: str) -> kdb.Region:
        """A drawing layer, with its pin purpose: Magic takes that for a conductor, too."""
        layers = [DRAWING[name]] + ([PIN_LAYERS[name].pin] if name in PIN_LAYERS else [])
        region = kdb.Region()
        for layer in layers:
            index = self._layout.find_layer(*layer)
            if index is not None:
                region.insert(self._cell.begin_shapes_rec(index))
        return stairs(region, round(_STAIR_UM / self.dbu))

    def _regions(self) -> dict[str, kdb.Region]:
        drawn = {name: self.drawn(name) for name in ("nwell", "dnwell", "poly", "rpm", "urpm", *METALS)}
        active = (self.drawn("diff") + self.drawn("tap")).merged()
        n, p = self.drawn("nsdm"), self.drawn("psdm")
        regions = {name: drawn[name] for name in ("nwell", "dnwell", *METALS)}
        regions["body"] = drawn["poly"] & (self.drawn("poly_res") + self.drawn("poly_short"))
        # Magic takes a high-ohmic resistor's terminal 0.08 um into the body, which is marked up to the contact.
        terminals = (drawn["poly"] - regions["body"]) & (drawn["rpm"] + drawn["urpm"])
        regions["body"] -= terminals.sized(round(_TERMINAL_UM / self.dbu))
        regions["poly"] = drawn["poly"] - regions["body"]
        regions["diff"] = active - drawn["poly"]
        regions["pwell"] = drawn["dnwell"] - drawn["nwell"]
        regions["ntap"] = (regions["diff"] & n & drawn["nwell"]) - p
        regions["ptap"] = (regions["diff"] & p) - n - drawn["nwell"]
        regions["nsdm"] = n
        regions["isolated"] = regions["ptap"] & regions["pwell"]
        regions["common"] = regions["ptap"] - regions["pwell"]
        regions["gate"] = regions["poly"] & active
        regions["head"] = (regions["poly"] & (drawn["rpm"] + drawn["urpm"])) - active
        for cut in ("licon1", *_CUTS):
            regions[cut] = self.drawn(cut)
        for cut, plate in _PLATES.items():
            regions[plate] = self.drawn(plate)
            regions[f"{cut}_plate"] = regions[cut] & regions[plate]
            regions[cut] = regions[cut] - regions[plate]
        for region in regions.values():
            region.min_coherence = True
            region.merge()
        return regions

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], Ints]:
        """First polygon's number by layer, and the net of every polygon."""
        names = ("poly", "body", "diff", "nwell", "pwell", "dnwell", *METALS, *_PLATES.values())
        base: dict[str, int] = {}
        count = 1
        for name in names:
            base[name] = count
            count += _count(self._parts[name][1])
        joints: list[tuple[Ints, Ints]] = []
        # Contacts and taps: polygons of their own, numbered behind the conductors.
        for through, layers in self._joints():
            boxes, owners = self._boxes(through)
            for layer in layers:
                if layer == "substrate":
                    joints.append((np.unique(owners) + count, np.full(len(np.unique(owners)), SUBSTRATE)))
                    continue
                for i, j in pairs(boxes, self._parts[layer][0], self.grid):
                    joints.append((owners[i] + count, self._parts[layer][1][j] + base[layer]))
            count += _count(owners)
        starts = np.concatenate([i for i, _ in joints] or [np.empty(0, np.int64)])
        ends = np.concatenate([j for _, j in joints] or [np.empty(0, np.int64)])
        graph = coo_array((np.ones(len(starts), np.int8), (starts, ends)), shape=(count, count))
        labels = connected_components(graph, directed=False)[1].astype(np.int64)
        return base, np.where(labels == labels[SUBSTRATE], SUBSTRATE, labels + 1)

    def _boxes(self, name: str) -> tuple[Boxes, Ints]:
        return self._parts[name] if name in self._parts else boxes_of(self.regions[name])

    def _joints(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        yield "licon1", ("poly", "diff", "li1")
        for cut, layers in zip(_CUTS, pairwise(METALS), strict=True):
            yield cut, layers
        for (cut, plate), above in zip(_PLATES.items(), ("met4", "met5"), strict=True):
            yield f"{cut}_plate", (plate, above)
        yield "ntap", ("diff", "nwell")
        yield "dnwell", ("dnwell", "nwell")
        yield "isolated", ("diff", "pwell")
        yield "common", ("diff", "substrate")

    def nets(self, layer: str, points: Ints) -> Ints:
        """The net of a layer's conductor at each point (lower left corner of a unit square); -1 where there is none."""
        base, labels = self._numbers
        polygons = self.polygons(layer, points)
        return np.where(polygons < 0, -1, labels[polygons + base[layer]])

    def polygons(self, layer: str, points: Ints) -> Ints:
        """The number of a layer's polygon at each point, in the order of its region; -1 where there is none."""
        boxes, owners = self._parts[layer]
        indices = find(points, boxes, self.grid)
        return np.where(indices < 0, -1, owners[indices]) if len(owners) else indices

    def beside(self, layer: str, other: str) -> dict[int, list[int]]:
        """For each polygon of a layer the polygons of another layer that touch it, by their numbers."""
        boxes, owners = self._parts[layer]
        others, numbers = self._parts[other]
        touching_of: dict[int, set[int]] = {}
        for i, j in pairs(boxes + np.array([-1, -1, 1, 1]), others, self.grid):
            for number, other_number in zip(owners[i].tolist(), numbers[j].tolist(), strict=True):
                touching_of.setdefault(number, set()).add(other_number)
        return {number: sorted(touching) for number, touching in touching_of.items()}

    def count(self) -> int:
        """One more than the largest number of a net."""
        return int(self._numbers[1].max()) + 1


def _count(owners: Ints) -> int:
    """How many polygons these boxes are of."""
    return int(owners.max()) + 1 if len(owners) else 0
