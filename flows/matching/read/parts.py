"""Bars of high-ohmic poly resistors and npn transistors of a layout, read from the polygons alone.

A bar is poly under the resistor's mark and one of the high-ohmic ones, p+ and npc around it, between two pieces of bare
poly. An npn is an n+ emitter in a p-well that a deep n-well, its collector, cuts off from the substrate. Resistors of
other kinds are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.matching.read.bodies import Body, Point, ends_of, find_bodies
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, Finger, Oddity
from mirrorneuron.flows.matching.read.nets import Nets
from mirrorneuron.flows.matching.read.rings import Loop, innermost
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, NPN

__all__ = ["Parts", "find"]

_SHEETS: Final = {"rpm": "res_high_po", "urpm": "res_xhigh_po"}
_NPNS: Final = {
    round(area * 1e6): name.removeprefix("sky130_fd_pr__")
    for name, (kind, area) in BIPOLAR_AREAS_UM2.items()
    if kind == NPN
}
_BESIDE: Final = 10
"""A place so far outside of a deep n-well [nm] is on the substrate."""


@dataclass(frozen=True)
class _Npn:
    model: str
    emitter: kdb.Polygon
    deep: kdb.Box

    @property
    def inside(self) -> Point:
        box = self.emitter.bbox()
        return (box.left + box.right) // 2, (box.bottom + box.top) // 2

    @property
    def beside(self) -> Point:
        return self.deep.left - _BESIDE, self.deep.bottom - _BESIDE


@dataclass(frozen=True)
class Parts:
    """Bars with their model and whether they lie in an n-well, and npn, before their nets are known."""

    bars: Sequence[tuple[Body, str, bool]]
    npns: Sequence[_Npn]
    oddities: Sequence[Oddity]
    wells: kdb.Region

    def terminals(self) -> Iterator[tuple[str, Point]]:
        """Layers and places of all terminals."""
        for bar, _, in_well in self.bars:
            yield "nwell" if in_well else "pwell", bar.inside
            for side in bar.ends:
                for at in side:
                    yield "poly", at
        for npn in self.npns:
            for layer in ("ends", "pwell", "dnwell"):
                yield layer, npn.inside
            yield "substrate", npn.beside

    def fingers(self, nets: Nets, loops: Sequence[Loop], poly_at: Callable[[Point], int]) -> tuple[Finger, ...]:
        """With their nets, from the bottom, each row from the left; `poly_at` tells the number of a piece of poly."""
        around_bars = innermost(loops, [bar.inside for bar, _, _ in self.bars])
        # The taps of base and collector lie in the deep n-well: what is sought is around that.
        outside = [number for number, loop in enumerate(loops) if (kdb.Region(loop.polygon) & self.wells).is_empty()]
        around_npns = [
            outside[number] if number >= 0 else -1
            for number in innermost([loops[number] for number in outside], [npn.inside for npn in self.npns])
        ]
        made = [
            _bar(*bar, nets, loop, poly_at(bar[0].inside)) for bar, loop in zip(self.bars, around_bars, strict=True)
        ]
        made += [_npn(npn, nets, loop) for npn, loop in zip(self.npns, around_npns, strict=True)]
        return tuple(sorted(made, key=lambda part: (part.y, part.x)))


def find(drawn: Mapping[str, kdb.Region]) -> Parts:
    """Find all parts among the merged shapes by layer name."""
    oddities: list[Oddity] = []
    bars = list(_bars(drawn, oddities))
    npns = list(_npns(drawn, oddities))
    return Parts(bars, npns, oddities, drawn["dnwell"])


def _odd(box: kdb.Box, reason: str) -> Oddity:
    return Oddity((box.left + box.right) / 2, (box.bottom + box.top) / 2, reason)


def _bars(drawn: Mapping[str, kdb.Region], oddities: list[Oddity]) -> Iterator[tuple[Body, str, bool]]:
    bodies = ((drawn["poly"] & drawn["poly_res"]) - drawn["diff"]).merged()
    bodies = bodies.interacting(drawn["rpm"] + drawn["urpm"])
    if bodies.is_empty():
        return
    wells = set(bodies.inside(drawn["nwell"]).each())
    over = set(bodies.overlapping(drawn["nwell"]).each()) - wells
    models: dict[kdb.Polygon, str] = {}
    for marker, model in _SHEETS.items():
        other = next(name for name in _SHEETS if name != marker)
        right = bodies.inside(drawn[marker]).inside(drawn["psdm"]).inside(drawn["npc"]).not_interacting(drawn[other])
        models.update(dict.fromkeys(right.each(), model))
    for body in find_bodies(bodies, drawn["poly"] - drawn["poly_res"]):
        reason = ends_of(body, "a resistor", "ends")
        if body.polygon not in models:
            reason = "a resistor whose marks or implants make no high-ohmic one"
        elif body.polygon in over:
            reason = "a resistor over the edge of a well"
        elif not reason and body.ends[0] == body.ends[1]:
            reason = "a resistor whose ends do not lie opposite"
        if reason:
            oddities.append(_odd(body.box, reason))
        else:
            yield body, models[body.polygon], body.polygon in wells


def _npns(drawn: Mapping[str, kdb.Region], oddities: list[Oddity]) -> Iterator[_Npn]:
    emitters = (drawn["diff"] - drawn["poly"] - drawn["nwell"]) & drawn["npn"] & drawn["nsdm"]
    deep = list(drawn["dnwell"].each())
    for emitter in emitters.merged().each():
        box = emitter.bbox()
        around = next((well for well in deep if well.inside(box.center()) and box.inside(well.bbox())), None)
        model = _NPNS.get(round(emitter.area()))
        if around is None or model is None or not emitter.is_box():
            reason = (
                "no deep n-well" if around is None else f"an emitter of {emitter.area() / 1e6:g} um2, without a model"
            )
            oddities.append(_odd(box, f"an npn with {reason}"))
        else:
            yield _Npn(model, emitter, around.bbox())


def _bar(bar: Body, model: str, in_well: bool, nets: Nets, loop: int, poly: int) -> Finger:
    low, high = (nets.at("poly", side[0]) for side in bar.ends)
    well = nets.at("nwell" if in_well else "pwell", bar.inside)
    return Finger(
        model=model,
        polarity="p" if in_well else "n",
        w=bar.w,
        l=bar.l,
        box=bar.box,
        axis="y" if bar.axis == "x" else "x",
        gate=well,
        ends=(low, high),
        bulk=well,
        columns=(-1, -1),
        reach=(0, 0),
        poly=poly,
        island=-1,
        instance=-1,
        loop=loop,
        plain=bar.plain,
        logic=False,
        sort=BAR,
    )


def _npn(npn: _Npn, nets: Nets, loop: int) -> Finger:
    box = npn.emitter.bbox()
    return Finger(
        model=npn.model,
        polarity="n",
        w=min(box.width(), box.height()),
        l=max(box.width(), box.height()),
        box=npn.deep,
        axis="x",
        gate=nets.at("pwell", npn.inside),
        ends=(nets.at("dnwell", npn.inside), nets.at("ends", npn.inside)),
        bulk=nets.at("substrate", npn.beside),
        columns=(-1, -1),
        reach=(0, 0),
        poly=-1,
        island=-1,
        instance=-1,
        loop=loop,
        plain=True,
        logic=False,
        sort=BIPOLAR,
    )
