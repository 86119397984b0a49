"""Which terminal of a layout lies on which net, through contacts, vias and wells; and the labels of nets."""

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
_MARGIN: Final = 10_000


class Nets:
    """Net of every terminal, by a small square that lies on it; label of every net that has one."""

    def __init__(
        self,
        drawn: Mapping[str, kdb.Region],
        sources: kdb.Region,
        taps: Mapping[str, kdb.Region],
        terminals: Iterable[tuple[str, Point]],
        texts: Iterable[tuple[str, str, Point]],
    ) -> None:
        """Connect everything and look the squares up; `terminals` are layers and places on them."""
        nwell = drawn["nwell"]
        extent = kdb.Box()
        for region in drawn.values():
            extent += region.bbox()
        everything = kdb.Region(extent.enlarged(_MARGIN, _MARGIN)) if not extent.empty() else kdb.Region()
        pwell = everything - nwell
        # Pockets that a deep n-well and n-wells around cut off from the substrate.
        pockets = pwell.inside(drawn["dnwell"])
        via3_plate, via4_plate = drawn["via3"] & drawn["capm"], drawn["via4"] & drawn["cap2m"]
        regions: dict[str, kdb.Region] = {
            **{name: drawn[name] for name in ("licon1", "mcon", "via", "via2", "capm", "cap2m", *CONDUCTORS)},
            "poly": drawn["poly"] - drawn["poly_res"],
            "ends": sources,
            "ntap": taps["n"],
            "ptap": taps["p"],
            "nwell": nwell,
            "dnwell": drawn["dnwell"],
            "pwell": pwell,
            "substrate": everything - pockets.sized(_MARGIN // 100),
            "via3_plate": via3_plate,
            "via3_wire": drawn["via3"] - drawn["capm"],
            "via4_plate": via4_plate,
            "via4_wire": drawn["via4"] - drawn["cap2m"],
        }
        touches = [
            *(("licon1", name) for name in ("poly", "ends", "ntap", "ptap", "li1")),
            *(("mcon", "li1"), ("mcon", "met1"), ("via", "met1"), ("via", "met2"), ("via2", "met2"), ("via2", "met3")),
            *(("via3_wire", "met3"), ("via3_wire", "met4"), ("via3_plate", "capm"), ("via3_plate", "met4")),
            *(("via4_wire", "met4"), ("via4_wire", "met5"), ("via4_plate", "cap2m"), ("via4_plate", "met5")),
            *(("ntap", "nwell"), ("dnwell", "nwell"), ("ptap", "pwell"), ("pwell", "substrate")),
        ]
        squares: dict[str, dict[Point, Point]] = defaultdict(dict)
        self._strings: dict[str, dict[Point, list[str]]] = defaultdict(lambda: defaultdict(list))
        for layer, at in terminals:
            squares[layer][_corner(at)] = at
        for metal, string, at in texts:
            squares[metal][_corner(at)] = at
            self._strings[metal][_corner(at)].append(string)
        marks = {f"{layer}_mark": layer for layer in squares}
        for name, layer in marks.items():
            region = kdb.Region()
            region.merged_semantics = False
            for x, y in squares[layer]:
                region.insert(kdb.Box(x, y, x + MARK, y + MARK))
            regions[name] = region
        self._found: dict[str, dict[Point, int]] = defaultdict(dict)
        self._connect(regions, [*touches, *((name, layer) for name, layer in marks.items())], marks)
        names: dict[int, set[str]] = defaultdict(set)
        for metal, strings in self._strings.items():
            for corner, written in strings.items():
                if corner in self._found[metal]:
                    names[self._found[metal][corner]].update(written)
        self.names = {net: tuple(sorted(found)) for net, found in names.items()}

    def _connect(
        self, regions: Mapping[str, kdb.Region], touches: Iterable[tuple[str, str]], marks: Mapping[str, str]
    ) -> None:
        l2n = kdb.LayoutToNetlist("top", DBU)
        for name, region in regions.items():
            l2n.register(region, name)
        for name, region in regions.items():
            if name not in marks:
                l2n.connect(region)
        for one, other in touches:
            l2n.connect(regions[one], regions[other])
        l2n.extract_netlist()
        for circuit in l2n.netlist().each_circuit():
            for net in circuit.each_net():
                for name, layer in marks.items():
                    found = self._found[layer]
                    for shape in l2n.shapes_of_net(net, regions[name], True).each():
                        box = shape.bbox()
                        found[box.left, box.bottom] = net.cluster_id

    def at(self, layer: str, point: Point) -> int:
        """The net of a layer at a terminal's point."""
        return self._found[layer].get(_corner(point), NO_NET)


def _corner(at: Point) -> Point:
    return at[0] - MARK // 2, at[1] - MARK // 2


def texts_of(layout: kdb.Layout, cell: kdb.Cell) -> Iterator[tuple[str, str, Point]]:
    """Conductor, text and place of the labels of the highest level that has any: those below name nothing up here."""
    scale = kdb.ICplxTrans(layout.dbu / DBU)
    pairs = [
        (metal, layout.find_layer(*pair)) for metal, where in PIN_LAYERS.items() for pair in (where.pin, where.label)
    ]
    for depth in range(cell.hierarchy_levels() + 1):
        found = False
        for metal, index in pairs:
            if index is None:
                continue
            shapes = kdb.RecursiveShapeIterator(layout, cell, index)
            shapes.shape_flags = kdb.Shapes.STexts
            shapes.min_depth = shapes.max_depth = depth
            while not shapes.at_end():
                text = shapes.shape().text.transformed(scale * shapes.trans())
                found = True
                yield metal, text.string, (text.x, text.y)
                shapes.next()
        if found:
            return
