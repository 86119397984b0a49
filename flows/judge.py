"""Measured numbers against targets. Targets are data: YAML, the testbench's own first, then the user's.

::

    targets:
      - value: settling_full        # a key of the testbench's quantities
        max: 0.5                    # or min, or both
        typ: 0.25                   # optional: the expected value; shown, not judged
        unit: us                    # optional; must be the quantity's
        name: Settling              # optional; otherwise the quantity's text
        conditions: tt, 27 C        # optional, for the reader

A target whose number is missing has failed. A list ``spread`` beside it holds limits for samples: see
`mirrorneuron.flows.characterize`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.testbench import Measurement, Quantity, Testbench
from mirrorneuron.generators.spec import reader
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["Judgement", "Target", "checks", "companion", "judge", "load", "read", "targets"]

_SHOWN_MAX: Final = 80


class Target(BaseModel):
    """The limits of one number of a testbench, by its key: `min`, `max` or both; `typ` is the expected value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str
    max: float | None = Field(None, strict=True, allow_inf_nan=False)
    min: float | None = Field(None, strict=True, allow_inf_nan=False)
    typ: float | None = Field(None, strict=True, allow_inf_nan=False)
    unit: str | None = None
    name: str = ""
    conditions: str = ""

    @model_validator(mode="after")
    def _needs_a_limit(self) -> Target:
        if self.max is None and self.min is None:
            raise ValueError(f"{self.value} needs a limit: max, min, or both")
        limits = [limit for limit in (self.min, self.typ, self.max) if limit is not None]
        if limits != sorted(limits):
            raise ValueError(f"{self.value}: min, typ and max must rise")
        return self

    def of(self, quantities: Mapping[str, Quantity]) -> Quantity:
        """The quantity that is limited, of a testbench's.

        Raises
        ------
        SpecError
            The testbench has no such quantity, or the limit is in another unit.
        """
        quantity = quantities.get(self.value)
        if quantity is None:
            raise SpecError(f"there is no value {self.value}; there are {', '.join(quantities)}")
        if self.unit not in (None, quantity.unit):
            raise SpecError(f"{self.value} is in {quantity.unit or 'no unit'}, not in {self.unit}: convert the limit")
        return quantity

    def margin(self, value: float) -> float:
        """Distance of `value` from the nearer limit; negative if the limit is broken."""
        return min(
            math.inf if self.max is None else self.max - value, math.inf if self.min is None else value - self.min
        )

    def limit(self, value: float | None = None) -> float:
        """The limit that is nearer to `value`, in the quantity's unit; without a value `max`, or else `min`."""
        if self.min is None or self.max is None:
            return next(limit for limit in (self.max, self.min) if limit is not None)
        return self.min if value is not None and value - self.min < self.max - value else self.max

    def limits_text(self, unit: str) -> str:
        """The limits as text."""
        if self.min is not None and self.max is not None:
            text = f"{self.min:g} to {self.max:g} {unit}"
        else:
            text = f"\u2265 {self.min:g} {unit}" if self.max is None else f"\u2264 {self.max:g} {unit}"
        typical = "" if self.typ is None else f" (typ {self.typ:g})"
        return text.strip() + typical


@dataclass(frozen=True)
class Judgement:
    """A target, and the numbers before and after layout, in the quantity's unit; `reason` is why a number is missing.

    The number after layout is judged, or the schematic's if only the schematic is judged.
    """

    target: Target
    quantity: Quantity
    schematic: float | None
    layout: float | None
    of_layout: bool
    reason: str = ""

    @property
    def title(self) -> str:
        """The target's name, or the quantity's."""
        return self.target.name or self.quantity.text

    @property
    def value(self) -> float | None:
        """The number that is judged."""
        return self.layout if self.of_layout else self.schematic

    @property
    def margin(self) -> float | None:
        """Distance from the limit; negative if it is broken; None without a number."""
        return None if self.value is None else self.target.margin(self.value)

    @property
    def passed(self) -> bool:
        """Whether there is a number and it is within the limit."""
        return self.margin is not None and self.margin >= 0

    def check(self) -> Check:
        """The judgement as a check."""
        target = self.target
        unit = self.quantity.unit
        typical = "" if target.typ is None else f"typically {target.typ:g} {unit}".rstrip()
        result = f"no number: {self.reason}" if self.margin is None else f"margin {self.margin:.3g} {unit}".rstrip()
        return Check(
            step="judge",
            name=self.title,
            passed=self.passed,
            value=self.value,
            limit=target.limit(self.value),
            unit=unit,
            detail="; ".join(text for text in (target.conditions, typical, result) if text),
        )


def judge(
    bench: Testbench[Any, Any],
    limits: Sequence[Target],
    schematic: Measurement | None,
    layout: Measurement | None,
    *,
    of_layout: bool = True,
) -> list[Judgement]:
    """Hold the numbers of a testbench against targets.

    Parameters
    ----------
    schematic, layout
        The measurements; None for one that was not made.
    of_layout
        Whether the numbers after layout are judged, so that their absence fails. Otherwise the schematic's are, and
        targets for numbers that only a layout has are left out.

    Raises
    ------
    SpecError
        A target is none of this testbench.
    """
    judgements: list[Judgement] = []
    for target in limits:
        before, why_before = _number(schematic, target.value, "the schematic was not simulated")
        after, why_after = _number(layout, target.value, "the extracted netlist was not simulated")
        if of_layout or target.value not in bench.layout_only:
            why = why_after if of_layout else why_before
            judgements.append(Judgement(target, target.of(bench.quantities), before, after, of_layout, why))
    return judgements


def checks(judgements: Sequence[Judgement]) -> list[Check]:
    """A check for each judgement. No judgement is no evidence, and a failed check."""
    if not judgements:
        return [Check("judge", "targets", False, 0, detail="there is no target to judge by")]
    return [judgement.check() for judgement in judgements]


def _number(measured: Measurement | None, key: str, absent: str) -> tuple[float | None, str]:
    if measured is None:
        return None, absent
    number = measured.numbers.get(key)
    # NaN breaks no limit and keeps none.
    if number is None or not math.isfinite(number):
        return None, measured.missing.get(key, "it was not measured")
    return number, ""


def companion(spec_argument: str) -> Path | None:
    """The targets file beside a spec file (``a/b.targets.yaml`` for ``a/b.yaml``), if there is one."""
    path = Path(spec_argument)
    beside = path.with_name(f"{path.stem}.targets.yaml") if path.suffix else None
    return beside if beside is not None and beside.is_file() else None


def targets(bench: Testbench[Any, Any], path: Path | None = None) -> list[Target]:
    """The testbench's own targets and those of `path`; one of `path` replaces the testbench's for the same value.

    Raises
    ------
    FileError
        A file is missing or cannot be read.
    SpecError
        It is no YAML, or a target is wrong; the message says which target and why.
    """
    files = [*bench.targets, *([path] if path is not None else [])]
    return list({target.value: target for file in files for target in load(file, bench.quantities)}.values())


def read(path: Path) -> Any:
    """The content of a targets file, not yet checked; raises as `targets` does."""
    return reader.read(path)


def load(path: Path, quantities: Mapping[str, Quantity]) -> list[Target]:
    """The targets of one file, all of them limits of `quantities`; raises as `targets` does."""
    content = read(path)
    # The list called spread holds limits for samples; characterize reads it.
    known = isinstance(content, dict) and content and set(content) <= {"targets", "spread"}
    entries = content.get("targets", [] if "spread" in content else None) if known else None
    if not isinstance(entries, list) or not (entries or "spread" in content):
        raise SpecError(f"{path}: must hold targets: and a list of them, and nothing else (but spread: for samples)")
    by_value: dict[str, Target] = {}
    for number, entry in enumerate(entries, 1):
        where = f"{path}: target {number}"
        if not isinstance(entry, dict):
            raise SpecError(f"{where} is {str(entry)[:_SHOWN_MAX]}; it must have value: and max: or min:")
        try:
            target = Target(**{str(key): value for key, value in entry.items()})
            target.of(quantities)
        except ValidationError as error:
            raise SpecError("\n".join(f"{where}: {text}" for text in _problems(error))) from None
        except SpecError as error:
            raise SpecError(f"{where}: {error}") from None
        if target.value in by_value:
            raise SpecError(f"{where}: {target.value} has a target already; one limit for each value")
        by_value[target.value] = target
    return list(by_value.values())


def _problems(error: ValidationError) -> list[str]:
    known = ", ".join(Target.model_fields)
    problems: list[str] = []
    for problem in error.errors(include_url=False):
        field = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            problems.append(f"{field} is no field of a target; the fields are {known}")
        elif problem["type"] == "missing":
            problems.append(f"{field} is missing")
        elif problem["type"] == "value_error":
            problems.append(str(problem["ctx"]["error"]))
        else:
            problems.append(f"{field} is {problem['input']!r}: {problem['msg']}")
    return problems
