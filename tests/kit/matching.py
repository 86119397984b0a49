"""Layouts with and without planted defects: our arrays, changed after they are drawn, and a plain one drawn by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb
from mirrorneuron.flows import matching
from mirrorneuron.generators import catalog
from mirrorneuron.generators.placement import Pattern, common_centroid
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.resistor import draw_resistors
from mirrorneuron.generators.primitives.sheet import Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.generators.units import ArraySize, ResistorArray, Unit
from mirrorneuron.pdk_sky130 import install, layers

UNIT = "nfet_01v8_w1000_l1000_f2"
MODEL = "sky130_fd_pr__nfet_01v8"


def singles(layout: kdb.Layout) -> None:
    """Turn arrays of instances into single ones, so that one can be changed."""
    for cell in layout.each_cell():
        for instance in [i for i in cell.each_inst() if i.is_regular_array()]:
            for trans in list(instance.cell_inst.each_trans()):
                cell.insert(kdb.CellInstArray(instance.cell_index, trans))
            instance.delete()


def drawn(*changes: str) -> kdb.Layout:
    """A matched array, its instances single."""
    layout = catalog.layout_of(catalog.load("matched_array", changes))
    singles(layout)
    return layout


def netlist(*changes: str) -> str:
    return catalog.circuit_of(catalog.load("matched_array", changes)).to_spice()


def patterned(rows: Sequence[str], **options: int) -> kdb.Layout:
    """An array by hand: a letter is an owner, a dot a dummy, the first row at the bottom; the drain of b is d_b."""
    pattern = Pattern(tuple(tuple(None if unit == "." else unit for unit in row) for row in rows))
    owners = sorted(pattern.owners)
    nets = ArrayNets(dict.fromkeys(owners, "g"), {owner: f"d_{owner}" for owner in owners}, "s", "s")
    sheet = Sheet()
    sizes = {"width_nm": 2000, "length_nm": 1000, "fingers": 2, **options}
    block = draw_array(sheet, "array", ArraySize(Unit("nfet_01v8", **sizes), pattern), nets)
    top = compose(sheet, "top", Stacks([block]), exports=["s", "g", *nets.drains.values()], power=Power(["s"]))
    draw_pins(sheet, top, ())
    layout = sheet.finish()
    singles(layout)
    return layout


def patterned_netlist(counts: Mapping[str, int], *, dummies: int, w: float = 2, l: float = 1) -> str:  # noqa: E741
    lines = [f"Xd{owner} d_{owner} g s s {MODEL} w={w} l={l} nf=2 m={count}" for owner, count in counts.items()]
    if dummies:
        lines.append(f"Xdummy s s s s {MODEL} w={w} l={l} nf=2 m={dummies}")
    pins = " ".join(["s", "g", *(f"d_{owner}" for owner in counts)])
    return "\n".join([f".subckt top {pins}", *lines, ".ends", ""])


def units(layout: kdb.Layout, cell: str = UNIT) -> list[kdb.Instance]:
    """Instances of a unit's cell, by rows from the bottom; the dummies are among them."""
    found = [i for parent in layout.each_cell() for i in parent.each_inst() if i.cell.name == cell]
    return sorted(found, key=lambda instance: (instance.bbox().bottom, instance.bbox().left))


def layer(layout: kdb.Layout, cell: kdb.Cell, which: layers.Layer) -> kdb.Shapes:
    return cell.shapes(layout.layer(*which))


def redrawn(
    layout: kdb.Layout, instance: kdb.Instance, which: layers.Layer, change: Callable[[kdb.Region], kdb.Region]
) -> None:
    """Give one instance a cell of its own in which a layer is changed."""
    copy = instance.cell
    if not copy.name.endswith("_changed"):
        copy = layout.create_cell(f"{instance.cell.name}_changed")
        copy.copy_tree(instance.cell)
    shapes = layer(layout, copy, which)
    region = change(kdb.Region(shapes))
    shapes.clear()
    shapes.insert(region)
    instance.cell_index = copy.cell_index()


def cut(layout: kdb.Layout, box: kdb.Box, *which: layers.Layer) -> None:
    """Take a box out of layers, in the top cell's coordinates, of a layout that is flat after it."""
    top = layout.top_cell()
    top.flatten(True)
    for pair in which:
        shapes = layer(layout, top, pair)
        region = kdb.Region(shapes) - kdb.Region(box)
        shapes.clear()
        shapes.insert(region)


@dataclass
class Desk:
    """Writes layouts and netlists and has them reported on."""

    folder: Path
    count: int = field(default=0)

    def write(self, layout: kdb.Layout) -> Path:
        self.count += 1
        path = self.folder / f"layout{self.count}.gds"
        options = kdb.SaveLayoutOptions()
        options.write_context_info = False
        options.format = "GDS2"
        layout.write(str(path), options)
        return path

    def report(
        self,
        layout: kdb.Layout,
        spice: str | None = None,
        *,
        centroid_limit: float | None = None,
        ignore: Sequence[str] = (),
        top: str | None = None,
    ) -> matching.MatchingResult:
        path = None
        if spice is not None:
            path = self.folder / f"netlist{self.count}.spice"
            path.write_text(spice)
        return matching.run(self.write(layout), path, centroid_limit=centroid_limit, ignore=ignore, top=top)


def checks(result: matching.MatchingResult) -> set[str]:
    """Names of the checks that found something."""
    return {error.partition(":")[0] for error in result.errors}


# A plain array, for what our own fabric cannot do: every unit stands alone and may be turned; planes wire it.

_PLANES = (layers.MET1, layers.MET2, layers.MET3, layers.MET4, layers.MET5)
_VIAS = (layers.VIA, layers.VIA2, layers.VIA3, layers.VIA4)


@dataclass(frozen=True)
class Place:
    """A unit of the plain array: its owner ("a" to "c", "." for a dummy), centre [nm] and transformation about it."""

    owner: str
    x: int
    y: int
    turn: kdb.Trans = field(default_factory=kdb.Trans)


def row(owners: str, *, y: int = 0, pitch: int = 4000) -> list[Place]:
    return [Place(owner, pitch * i, y) for i, owner in enumerate(owners)]


def plain(places: Sequence[Place], *, labels: bool = True, w: int = 1000, ring: bool = True) -> kdb.Layout:
    """Units of W 1 um and L 0.5 um on islands of their own, in the middle of a ring of tap.

    Gates are on the metal 1 plane, sources on metal 2, drains of a, b, c on metal 3, 4, 5, of d on the gates' plane; a
    dummy is on metal 2.
    """
    layout = kdb.Layout()
    layout.dbu = 0.001
    top, unit = layout.create_cell("top"), layout.create_cell("unit")
    half = w // 2
    layer(layout, unit, layers.DIFF).insert(kdb.Box(-750, -half, 750, half))
    layer(layout, unit, layers.NSDM).insert(kdb.Box(-900, -half - 150, 900, half + 150))
    layer(layout, unit, layers.POLY).insert(kdb.Box(-250, -half - 200, 250, half + 600))
    spots = {"gate": kdb.Point(0, half + 400), "source": kdb.Point(-500, 100), "drain": kdb.Point(500, 100)}
    for spot in spots.values():
        layer(layout, unit, layers.LICON1).insert(kdb.Box(-85, -85, 85, 85).moved(spot.x, spot.y))
        layer(layout, unit, layers.LI1).insert(kdb.Box(-150, -150, 150, 150).moved(spot.x, spot.y))
    planes = {"gate": 0, "d": 0, "source": 1, "a": 2, "b": 3, "c": 4}
    holes: list[kdb.Region] = [kdb.Region() for _ in _PLANES]
    everything = kdb.Box()
    for place in places:
        trans = kdb.Trans(place.x, place.y) * place.turn
        instance = top.insert(kdb.CellInstArray(unit.cell_index(), trans))
        everything += instance.bbox()
        for terminal, spot in spots.items():
            at = trans * spot
            plane = planes["source" if place.owner == "." else place.owner if terminal == "drain" else terminal]
            pad = kdb.Box(-150, -150, 150, 150).moved(at.x, at.y)
            layer(layout, top, layers.MCON).insert(kdb.Box(-85, -85, 85, 85).moved(at.x, at.y))
            for level in range(plane):
                holes[level].insert(pad.enlarged(200, 200))
                layer(layout, top, _PLANES[level]).insert(pad)
                layer(layout, top, _VIAS[level]).insert(kdb.Box(-75, -75, 75, 75).moved(at.x, at.y))
    plane_box = everything.enlarged(1000, 1000)
    for level, hole in enumerate(holes):
        region = kdb.Region(plane_box) - hole
        layer(layout, top, _PLANES[level]).insert(region)
    for name, level in (("g", 0), ("s", 1), ("da", 2), ("db", 3), ("dc", 4)) if labels else ():
        text = kdb.Text(name, kdb.Trans(plane_box.left + 10, plane_box.bottom + 10))
        layer(layout, top, layers.Layer(_PLANES[level].layer, 5)).insert(text)
    if ring:
        ring_around(layout, plane_box)
    return layout


def ring_around(layout: kdb.Layout, box: kdb.Box) -> None:
    """A contacted ring of p-tap."""
    top = layout.top_cell()
    inner, outer = box.enlarged(500, 500), box.enlarged(1000, 1000)
    loop = kdb.Region(outer) - kdb.Region(inner)
    layer(layout, top, layers.TAP).insert(loop)
    layer(layout, top, layers.PSDM).insert(loop)
    for x in range(outer.left + 165, outer.right - 250, 1000):
        for y in (outer.bottom + 165, outer.top - 335):
            layer(layout, top, layers.LICON1).insert(kdb.Box(x, y, x + 170, y + 170))
    for y in range(outer.bottom + 165, outer.top - 250, 1000):
        for x in (outer.left + 165, outer.right - 335):
            layer(layout, top, layers.LICON1).insert(kdb.Box(x, y, x + 170, y + 170))
    layer(layout, top, layers.LI1).insert(loop)


# The same of bars and npn, as our generators draw one, its terminals in metal 1.

BAR_NM = 4000
RAIL = "vss"


@dataclass(frozen=True)
class Part:
    """A cell, the layout that holds it, and its terminals."""

    library: kdb.Layout
    cell: kdb.Cell
    spots: Mapping[str, kdb.Point]


def bar(length: int = BAR_NM, device: str = "res_xhigh_po_0p69") -> Part:
    sheet = Sheet()
    draw_resistors(sheet, "bars", ResistorArray(device, length, common_centroid({"a": 1})), {"a": ("a", "s")}, "s")
    cell = next(cell for cell in sheet.layout.each_cell() if cell.name.startswith(device))
    x = cell.bbox().center().x
    return Part(sheet.layout, cell, {"rail": kdb.Point(x, -1000), "out": kdb.Point(x, length + 1000)})


def npn(size: str = "W1p00L1p00") -> Part:
    library = kdb.Layout()
    library.read(str(install.locate().fd_pr / f"cells/rf_npn_05v5/sky130_fd_pr__rf_npn_05v5_{size}.gds"))
    cell = library.top_cell()
    wires = kdb.Region(cell.begin_shapes_rec(library.layer(*layers.MET1))).merged()
    outer, middle, inner = sorted(wires.each(), key=lambda wire: -wire.bbox().area())
    sides = [(wire.bbox().top + max(point.y for point in wire.each_point_hole(0))) // 2 for wire in (outer, middle)]
    x, y = inner.bbox().center().x, inner.bbox().center().y
    names = zip(("out", "base", "emitter"), (*sides, y), strict=True)
    return Part(library, cell, {name: kdb.Point(x, at) for name, at in names})


def of_parts(
    unit: Part,
    places: Sequence[Place],
    *,
    others: Mapping[int, Part] | None = None,
    ring: bool = True,
) -> kdb.Layout:
    """Bars or npn; a place's turn is about its centre, `others` are drawn at these places.

    Rail or base is on metal 2, the emitters on metal 3, owners a, b on metal 4, 5; a dummy is on metal 2.
    """
    layout = kdb.Layout()
    layout.dbu = 0.001
    top = layout.create_cell("top")
    planes = {"rail": 1, "base": 1, ".": 1, "emitter": 2, "a": 3, "b": 4}
    cells: dict[int, kdb.Cell] = {}
    holes: list[kdb.Region] = [kdb.Region() for _ in _PLANES]
    everything = kdb.Box()
    for number, place in enumerate(places):
        part = (others or {}).get(number, unit)
        if id(part) not in cells:
            cells[id(part)] = layout.create_cell(f"unit{len(cells)}")
            cells[id(part)].copy_tree(part.cell)
        cell = cells[id(part)]
        trans = kdb.Trans(place.x, place.y) * place.turn * kdb.Trans(kdb.Point() - cell.bbox().center())
        everything += top.insert(kdb.CellInstArray(cell.cell_index(), trans)).bbox()
        for terminal, spot in part.spots.items():
            at = trans * spot
            plane = planes[place.owner if terminal == "out" else terminal]
            pad = kdb.Box(-150, -150, 150, 150).moved(at.x, at.y)
            for level in range(plane):
                if level:
                    holes[level].insert(pad.enlarged(200, 200))
                layer(layout, top, _PLANES[level]).insert(pad)
                layer(layout, top, _VIAS[level]).insert(kdb.Box(-75, -75, 75, 75).moved(at.x, at.y))
    plane_box = everything.enlarged(1000, 1000)
    labels = {1: "b", 2: RAIL, 3: "da", 4: "db"} if "base" in unit.spots else {1: RAIL, 3: "da", 4: "db"}
    for level, name in labels.items():
        region = kdb.Region(plane_box) - holes[level]
        layer(layout, top, _PLANES[level]).insert(region)
        text = kdb.Text(name, kdb.Trans(plane_box.left + 10, plane_box.bottom + 10))
        layer(layout, top, layers.Layer(_PLANES[level].layer, 5)).insert(text)
    if ring:
        ring_around(layout, plane_box)
    return layout


def side_by_side(parts: Sequence[kdb.Layout], pitch: int = 40_000) -> kdb.Layout:
    """Plain arrays in a row, their gate and source planes joined."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    top = layout.create_cell("both")
    for k, part in enumerate(parts):
        cell = layout.create_cell(f"part{k}")
        cell.copy_tree(part.top_cell())
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(pitch * k, 0)))
    for metal in (layers.MET1, layers.MET2):
        layer(layout, top, metal).insert(kdb.Box(0, -300, pitch * (len(parts) - 1), -200))
    return layout
