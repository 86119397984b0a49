"""An extraction of its own for the layout tests: gates and nets of a drawn cell by klayout.db, without any deck."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from klayout import db as kdb
from klayout import pex
from mirrorneuron.generators.placement import Pattern, common_centroid
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.sheet import Block, Sheet
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import MOSFETS
from mirrorneuron.pdk_sky130.layers import DRAWING
from mirrorneuron.pdk_sky130.rules import GRID_NM, SHEET_OHM

CONDUCTORS = ("li1", "met1", "met2", "met3", "met4")
CUTS = (("mcon", "li1", "met1"), ("via", "met1", "met2"), ("via2", "met2", "met3"))
DRAWN = ("nwell", "diff", "tap", "poly", "nsdm", "psdm", "lvtn", "hvtp", "licon1", "capm", "via3")


@dataclass(frozen=True)
class Gate:
    """A finger: model, W and L [nm], centre [nm] and the nets of its terminals; ``ends`` are source and drain."""

    model: str
    w: int
    l: int  # noqa: E741
    x: int
    y: int
    gate: int
    ends: frozenset[int]
    bulk: int


class Extraction:
    """Nets (numbers) and gates of a cell in its own coordinates; ``drawn`` is its merged shapes by layer."""

    def __init__(self, cell: kdb.Cell) -> None:
        self.layout = kdb.Layout()
        self.layout.dbu = cell.layout().dbu
        self.cell = self.layout.create_cell(cell.name)
        self.cell.copy_tree(cell)
        self.cell.flatten(True)
        # Extraction adds marks of its own to its layers, so what is drawn is kept apart.
        self.drawn = {name: self._shapes(name) for name in DRAWING}
        self.l2n = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(self.layout, self.cell, []))
        r = self.regions = {name: self._layer(name) for name in (*DRAWN, *CONDUCTORS, *(cut for cut, *_ in CUTS))}
        substrate = self.layout.layer()
        self.cell.shapes(substrate).insert(cell.bbox().enlarged(5000, 5000))
        r["pwell"] = self.l2n.make_layer(substrate, "substrate") - r["nwell"]
        gates = r["poly"] & r["diff"]
        sd = r["diff"] - r["poly"]
        n, p = r["nsdm"] - r["psdm"], r["psdm"] - r["nsdm"]
        r["nsd"], r["psd"] = (sd & n) - r["nwell"], sd & p & r["nwell"]
        r["ntap"], r["ptap"] = r["tap"] & n & r["nwell"], (r["tap"] & p) - r["nwell"]
        r["via3_plate"], r["via3_wire"] = r["via3"] & r["capm"], r["via3"] - r["capm"]
        for name in ("pwell", "nsd", "psd", "ntap", "ptap", "via3_plate", "via3_wire"):
            self.l2n.register(r[name], name)
        for model, polarity, marks in (
            ("nfet_01v8", "n", r["lvtn"] + r["hvtp"]),
            ("nfet_01v8_lvt", "n", None),
            ("pfet_01v8", "p", r["lvtn"] + r["hvtp"]),
            ("pfet_01v8_lvt", "p", r["hvtp"]),
            ("pfet_01v8_hvt", "p", r["lvtn"]),
        ):
            own = ((gates & n) - r["nwell"]) if polarity == "n" else (gates & p & r["nwell"])
            own = own - marks if marks is not None else own
            if model.endswith("lvt"):
                own = own & r["lvtn"]
            elif model.endswith("hvt"):
                own = own & r["hvtp"]
            ends, well = (r["nsd"], r["pwell"]) if polarity == "n" else (r["psd"], r["nwell"])
            layers = {"SD": ends, "G": own, "W": well, "tS": ends, "tD": ends, "tG": r["poly"], "tW": well}
            self.l2n.extract_devices(kdb.DeviceExtractorMOS4Transistor(model), layers)
        self._connect()
        self.l2n.extract_netlist()

    def _shapes(self, name: str) -> kdb.Region:
        return kdb.Region(self.cell.begin_shapes_rec(self.layout.layer(*DRAWING[name]))).merged()

    def _layer(self, name: str) -> kdb.Region:
        return self.l2n.make_layer(self.layout.layer(*DRAWING[name]), name)

    def _connect(self) -> None:
        r, connect = self.regions, self.l2n.connect
        wired = ("poly", "nsd", "psd", "ntap", "ptap", "nwell", "pwell", *CONDUCTORS)
        for name in (*wired, "licon1", "capm", "via3_plate", "via3_wire", *(cut for cut, *_ in CUTS)):
            connect(r[name])
        for lower in ("poly", "nsd", "psd", "ntap", "ptap", "li1"):
            connect(r["licon1"], r[lower])
        for cut, below, above in (
            *CUTS,
            ("via3_wire", "met3", "met4"),
            ("via3_plate", "capm", "met4"),
            ("ntap", "nwell", "nwell"),
            ("ptap", "pwell", "pwell"),
        ):
            connect(r[cut], r[below])
            connect(r[cut], r[above])

    def net(self, layer: str, x: int, y: int) -> int:
        """The net of the shape at a point; 0 where there is none."""
        found = self.l2n.probe_net(self.regions[layer], kdb.Point(x, y))
        return found.cluster_id if found else 0

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """Every finger, in rows from the bottom, each from the left."""
        circuit = self.l2n.netlist().circuit_by_name(self.cell.name)
        found = []
        for device in circuit.each_device() if circuit else ():
            at = device.trans.disp
            s, g, d, b = (device.net_for_terminal(i).cluster_id for i in range(4))
            w, l = (round(1000 * device.parameter(name)) for name in "WL")  # noqa: E741
            x, y = round(1000 * at.x), round(1000 * at.y)
            found.append(Gate(device.device_class().name, w, l, x, y, g, frozenset((s, d)), b))
        return tuple(sorted(found, key=lambda gate: (gate.y, gate.x)))

    def names(self, block: Block) -> dict[int, str]:
        """Name of every net that a rail of the block is on.

        Fails where a rail lies on no metal 2 or where two names share a net.
        """
        names: dict[int, str] = {}
        for rail in block.rails:
            for x in (rail.x0, rail.x1):
                net = self.net("met2", x, rail.y)
                assert net, f"no metal 2 at the end of {rail}"
                assert names.setdefault(net, rail.net) == rail.net, f"{rail.net} and {names[net]} are shorted"
        return names


def centre(gates: Iterable[Gate]) -> tuple[float, float]:
    """Mean place [nm]."""
    places = [(gate.x, gate.y) for gate in gates]
    assert places
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def wire_resistances(found: Extraction, pin: kdb.Point) -> list[float]:
    """Resistance [ohm] from a pin on metal 2 to each column of contacts on diffusion of its net.

    Wires alone, by squares: contacts and vias count nothing.
    """
    cluster = found.net("met2", pin.x, pin.y)
    circuit = found.l2n.netlist().circuit_by_name(found.cell.name)
    net = next(net for net in circuit.each_net() if net.cluster_id == cluster)
    names = ("met1", "met2", "met3", "via", "via2")
    regions = {
        number: found.l2n.shapes_of_net(net, found.regions[name], True).merged() for number, name in enumerate(names)
    }
    tech = pex.RExtractorTech()
    for number, name in enumerate(names[:3]):
        conductor = pex.RExtractorTechConductor()
        conductor.layer, conductor.resistance = number, SHEET_OHM[name]
        conductor.algorithm = pex.Algorithm.SquareCounting
        tech.add_conductor(conductor)
    for bottom, cut in ((0, 3), (1, 4)):
        via = pex.RExtractorTechVia()
        via.bottom_conductor, via.cut_layer, via.top_conductor, via.resistance = bottom, cut, bottom + 1, _SHORT
        tech.add_via(via)
    contacts = found.l2n.shapes_of_net(net, found.regions["mcon"], True)
    ends: list[kdb.Point] = []
    for diffusion in found.drawn["diff"].each():
        columns: dict[int, int] = {}
        for cut in (contacts & kdb.Region(diffusion)).each():
            middle = cut.bbox().center()
            columns[middle.x] = max(middle.y, columns.get(middle.x, middle.y))
        ends += [kdb.Point(x, y) for x, y in columns.items()]
    network = pex.RNetExtractor(found.layout.dbu).extract(tech, regions, {0: ends, 1: [pin]}, {})
    return _from_port(network, (1, 0))


_SHORT = 1e-6  # ohm


def _from_port(network: pex.RNetwork, start: tuple[int, int]) -> list[float]:
    """Resistance from one port (layer, number) to all others."""
    index: dict[int, int] = {}
    ports: dict[tuple[int, int], int] = {}
    for node in network.each_node():
        index[node.object_id()] = len(index)
        if node.type() == pex.RNodeType.VertexPort:
            ports[node.layer(), node.port_index()] = index[node.object_id()]
    matrix = np.zeros((len(index), len(index)))
    for element in network.each_element():
        a, b = index[element.a().object_id()], index[element.b().object_id()]
        conductance = 1 / max(element.resistance(), _SHORT)
        matrix[[a, b], [a, b]] += conductance
        matrix[[a, b], [b, a]] -= conductance
    ground = ports.pop(start)
    others = [i for i in range(len(index)) if i != ground]
    inverse = np.linalg.inv(matrix[np.ix_(others, others)])
    return [float(inverse[k, k]) for k in (others.index(node) for node in ports.values())]


PAIR = common_centroid({"a": 2, "b": 2})


@dataclass(frozen=True)
class Array:
    """What `draw_array` is asked for: an owner's drain is on the net of its name, the gates of ``second`` on net g2."""

    device: str = "nfet_01v8"
    width_nm: int = 2000
    length_nm: int = 1000
    fingers: int = 2
    pattern: Pattern = PAIR
    second: Collection[str] = ()
    tied: bool = True

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(sorted({owner for row in self.pattern.rows for owner in row if owner}))

    @property
    def nets(self) -> ArrayNets:
        gates = {owner: "g2" if owner in self.second else "g" for owner in self.owners}
        return ArrayNets(gates, {owner: owner for owner in self.owners}, "bulk" if self.tied else "source", "bulk")

    def draw(self, sheet: Sheet, name: str = "array") -> Block:
        unit = Unit(self.device, self.width_nm, self.length_nm, self.fingers)
        return draw_array(sheet, name, ArraySize(unit, self.pattern), self.nets)


ARRAYS = {
    "smallest": Array("nfet_01v8", 840, 150),
    "smallest p": Array("pfet_01v8", 840, 150, tied=False),
    "lvt": Array("nfet_01v8_lvt", 8000, 500, pattern=common_centroid({"a": 2})),
    "p lvt at its shortest": Array("pfet_01v8_lvt", 840, 350),
    "hvt": Array("pfet_01v8_hvt", 3000, 600, 3, tied=False),
    "one finger": Array(
        "nfet_01v8", 420, 20000, 1, common_centroid({"a": 2, "b": 2}, rows=4, edge_columns=0, edge_rows=1)
    ),
    "three fingers": Array("pfet_01v8", 3000, 1000, 3, common_centroid({"a": 3, "b": 2}), tied=False),
    "four fingers": Array("nfet_01v8", 10020, 180, 4, common_centroid({"a": 3, "b": 6}, rows=2, edge_rows=1)),
    "pair": Array("pfet_01v8", 1000, 500, second="b", tied=False),
    "pair of one finger": Array("nfet_01v8_lvt", 1005, 150, 1, common_centroid({"a": 4, "b": 4}, rows=2), "b"),
    "many owners": Array(
        "nfet_01v8", 1000, 2000, 2, common_centroid(dict(zip("abcde", (2, 2, 2, 4, 4), strict=True)), rows=2)
    ),
    "rows with different owners": Array(
        "nfet_01v8", 2000, 1000, 2, common_centroid({"a": 2, "b": 7}, rows=3, edge_rows=1)
    ),
    "tall": Array("pfet_01v8", 10000, 2000, 2, common_centroid({"a": 2, "b": 10, "c": 9}, rows=7, edge_rows=1)),
    "tall with two gate nets": Array("nfet_01v8", 20000, 500, 2, common_centroid({"a": 4, "b": 4}, rows=4), "b", False),
    "contacts near the ring's corners": Array("pfet_01v8_lvt", 2390, 5540, 2, common_centroid({"a": 6}), tied=False),
    "off the 10 nm grid": Array(
        "pfet_01v8_hvt", 1690, 1230, 2, common_centroid({"a": 1, "b": 4}, rows=1, edge_columns=2)
    ),
}


def random_array(seed: int) -> Array:
    """Any array that can be drawn."""
    draw = random.Random(seed)
    device = draw.choice(list(MOSFETS.values()))
    fingers = draw.randint(1, 4)
    finger = round(math.exp(draw.uniform(math.log(device.width_min_nm), math.log(6000))) / GRID_NM) * GRID_NM
    shortest, longest = math.log(device.length_min_nm), math.log(device.length_max_nm)
    length = round(math.exp(draw.uniform(shortest, longest)) / GRID_NM) * GRID_NM
    counts = {owner: draw.randint(1, 6) for owner in "abcd"[: draw.randint(1, 4)]}
    rows = min(draw.randint(1, 4), sum(counts.values()))
    pattern = common_centroid(counts, rows=rows, edge_columns=draw.randint(0, 2), edge_rows=draw.randint(0, 1))
    array = Array(device.name, finger * fingers, length, fingers, pattern, tied=draw.random() < 0.5)
    second = [owner for owner in counts if draw.random() < 0.3]
    met = [owner for row in pattern.rows for owner in row if owner]
    if not second or met[0] in second or any(_gaps(row, second) for row in pattern.rows):
        return array
    return replace(array, second=second)


def _gaps(row: Sequence[str | None], owners: Collection[str]) -> bool:
    """Whether a dummy lies among units of these owners."""
    places = [i for i, owner in enumerate(row) if owner in owners]
    return bool(places) and None in row[places[0] : places[-1]]


def alone(block: Block) -> kdb.Layout:
    """A layout that holds nothing but a block."""
    layout = kdb.Layout()
    layout.dbu = block.cell.layout().dbu
    layout.create_cell(block.cell.name).copy_tree(block.cell)
    return layout


def drawn_alone(draw: Callable[[Sheet], Block]) -> kdb.Layout:
    """The layout of a block that `draw` draws on a sheet."""
    sheet = Sheet()  # kept until the block is copied: its layout goes with it
    return alone(draw(sheet))


def side_by_side(sheet: Sheet, blocks: Iterable[Block], path: Path) -> Path:
    """Write blocks in one row, in a top cell of their own."""
    top = sheet.cell("top")
    x = 0
    for block in blocks:
        sheet.place(top, block.cell, x - block.box.x0, -block.box.y0)
        x += block.box.x1 - block.box.x0 + 3000
    sheet.finish().write(str(path))
    return path
