"""The numbers of the SKY130 design rules under their official names; ``rules.csv`` beside this file holds them.

That file is the only place in the project where a rule's number stands: generators take theirs through `nm`, the DRC
deck in ``drc/`` reads the file itself. Source: the process's published rules (skywater-pdk, ``docs/rules``); ``capm``
and ``cap2m`` from the shuttle's official deck and Magic technology, which the published table leaves open ("N/A").
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final, NamedTuple

from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["GRID_NM", "RULES", "RULES_CSV", "SHEET_OHM", "Rule", "nm"]

RULES_CSV: Final = Path(__file__).with_name("rules.csv")
"""Columns: name, value (a whole number, or empty), unit, kind, text; no commas or quotes within them, as the deck's
reader knows none. Kind ``rule``: the DRC deck has an output of this name; ``parameter``: a number that rules use."""

SHEET_OHM: Final[dict[str, float]] = {
    "poly": 48.2,
    "li1": 12.8,
    "met1": 0.125,
    "met2": 0.125,
    "met3": 0.047,
    "met4": 0.047,
    "met5": 0.029,
}
"""Sheet resistance of the wires [ohm per square], from the process's extraction rules."""


class Rule(NamedTuple):
    """A rule's value in its unit (``nm``, ``nm^2``, ``ratio``, ``%``; 0 and no unit where the rule has no number),
    what it limits, and whether it is a ``rule`` or a ``parameter`` of rules."""

    value: int
    text: str
    unit: str = "nm"
    kind: str = "rule"


def _read(path: Path) -> dict[str, Rule]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            row["name"]: Rule(int(row["value"] or 0), row["text"], row["unit"], row["kind"])
            for row in csv.DictReader(stream, strict=True)
        }


RULES: Final = _read(RULES_CSV)

GRID_NM: Final = RULES["x.1b"].value
"""Manufacturing grid (x.1b)."""


def nm(name: str) -> int:
    """Value of a rule [nm, or nm^2] by its official name.

    Raises
    ------
    SpecError
        There is no rule of this name in the table, or it is neither a length nor an area.
    """
    rule = RULES.get(name)
    if rule is None or rule.unit not in ("nm", "nm^2"):
        raise SpecError(f"no design rule {name!r} with a length or an area in mirrorneuron.pdk_sky130.rules")
    return rule.value
