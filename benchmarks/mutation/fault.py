"""A cell to plant faults in, and the kinds of faults by name."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TypeVar

import klayout.db as kdb
from mirrorneuron.flows.matching.read import extract
from mirrorneuron.pdk_sky130.layers import DRAWING, PIN_LAYERS, Layer

from mutation.subjects import LAYER_NAMES, subject

__all__ = [
    "CIRCUIT_KINDS",
    "CUTS",
    "EVERY_KIND",
    "KINDS",
    "METALS",
    "MIRROR_KINDS",
    "Changed",
    "Fault",
    "Mutant",
    "NotHere",
    "Site",
    "at",
    "changes",
    "kind",
    "pin_texts",
    "plant",
    "sites",
]

T = TypeVar("T")

CUTS = {
    "licon1": ("poly", "li1"),
    "mcon": ("li1", "met1"),
    "via": ("met1", "met2"),
    "via2": ("met2", "met3"),
    "via3": ("met3", "met4"),
    "via4": ("met4", "met5"),
}
"""Contacts and vias, with the conductors below and above (a contact may also stand on diffusion)."""
METALS = ("li1", "met1", "met2", "met3", "met4", "met5")


class NotHere(Exception):  # noqa: N818 - no error: another place is tried
    """The cell has nothing that this kind of fault could be planted in."""


@dataclass(frozen=True)
class Site:
    """A transistor's finger as the matching report reads it.

    ``box`` is the gate's [nm], ``axis`` that of its current; a ``dummy`` has all terminals on one net.
    """

    box: kdb.Box
    axis: str
    dummy: bool


@cache
def sites(name: str) -> tuple[Site, ...]:
    """The fingers of a cell as drawn."""
    flat = subject(name).flat
    extraction = extract(flat, flat.top_cell())
    return tuple(Site(f.box, f.axis, {f.gate, *f.ends} == {f.gate}) for f in extraction.fingers)


@dataclass
class Mutant:
    """A flat copy of a cell and of its netlist, to be spoiled; places in nm."""

    name: str
    layout: kdb.Layout
    netlist: str
    rng: Random

    @property
    def sites(self) -> tuple[Site, ...]:
        """The fingers of the cell as it was."""
        return sites(self.name)

    def shapes(self, layer: Layer | str) -> kdb.Shapes:
        """The shapes on a layer, or on the drawing layer of this name."""
        pair = DRAWING[layer] if isinstance(layer, str) else layer
        return self.layout.top_cell().shapes(self.layout.layer(*pair))

    def region(self, layer: Layer | str) -> kdb.Region:
        """The same, merged, without text."""
        return kdb.Region(self.shapes(layer)).merged()

    def put(self, layer: Layer | str, region: kdb.Region) -> None:
        """Replace all but text."""
        shapes = self.shapes(layer)
        texts = [text.text for text in shapes.each(kdb.Shapes.STexts)]
        shapes.clear()
        shapes.insert(region.merged())
        for text in texts:
            shapes.insert(text)

    def cut(self, layer: Layer | str, shape: kdb.Box | kdb.Polygon | kdb.Region) -> None:
        """Take a shape out of a layer."""
        self.put(layer, self.region(layer) - (shape if isinstance(shape, kdb.Region) else kdb.Region(shape)))

    def add(self, layer: Layer | str, shape: kdb.Box | kdb.Polygon | kdb.Region) -> None:
        """Draw a shape."""
        self.put(layer, self.region(layer) + (shape if isinstance(shape, kdb.Region) else kdb.Region(shape)))

    def drawn(self, names: Sequence[str]) -> list[str]:
        """Those of these layers on which the cell has shapes."""
        return [name for name in names if not self.region(name).is_empty()]

    def choice(self, candidates: Sequence[T]) -> T:
        """A random candidate; `NotHere` if there is none."""
        if not candidates:
            raise NotHere
        return self.rng.choice(candidates)

    def layer(self, names: Sequence[str]) -> str:
        """A random layer of those on which the cell has shapes."""
        return self.choice(self.drawn(names))

    def polygon(self, layer: str) -> kdb.Polygon:
        """A random merged polygon."""
        return self.choice(list(self.region(layer).each_merged()))

    def edge(self, layer: str) -> kdb.Edge:
        """A random edge of the merged shapes, parallel to an axis; the inside is on its right."""
        return self.choice([edge for edge in self.region(layer).edges().each() if not (edge.dx() and edge.dy())])

    def wire(self, layer: str) -> kdb.Box:
        """A random box out of a polygon: a piece of wire."""
        polygon = self.polygon(layer)
        mode = self.choice((kdb.Polygon.TD_htrapezoids, kdb.Polygon.TD_vtrapezoids))
        return self.choice([part.bbox() for part in polygon.decompose_trapezoids(mode)])


Plant = Callable[[Mutant], str]
KINDS: dict[str, Plant] = {}
"""Functions that plant a fault of a kind at a random place and return its description."""
MIRROR_KINDS: dict[str, Plant] = {}
"""The same for faults that only mirrors can have: in resistors and npn, and wrong wiring."""
CIRCUIT_KINDS: dict[str, Plant] = {}
"""The same, in circuit and layout alike: the netlists agree, and only the targets can catch them."""
EVERY_KIND: ChainMap[str, Plant] = ChainMap(KINDS, MIRROR_KINDS, CIRCUIT_KINDS)


def kind(name: str, kinds: dict[str, Plant] = KINDS) -> Callable[[Plant], Plant]:
    """Enter a function among `kinds`."""

    def enter(function: Plant) -> Plant:
        assert name not in EVERY_KIND
        kinds[name] = function
        return function

    return enter


def at(box: kdb.Box | kdb.Edge | kdb.Point) -> str:
    """A place [um], for people."""
    point = box if isinstance(box, kdb.Point) else box.bbox().center() if isinstance(box, kdb.Edge) else box.center()
    return f"({point.x / 1000:g}, {point.y / 1000:g})"


@dataclass(frozen=True)
class Fault:
    """A fault: everything random about it follows from these fields."""

    number: int
    kind: str
    cell: str
    seed: str


@dataclass(frozen=True)
class Changed:
    """The changes of a fault: layers by name with the box around the difference; whether texts and the netlist."""

    layers: dict[str, kdb.Box] = field(default_factory=dict)
    texts: bool = False
    netlist: bool = False

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return bool(self.layers) or self.texts or self.netlist

    @property
    def box(self) -> kdb.Box:
        """The box around all changed layers."""
        box = kdb.Box()
        for part in self.layers.values():
            box += part
        return box

    @property
    def layout(self) -> bool:
        """Whether the layout is changed."""
        return bool(self.layers) or self.texts


def plant(fault: Fault) -> tuple[Mutant, str]:
    """The cell with the fault, and a description of the fault.

    Raises
    ------
    NotHere
        The cell has no place for it.
    """
    original = subject(fault.cell)
    mutant = Mutant(fault.cell, original.flat.dup(), original.netlist, Random(fault.seed))
    return mutant, EVERY_KIND[fault.kind](mutant)


def changes(mutant: Mutant) -> Changed:
    """The differences from the cell as it was."""
    original = subject(mutant.name)
    layers = {}
    pairs = {(info.layer, info.datatype) for layout in (original.flat, mutant.layout) for info in layout.layer_infos()}
    texts = False
    for pair in sorted(pairs):
        regions, strings = [], []
        for layout in (original.flat, mutant.layout):
            shapes = layout.top_cell().shapes(layout.layer(*pair))
            regions.append(kdb.Region(shapes))
            strings.append(sorted(map(str, _texts(shapes))))
        difference = regions[0] ^ regions[1]
        if not difference.is_empty():
            layers[LAYER_NAMES.get(Layer(*pair), f"{pair[0]}/{pair[1]}")] = difference.bbox()
        texts |= strings[0] != strings[1]
    return Changed(layers, texts, mutant.netlist != original.netlist)


def _texts(shapes: kdb.Shapes) -> Iterator[kdb.Text]:
    return (shape.text for shape in shapes.each(kdb.Shapes.STexts))


def pin_texts(mutant: Mutant) -> dict[str, list[tuple[Layer, kdb.Text]]]:
    """The shapes of the top cell's texts by their string."""
    texts: dict[str, list[tuple[Layer, kdb.Text]]] = {}
    for layers in PIN_LAYERS.values():
        for pair in (layers.pin, layers.label):
            for text in _texts(mutant.shapes(pair)):
                texts.setdefault(text.string, []).append((pair, text.dup()))
    return dict(sorted(texts.items()))
