"""The check "ring": an array in a closed loop of tap that is contacted all the way."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb
from mirrorneuron.flows.matching.checks.context import CheckContext, at_text, um_text
from mirrorneuron.flows.matching.checks.neighbours import LOOK_NM
from mirrorneuron.flows.matching.group import MatchedArray, MatchedGroup
from mirrorneuron.flows.matching.read.rings import CONTACT_GAP_NM
from mirrorneuron.flows.matching.result import Finding

__all__ = ["check"]


def check(context: CheckContext, group: MatchedGroup, array: MatchedArray) -> Iterator[Finding]:
    """A ring that is open, or that has a long stretch without a contact; tap along three sides is an open ring."""
    loop = context.extraction.loops[array.loop] if array.loop >= 0 else None
    lines = []
    if loop is None or loop.kind == group.polarity:
        lines = _open_ring(context, "p" if group.polarity == "n" else "n", array)
    elif loop.bare:
        gap = f"more than {um_text(CONTACT_GAP_NM)} um without a contact"
        lines = [f"the ring of tap has {gap} about {at_text(*loop.bare)}"]
    yield from context.finding("ring", group, lines, "Close the ring, and contact it all the way")


def _open_ring(context: CheckContext, kind: str, array: MatchedArray) -> list[str]:
    box = kdb.Box()
    for unit in array.units:
        box += unit.box
    around = f"the ring of tap around {at_text(box.center().x, box.center().y)}"
    if any(all(area.inside(unit.box.center()) for unit in array.units) for area in context.enclosed(kind)):
        return [f"{around} is open"]
    bare = _bare_side(array, context.extraction.taps[kind])
    return [f"{around} has no tap {bare} the array"] if bare else []


def _bare_side(array: MatchedArray, taps: kdb.Region) -> str:
    """The one side along which an array has no tap; empty unless it has tap along its other three sides."""
    box = kdb.Box()
    for part in [unit.box for unit in array.units] + [finger.box for finger in array.dummies]:
        box += part
    strips = {
        "left of": kdb.Box(box.left - LOOK_NM, box.bottom, box.left, box.top),
        "right of": kdb.Box(box.right, box.bottom, box.right + LOOK_NM, box.top),
        "below": kdb.Box(box.left, box.bottom - LOOK_NM, box.right, box.bottom),
        "above": kdb.Box(box.left, box.top, box.right, box.top + LOOK_NM),
    }
    bare = []
    for side, strip in strips.items():
        pieces = [piece.bbox() for piece in (taps & kdb.Region(strip)).merged().each()]
        horizontal = side in ("below", "above")
        covered = sum(piece.width() if horizontal else piece.height() for piece in pieces)
        if 2 * covered < (box.width() if horizontal else box.height()):
            bare.append(side)
    return bare[0] if len(bare) == 1 else ""
