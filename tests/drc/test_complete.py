"""The deck against the published rule tables: every rule is checked, with the published value, or exempt for a reason.

``official_rules.csv`` holds the names, values, units and flags of all periphery tables (skywater-pdk,
``docs/rules/periphery``; implant rules once for n and once for p, seal-ring formulas without value).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.pdk_sky130.rules import RULES

DECK = {name for name, rule in RULES.items() if rule.kind == "rule"}
NM = {"um": ("nm", 1000), "um^2": ("nm^2", 1_000_000)}
# Rules of the deck that no published table has, and where they come from.
ELSEWHERE = {
    "LU.": "Magic technology",
    "urpm.": "shuttle's deck and precheck",
    "layer.unknown": "shuttle's precheck",
    "tie.1": "ours: a clear message for a tie on diffusion",
    "cap2m.": "shuttle's deck, Magic technology",
    "ar_": "published antenna rules",
    "cfom.": "shuttle's density check",
    "li1.pd.": "shuttle's density check",
    "m1.pd.": "shuttle's density check",
    "m2.pd.": "shuttle's density check",
    "m3.pd.": "shuttle's density check",
    "m4.pd.": "shuttle's density check",
    "m5.pd.": "shuttle's density check",
    "zero_": "shuttle's zero-area check",
    "pwell.4": "ours: as nwell.4",
    "npn.": "ours: as x.25",
}


class Published(NamedTuple):
    """A row of the published tables."""

    table: str
    name: str
    value: str
    unit: str
    flags: str

    @property
    def holds_here(self) -> bool:
        """Whether it is a rule of this flow: aluminium, and with a value if any ("N/A" is another flow's)."""
        return self.value != "N/A" and "CU" not in self.flags.split()


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))[1:]


PUBLISHED = [Published(*row) for row in rows(Path(__file__).with_name("official_rules.csv"))]
EXEMPT = dict(rows(drc_ours.DECK.with_name("exemptions.csv")))


def exempt(rule: Published) -> bool:
    return rule.name in EXEMPT or f"{rule.table}.*" in EXEMPT


def test_the_tables_are_all_there() -> None:
    assert len(PUBLISHED) == len({rule.name for rule in PUBLISHED}) == 605
    assert len({rule.table for rule in PUBLISHED}) == 50


def test_every_published_rule_is_in_the_deck_or_exempt() -> None:
    missing = [rule.name for rule in PUBLISHED if rule.holds_here and rule.name not in DECK and not exempt(rule)]
    assert not missing


def test_every_exemption_is_needed_and_has_a_reason() -> None:
    open_rules = [rule for rule in PUBLISHED if rule.holds_here and rule.name not in DECK]
    needed = {rule.name for rule in open_rules} | {f"{rule.table}.*" for rule in open_rules}
    assert EXEMPT.keys() <= needed, sorted(EXEMPT.keys() - needed)
    assert all(len(reason) > 10 for reason in EXEMPT.values())
    assert not [name for name in EXEMPT if any(rule.name in DECK and f"{rule.table}.*" == name for rule in PUBLISHED)]


@pytest.mark.parametrize("table", sorted({rule.table for rule in PUBLISHED if rule.name in DECK}))
def test_values_are_the_published_ones(table: str) -> None:
    different = {}
    for rule in PUBLISHED:
        if rule.table != table or rule.name not in DECK or not rule.holds_here or rule.unit not in NM:
            continue
        unit, scale = NM[rule.unit]
        ours = RULES[rule.name]
        if (ours.unit, ours.value) != (unit, round(float(rule.value) * scale)):
            different[rule.name] = (rule.value, rule.unit, ours.value, ours.unit)
    assert not different


def test_other_rules_say_where_they_come_from() -> None:
    published = {rule.name for rule in PUBLISHED}
    unknown = [name for name in DECK - published if not name.startswith(tuple(ELSEWHERE))]
    assert not unknown
