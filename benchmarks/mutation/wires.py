"""Faults in contacts, vias and wires."""

from __future__ import annotations

import klayout.db as kdb
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

from mutation.fault import CUTS, METALS, Mutant, NotHere, at, kind

_SHIFTS = (5, 10, 20, 50, 100, 200, 500, 1000)
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))
_REACH = 5000


@kind("via removed")
def via_removed(m: Mutant) -> str:
    """One cut."""
    layer = m.layer(list(CUTS))
    cut = m.polygon(layer)
    m.cut(layer, cut)
    return f"{layer} at {at(cut.bbox())} um removed"


@kind("via shifted")
def via_shifted(m: Mutant) -> str:
    """One cut, by 5 nm to 1 um."""
    layer = m.layer(list(CUTS))
    cut, by, (dx, dy) = m.polygon(layer), m.choice(_SHIFTS), m.choice(_SIDES)
    m.cut(layer, cut)
    m.add(layer, cut.moved(dx * by, dy * by))
    return f"{layer} at {at(cut.bbox())} um moved by ({dx * by}, {dy * by}) nm"


@kind("via on another wire")
def via_on_another_wire(m: Mutant) -> str:
    """One cut, along its wire to where that crosses another one of the next layer, well enclosed."""
    layer = m.layer([name for name in CUTS if name != "licon1"])
    cut = m.polygon(layer)
    along, crossing = m.choice((CUTS[layer], CUTS[layer][::-1]))
    wires = m.region(along).interacting(kdb.Region(cut))
    own = m.region(crossing).interacting(kdb.Region(cut))
    half = cut.bbox().width() // 2
    room = (wires & (m.region(crossing) - own)).sized(-half - 40)
    middle = m.choice([part.bbox().center() for part in room.each_merged()])
    to = kdb.Point(middle.x // 5 * 5, middle.y // 5 * 5)
    start = cut.bbox().center()
    m.cut(layer, cut)
    m.add(layer, cut.moved(to.x - start.x, to.y - start.y))
    return f"{layer} at {at(start)} um moved to {at(to)} um, where its {along} crosses another {crossing}"


@kind("metal cut")
def metal_cut(m: Mutant) -> str:
    """A gap across a wire."""
    layer = m.layer(METALS)
    wire, gap = m.wire(layer), m.choice((140, 200, 300, 500, 1000))
    if max(wire.width(), wire.height()) < gap:
        raise NotHere
    if wire.width() >= wire.height():
        x = wire.left + m.rng.randrange(0, wire.width() - gap + 1, 5)
        box = kdb.Box(x, wire.bottom, x + gap, wire.top)
    else:
        y = wire.bottom + m.rng.randrange(0, wire.height() - gap + 1, 5)
        box = kdb.Box(wire.left, y, wire.right, y + gap)
    m.cut(layer, box)
    return f"{layer} cut at {at(box)} um, gap {gap} nm"


@kind("metal thinned")
def metal_thinned(m: Mutant) -> str:
    """A notch in a wire's side, from 5 nm deep to all but 5 nm of its width."""
    layer = m.layer(METALS)
    edge = m.edge(layer)
    across = m.region(layer)
    length = min(edge.length(), m.choice((200, 500, 1000, 3000)))
    start = m.rng.randrange(0, edge.length() - length + 1, 5)
    depth = m.choice((5, 10, 20, 50, 100, 200, 500))
    box = _beside(edge, start, length, -depth)
    if (kdb.Region(box) - across).is_empty() and not (across & kdb.Region(box)).is_empty():
        m.cut(layer, box)
        return f"{layer} at {at(box)} um thinned by {depth} nm over {length} nm"
    raise NotHere


@kind("metal widened")
def metal_widened(m: Mutant) -> str:
    """A bulge on a wire's side."""
    layer = m.layer(METALS)
    edge = m.edge(layer)
    length = min(edge.length(), m.choice((200, 500, 1000, 3000)))
    start = m.rng.randrange(0, edge.length() - length + 1, 5)
    by = m.choice((5, 10, 20, 50, 100, 200, 500))
    box = _beside(edge, start, length, by)
    m.add(layer, box)
    return f"{layer} at {at(box)} um widened by {by} nm over {length} nm"


@kind("metal bridged")
def metal_bridged(m: Mutant) -> str:
    """A strip from one wire to the next."""
    return bridge(m, m.layer(METALS))


def bridge(m: Mutant, layer: str, start: kdb.Region | None = None) -> str:
    """Draw a strip from a random polygon (of `start`) to the next one of the layer, at most 5 um away."""
    polygons = list((m.region(layer) if start is None else start).each_merged())
    polygon = m.choice(polygons)
    edge = m.choice([edge for edge in polygon.each_edge() if not (edge.dx() and edge.dy()) and edge.length() >= 100])
    length = min(edge.length(), m.choice((140, 170, 300)))
    offset = m.rng.randrange(0, edge.length() - length + 1, 5)
    search = _beside(edge, offset, length, _REACH)
    others = m.region(layer) - kdb.Region(polygon)
    hits = [part.bbox() for part in (others & kdb.Region(search)).each_merged()]
    origin = edge.bbox()
    distance = min((_distance(origin, hit) for hit in hits), default=0)
    if not distance:
        raise NotHere
    box = _beside(edge, offset, length, distance)
    m.add(layer, box)
    return f"{layer} bridged at {at(box)} um, {length} nm wide, {distance} nm long"


def _beside(edge: kdb.Edge, start: int, length: int, depth: int) -> kdb.Box:
    """A box on an edge, from `start` on along it; to the outside, or to the inside if `depth` is negative."""
    d, n = edge.d(), kdb.Vector()
    total = edge.length()
    d = kdb.Vector(d.x // total, d.y // total)
    n = kdb.Vector(-d.y, d.x)  # the inside is on the right
    corner = edge.p1 + d * start
    return kdb.Box(corner, corner + d * length + n * depth)


def _distance(box: kdb.Box, other: kdb.Box) -> int:
    dx = max(other.left - box.right, box.left - other.right, 0)
    dy = max(other.bottom - box.top, box.bottom - other.top, 0)
    return max(dx, dy)


@kind("layer purpose changed")
def purpose_changed(m: Mutant) -> str:
    """A polygon of a conductor on the pin or the label purpose, or of diffusion on that of taps."""
    layer = m.layer([*PIN_LAYERS, "diff", "tap"])
    polygon = m.polygon(layer)
    m.cut(layer, polygon)
    if layer in PIN_LAYERS:
        purpose, to = m.choice((("pin", PIN_LAYERS[layer].pin), ("label", PIN_LAYERS[layer].label)))
        m.add(to, polygon)
        return f"{layer} at {at(polygon.bbox())} um on the {purpose} purpose"
    other = "tap" if layer == "diff" else "diff"
    m.add(other, polygon)
    return f"{layer} at {at(polygon.bbox())} um on the purpose of {other}"
