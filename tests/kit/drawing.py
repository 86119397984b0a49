"""Small layouts in um, drawn with klayout.db, for design rules and extraction."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer


class Drawing:
    """A layout in um; only `stack` is meant to pass the design rules, the other pieces are meant to extract."""

    def __init__(self, top: str = "cell") -> None:
        self.layout = kdb.Layout()
        self.layout.dbu = 0.001
        self.top = self.layout.create_cell(top)

    def box(self, layer: Layer, x1: float, y1: float, x2: float, y2: float) -> None:
        self.top.shapes(self.layout.layer(*layer)).insert(kdb.DBox(x1, y1, x2, y2))

    def dot(self, layer: Layer, width: float, x: float, y: float) -> None:
        """A path without length, extended by half its width."""
        path = kdb.DPath([kdb.DPoint(x, y), kdb.DPoint(x, y)], width, width / 2, width / 2)
        self.top.shapes(self.layout.layer(*layer)).insert(path)

    def text(self, layer: Layer, text: str, x: float, y: float) -> None:
        self.top.shapes(self.layout.layer(*layer)).insert(kdb.DText(text, x, y))

    def pin(self, metal: str, name: str, x: float, y: float, half: float = 0.07) -> None:
        pair = PIN_LAYERS[metal]
        self.box(pair.pin, x - half, y - half, x + half, y + half)
        for layer in (pair.pin, pair.label):
            self.text(layer, name, x, y)

    def stack(self, x: float, y: float, enclosure: float = 0.425) -> None:
        """A 1 um square of met2 over one of met1 (whose edge is `enclosure` left of the cut), with a via."""
        self.box(layers.VIA, x - 0.075, y - 0.075, x + 0.075, y + 0.075)
        self.box(layers.MET1, x - 0.075 - enclosure, y - 0.5, x + 0.5, y + 0.5)
        self.box(layers.MET2, x - 0.5, y - 0.5, x + 0.5, y + 0.5)

    def contact(self, name: str, x: float, y: float) -> None:
        self.box(layers.LICON1, x - 0.085, y - 0.085, x + 0.085, y + 0.085)
        self.box(layers.LI1, x - 0.085, y - 0.165, x + 0.085, y + 0.165)
        self.pin("li1", name, x, y)

    def fet(
        self,
        x: float,
        y: float,
        w: float,
        length: float,
        nets: str,
        *,
        implant: Layer = layers.NSDM,
        drain: bool = True,
    ) -> None:
        """Gate at `x`, diffusion from `y` up; `nets` names drain, gate and source."""
        d, g, s = nets.split()
        half = length / 2
        right = 0.29 if drain else 0.0
        self.box(layers.DIFF, x - half - 0.29, y, x + half + right, y + w)
        self.box(implant, x - half - 0.45, y - 0.13, x + half + 0.45, y + w + 0.13)
        self.box(layers.POLY, x - half, y - 0.13, x + half, y + w + 0.5)
        self.box(layers.POLY, x - 0.135, y + w + 0.23, x + 0.135, y + w + 0.5)
        self.box(layers.NPC, x - 0.2, y + w + 0.15, x + 0.2, y + w + 0.6)
        self.contact(g, x, y + w + 0.365)
        self.contact(s, x - half - 0.145, y + 0.2)
        if drain:
            self.contact(d, x + half + 0.145, y + 0.2)

    def tap(self, x: float, y: float, net: str, implant: Layer = layers.PSDM) -> None:
        self.box(layers.TAP, x, y, x + 0.5, y + 0.5)
        self.box(implant, x - 0.13, y - 0.13, x + 0.63, y + 0.63)
        self.contact(net, x + 0.25, y + 0.25)

    def wire(self, name: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.box(layers.MET1, x1, y1, x2, y2)
        self.pin("met1", name, x1 + 0.07, y1 + 0.07)

    def write(self, path: Path) -> Path:
        self.layout.write(str(path))
        return path
