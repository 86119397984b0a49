"""Groups of devices that are meant to match, with their units and the arrays that the units lie in.

What is a group
    Fingers with one gate net, model, bulk, W and L, of which one end is on one net. That net is the source: a supply if
    there is one among the ends, otherwise the net on which most of the fingers have an end. The other end is the drain,
    and every drain net is an output (also one that is the gate's net, a diode). Sources that resistors lift off the
    bulk's net count as that net: a degenerated mirror is one group. Two gates are a differential pair, one group, where
    their fingers share a source that is no supply and the fingers of no other gate do so in the same size and number,
    each has one drain of its own that is no supply, and the source is held by another transistor of the type or a label
    (or no transistor of the type is on the drains: a pair without anything else).

    Npn transistors with one base and substrate net and model are a group where their emitters are on one net, or
    resistors lift them off it. Every collector net is an output.

    Bars of one model, W, L and well are a group where the resistors that they make lead to one supply. Bars that
    nothing else lies between are one resistor, and its other end is an output. A resistor between two nets of which
    none is a supply is a group by itself.

What is a unit
    The placed cell that holds the poly and the diffusion of its fingers, if all fingers in it are on the same nets;
    otherwise the piece of poly that joins them; otherwise the two fingers around one drain; otherwise a finger: the
    first of these that gives all units of the group the same number of fingers. A bar is a unit, and so is an npn.

What is an array
    The units in one closed loop of tap, if all transistors in it are of one model; otherwise units that are at most
    `LINK_NM` apart.

What is digital
    Transistors that form complementary gates between two rails (`grouping.digital`); they make groups of their own,
    which are not judged.

A finger without current, because both its ends are on one net or its gate is on its bulk, is a dummy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import klayout.db as kdb
from mirrorneuron.flows.matching.read.fingers import BAR, Finger

__all__ = ["LINK_NM", "MatchedArray", "MatchedGroup", "MatchedUnit", "OutputKey", "inactive", "natural"]

LINK_NM: Final = 10_000
"""Gates that lie further apart than this, and in no loop of their own, are in different arrays [nm]."""

OutputKey: TypeAlias = tuple[int, int]
"""Gate and drain net of an output."""


@dataclass(frozen=True)
class MatchedUnit:
    """Fingers that are one unit of an output (a drain net, and the gate net that drives it)."""

    fingers: tuple[Finger, ...]
    gate: int
    drain: int

    @property
    def output(self) -> OutputKey:
        """The output that it is a unit of."""
        return self.gate, self.drain

    @cached_property
    def x(self) -> float:
        """Centre of its gates [nm]."""
        return sum(finger.x for finger in self.fingers) / len(self.fingers)

    @cached_property
    def y(self) -> float:
        """Centre of its gates [nm]."""
        return sum(finger.y for finger in self.fingers) / len(self.fingers)

    @cached_property
    def box(self) -> kdb.Box:
        """The box around its gates."""
        box = kdb.Box()
        for finger in self.fingers:
            box += finger.box
        return box

    @property
    def axis(self) -> str:
        """Direction of the row that it stands in, "x" or "y"."""
        return self.fingers[0].axis


@dataclass(frozen=True)
class MatchedArray:
    """Units of a group that lie together, and the dummies among and around them; ``loop``: the closed tap, or -1."""

    units: tuple[MatchedUnit, ...]
    dummies: tuple[Finger, ...]
    loop: int

    @cached_property
    def outputs(self) -> frozenset[OutputKey]:
        """Its outputs."""
        return frozenset(unit.output for unit in self.units)


@dataclass(frozen=True)
class MatchedGroup:
    """Units that are meant to match.

    Attributes
    ----------
    finger_w, l
        W of a finger and L [nm].
    sources, rail
        Nets of the units' sources, or emitters; and the net that all are on or are lifted off. Resistors have their
        common net as gate and rail.
    fingers
        Number of fingers of a unit.
    odd
        Units with another number of fingers than that.
    logic
        Whether its transistors are part of digital gates, which are not meant to match.
    """

    gates: tuple[int, ...]
    model: str
    polarity: str
    finger_w: int
    l: int  # noqa: E741
    bulk: int
    rail: int
    sources: frozenset[int]
    fingers: int
    units: tuple[MatchedUnit, ...]
    arrays: tuple[MatchedArray, ...]
    odd: tuple[MatchedUnit, ...]
    logic: bool = False

    @cached_property
    def outputs(self) -> dict[OutputKey, tuple[MatchedUnit, ...]]:
        """Units by output, in the order of the layout."""
        units_of: dict[OutputKey, list[MatchedUnit]] = defaultdict(list)
        for unit in self.units:
            units_of[unit.output].append(unit)
        return {output: tuple(units) for output, units in units_of.items()}

    @property
    def sort(self) -> str:
        """The sort of its fingers: `fingers.FET`, `BAR` or `BIPOLAR`."""
        return self.units[0].fingers[0].sort

    @property
    def diode(self) -> bool:
        """Whether one of the outputs is the gate's own net."""
        return any(gate == drain for gate, drain in self.outputs)

    @property
    def nets(self) -> set[int]:
        """All nets of its terminals."""
        return {*self.gates, self.rail, *self.sources, self.bulk, *(drain for _, drain in self.outputs)}


def natural(name: str) -> list[tuple[int, int | str]]:
    """Key that sorts d2 before d10."""
    return [(0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", name) if part]


def inactive(finger: Finger) -> bool:
    """Whether no current can flow: a dummy, or a capacitor."""
    return finger.ends[0] == finger.ends[1] or (finger.sort != BAR and finger.gate == finger.bulk)
