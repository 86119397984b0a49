"""What makes units of a group unlike: the checks of the matching report.

An array with two outputs or more is held against all of them, one with a single output (fingers in parallel) only
against "size" and "orientation", standard cells against none. Npn need no dummies, as each lies in a deep n-well of its
own, and have no direction of their current along the surface; a bar's may go up or down. Where a check compares a unit
with its fellows, right is what most of them have.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, inf
from typing import Final, TypeVar

import klayout.db as kdb
from mirrorneuron.flows.matching.groups import LINK_NM, Array, Group, Unit
from mirrorneuron.flows.matching.read.fingers import BAR, BIPOLAR, FET, Finger
from mirrorneuron.flows.matching.read.rings import CONTACT_GAP_NM, almost_closed
from mirrorneuron.flows.matching.read.transistors import Extraction
from mirrorneuron.flows.matching.surroundings import Surroundings, View
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["CHECKS", "Finding", "judge"]

CHECKS: Final = ("size", "orientation", "pitch", "dummies", "ring", "centroid", "netlist")
"""Names of the checks, in the order in which a group is held against them."""

_LOOK: Final = 5000
_LOOK_NPN: Final = 10_000
"""What lies further away along the row is no neighbour [nm]; deep n-wells keep 6.3 um apart (dnwell.3)."""
_NEXT: Final = 1000
"""A neighbour that lies this much further away than the fellows' is none [nm]."""
_COLUMN_MAX: Final = 1000
_POLY_END: Final = 130
"""What of a shared piece of poly is a unit's own, beyond the gate [nm] (poly.8)."""
_BAR_SPACE: Final = 200
"""What is a bar's own beside its poly [nm]: less than half of the space to the next (poly.9), in the mark (rpm.3)."""
_WELL_REACH: Final = 400
"""How far the n-well around a deep n-well, which is one device, goes beyond it [nm] (nwell.5)."""
_SHOWN: Final = 4
_POSSIBLE_MAX: Final = 512
"""Up to so many units it is looked up what the best pattern could do."""

_NOUN: Final = {FET: "gate", BAR: "bar", BIPOLAR: "npn"}

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Finding:
    """Something that a check found: a line of text with places [um], value, limit, and what to look at."""

    check: str
    text: str

    def __str__(self) -> str:
        """As in the report."""
        return f"{self.check}: {self.text}"


def judge(
    groups: Sequence[Group],
    found: Extraction,
    names: Mapping[int, str],
    around: Surroundings,
    centroid_limit: float | None,
) -> list[Finding]:
    """Hold groups against all checks but "netlist".

    Parameters
    ----------
    names
        Names of the groups' nets.
    centroid_limit
        How far an output's centroid may lie from the array's [um]; None: as far as the counts of units force.
    """
    bench = _Bench(found, names, around, None if centroid_limit is None else centroid_limit * 1000)
    findings = list(bench.sizes(groups))
    for group in groups:
        if not group.logic:
            findings += bench.group(group)
    return findings


@dataclass(frozen=True)
class _Side:
    """The nearest gate beside a unit along the row and the gap to it [nm]; neither if there is none near."""

    gap: int | None
    finger: Finger | None


class _Bench:
    def __init__(self, found: Extraction, names: Mapping[int, str], around: Surroundings, limit: float | None) -> None:
        self.found, self.names, self.around, self.limit = found, names, around, limit
        self.polys = list(found.drawn["poly"].each())
        self.on_poly: dict[int, int] = Counter(finger.poly for finger in (*found.fingers, *found.parts))
        self.bridged: dict[str, list[kdb.Polygon]] = {}
        self.every = [*found.fingers, *found.parts]
        self.boxes = {sort: kdb.Shapes() for sort in _NOUN}
        for number, finger in enumerate(self.every):
            self.boxes[finger.sort].insert(finger.box, number + 1)

    # Words

    def _title(self, group: Group) -> str:
        gates = ", ".join(sorted(self.names[gate] for gate in group.gates))
        what = {FET: "gate", BAR: "resistors on", BIPOLAR: "base"}[group.sort]
        return f"{what} {gates} ({group.model} {_um(group.finger_w * group.fingers)}/{_um(group.l)})"

    def _unit(self, unit: Unit) -> str:
        return f"unit of {self.names[unit.drain]} at {_at(unit.x, unit.y)}"

    def _finding(self, check: str, group: Group, lines: Sequence[str], hint: str) -> Iterator[Finding]:
        if lines:
            more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
            yield Finding(check, f"{self._title(group)}: {'; '.join(lines[:_SHOWN])}{more}. {hint}")

    # Groups and arrays

    def group(self, group: Group) -> Iterator[Finding]:
        yield from self._sizes_within(group)
        yield from self._orientation(group)
        for array in group.arrays:
            if len(array.outputs) > 1:
                sides = {id(unit): self._sides(unit) for unit in array.units}
                yield from self._pitch(group, array, sides)
                if group.sort != BIPOLAR:
                    yield from self._dummies(group, array, sides)
                yield from self._ring(group, array)
                yield from self._centroid(group, array.units, array.dummies)
        wanted = group.references if len(group.gates) == 1 else frozenset(group.outputs)
        torn = [array for array in group.arrays if array.outputs & wanted]
        if torn and len(group.outputs) > 1 and all(len(array.outputs) == 1 for array in torn):
            yield from self._centroid(group, group.units, [d for array in group.arrays for d in array.dummies])

    def sizes(self, groups: Sequence[Group]) -> Iterator[Finding]:
        """Units of one array on one gate and source that differ in W or L, and so have fallen into several groups."""
        alike: dict[tuple[Hashable, ...], list[Group]] = defaultdict(list)
        for group in groups:
            if not group.logic:
                model = group.model if group.sort == FET else group.sort
                alike[group.gates, model, group.bulk, group.rail].append(group)
        for several in alike.values():
            several.sort(key=lambda group: -len(group.units))
            main = several[0]
            for other in several[1:]:
                mates = [(u, v) for u in other.units for v in main.units if _together(u, v)]
                outputs = {**main.outputs, **other.outputs}
                if not mates or len(outputs) < 2 or not (main.diode or other.diode or len(main.outputs) > 1):
                    continue
                units = list(dict.fromkeys(u for u, _ in mates))
                kinds = ("", "") if main.model == other.model else (f"{other.model} ", f"{main.model} ")
                lines = [f"{self._unit(u)} has {kinds[0]}W/L {_size(other)} um" for u in units]
                hint = f"Fellows have {kinds[1]}{_size(main)} um; draw all units alike"
                yield from self._finding("size", main, lines, hint)

    def _sizes_within(self, group: Group) -> Iterator[Finding]:
        lines = [f"{self._unit(u)} has {len(u.fingers)} fingers" for u in group.odd]
        yield from self._finding("size", group, lines, f"Fellows have {group.fingers}; draw all units alike")
        bent = [
            f"{_NOUN[f.sort]} at {_at(f.x, f.y)} of {self.names[u.drain]} is no rectangle with one W"
            for u in group.units
            for f in u.fingers
            if not f.plain
        ]
        yield from self._finding(
            "size", group, bent, f"Its W and L are no drawn numbers; draw a straight {_NOUN[group.sort]}"
        )

    # Orientation

    def _orientation(self, group: Group) -> Iterator[Finding]:
        units = [unit for unit in group.units if unit not in group.odd]
        if not units:
            return
        axis = _usual(unit.fingers[0].axis for unit in units)
        turned = [u for u in units if any(f.axis != axis for f in u.fingers)]
        lines = [f"{self._unit(u)} carries its current along {u.fingers[0].flow}" for u in turned]
        along = next((u.fingers[0].flow for u in units if u not in turned), "")
        yield from self._finding("orientation", group, lines, f"Fellows: along {along}; rotate it back")
        straight = [unit for unit in units if unit not in turned]
        flow = {id(unit): _flow(unit, group.sources) if group.sort == FET else "" for unit in straight}
        usual = _usual(flow.values())
        reversed_ = [] if _balanced(straight, flow) else [unit for unit in straight if flow[id(unit)] != usual]
        lines = [f"{self._unit(u)} has its ends in the order {flow[id(u)]} along {axis}" for u in reversed_]
        yield from self._finding("orientation", group, lines, f"Fellows: {usual}; turn it round")
        same: dict[tuple[int, str], list[Unit]] = defaultdict(list)
        for unit in straight:
            if unit not in reversed_:
                same[unit.gate, flow[id(unit)]].append(unit)
        for several in same.values():
            if len(several) > 1:
                views = self._own_views(several) if group.sort == FET else self._part_views(several)
                normal = _usual(views)
                lines = [self._unit(u) for u, view in zip(several, views, strict=True) if view != normal]
                hint = (
                    "Diffusion, poly, contacts, wells or implants of these units are not drawn like their fellows': "
                    "mirrored, rotated, or another cell?"
                )
                yield from self._finding("orientation", group, lines, hint)

    def _own_views(self, units: Sequence[Unit]) -> list[View]:
        """What is drawn for each unit itself, from the corner of its gates."""
        reach = [end for unit in units for finger in unit.fingers for end in finger.reach]
        # A column that two units share is each one's to the middle.
        gaps = [side.gap // 2 for unit in units for side in self._sides(unit) if side.gap is not None]
        along = min(_COLUMN_MAX, *reach, *gaps)
        own = all(self.on_poly[f.poly] <= len(unit.fingers) for unit in units for f in unit.fingers)
        views = []
        for unit in units:
            poly = kdb.Region([self.polys[number] for number in {finger.poly for finger in unit.fingers}])
            margins = (along, _POLY_END) if unit.fingers[0].axis == "x" else (_POLY_END, along)
            box = unit.box.enlarged(*margins)
            if own:
                box += poly.bbox()
            views.append(self.around.own(box, unit.box.p1, poly))
        return views

    def _part_views(self, units: Sequence[Unit]) -> list[View]:
        """What is drawn for each bar or npn itself, from the corner of its body or deep n-well."""
        views = []
        for unit in units:
            (part,) = unit.fingers
            if part.sort == BIPOLAR:
                box = unit.box.enlarged(_WELL_REACH, _WELL_REACH)
            else:
                alone = self.on_poly[part.poly] == 1
                box = (self.polys[part.poly].bbox() if alone else unit.box).enlarged(_BAR_SPACE, _BAR_SPACE)
            views.append(self.around.part(box, unit.box.p1))
        return views

    # Rows

    def _sides(self, unit: Unit) -> tuple[_Side, _Side]:
        return self._side(unit, -1), self._side(unit, 1)

    def _side(self, unit: Unit, sign: int) -> _Side:
        """The neighbour on the low (-1) or high (1) side of a unit along its current."""
        box, axis, sort = unit.box, unit.fingers[0].axis, unit.fingers[0].sort
        look = _LOOK_NPN if sort == BIPOLAR else _LOOK
        if axis == "x":
            x = box.left - look if sign < 0 else box.right
            search = kdb.Box(x, box.bottom + 1, x + look, box.top - 1)
        else:
            y = box.bottom - look if sign < 0 else box.top
            search = kdb.Box(box.left + 1, y, box.right - 1, y + look)
        own = {id(finger) for finger in unit.fingers}
        best = _Side(None, None)
        for shape in self.boxes[sort].each_touching(search):
            finger = self.every[shape.prop_id - 1]
            if id(finger) in own:
                continue
            gap = _gap(box, finger.box, axis, sign)
            if gap >= 0 and (best.gap is None or (gap, finger.y, finger.x) < (best.gap, *_place(best.finger))):
                best = _Side(gap, finger)
        return best

    def _pitch(self, group: Group, array: Array, sides: Mapping[int, tuple[_Side, _Side]]) -> Iterator[Finding]:
        usual = _usual_gaps(array, sides)
        off: dict[int, list[tuple[str, int, int, Finger | None]]] = defaultdict(list)
        for unit in array.units:
            for k, word in enumerate(("before", "after")):
                side, right = sides[id(unit)][k], usual[k]
                if side.gap is not None and right is not None and side.gap != right and not _missing(side, right):
                    off[id(unit)].append((word, side.gap, right, side.finger))
        # What has moved is wrong on both sides; its neighbours are then wrong on one.
        moved = {id(f) for u in array.units if len(off[id(u)]) == 2 for f in u.fingers}
        lines = []
        for unit in array.units:
            wrong = off[id(unit)]
            if len(wrong) == 1 and id(wrong[0][3]) in moved:
                continue
            for word, gap, right, _ in wrong:
                to = f"{_NOUN[group.sort]} {word} it"
                lines.append(f"{self._unit(unit)} has {_um(gap)} um to the {to}, fellows {_um(right)} um")
        hint = "Units of a row must lie at one pitch; look for one that was moved"
        yield from self._finding("pitch", group, lines, hint)
        lines = []
        for row in _rows(array):
            level = _usual(_across(finger)[0] for finger in row)
            members = {id(finger) for finger in row}
            for unit in array.units:
                here = [finger for finger in unit.fingers if id(finger) in members]
                shift = {_across(finger)[0] - level for finger in here} - {0}
                if shift:
                    lines.append(f"{self._unit(unit)} lies {_um(max(shift, key=abs))} um off its row")
        yield from self._finding("pitch", group, lines, "Units of a row must be in one line")

    def _dummies(self, group: Group, array: Array, sides: Mapping[int, tuple[_Side, _Side]]) -> Iterator[Finding]:
        usual = _usual_gaps(array, sides)
        lines = []
        for unit in array.units:
            for k, word in enumerate(("before", "after")):
                if usual != (None, None) and _missing(sides[id(unit)][k], usual[k]):
                    lines.append(
                        f"{self._unit(unit)} has no {_NOUN[group.sort]} {word} it along {unit.fingers[0].axis}"
                    )
        hint = "The ends of a row need a dummy unit as neighbour, at the pitch of the row"
        yield from self._finding("dummies", group, lines, hint)
        lines = []
        rows = _rows(array)
        own = {id(finger): unit for unit in array.units for finger in unit.fingers}
        holding = [row for row in rows if any(id(finger) in own for finger in row)]
        for row, beyond, word in (
            (holding[0], [f for r in rows[: rows.index(holding[0])] for f in r], "below"),
            (holding[-1], [f for r in rows[rows.index(holding[-1]) + 1 :] for f in r], "above"),
        ):
            units = list(dict.fromkeys(own[id(finger)] for finger in row if id(finger) in own))
            alone = [unit for unit in units if not any(_beside(unit.box, f.box, unit.fingers[0].axis) for f in beyond)]
            column = usual == (None, None) and len(holding) > 1
            if len(alone) < len(units) or column:
                lines += [f"{self._unit(unit)} has no {_NOUN[group.sort]} {word} it" for unit in alone]
        yield from self._finding("dummies", group, lines, "Its fellows have; complete the row of dummies")

    def _ring(self, group: Group, array: Array) -> Iterator[Finding]:
        loop = self.found.loops[array.loop] if array.loop >= 0 else None
        lines = []
        if loop and loop.bare and loop.kind != group.polarity:
            gap = f"more than {_um(CONTACT_GAP_NM)} um without a contact"
            lines.append(f"the ring of tap has {gap} about {_at(*loop.bare)}")
        if loop is None or loop.kind == group.polarity:
            kind = "p" if group.polarity == "n" else "n"
            if kind not in self.bridged:
                self.bridged[kind] = almost_closed(self.found.taps[kind])
            box = kdb.Box()
            for unit in array.units:
                box += unit.box
            around = f"the ring of tap around {_at(box.center().x, box.center().y)}"
            if any(all(hole.inside(unit.box.center()) for unit in array.units) for hole in self.bridged[kind]):
                lines.append(f"{around} is open")
            elif bare := self._bare_side([*array.units, *array.dummies], self.found.taps[kind]):
                lines.append(f"{around} has nothing {bare}")
        yield from self._finding("ring", group, lines, "Close it, and contact it all the way")

    def _bare_side(self, members: Iterable[Unit | Finger], taps: kdb.Region) -> str:
        """Where no tap lies along an array that has some along its other three sides; else nothing."""
        box = kdb.Box()
        for member in members:
            box += member.box
        strips = {
            "left of it": (kdb.Box(box.left - _LOOK, box.bottom, box.left, box.top), False),
            "right of it": (kdb.Box(box.right, box.bottom, box.right + _LOOK, box.top), False),
            "below it": (kdb.Box(box.left, box.bottom - _LOOK, box.right, box.bottom), True),
            "above it": (kdb.Box(box.left, box.top, box.right, box.top + _LOOK), True),
        }
        bare = []
        for word, (strip, flat) in strips.items():
            seen = [part.bbox() for part in (taps & kdb.Region(strip)).merged().each()]
            if 2 * sum(part.width() if flat else part.height() for part in seen) < (
                box.width() if flat else box.height()
            ):
                bare.append(word)
        return bare[0] if len(bare) == 1 else ""

    # Centroids

    def _centroid(self, group: Group, units: Sequence[Unit], dummies: Sequence[Finger]) -> Iterator[Finding]:
        outputs: dict[tuple[int, int], list[Unit]] = defaultdict(list)
        for unit in units:
            outputs[unit.gate, unit.drain].append(unit)
        centres = {key: _mean(own) for key, own in outputs.items()}
        centre = _mean(units)
        if self.limit is not None:
            wrong = _off(centres, dict.fromkeys(outputs, (inf, inf, self.limit + 0.5)), centre)
        else:
            axis = _usual(unit.fingers[0].axis for unit in units)
            sites = _sites(units, dummies)
            wrong = _off(centres, _bounds(outputs, sites, centre, axis), centre)
            # Outputs that cannot lie at the centre pull the mean away from it; then the others tell where it is.
            candidates = (
                [_middle(sites), *(at for key, at in centres.items() if len(outputs[key]) > 1)] if wrong else []
            )
            if any(not _off(centres, _bounds(outputs, sites, at, axis), at) for at in dict.fromkeys(candidates)):
                return
            if wrong and _as_good_as_possible(outputs, centres, [centre, *candidates], sites, axis):
                return
        lines = [
            f"centroid of {self.names[drain]} ({len(outputs[gate, drain])} units) at {_at(*centres[gate, drain])} is "
            f"{_um(offset)} um off {_at(*centre)}, limit {_um(limit)} um"
            for (gate, drain), offset, limit in wrong
        ]
        hint = "Place the outputs about one centre, or look for a unit that is wired to another drain"
        yield from self._finding("centroid", group, lines, hint)


def _um(value: float) -> str:
    return f"{value / 1000:.6g}"


def _at(x: float, y: float) -> str:
    return f"({_um(x)}, {_um(y)})"


def _size(group: Group) -> str:
    return f"{_um(group.finger_w)} x {group.fingers} / {_um(group.l)}"


def _usual(values: Iterable[T]) -> T:
    """What most have; of equals the first."""
    return Counter(values).most_common(1)[0][0]


def _place(finger: Finger | None) -> tuple[float, float]:
    return (finger.y, finger.x) if finger else (inf, inf)


def _mean(units: Iterable[Unit]) -> tuple[float, float]:
    every = list(units)
    return sum(unit.x for unit in every) / len(every), sum(unit.y for unit in every) / len(every)


def _flow(unit: Unit, sources: frozenset[int]) -> str:
    """Sources and drains of a unit along its current: SDDS are two fingers with their drains inside."""
    fingers = sorted(unit.fingers, key=lambda finger: (finger.x, finger.y))
    return "".join("S" if net in sources else "D" for finger in fingers for net in finger.ends)


def _balanced(units: Iterable[Unit], flow: Mapping[int, str]) -> bool:
    """Whether every output has as many units of one direction of the current as of the other, which cancels it."""
    counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for unit in units:
        counts[unit.gate, unit.drain][flow[id(unit)]] += 1
    return all(
        len(directions) == 2
        and len(set(directions.values())) == 1
        and len({*directions, *(d[::-1] for d in directions)}) == 2
        for directions in counts.values()
    )


def _gap(box: kdb.Box, other: kdb.Box, axis: str, sign: int) -> int:
    if axis == "x":
        return int(box.left - other.right if sign < 0 else other.left - box.right)
    return int(box.bottom - other.top if sign < 0 else other.bottom - box.top)


def _together(one: Unit, other: Unit) -> bool:
    """Whether two units lie in one array."""
    a, b = one.fingers[0], other.fingers[0]
    reach = one.box.enlarged(LINK_NM, LINK_NM)
    return a.loop == b.loop and (a.loop >= 0 or reach.touches(other.box))


def _across(finger: Finger) -> tuple[int, int]:
    """From where to where a gate reaches across the current."""
    return (finger.box.bottom, finger.box.top) if finger.axis == "x" else (finger.box.left, finger.box.right)


def _beside(box: kdb.Box, other: kdb.Box, axis: str) -> bool:
    """Whether two gates share a part of their extent along the current."""
    if axis == "x":
        return bool(other.left < box.right and other.right > box.left)
    return bool(other.bottom < box.top and other.top > box.bottom)


def _rows(array: Array) -> list[list[Finger]]:
    """Fingers of an array in rows, from the bottom: those that overlap across the current.

    What lies nowhere above or below each other is one row, too: something was moved out of it.
    """
    axis = _usual(unit.fingers[0].axis for unit in array.units)
    every = [finger for unit in array.units for finger in unit.fingers] + list(array.dummies)
    ordered = sorted((finger for finger in every if finger.axis == axis), key=_across)
    rows: list[list[Finger]] = []
    top = -inf
    for finger in ordered:
        low, high = _across(finger)
        if low >= top:
            rows.append([])
        rows[-1].append(finger)
        top = max(top, high)
    joined: list[list[Finger]] = []
    for row in rows:
        if joined and _apart([*joined[-1], *row], axis):
            joined[-1] += row
        else:
            joined.append(row)
    return joined


def _apart(fingers: Iterable[Finger], axis: str) -> bool:
    """Whether no two gates share a part of their extent along the current."""
    extents = sorted((f.box.left, f.box.right) if axis == "x" else (f.box.bottom, f.box.top) for f in fingers)
    return all(before[1] <= after[0] for before, after in pairwise(extents))


def _usual_gaps(array: Array, sides: Mapping[int, tuple[_Side, _Side]]) -> tuple[int | None, int | None]:
    def usual(k: int) -> int | None:
        gaps = [gap for unit in array.units if (gap := sides[id(unit)][k].gap) is not None]
        return _usual(gaps) if gaps else None

    return usual(0), usual(1)


def _missing(side: _Side, usual: int | None) -> bool:
    return side.gap is None or (usual is not None and side.gap > usual + _NEXT)


def _sites(units: Sequence[Unit], dummies: Sequence[Finger]) -> list[tuple[float, float]]:
    """Where units and dummies lie."""
    parts: dict[int, list[Finger]] = defaultdict(list)
    for number, finger in enumerate(dummies):
        parts[finger.poly if finger.poly >= 0 else -number - 1].append(finger)
    around = [(sum(f.x for f in part) / len(part), sum(f.y for f in part) / len(part)) for part in parts.values()]
    return [(unit.x, unit.y) for unit in units] + around


def _middle(sites: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of the box around all."""
    xs, ys = zip(*sites, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _off(
    centres: Mapping[T, tuple[float, float]],
    bounds: Mapping[T, tuple[float, float, float]],
    centre: tuple[float, float],
) -> list[tuple[T, float, float]]:
    """Outputs that lie further from the centre than they may, how far, and how far they may."""
    found = []
    for key, (x, y) in centres.items():
        dx, dy = abs(x - centre[0]), abs(y - centre[1])
        limit_x, limit_y, limit = bounds[key]
        if dx > limit_x or dy > limit_y or hypot(dx, dy) > limit:
            found.append((key, hypot(dx, dy), min(limit, hypot(limit_x, limit_y))))
    return found


def _bounds(
    outputs: Mapping[T, Sequence[Unit]], sites: Sequence[tuple[float, float]], centre: tuple[float, float], axis: str
) -> dict[T, tuple[float, float, float]]:
    """How far centroids may be off in x, in y and in all [nm], as the counts force it on these sites.

    In an even number of rows an odd number of units cannot balance. How long a row is can be chosen, so it can be odd.
    """
    dx = 0.0 if axis == "x" else min(abs(x - centre[0]) for x, _ in sites)
    dy = 0.0 if axis == "y" else min(abs(y - centre[1]) for _, y in sites)
    alone = sum(len(units) == 1 for units in outputs.values())
    near = sorted(hypot(x - centre[0], y - centre[1]) for x, y in sites)
    bounds = {}
    for key, units in outputs.items():
        count = len(units)
        if count == 1 and alone > 1:
            # They share the sites that are nearest to the centre.
            bounds[key] = (inf, inf, near[alone - 1] + GRID_NM)
        elif count % 2:
            bounds[key] = (dx / count + GRID_NM, dy / count + GRID_NM, inf)
        else:
            bounds[key] = (float(GRID_NM), float(GRID_NM), inf)
    return bounds


def _as_good_as_possible(
    outputs: Mapping[T, Sequence[Unit]],
    centres: Mapping[T, tuple[float, float]],
    candidates: Sequence[tuple[float, float]],
    sites: Sequence[tuple[float, float]],
    axis: str,
) -> bool:
    """Whether the best pattern for these counts in so many rows has no smaller offset; the centre is a candidate."""
    if sum(map(len, outputs.values())) > _POSSIBLE_MAX:
        return False
    along, across = (0, 1) if axis == "x" else (1, 0)
    rows = {round((unit.x, unit.y)[across]) for units in outputs.values() for unit in units}
    counts = {str(i): len(own) for i, own in enumerate(outputs.values())}
    try:
        pattern = common_centroid(counts, rows=len(rows))
    except SpecError:
        return False
    pitch = [
        min((b - a for a, b in pairwise(sorted({site[k] for site in sites}))), default=1.0) for k in (along, across)
    ]
    offsets = [pattern.centroid(owner) for owner in pattern.owners]
    possible = max(hypot(x * pitch[0], y * pitch[1]) for x, y in offsets)
    drawn = min(max(hypot(x - at[0], y - at[1]) for x, y in centres.values()) for at in candidates)
    return drawn <= possible + GRID_NM
