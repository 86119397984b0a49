"""The capacitance coefficients of the official Magic technology file, as the calculation of parasitics takes them.

Every number is read from the file at run time. A *kind* is what a layer is to a capacitance::

    well    nwell, pwell (an isolated one; the substrate has no shape)
    active  poly (outside gates and resistors), gate, head (of a poly resistor), diff
    locali  li1            metal1 .. metal5  met1 .. met5
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.technology import magic

__all__ = ["KINDS", "SOURCES", "CapacitanceRules", "read"]

KINDS: Final[dict[str, tuple[str, str]]] = {
    "nwell": ("well", "nwell"),
    "pwell": ("well", "pwell"),
    "poly": ("active", "poly"),
    "gate": ("active", "nfet"),
    "head": ("active", "xpc"),
    "diff": ("active", "ndiff"),
    "li1": ("locali", "li"),
    "met1": ("metal1", "m1"),
    "met2": ("metal2", "m2"),
    "met3": ("metal3", "m3"),
    "met4": ("metal4", "m4"),
    "met5": ("metal5", "m5"),
}
"""Magic's plane and type of each kind; the types that a kind stands for are in every list alike."""

SOURCES: Final = ("poly", "li1", "met1", "met2", "met3", "met4", "met5")
"""The kinds whose edges have a fringe."""


@dataclass(frozen=True)
class CapacitanceRules:
    """Coefficients: `area` and `overlap` [aF/um^2], `perimeter` and `side_overlap` [aF/um], by kind.

    `side_overlap` is by the edge's kind and the other one's; `overlap` does not depend on the order. `sidewall` is the
    coefficient [aF/um times um] and the offset [um]. `order` is a kind's height in the stack; `halo_um` is how far an
    edge reaches.
    """

    halo_um: float
    order: Mapping[str, int]
    area: Mapping[str, float]
    perimeter: Mapping[str, float]
    overlap: Mapping[tuple[str, str], float]
    side_overlap: Mapping[tuple[str, str], float]
    sidewall: Mapping[str, tuple[float, float]]


def read(tech: str, variant: str) -> CapacitanceRules:
    """The coefficients of a technology file's text for a variant, for example ``"(si)"``.

    Raises
    ------
    EvidenceError
        The file has no such coefficients, or a statement is not of the form that the official file has.
    """
    types = magic.Types(tech)
    halo = 0.0
    planes: dict[str, int] = {}
    area: dict[str, float] = {}
    perimeter: dict[str, float] = {}
    overlap: dict[tuple[str, str], float] = {}
    side: dict[tuple[str, str], float] = defaultdict(float)
    sidewall: dict[str, tuple[float, float]] = {}
    try:
        for words in magic.extract_statements(tech, variant):
            match words:
                case ["sidehalo", value]:
                    halo = float(value)
                case ["planeorder", plane, value]:
                    planes[plane] = int(value)
                case ["defaultareacap", names, plane, value]:
                    area |= dict.fromkeys(_kinds(types, names, plane), float(value))
                case ["defaultperimeter", names, plane, value]:
                    perimeter |= dict.fromkeys(_kinds(types, names, plane), float(value))
                case ["defaultoverlap", names, plane, other_names, other_plane, value]:
                    for kind in _kinds(types, names, plane):
                        for other_kind in _kinds(types, other_names, other_plane):
                            # The first statement for a pair counts.
                            overlap.setdefault((kind, other_kind), float(value))
                            overlap.setdefault((other_kind, kind), float(value))
                case ["defaultsideoverlap", names, plane, other_names, other_plane, value]:
                    for kind in _kinds(types, names, plane):
                        for other_kind in _kinds(types, other_names, other_plane):
                            side[kind, other_kind] += float(value)
                case ["defaultsidewall", names, plane, value, *offset]:
                    far = float(offset[0]) if offset else 0.0
                    sidewall |= dict.fromkeys(_kinds(types, names, plane), (float(value), far))
        order = {kind: planes[plane] for kind, (plane, _) in KINDS.items()}
    except (ValueError, KeyError) as error:
        raise EvidenceError(
            f"the Magic technology file's capacitances have a form that is not known ({error!r}); "
            "install a Magic as new as the file requires"
        ) from error
    missing = [kind for kind in SOURCES if not (kind in area and kind in perimeter and kind in sidewall)]
    if missing or not halo:
        raise EvidenceError(
            f"the Magic technology file has no capacitances for {', '.join(missing) or 'edges (sidehalo)'}; "
            "install the official file of SKY130"
        )
    return CapacitanceRules(halo, order, area, perimeter, overlap, dict(side), sidewall)


def _kinds(types: magic.Types, names: str, plane: str) -> list[str]:
    listed = types.expand(names)
    return [kind for kind, (own, name) in KINDS.items() if own == plane and types.name(name) in listed]
