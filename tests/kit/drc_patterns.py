"""Hand-drawn patterns for the rules of our deck: how they are written down, placed in one GDS, and how markers are
assigned to them.

A module in ``tests/drc/patterns/`` (one a rule table) holds ``PATTERNS``, a list of what `passes` and `fails` make. All
lengths are nm, typed by hand from the published tables: what the deck does with them holds them against ``rules.csv``.
"""

from __future__ import annotations

import importlib.util
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import klayout.db as kdb
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130.layers import DRAWING, LAYERS_CSV

STEP: Final = 5
_FOLDER: Final = Path(__file__).parents[1] / "drc" / "patterns"
_GAP: Final = 20_000  # nm between patterns; no rule in them reaches further
_ROW: Final = 1_000_000


class Text(NamedTuple):
    """A label."""

    text: str
    x: int
    y: int


class Wire(NamedTuple):
    """A path; `ends` is by how much it goes on beyond its first and last point."""

    width: int
    points: tuple[tuple[int, int], ...]
    ends: int = 0


Box = tuple[int, int, int, int]
Shape = Box | Sequence[tuple[int, int]] | Text | Wire
Shapes = Mapping[str, Sequence[Shape]]
"""By layer name (``met1``, ``met1.pin``, ``met1.label``): boxes (x1, y1, x2, y2), lists of points, `Text`, `Wire`."""


class Pattern(NamedTuple):
    """What is drawn for one rule, and whether the rule holds there.

    `also` are rules that a passing pattern breaks inevitably. `turned`: also drawn in its other orientations.
    """

    rule: str
    name: str
    holds: bool
    shapes: Shapes
    also: frozenset[str] = frozenset()
    turned: bool = True


def passes(rule: str, name: str, shapes: Shapes, *, also: Iterable[str] = (), turned: bool = True) -> Pattern:
    """A pattern on which nothing may be found, rules in `also` apart."""
    return Pattern(rule, name, True, shapes, frozenset(also), turned)


def fails(rule: str, name: str, shapes: Shapes, *, turned: bool = True) -> Pattern:
    """A pattern on which `rule` must be found."""
    return Pattern(rule, name, False, shapes, frozenset(), turned)


def merged(*parts: Shapes) -> dict[str, list[Shape]]:
    """Shapes of several drawings together."""
    together: dict[str, list[Shape]] = defaultdict(list)
    for part in parts:
        for layer, shapes in part.items():
            together[layer] += shapes
    return dict(together)


def moved(shapes: Shapes, dx: int, dy: int) -> dict[str, list[Shape]]:
    """Shapes (boxes and lists of points only) moved."""
    return {
        layer: [
            (one[0] + dx, one[1] + dy, one[2] + dx, one[3] + dy)
            if isinstance(one[0], int)
            else [(x + dx, y + dy) for x, y in one]
            for one in each
        ]
        for layer, each in shapes.items()
    }


def around(box: Box, left: int, bottom: int, right: int, top: int) -> Box:
    """A box that encloses another by these distances."""
    return (box[0] - left, box[1] - bottom, box[2] + right, box[3] + top)


# What many rules share. `context(inner box)` draws what the inner shape needs besides, so that no other rule fires.


def width(
    rule: str, layer: str, least: int, length: int, diagonal: tuple[int, int], **shapes: Sequence[Shape]
) -> Iterator[Pattern]:
    """Bars, and necks between two corners that are (x, y) = `diagonal` apart: just not less than `least`."""
    x, y = diagonal

    def neck(x: int) -> list[tuple[int, int]]:
        # Two squares that overlap in a box of x by y at a corner of each.
        return [(0, 0), (length, 0), (length, length - y), (2 * length, length - y), (2 * length, 2 * length - y),
                (length - x, 2 * length - y), (length - x, length), (0, length)]  # fmt: skip

    for name, holds, shape in (
        ("bar", True, (0, 0, least, length)),
        ("bar", False, (0, 0, least - STEP, length)),
        ("neck between corners", True, neck(x)),
        ("neck between corners", False, neck(x - STEP)),
    ):
        yield Pattern(rule, name, holds, {layer: [shape], **shapes})


def spacing(rule: str, layer: str, least: int, size: tuple[int, int], diagonal: tuple[int, int]) -> Iterator[Pattern]:
    """Two boxes of `size` side by side, corner to corner and touching at a corner, and a notch."""
    wide, high = size
    x, y = diagonal

    def two(dx: int, dy: int) -> Shapes:
        return {layer: [(0, 0, wide, high), (wide + dx, dy, 2 * wide + dx, high + dy)]}

    def notch(gap: int) -> Shapes:
        return {
            layer: [(0, 0, wide, 2 * high), (wide + gap, 0, 2 * wide + gap, 2 * high), (0, 0, 2 * wide + gap, high)]
        }

    yield passes(rule, "side by side", two(least, 0))
    yield fails(rule, "side by side", two(least - STEP, 0))
    yield passes(rule, "side by side, shifted", two(least, high // 2 // STEP * STEP))
    yield fails(rule, "side by side, shifted", two(least - STEP, high // 2 // STEP * STEP))
    yield passes(rule, "corner to corner", two(x, high + y))
    yield fails(rule, "corner to corner", two(x - STEP, high + y))
    yield fails(rule, "touching at a corner", two(0, high))
    yield passes(rule, "notch", notch(least))
    yield fails(rule, "notch", notch(least - STEP))


def enclosed(
    rule: str, outer: str, inner: str, side: int, least: int, roomy: int, context: Shapes, diagonal: tuple[int, int]
) -> Iterator[Pattern]:
    """A square cut near one side of `outer`, on it, across it, outside it, and near an inside corner of it.

    `roomy` is the enclosure on the other sides; `context` is drawn too and fits a cut at (0, 0, side, side).
    """
    cut = (0, 0, side, side)

    def near(distance: int) -> Shapes:
        return merged({inner: [cut], outer: [around(cut, distance, roomy, roomy, roomy)]}, context)

    def corner(x: int, y: int) -> Shapes:
        # A notch in outer whose corner is (x, y) from the cut's upper right one.
        a, b, far = -roomy, side, side + 3 * roomy
        shape = [(a, a), (far, a), (far, b + y), (b + x, b + y), (b + x, far), (a, far)]
        return merged({inner: [cut], outer: [shape]}, context)

    yield passes(rule, "one side", near(least))
    yield fails(rule, "one side", near(least - STEP))
    if least > STEP:
        yield fails(rule, "on the edge", near(0))
        yield fails(rule, "across the edge", near(-STEP))
    yield fails(rule, "half outside", near(-(side // 2 // STEP * STEP)))
    yield fails(rule, "nothing around it", merged({inner: [cut]}, context))
    if least:
        x, y = diagonal
        yield passes(rule, "inside corner", corner(x, y))
        yield fails(rule, "inside corner", corner(x - STEP, y))


def two_adjacent(
    rule: str, outer: str, inner: str, side: int, least: int, other: int, roomy: int, context: Shapes
) -> Iterator[Pattern]:
    """A square cut with `least` on one of two adjacent sides and `other` (what another rule asks for) on the rest."""
    cut = (0, 0, side, side)

    def drawn(left: int, bottom: int, right: int, top: int) -> Shapes:
        return merged({inner: [cut], outer: [around(cut, left, bottom, right, top)]}, context)

    yield passes(rule, "opposite sides", drawn(least, other, least + roomy, other + 0))
    yield passes(rule, "three sides", drawn(other, roomy, least, roomy))
    yield fails(rule, "two adjacent sides", drawn(least - STEP, least - STEP, roomy, roomy))
    yield fails(rule, "two adjacent sides, one far too short", drawn(other, least - STEP, roomy, roomy))
    yield fails(rule, "all sides", drawn(*[least - STEP] * 2, roomy, least - STEP))


def area(rule: str, layer: str, pair: tuple[int, int]) -> Iterator[Pattern]:
    """A rectangle whose area is just the least one, and an L of the same area; both one step narrower."""
    wide, high = pair
    yield passes(rule, "rectangle", {layer: [(0, 0, wide, high)]})
    yield fails(rule, "rectangle", {layer: [(0, 0, wide - STEP, high)]})


def hole(rule: str, layer: str, pair: tuple[int, int], rim: int) -> Iterator[Pattern]:
    """A ring around a hole of just the least area, and of one step less."""
    wide, high = pair

    def ring(wide: int) -> Shapes:
        return {
            layer: [
                (-rim, -rim, 0, high + rim),
                (wide, -rim, wide + rim, high + rim),
                (-rim, -rim, wide + rim, 0),
                (-rim, high, wide + rim, high + rim),
            ]
        }

    yield passes(rule, "hole", ring(wide))
    yield fails(rule, "hole", ring(wide - STEP))


def cuts(rule: str, layer: str, side: int, least: int, diagonal: tuple[int, int], context: Shapes) -> Iterator[Pattern]:
    """Two square cuts side by side, shifted, and corner to corner; `context` fits cuts from (0, 0) on."""
    x, y = diagonal

    def two(dx: int, dy: int) -> Shapes:
        return merged({layer: [(0, 0, side, side), (side + dx, dy, 2 * side + dx, side + dy)]}, context)

    yield passes(rule, "side by side", two(least, 0))
    yield fails(rule, "side by side", two(least - STEP, 0))
    yield passes(rule, "side by side, shifted", two(least, side // 2 // STEP * STEP))
    yield fails(rule, "side by side, shifted", two(least - STEP, side // 2 // STEP * STEP))
    yield passes(rule, "corner to corner", two(x, side + y))
    yield fails(rule, "corner to corner", two(x - STEP, side + y))


def square(rule: str, layer: str, side: int, context: Shapes, *, shape_rule: str | None = None) -> Iterator[Pattern]:
    """Cuts of the only size that is allowed, and larger, smaller, longer and L-shaped ones.

    `shape_rule` is the rule that those break which are no rectangles, if it is another one.
    """
    half = side // 2 // STEP * STEP
    ell = [(0, 0), (side, 0), (side, half), (half, half), (half, side), (0, side)]
    for name, holds, shape in (
        ("exact", True, (0, 0, side, side)),
        ("too narrow", False, (0, 0, side - STEP, side)),
        ("too small", False, (0, 0, side - STEP, side - STEP)),
        ("too wide", False, (0, 0, side + STEP, side)),
        ("too large", False, (0, 0, side + STEP, side + STEP)),
        ("a bar", False, (0, 0, 2 * side, side)),
    ):
        yield Pattern(rule, name, holds, merged({layer: [shape]}, context))
    other = shape_rule or rule
    yield fails(other, "an L", merged({layer: [ell]}, context))
    yield fails(
        other, "a diamond", merged({layer: [[(half, 0), (2 * half, half), (half, 2 * half), (0, half)]]}, context)
    )


def seal_bar(rule: str, layer: str, wide: int, context: Shapes) -> Iterator[Pattern]:
    """A bar in the seal ring, where cuts are bars of one width, and elsewhere; `context` fits a bar 2 um long."""
    ring: Shapes = {"areaid_sl": [(-3000, -3000, 5000, 5000)]}
    yield passes(rule, "a bar in the seal ring", merged({layer: [(0, 0, wide, 2000)]}, context, ring))
    yield fails(rule, "a narrow bar in the seal ring", merged({layer: [(0, 0, wide - STEP, 2000)]}, context, ring))
    yield fails(rule, "a wide bar in the seal ring", merged({layer: [(0, 0, wide + STEP, 2000)]}, context, ring))
    yield fails(rule, "a bar elsewhere", merged({layer: [(0, 0, wide, 2000)]}, context))


def beside_huge(
    attached: str, huge: str, layer: str, least: int, ordinary: int, width: int, further: int
) -> Iterator[Pattern]:
    """A wire beside metal wider than 3 um, and beside a finger on such metal.

    `ordinary` is the spacing elsewhere; from `further` on along the finger a wire may be that near to it.
    """

    def beside(gap: int, side: int = 3005) -> Shapes:
        return {layer: [(0, 0, side, 4000), (side + gap, 1000, side + gap + width, 3000)]}

    def finger(gap: int, out: int) -> Shapes:
        low = 1000 + width + gap
        return {layer: [(0, 0, 4000, 4000), (4000, 1000, 5500, 1000 + width), (4000 + out, low, 5500, low + width)]}

    yield passes(huge, "beside huge metal", beside(least))
    yield fails(huge, "beside huge metal", beside(least - STEP))
    yield passes(huge, "3 um is not huge", beside(ordinary, side=3000))
    yield passes(attached, "beside a finger", finger(least, least))
    yield fails(attached, "beside a finger", finger(least - STEP, least))
    yield passes(attached, "beside a finger, further out", finger(ordinary, further))
    yield fails(attached, "beside a finger, further out", finger(ordinary, further - STEP))


class Placed(NamedTuple):
    """A pattern in one orientation, at its place in the GDS [nm]."""

    pattern: Pattern
    orientation: int
    box: kdb.Box

    def __str__(self) -> str:
        kind = "passes" if self.pattern.holds else "fails"
        return f"{self.pattern.rule}, {self.pattern.name}, {kind}, orientation {self.orientation}"


@cache
def tables() -> dict[str, list[Pattern]]:
    """All patterns, by rule table."""
    found = {}
    for path in sorted(_FOLDER.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"patterns_{path.stem}", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[path.stem] = list(module.PATTERNS)
    return found


@cache
def _pairs() -> dict[str, tuple[int, int]]:
    pairs = {name: (pair.layer, pair.datatype) for name, pair in DRAWING.items()}
    for line in LAYERS_CSV.read_text().splitlines()[1:]:
        name, purpose, number, datatype = line.split(",")
        if purpose != "drawing":
            pairs[f"{name}.{purpose}"] = (int(number), int(datatype))
    return pairs


def _draw(shape: Shape, trans: kdb.Trans) -> kdb.Box | kdb.Polygon | kdb.Path | kdb.Text:
    if isinstance(shape, Text):
        return kdb.Text(shape.text, kdb.Trans(shape.x, shape.y)).transformed(trans)
    if isinstance(shape, Wire):
        points = [kdb.Point(*point) for point in shape.points]
        return kdb.Path(points, shape.width, shape.ends, shape.ends).transformed(trans)
    if isinstance(shape[0], int):
        return kdb.Box(*shape).transformed(trans)
    return kdb.Polygon([kdb.Point(*point) for point in shape], True).transformed(trans)


def _drawings(pattern: Pattern) -> Iterator[tuple[int, dict[str, list[kdb.Box | kdb.Polygon | kdb.Path | kdb.Text]]]]:
    """The pattern's distinct orientations."""
    seen = set()
    for orientation in range(8 if pattern.turned else 1):
        drawn = {
            layer: [
                _draw(
                    shape,
                    kdb.Trans(orientation, False, 0, 0) if orientation < 4 else kdb.Trans(orientation - 4, True, 0, 0),
                )
                for shape in shapes
            ]
            for layer, shapes in pattern.shapes.items()
        }
        box = kdb.Box()
        for shapes in drawn.values():
            for shape in shapes:
                box += shape.bbox()
        drawn = {layer: [shape.moved(-box.left, -box.bottom) for shape in shapes] for layer, shapes in drawn.items()}
        key = frozenset((layer, frozenset(str(shape) for shape in shapes)) for layer, shapes in drawn.items())
        if key not in seen:
            seen.add(key)
            yield orientation, drawn


def write(patterns: Iterable[Pattern], path: Path, *, turned: bool = True) -> list[Placed]:
    """Draw patterns far apart in one flat cell ``patterns``; `turned` in all their orientations."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    top = layout.create_cell("patterns")
    placed = []
    x = y = row = 0
    for pattern in patterns:
        for orientation, drawn in _drawings(pattern):
            box = kdb.Box()
            for layer, shapes in drawn.items():
                target = top.shapes(layout.layer(*_pairs()[layer]))
                for shape in shapes:
                    target.insert(shape.moved(x, y))
                    box += shape.bbox().moved(x, y)
            placed.append(Placed(pattern, orientation, box))
            x = -(-box.right // 1000) * 1000 + _GAP
            row = max(row, box.height())
            if x > _ROW:
                x, y, row = 0, y + -(-row // 1000) * 1000 + _GAP, 0
            if not turned:
                break
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    layout.write(str(path), options)
    return placed


def assign(placed: Sequence[Placed], violations: Iterable[drc.Violation]) -> dict[int, set[str]]:
    """The rules found on each pattern, by its index; a marker that lies at no pattern is an error."""
    found: dict[int, set[str]] = {index: set() for index in range(len(placed))}
    # Patterns stand in rows, from left to right; half the gap around one is its own.
    rows: dict[int, list[int]] = defaultdict(list)
    for index, one in enumerate(placed):
        rows[one.box.bottom].append(index)
    bottoms = sorted(rows)
    lefts = {bottom: [placed[index].box.left for index in row] for bottom, row in rows.items()}
    reach = _GAP // 2 - 1
    for violation in violations:
        x, y = round(violation.x * 1000), round(violation.y * 1000)
        bottom = bottoms[max(bisect(bottoms, y + reach) - 1, 0)]
        index = rows[bottom][max(bisect(lefts[bottom], x + reach) - 1, 0)]
        box = placed[index].box.enlarged(reach, reach)
        assert box.contains(kdb.Point(x, y)), f"{violation} lies at no pattern"
        found[index].add(violation.rule)
    return found
