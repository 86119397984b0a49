"""The cell's targets as a judge: a mutated circuit is measured as sign-off measures it, before layout.

What the cell as it is misses tells nothing of its mutants, and is left out. What is told: targets that are missed,
inputs that do not take their current, or that there is no solution.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mirrorneuron.flows import judge
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.testbenches.mirror import QUANTITIES
from mirrorneuron.pdk_sky130.errors import FileError, MirrorneuronError, MissingToolError

from mutation.fault import Fault, plant
from mutation.subjects import subject

__all__ = ["FLOORS", "PART", "TEXT", "Measured", "differences", "measured", "missed"]

PART = 0.02
"""What a number may change by, and still be called the same."""
FLOORS = {"%": 0.02, "dB": 0.1, "V": 1e-3, "mV": 1.0, "mV/K": 0.01, "us": 0.01, "uA": 1e-3}
"""The same, by unit, where `PART` of it is less."""
TEXT = (
    f"of a fault in circuit and layout: no measured number changes by more than {100 * PART:g} %, or, where that is "
    f"less, {', '.join(f'{value:g} {unit}' for unit, value in FLOORS.items())}"
)


@dataclass(frozen=True)
class Measured:
    """A circuit's numbers by key, and what it misses, by target or check, as a person reads it."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    missed: Mapping[str, str] = field(default_factory=dict)


def measured(cell: str, fault: Fault | None = None) -> Measured:
    """Measure a cell, or a fault in it.

    Raises
    ------
    MirrorneuronError
        The cell as it is cannot be measured, or a tool or file is missing.
    """
    spec = subject(cell).spec
    if spec is None:
        raise FileError(f"{cell} is read from released files, without a spec: no targets for it")
    bench = registry.needed(spec)
    text = subject(cell).netlist if fault is None else plant(fault)[0].netlist
    with tempfile.TemporaryDirectory(prefix="mutant_") as folder:
        path = Path(folder) / f"{spec.name}.spice"
        path.write_text(text)
        try:
            (found,) = bench.measure(spec, [path])
        except (FileError, MissingToolError):
            raise
        except MirrorneuronError as error:
            if fault is None:
                raise
            told = str(error).splitlines()[0].replace(f"{folder}/", "")
            return Measured(missed={"simulation": f"not simulated: {told}"})
    lines = {
        one.target.value: f"{one.target.value} {one.check().detail}"
        if one.value is None
        else f"{one.target.value} {one.value:.4g} {one.quantity.unit} ({one.target.told(one.quantity.unit)})"
        for one in judge.judge(bench, judge.targets(bench), found, None, of_layout=False)
        if not one.passed
    }
    lines |= {
        check.name: f"{check.name}: {check.detail}" for check in bench.checks("circuit", found) if not check.passed
    }
    return Measured(dict(found.numbers), lines)


def missed(before: Measured, after: Measured) -> tuple[str, ...]:
    """What a mutant misses that the cell as it is does not."""
    return tuple(line for key, line in after.missed.items() if key not in before.missed)


def differences(before: Measured, after: Measured) -> tuple[str, ...]:
    """Which numbers changed, as a person reads it."""
    told = []
    for key, quantity in QUANTITIES.items():
        one, other = (measured.numbers.get(key) for measured in (before, after))
        if one is None or other is None:
            if one is not other:
                told.append(f"{key} {_told(one)} to {_told(other)}")
        elif abs(other - one) > max(PART * abs(one), FLOORS.get(quantity.unit, 0.0)):
            told.append(f"{key} {_told(one)} to {_told(other)} {quantity.unit}".rstrip())
    return tuple(told)


def _told(number: float | None) -> str:
    return "none" if number is None else f"{number:.4g}"
