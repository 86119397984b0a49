"""What the checks share: the layout with the names of its nets, its words for devices, and the errors' form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

import klayout.db as kdb
from mirrorneuron.flows.matching.group import MatchedGroup, MatchedUnit
from mirrorneuron.flows.matching.read import Extraction
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET
from mirrorneuron.flows.matching.read.rings import almost_closed
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.flows.matching.surroundings import Surroundings

__all__ = ["NOUN", "CheckContext", "at_text", "um_text", "usual"]

NOUN: Final = {FET: "gate", BAR: "bar", BIPOLAR: "npn"}
"""A device's word in messages, by its sort."""
_TITLE: Final = {FET: "gate", BAR: "resistors on", BIPOLAR: "base"}
_UNITS_SHOWN: Final = 4

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class CheckContext:
    """The layout that is checked.

    Attributes
    ----------
    names
        Names of the groups' nets.
    centroid_limit
        How far an output's centroid may lie from the array's [nm]; None: as far as the counts of units force.
    """

    extraction: Extraction
    names: Mapping[int, str]
    surroundings: Surroundings
    centroid_limit: float | None
    _enclosed: dict[str, list[kdb.Polygon]] = field(default_factory=dict)

    @cached_property
    def polys(self) -> list[kdb.Polygon]:
        """The pieces of poly by number."""
        return list(self.extraction.drawn["poly"].each())

    @cached_property
    def fingers_on_poly(self) -> Counter[int]:
        """How many fingers each piece of poly makes."""
        return Counter(device.poly for device in self.extraction.devices)

    def enclosed(self, kind: str) -> list[kdb.Polygon]:
        """The areas that tap of a type encloses, but for small gaps."""
        if kind not in self._enclosed:
            self._enclosed[kind] = almost_closed(self.extraction.taps[kind])
        return self._enclosed[kind]

    def title(self, group: MatchedGroup) -> str:
        """A group in words: gate, model and size."""
        gates = ", ".join(sorted(self.names[gate] for gate in group.gates))
        size = f"{um_text(group.finger_w * group.fingers)}/{um_text(group.l)}"
        return f"{_TITLE[group.sort]} {gates} ({group.model} {size})"

    def unit(self, unit: MatchedUnit) -> str:
        """A unit in words: output and place [um]."""
        return f"unit of {self.names[unit.drain]} at {at_text(unit.x, unit.y)}"

    def finding(self, check: str, group: MatchedGroup, lines: Sequence[str], hint: str) -> Iterator[Finding]:
        """The error that lists `lines` and ends in the remedy; none without lines."""
        if lines:
            more = f"; and {len(lines) - _UNITS_SHOWN} more" if len(lines) > _UNITS_SHOWN else ""
            text = f"{self.title(group)}: {'; '.join(lines[:_UNITS_SHOWN])}{more}. {hint}"
            yield Finding(check, text, frozenset(self.names[gate] for gate in group.gates))


def usual(values: Iterable[T]) -> T:
    """The most frequent value; of equally frequent ones the first."""
    return Counter(values).most_common(1)[0][0]


def um_text(value: float) -> str:
    """Nanometres as text in um."""
    return f"{value / 1000:.6g}"


def at_text(x: float, y: float) -> str:
    """A place [nm] as text in um."""
    return f"({um_text(x)}, {um_text(y)})"
