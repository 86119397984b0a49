"""MOS transistors of a layout: which gates are transistors of the process, and the finger that a gate is.

A finger is one piece of poly over diffusion with a source or drain on two sides. A shape that looks like a gate but for
which the process has no model is kept as an `Oddity`, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import klayout.db as kdb
from mirrorneuron.flows.matching.read.bodies import Body, Point, ends_of, find_bodies
from mirrorneuron.flows.matching.read.fingers import Finger, Oddity
from mirrorneuron.flows.matching.read.nets import Nets
from mirrorneuron.flows.matching.read.pieces import BoxKey, Pieces, box_key

__all__ = ["MARKERS", "DrawnGate", "FingerReader", "find", "terminals"]

MARKERS: Final = ("lvtn", "hvtp", "hvi")
"""Layers that select a transistor's model."""

_NARROW: Final = 420
"""Below this W [nm] a transistor of a standard cell has a model of its own."""
_MODELS: Final[dict[tuple[str, ...], str]] = {
    ("n",): "nfet_01v8",
    ("n", "lvtn"): "nfet_01v8_lvt",
    ("n", "hvi"): "nfet_g5v0d10v5",
    ("n", "lvtn", "hvi"): "nfet_05v0_nvt",
    ("p",): "pfet_01v8",
    ("p", "lvtn"): "pfet_01v8_lvt",
    ("p", "hvtp"): "pfet_01v8_hvt",
    ("p", "hvi"): "pfet_g5v0d10v5",
}
_SPECIAL: Final = {"nfet_01v8": "special_nfet_01v8", "pfet_01v8_hvt": "special_pfet_01v8_hvt"}

_Marks: TypeAlias = Mapping[str, bool | None]
"""By layer, whether a gate lies in it; None: in part."""


@dataclass(frozen=True)
class DrawnGate:
    """A gate whose layers make a transistor of the process, before its nets are known."""

    body: Body
    marks: _Marks

    @property
    def polarity(self) -> str:
        """Type of the channel, "n" or "p"."""
        return _kind(self.marks)[0]

    @property
    def marked(self) -> bool:
        """Whether the mark of standard cells lies over it, which selects models of their own for narrow transistors."""
        return self.marks["areaid_sc"] is not False

    @property
    def model(self) -> str:
        """Its model, without the prefix."""
        model = _MODELS[_kind(self.marks)]
        return _SPECIAL.get(model, model) if self.marked and self.body.w < _NARROW else model


def find(drawn: Mapping[str, kdb.Region], sources: kdb.Region) -> tuple[list[DrawnGate], list[Oddity]]:
    """The gates among the merged shapes by layer name, and the shapes that only look like gates.

    Parameters
    ----------
    sources
        Diffusion without poly.
    """
    region = (drawn["poly"] & drawn["diff"]).merged()
    marks = _marks(region, drawn)
    gates, oddities = [], list(_over_tap(drawn))
    for body in find_bodies(region, sources):
        reason = _no_model(marks[body.polygon]) or ends_of(body)
        if reason:
            oddities.append(Oddity.at(body.box, reason))
        else:
            gates.append(DrawnGate(body, marks[body.polygon]))
    return gates, oddities


def _marks(gates: kdb.Region, drawn: Mapping[str, kdb.Region]) -> dict[kdb.Polygon, dict[str, bool | None]]:
    """For each gate whether it lies in a layer; None: in part."""
    by_gate: dict[kdb.Polygon, dict[str, bool | None]] = {gate: {} for gate in gates.each()}
    for name in ("nsdm", "psdm", "nwell", "areaid_sc", *MARKERS):
        overlapping = set(gates.overlapping(drawn[name]).each())
        inside = set(gates.inside(drawn[name]).each())
        for gate, marks in by_gate.items():
            marks[name] = True if gate in inside else None if gate in overlapping else False
    return by_gate


def _no_model(marks: _Marks) -> str:
    """Why a gate is no transistor of the process, or nothing."""
    partial = [name for name, mark in marks.items() if mark is None and name != "areaid_sc"]
    if partial:
        return f"{', '.join(partial)} over part of a gate"
    if marks["nsdm"] == marks["psdm"]:
        return f"a gate with {'both source/drain implants' if marks['nsdm'] else 'no source/drain implant'}"
    if marks["nsdm"] and marks["nwell"]:
        return "a gate over n-type diffusion in an n-well"
    if marks["psdm"] and not marks["nwell"]:
        return "a gate over p-type diffusion outside an n-well"
    polarity, *markers = _kind(marks)
    if (polarity, *markers) not in _MODELS:
        return f"a gate under {' and '.join(markers)}, of {polarity} type: no model is known for it"
    return ""


def _kind(marks: _Marks) -> tuple[str, ...]:
    return ("n" if marks["nsdm"] else "p", *(name for name in MARKERS if marks[name]))


def _over_tap(drawn: Mapping[str, kdb.Region]) -> Iterator[Oddity]:
    for shape in ((drawn["poly"] & drawn["tap"]) - drawn["diff"]).merged().each():
        yield Oddity.at(shape.bbox(), "poly over tap")


def terminals(gates: Iterable[DrawnGate]) -> Iterator[tuple[str, Point]]:
    """Layers and places of gates, their ends, and the wells around them."""
    for gate in gates:
        for layer in ("poly", "nwell", "pwell"):
            yield layer, gate.body.inside
        for side in gate.body.ends:
            for point in side:
                yield "ends", point


@dataclass(frozen=True)
class FingerReader:
    """Turns gates into fingers.

    ``poly``, ``diff`` and ``sources`` number the pieces of the layers, ``instances`` the placed cells by a gate's box.
    """

    nets: Nets
    poly: Pieces
    diff: Pieces
    sources: Pieces
    instances: Mapping[BoxKey, int]

    def finger(self, gate: DrawnGate, loop: int) -> Finger | Oddity:
        """The finger of a gate in a loop of tap; an oddity where the gate has not two ends."""
        body = gate.body
        ends = self._ends(body)
        if ends is None:
            return Oddity.at(body.box, "a gate with more than two ends")
        island = self.diff.at(body.inside)
        return Finger(
            model=gate.model,
            polarity=gate.polarity,
            w=body.w,
            l=body.l,
            box=body.box,
            axis=body.axis,
            gate=self.nets.at("poly", body.inside),
            ends=(ends[0][0], ends[1][0]),
            bulk=self.nets.at("pwell" if gate.polarity == "n" else "nwell", body.inside),
            columns=(ends[0][1], ends[1][1]),
            reach=self.diff.reach(island, body.box, body.axis) if island >= 0 else (0, 0),
            poly=self.poly.at(body.inside),
            island=island,
            instance=self.instances.get(box_key(body.box), -1),
            loop=loop,
            plain=body.plain,
        )

    def _ends(self, body: Body) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Net and piece of diffusion of either end; None if a side is on several nets."""
        low, high = body.ends
        if low == high:
            # No two opposite sides: the nets tell the ends apart.
            point_of = {self.nets.at("ends", point): point for point in low}
            nets = sorted(point_of)
            if len(nets) > 2:
                return None
            low, high = (point_of[nets[0]],), (point_of[nets[-1]],)
        ends = []
        for points in (low, high):
            nets = sorted({self.nets.at("ends", point) for point in points})
            if len(nets) > 1:
                return None
            ends.append((nets[0], self.sources.at(points[0])))
        return ends[0], ends[1]
