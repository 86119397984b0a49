"""Every rule of our deck on hand-drawn patterns: nothing found where it just holds, found one step beyond."""

from __future__ import annotations

from collections import defaultdict

import pytest
from mirrorneuron.flows.drc import klayout as drc_klayout
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.flows.drc.findings import DeckJob
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.rules import RULES

from tests.kit import drc_patterns
from tests.kit.drc_patterns import Placed

CHECKED = {name for name, rule in RULES.items() if rule.kind == "rule"}
Verdicts = list[tuple[Placed, set[str]]]
# Rules of a whole chip: test_density.py draws for them.
ELSEWHERE = {(name, holds) for name in CHECKED if ".pd." in name for holds in (True, False)}


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdicts]:
    """The rules of ours that were found on each pattern, by rule table."""
    folder = tmp_path_factory.mktemp("patterns")
    tables = drc_patterns.tables()
    table_of = {id(pattern): table for table, patterns in tables.items() for pattern in patterns}
    placed = drc_patterns.write([one for patterns in tables.values() for one in patterns], folder / "patterns.gds")
    job = DeckJob(install.locate(), folder / "patterns.gds", "patterns", folder, 2, 300)
    _, database = drc_klayout.run_deck(job, "ours", drc_ours.DECK, {"top": job.top, "threads": "2"})
    found = drc_patterns.assign(placed, drc_ours.violations(database))
    by_table = defaultdict(list)
    for index, one in enumerate(placed):
        by_table[table_of[id(one.pattern)]].append((one, found[index]))
    return by_table


@pytest.mark.parametrize("table", drc_patterns.tables())
def test_patterns_get_the_verdict_they_must_get(table: str, verdicts: dict[str, Verdicts]) -> None:
    wrong = []
    for one, found in verdicts[table]:
        if one.pattern.holds and found - one.pattern.also:
            wrong.append(f"{one}: found {', '.join(sorted(found - one.pattern.also))}")
        if not one.pattern.holds and one.pattern.rule not in found:
            wrong.append(f"{one}: not found, only {', '.join(sorted(found)) or 'nothing'}")
    assert not wrong, "\n".join(wrong)


def test_every_rule_has_a_pattern_that_holds_and_one_that_does_not() -> None:
    kinds = {
        (pattern.rule, pattern.holds) for patterns in drc_patterns.tables().values() for pattern in patterns
    } | ELSEWHERE
    assert {(rule, holds) for rule in CHECKED for holds in (True, False)} == kinds
