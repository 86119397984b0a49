"""Design rules of all cells of the catalog and of neuron4, side by side; in the long run of more neurons one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog

from tests.kit import rules
from tests.kit.neuron_specs import EXAMPLES, VARIED

DECKS = {"ours", "official", "zero-area", "pin-label", "magic"}


def check(argument: str, settings: tuple[str, ...], folder: Path) -> None:
    built = build(catalog.load(argument, settings), folder)
    result = drc.run(built.gds, work=folder / "work", jobs=2)
    assert result.passed, result.violations
    assert set(result.rules_by_deck) == DECKS
    assert result.rules_run > 500


def test_there_are_examples() -> None:
    assert {"neuron4", "neuron1", "neuron16"} <= set(EXAMPLES)


# Every cell with its default spec, whatever cells there are; and the released neuron.
CELLS = {**{name: name for name in catalog.names()}, "neuron4": str(EXAMPLES["neuron4"])}
for _name, _argument in CELLS.items():
    rules.add(_name, lambda argument=_argument: catalog.layout_of(catalog.load(argument)))


@pytest.mark.parametrize("name", CELLS)
def test_every_cell(name: str, design_rules: rules.Verdicts) -> None:
    assert not design_rules.violations[name]


def test_all_decks_have_run(design_rules: rules.Verdicts) -> None:
    assert set(design_rules.rules_by_deck) == DECKS
    assert sum(design_rules.rules_by_deck.values()) > 500


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "neuron4"])
def test_examples(name: str, tmp_path: Path) -> None:
    check(str(EXAMPLES[name]), (), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIED)
def test_others(name: str, tmp_path: Path) -> None:
    check("neuron", VARIED[name], tmp_path)
