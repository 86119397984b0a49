"""Small layouts for LVS: rows of transistors over horizontal met1 tracks, one track a net, drawn with klayout.db."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import klayout.db as kdb
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

SD = 400  # between two gates, and at the row's ends [nm]
TRACK = 500  # pitch of the met1 tracks [nm]
CUT = 170


@dataclass
class Row:
    """Transistors in one diffusion, left to right: ``sds`` are the source and drain nets, ``gates`` lie between them.

    ``taps`` are the nets of separate well (or substrate) taps at the left. Sizes in nm.
    """

    kind: str  # "n", "p", or "i" for an nfet in a deep n-well, whose ring is on the net `ring`
    sds: Sequence[str]
    gates: Sequence[str]
    taps: Sequence[str]
    w: int = 1000
    l: int = 500  # noqa: E741
    marks: Sequence[Layer] = ()
    omit: Sequence[Layer] = ()
    ring: str = ""


@dataclass
class Drawing:
    name: str = "cell"
    layout: kdb.Layout = field(default_factory=kdb.Layout)
    tracks: dict[str, list[int]] = field(default_factory=dict)
    bottom: int = 0

    def __post_init__(self) -> None:
        self.layout.dbu = 0.001
        self.cell = self.layout.create_cell(self.name)

    def box(self, layer: Layer, x0: int, y0: int, x1: int, y1: int) -> None:
        self.cell.shapes(self.layout.layer(*layer)).insert(kdb.Box(x0, y0, x1, y1))

    def at(self, layer: Layer, x: int, y: int, size: int) -> None:
        self.box(layer, x - size // 2, y - size // 2, x + size // 2, y + size // 2)

    def label(self, text: str, metal: str, x: int, y: int) -> None:
        pair = PIN_LAYERS[metal]
        self.at(pair.pin, x, y, CUT)
        for purpose in (pair.pin, pair.label):
            self.cell.shapes(self.layout.layer(*purpose)).insert(kdb.Text(text, x, y))

    def row(self, row: Row, *, unvia: str = "") -> None:
        """Draw a row; `unvia` names a net whose first contact to its track is left out."""
        nets = list(dict.fromkeys([*row.taps, *row.sds, *row.gates, *([row.ring] if row.ring else [])]))
        room = 2000 if row.ring else 0  # where the ring of a deep n-well lies
        y = self.bottom + TRACK * len(nets) + 1500 + room
        track = {net: self.bottom + TRACK * i for i, net in enumerate(nets)}
        for net, level in track.items():
            self.tracks.setdefault(net, []).append(level)
            self.box(layers.MET1, -6000, level - 120, max(12000, len(row.sds) * 1000), level + 120)
        missing = {unvia}

        def drop(x: int, top: int, net: str) -> None:
            self.box(layers.LI1, x - 85, track[net] - 85, x + 85, top)
            if net in missing:
                missing.discard(net)
            else:
                self.at(layers.MCON, x, track[net], CUT)

        implant, opposite = (layers.PSDM, layers.NSDM) if row.kind == "p" else (layers.NSDM, layers.PSDM)
        width = len(row.gates) * row.l + len(row.sds) * SD
        self.box(layers.DIFF, 0, y, width, y + row.w)
        for layer in {implant, *row.marks} - set(row.omit):
            self.box(layer, -125, y - 125, width + 125, y + row.w + 125)
        for i, net in enumerate(row.sds):
            x = i * (row.l + SD) + SD // 2
            self.at(layers.LICON1, x, y + row.w // 2, CUT)
            drop(x, y + row.w, net)
        for i, net in enumerate(row.gates):
            left = SD + i * (row.l + SD)
            x = left + row.l // 2
            self.box(layers.POLY, left, y - 200, left + row.l, y + row.w + 200)
            self.box(layers.POLY, x - 135, y - 600, x + 135, y - 200)
            self.at(layers.LICON1, x, y - 400, CUT)
            drop(x, y - 300, net)
        for i, net in enumerate(row.taps):
            x = -2000 - 1000 * i
            self._tap(opposite, x, y, y + row.w)
            drop(x, y + row.w, net)
        left = -1000 * len(row.taps) - 1600
        if row.kind == "p":
            self.box(layers.NWELL, left, y - 700, width + 700, y + row.w + 700)
        if row.kind == "i":
            edges = kdb.Box(left, y - 1000, width + 700, y + row.w + 700)
            self.box(layers.DNWELL, *_sides(edges.enlarged(500, 500)))
            ring = kdb.Region(edges.enlarged(1000, 1000)) - kdb.Region(edges)
            self.cell.shapes(self.layout.layer(*layers.NWELL)).insert(ring)
            x = left - 500
            self._tap(layers.NSDM, x, y, y + row.w)
            drop(x, y + row.w, row.ring)
        self.bottom = y + row.w + 3000

    def _tap(self, implant: Layer, x: int, y0: int, y1: int) -> None:
        self.box(layers.TAP, x - 200, y0, x + 200, y1)
        self.box(implant, x - 325, y0 - 125, x + 325, y1 + 125)
        self.at(layers.LICON1, x, (y0 + y1) // 2, CUT)

    def join(self, *, unvia: str = "") -> None:
        """Join the tracks of a net over all rows in met2; `unvia` names a net whose first via is left out."""
        for i, (net, levels) in enumerate(self.tracks.items()):
            x = 6000 + 500 * i
            self.box(layers.MET2, x - 130, min(levels) - 160, x + 130, max(levels) + 160)
            for k, level in enumerate(levels):
                if (net, k) != (unvia, 0):
                    self.at(layers.VIA, x, level, 150)

    def labels(self, names: Mapping[str, str]) -> None:
        """Label nets, as {net: text}."""
        for net, text in names.items():
            self.label(text, "met1", -5500, self.tracks[net][0])

    def plate(self, x: int, w: int, l: int, *, upper: bool = False) -> None:  # noqa: E741
        """A MIM capacitor at x, its plates labelled top and bottom (upper: top5, bottom5)."""
        bottom, mark, via, wire = ("met4", "cap2m", "via4", "met5") if upper else ("met3", "capm", "via3", "met4")
        end = "5" if upper else ""
        self.box(DRAWING[bottom], x - 1000, -1000, x + w + 1000, l + 1000)
        self.box(DRAWING[mark], x, 0, x + w, l)
        self.at(DRAWING[via], x + w // 2, l // 2, 800 if upper else 200)
        self.box(DRAWING[wire], x + 500, 500, x + w - 500, l - 500)
        self.label(f"top{end}", wire, x + 700, 700)
        self.label(f"bottom{end}", bottom, x - 500, -500)

    def write(self, path: Path) -> Path:
        self.layout.write(str(path))
        return path

    def contact(self, net: str, x: int, y: int, *, width: int = 340, cut: bool = True) -> None:
        """A cut with li1 over it (poly or diffusion is the caller's), labelled if `net` has a name."""
        if cut:
            self.at(layers.LICON1, x, y, CUT)
        self.box(layers.LI1, x - width // 2, y - CUT, x + width // 2, y + CUT)
        if net:
            self.label(net, "li1", x, y)

    def tap(self, net: str, x: int, y: int, implant: Layer) -> None:
        """A tap of the well or substrate that is there; labelled if `net` has a name."""
        self.at(layers.TAP, x, y, 400)
        self.at(implant, x, y, 650)
        self.contact(net, x, y)

    def strip(
        self, conductor: Layer, x: int, w: int, bodies: Sequence[int], mark: Layer, ends: Sequence[str] = ("a", "b")
    ) -> None:
        """Resistors in series in an upright strip, 500 nm of conductor before, between and after; ends contacted."""
        y = 500
        for length in bodies:
            self.box(mark, x, y, x + w, y + length)
            y += length + 500
        self.box(conductor, x, 0, x + w, y)
        for net, level in zip(ends, (250, y - 250), strict=True):
            if conductor in (layers.POLY, layers.DIFF):
                self.contact(net, x + w // 2, level)
            elif net:
                metal = next(name for name, pair in PIN_LAYERS.items() if pair.drawing == conductor)
                self.label(net, metal, x + w // 2, level)

    def cover(self, *marks: Layer, margin: int = 150) -> None:
        """Marks over all that is there."""
        box = self.cell.bbox().enlarged(margin, margin)
        for mark in marks:
            self.box(mark, *_sides(box))

    def place(self, gds: Path, trans: kdb.Trans | None = None) -> str:
        """A foundry cell, as it is; its name."""
        other = kdb.Layout()
        other.read(str(gds))
        (top,) = other.top_cells()
        copy = self.layout.cell(top.name) or self.layout.create_cell(top.name)
        if copy.is_empty():
            copy.copy_tree(top)
        self.cell.insert(kdb.CellInstArray(copy.cell_index(), trans or kdb.Trans()))
        return top.name


def side_by_side(drawings: Mapping[str, Drawing], gap: int = 5000) -> Drawing:
    """Several drawings in one, in a row; the labels of each begin with its name, but for ``sub``."""
    whole = Drawing()
    x = 0
    for name, drawing in drawings.items():
        box = drawing.cell.bbox()
        move = kdb.Trans(x - box.left, -box.bottom)
        x += box.width() + gap
        for layer in drawing.layout.layer_indexes():
            target = whole.cell.shapes(whole.layout.layer(drawing.layout.get_info(layer)))
            for shape in drawing.cell.shapes(layer).each():
                if shape.is_text() and shape.text_string != "sub":
                    text = shape.text.transformed(move)
                    target.insert(kdb.Text(f"{name}_{text.string}", text.trans))
                else:
                    target.insert(shape, move)
        for instance in drawing.cell.each_inst():
            cell = whole.layout.cell(instance.cell.name) or whole.layout.create_cell(instance.cell.name)
            if cell.is_empty():
                cell.copy_tree(instance.cell)
            whole.cell.insert(kdb.CellInstArray(cell.cell_index(), move * instance.trans))
    return whole


def _sides(box: kdb.Box) -> tuple[int, int, int, int]:
    return box.left, box.bottom, box.right, box.top


NETLIST = """\
.subckt cell in out vdd vss
Xm1 in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=0.5 nf=2 m=1
Xm2 out in vss vss sky130_fd_pr__nfet_01v8 w=1 l=0.5 nf=1 m=2
Xdummy vss vss vss vss sky130_fd_pr__nfet_01v8 w=1 l=0.5
Xm3 out in vdd vdd sky130_fd_pr__pfet_01v8 w=2 l=0.5
.ends
"""

PINS = ("in", "out", "vdd", "vss")


def nrow(**changes: Any) -> Row:
    """Two fingers into `in`, two into `out`, and a dummy on vss."""
    sds = ("vss", "in", "vss", "out", "vss", "vss")
    return replace(Row("n", sds, ("in", "in", "in", "in", "vss"), ("vss",)), **changes)


def prow(**changes: Any) -> Row:
    """One transistor from vdd to `out`."""
    return replace(Row("p", ("vdd", "out"), ("in",), ("vdd",), w=2000), **changes)


def cell(
    n: Row | None = None, p: Row | None = None, *, unvia: str = "", labels: Mapping[str, str] | None = None
) -> Drawing:
    """The layout of `NETLIST`, or with what is given in its place."""
    drawing = Drawing()
    drawing.row(n or nrow())
    drawing.row(p or prow())
    drawing.join(unvia=unvia)
    drawing.labels(dict(zip(PINS, PINS, strict=True)) if labels is None else dict(labels))
    return drawing
