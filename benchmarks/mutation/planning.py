"""The plan of a campaign: which fault of which kind is planted in which cell."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from random import Random

from mirrorneuron.pdk_sky130.errors import SpecError

from mutation.fault import KINDS, Fault, NotHere, changes, plant
from mutation.kinds import GROUPS
from mutation.subjects import FIELDS, RATIOS, WEIGHTS

__all__ = ["Plan", "first", "planned", "planned_each"]

Plan = list[tuple[Fault, str]]
"""Faults with a description of what each does."""

_USUAL_WEIGHT = 6
_TRIES = 400
_TRIES_EACH = 80


def planned(count: int, seed: int, cells: Sequence[str] = tuple(FIELDS)) -> Plan:
    """`count` different faults, the kinds in turn, each in a cell that has a place for it.

    Raises
    ------
    SpecError
        None of the cells has a place for a kind, or not for so many different faults.
    """
    # Every other kind first: a small sample has the same mixture.
    names = [*list(KINDS)[::2], *list(KINDS)[1::2]]
    weights = [WEIGHTS.get(cell, _USUAL_WEIGHT) for cell in cells]
    plan: Plan = []
    planted: set[tuple[str, str]] = set()
    for number in range(count):
        name = names[number % len(names)]
        for attempt in range(_TRIES):
            seed_text = f"{seed} {name} {number // len(names)} {attempt}"
            fault = Fault(number, name, Random(seed_text).choices(list(cells), weights)[0], seed_text)
            text = _planted(fault)
            if text is not None and (fault.cell, text) not in planted:
                planted.add((fault.cell, text))
                plan.append((fault, text))
                break
        else:
            raise SpecError(f"no place for fault {number} ({name}) in {', '.join(cells)}; ask for fewer, or more cells")
    return plan


def _planted(fault: Fault) -> str | None:
    """What a fault does; None if the cell has no place for it or it changes nothing."""
    try:
        mutant, text = plant(fault)
    except NotHere:
        return None
    return text if changes(mutant) else None


def planned_each(count: int, seed: int, cells: Sequence[str], groups: Sequence[str] = tuple(GROUPS)) -> Plan:
    """`count` faults in all, equally many in each cell, or as many different ones as the cell has places for.

    Half of them are in circuit and layout alike, if both halves are among the groups. The kinds take turns; a cell's
    faults do not depend on the other cells.

    Raises
    ------
    SpecError
        No cell has a place for any fault.
    """
    circuit = {name for name in groups if name == "circuit"}
    halves = [[name for name in groups if name in half] for half in (GROUPS.keys() - circuit, circuit)]
    # An array of other ratios is drawn as any other; only faults in circuit and layout alike are of interest there.
    shares = [(cell, half) for half in halves for cell in cells if half and (half == ["circuit"] or cell not in RATIOS)]
    plan: Plan = []
    for index, (cell, half) in enumerate(shares):
        own = _of_cell(cell, half, seed, len(range(index, count, len(shares))))
        plan += [(replace(fault, number=len(plan) + k), text) for k, (fault, text) in enumerate(own)]
    if not plan:
        raise SpecError(f"no place for any fault in {', '.join(cells)}")
    return plan


def _of_cell(cell: str, groups: Sequence[str], seed: int, count: int) -> Plan:
    """At most `count` different faults of a cell, the kinds of these groups in turn."""
    names = [name for group in groups for name in GROUPS[group]]
    Random(f"{seed} {cell}").shuffle(names)
    faults: dict[str, Fault] = {}
    turn = 0
    while len(faults) < count and names:
        for name in list(names):
            if len(faults) == count:
                break
            fault, text = _another(name, cell, f"{seed} {cell} {name} {turn}", faults)
            if fault is None:
                names.remove(name)
            else:
                faults[text] = fault
        turn += 1
    return [(fault, text) for text, fault in faults.items()]


def first(name: str, cell: str, seed: int) -> tuple[Fault | None, str]:
    """A fault of a kind in a cell, and what it does; None if the cell has no place for it."""
    return _another(name, cell, f"{seed} {cell} {name} 0", ())


def _another(name: str, cell: str, seed: str, planted: Container[str]) -> tuple[Fault | None, str]:
    """A fault of a kind that is not among those planted; None if none is found in `_TRIES_EACH` attempts."""
    for attempt in range(_TRIES_EACH):
        fault = Fault(0, name, cell, f"{seed} {attempt}")
        text = _planted(fault)
        if text is not None and text not in planted:
            return fault, text
    return None, ""
