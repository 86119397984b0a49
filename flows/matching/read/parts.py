"""Bars of high-ohmic poly resistors and npn transistors of a layout, read from the polygons alone.

A bar is poly under the resistor's mark and one of the high-ohmic ones, p+ and npc around it, between two pieces of bare
poly. An npn is an n+ emitter in a p-well that a deep n-well, its collector, isolates from the substrate. Resistors of
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
from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, NPN

__all__ = ["DrawnParts", "find"]

_SHEETS: Final = {"rpm": "res_high_po", "urpm": "res_xhigh_po"}
_NPNS: Final = {
    round(area * 1e6): name.removeprefix(MODEL_PREFIX)
    for name, (kind, area) in BIPOLAR_AREAS_UM2.items()
    if kind == NPN
}
"""Model by the emitter's area [nm^2]."""
_BESIDE: Final = 10
"""A point so far outside a deep n-well [nm] is on the substrate."""


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
class DrawnParts:
    """Bars (body, model, whether in an n-well) and npn as they are drawn, before their nets are known."""

    bars: Sequence[tuple[Body, str, bool]]
    npns: Sequence[_Npn]
    oddities: Sequence[Oddity]
    wells: kdb.Region

    def terminals(self) -> Iterator[tuple[str, Point]]:
        """Layers and places of all terminals."""
        for bar, _, in_well in self.bars:
            yield "nwell" if in_well else "pwell", bar.inside
            for side in bar.ends:
                for point in side:
                    yield "poly", point
        for npn in self.npns:
            for layer in ("ends", "pwell", "dnwell"):
                yield layer, npn.inside
            yield "substrate", npn.beside

    def fingers(self, nets: Nets, loops: Sequence[Loop], poly_at: Callable[[Point], int]) -> tuple[Finger, ...]:
        """The parts with their nets, from the bottom, each row from the left.

        Parameters
        ----------
        poly_at
            Number of the piece of poly at a point.
        """
        around_bars = innermost(loops, [bar.inside for bar, _, _ in self.bars])
        # The taps of base and collector lie in the deep n-well: the ring that counts is around it.
        outside = [number for number, loop in enumerate(loops) if (kdb.Region(loop.polygon) & self.wells).is_empty()]
        around_npns = [
            outside[number] if number >= 0 else -1
            for number in innermost([loops[number] for number in outside], [npn.inside for npn in self.npns])
        ]
        fingers = [
            _bar(*bar, nets, loop, poly_at(bar[0].inside)) for bar, loop in zip(self.bars, around_bars, strict=True)
        ]
        fingers += [_npn(npn, nets, loop) for npn, loop in zip(self.npns, around_npns, strict=True)]
        return tuple(sorted(fingers, key=lambda finger: (finger.y, finger.x)))


def find(drawn: Mapping[str, kdb.Region]) -> DrawnParts:
    """Find all parts among the merged shapes by layer name."""
    oddities: list[Oddity] = []
    bars = list(_bars(drawn, oddities))
    npns = list(_npns(drawn, oddities))
    return DrawnParts(bars, npns, oddities, drawn["dnwell"])


def _bars(drawn: Mapping[str, kdb.Region], oddities: list[Oddity]) -> Iterator[tuple[Body, str, bool]]:
    bodies = ((drawn["poly"] & drawn["poly_res"]) - drawn["diff"]).merged()
    bodies = bodies.interacting(drawn["rpm"] + drawn["urpm"])
    if bodies.is_empty():
        return
    in_well = set(bodies.inside(drawn["nwell"]).each())
    over_edge = set(bodies.overlapping(drawn["nwell"]).each()) - in_well
    models = _sheet_models(bodies, drawn)
    for body in find_bodies(bodies, drawn["poly"] - drawn["poly_res"]):
        reason = ends_of(body, "a resistor", "ends")
        if body.polygon not in models:
            reason = "a resistor whose marks or implants make no high-ohmic one"
        elif body.polygon in over_edge:
            reason = "a resistor over the edge of a well"
        elif not reason and body.ends[0] == body.ends[1]:
            reason = "a resistor whose ends do not lie opposite"
        if reason:
            oddities.append(Oddity.at(body.box, reason))
        else:
            yield body, models[body.polygon], body.polygon in in_well


def _sheet_models(bodies: kdb.Region, drawn: Mapping[str, kdb.Region]) -> dict[kdb.Polygon, str]:
    """The model of each body that lies wholly under one high-ohmic mark, p+ and npc."""
    models: dict[kdb.Polygon, str] = {}
    for marker, model in _SHEETS.items():
        other = next(name for name in _SHEETS if name != marker)
        complete = bodies.inside(drawn[marker]).inside(drawn["psdm"]).inside(drawn["npc"])
        models.update(dict.fromkeys(complete.not_interacting(drawn[other]).each(), model))
    return models


def _npns(drawn: Mapping[str, kdb.Region], oddities: list[Oddity]) -> Iterator[_Npn]:
    emitters = (drawn["diff"] - drawn["poly"] - drawn["nwell"]) & drawn["npn"] & drawn["nsdm"]
    deep_wells = list(drawn["dnwell"].each())
    for emitter in emitters.merged().each():
        box = emitter.bbox()
        around = next((well for well in deep_wells if well.inside(box.center()) and box.inside(well.bbox())), None)
        model = _NPNS.get(round(emitter.area()))
        if around is None:
            oddities.append(Oddity.at(box, "an npn with no deep n-well"))
        elif model is None or not emitter.is_box():
            reason = f"an npn with an emitter of {emitter.area() / 1e6:g} um2, without a model"
            oddities.append(Oddity.at(box, reason))
        else:
            yield _Npn(model, emitter, around.bbox())


def _bar(body: Body, model: str, in_well: bool, nets: Nets, loop: int, poly: int) -> Finger:
    low, high = (nets.at("poly", side[0]) for side in body.ends)
    well = nets.at("nwell" if in_well else "pwell", body.inside)
    return Finger(
        model=model,
        polarity="p" if in_well else "n",
        w=body.w,
        l=body.l,
        box=body.box,
        axis="y" if body.axis == "x" else "x",
        gate=well,
        ends=(low, high),
        bulk=well,
        columns=(-1, -1),
        reach=(0, 0),
        poly=poly,
        island=-1,
        instance=-1,
        loop=loop,
        plain=body.plain,
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
