"""Nets of a layout, through contacts, vias and wells: the net of each terminal, and the labels of each net."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read.bodies import MARK, Point
from mirrorneuron.flows.matching.read.fingers import NO_NET
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

__all__ = ["CONDUCTORS", "DBU", "Nets", "texts_of"]

CONDUCTORS: Final = tuple(PIN_LAYERS)
DBU: Final = 0.001
"""Database unit of all regions here [um]."""
_MARGIN: Final = 10_000
"""How far the substrate goes on around all shapes [nm]."""

_TOUCHES: Final = (
    *(("licon1", name) for name in ("poly", "ends", "ntap", "ptap", "li1")),
    *(("mcon", "li1"), ("mcon", "met1"), ("via", "met1"), ("via", "met2"), ("via2", "met2"), ("via2", "met3")),
    *(("via3_wire", "met3"), ("via3_wire", "met4"), ("via3_plate", "capm"), ("via3_plate", "met4")),
    *(("via4_wire", "met4"), ("via4_wire", "met5"), ("via4_plate", "cap2m"), ("via4_plate", "met5")),
    *(("ntap", "nwell"), ("dnwell", "nwell"), ("ptap", "pwell"), ("pwell", "substrate")),
)
"""Pairs of regions (see `_conductors`) that are connected where they touch."""


class Nets:
    """The net of every terminal, which a small square on the terminal locates; the labels of every labelled net."""

    def __init__(
        self,
        conductors: Mapping[str, kdb.Region],
        terminals: Iterable[tuple[str, Point]],
        texts: Iterable[tuple[str, str, Point]],
    ) -> None:
        """Connect everything and look up the squares.

        Parameters
        ----------
        conductors
            As `Nets.conductors` gives them.
        terminals
            Layers and points on them.
        texts
            Layers, texts and places of the labels (`texts_of`).
        """
        corners: dict[str, dict[Point, None]] = defaultdict(dict)
        labels: dict[str, dict[Point, list[str]]] = defaultdict(lambda: defaultdict(list))
        for layer, point in terminals:
            corners[layer][_corner(point)] = None
        for layer, text, point in texts:
            corners[layer][_corner(point)] = None
            labels[layer][_corner(point)].append(text)
        self._net_at: dict[str, dict[Point, int]] = defaultdict(dict)
        self._connect(conductors, {layer: _squares(points) for layer, points in corners.items()})
        self.names = self._labelled(labels)

    @staticmethod
    def conductors(
        drawn: Mapping[str, kdb.Region], sources: kdb.Region, taps: Mapping[str, kdb.Region]
    ) -> dict[str, kdb.Region]:
        """The regions that conduct: drawn layers, the ends of transistors, taps, wells and the substrate."""
        nwell = drawn["nwell"]
        extent = kdb.Box()
        for region in drawn.values():
            extent += region.bbox()
        everything = kdb.Region(extent.enlarged(_MARGIN, _MARGIN)) if not extent.empty() else kdb.Region()
        pwell = everything - nwell
        # Pockets that a deep n-well and the n-wells around it isolate from the substrate.
        pockets = pwell.inside(drawn["dnwell"])
        return {
            **{name: drawn[name] for name in ("licon1", "mcon", "via", "via2", "capm", "cap2m", *CONDUCTORS)},
            "poly": drawn["poly"] - drawn["poly_res"],
            "ends": sources,
            "ntap": taps["n"],
            "ptap": taps["p"],
            "nwell": nwell,
            "dnwell": drawn["dnwell"],
            "pwell": pwell,
            "substrate": everything - pockets.sized(_MARGIN // 100),
            "via3_plate": drawn["via3"] & drawn["capm"],
            "via3_wire": drawn["via3"] - drawn["capm"],
            "via4_plate": drawn["via4"] & drawn["cap2m"],
            "via4_wire": drawn["via4"] - drawn["cap2m"],
        }

    def _connect(self, conductors: Mapping[str, kdb.Region], squares: Mapping[str, kdb.Region]) -> None:
        """Extract the nets, and keep by layer the net of each square by its corner."""
        marks = {f"{layer}_mark": layer for layer in squares}
        regions = {**conductors, **{name: squares[layer] for name, layer in marks.items()}}
        l2n = kdb.LayoutToNetlist("top", DBU)
        for name, region in regions.items():
            l2n.register(region, name)
        for region in conductors.values():
            l2n.connect(region)
        for lower, upper in (*_TOUCHES, *marks.items()):
            l2n.connect(regions[lower], regions[upper])
        l2n.extract_netlist()
        for circuit in l2n.netlist().each_circuit():
            for net in circuit.each_net():
                for name, layer in marks.items():
                    for shape in l2n.shapes_of_net(net, regions[name], True).each():
                        box = shape.bbox()
                        self._net_at[layer][box.left, box.bottom] = net.cluster_id

    def _labelled(self, labels: Mapping[str, Mapping[Point, list[str]]]) -> dict[int, tuple[str, ...]]:
        """The labels of each net that has any, sorted."""
        names: dict[int, set[str]] = defaultdict(set)
        for layer, by_corner in labels.items():
            for corner, texts in by_corner.items():
                if corner in self._net_at[layer]:
                    names[self._net_at[layer][corner]].update(texts)
        return {net: tuple(sorted(texts)) for net, texts in names.items()}

    def at(self, layer: str, point: Point) -> int:
        """The net of a layer at a terminal's point."""
        return self._net_at[layer].get(_corner(point), NO_NET)


def _corner(point: Point) -> Point:
    return point[0] - MARK // 2, point[1] - MARK // 2


def _squares(corners: Iterable[Point]) -> kdb.Region:
    """The squares with these lower left corners, not merged, so that each keeps its place."""
    region = kdb.Region()
    region.merged_semantics = False
    for x, y in corners:
        region.insert(kdb.Box(x, y, x + MARK, y + MARK))
    return region


def texts_of(layout: kdb.Layout, cell: kdb.Cell) -> Iterator[tuple[str, str, Point]]:
    """Conductor, text and place of the labels of the highest level of hierarchy that has any.

    Labels of lower levels name the nets of subcells, not those of `cell`.
    """
    scale = kdb.ICplxTrans(layout.dbu / DBU)
    pairs = [
        (conductor, layout.find_layer(*pair))
        for conductor, purposes in PIN_LAYERS.items()
        for pair in (purposes.pin, purposes.label)
    ]
    for depth in range(cell.hierarchy_levels() + 1):
        labelled = False
        for conductor, index in pairs:
            if index is None:
                continue
            shapes = kdb.RecursiveShapeIterator(layout, cell, index)
            shapes.shape_flags = kdb.Shapes.STexts
            shapes.min_depth = shapes.max_depth = depth
            while not shapes.at_end():
                text = shapes.shape().text.transformed(scale * shapes.trans())
                labelled = True
                yield conductor, text.string, (text.x, text.y)
                shapes.next()
        if labelled:
            return
