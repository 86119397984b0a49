"""Limits for samples, in the ``spread`` list of a targets file.

::

    spread:
      - value: ratio_worst      # a key of the spread's quantities
        max: 5                  # and, or, min
        yield: 0.99             # fraction of the samples that must keep the limits

A yield is passed only if the lower end of its confidence interval reaches it; too few samples prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import judge
from mirrorneuron.flows.testbench import Quantity
from mirrorneuron.flows.variation import statistics
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["SpreadLimit", "limits_of"]

_SHOWN_MAX: Final = 80


class SpreadLimit(BaseModel):
    """What a fraction of the samples must keep: `minimum`, `maximum` or both, in the quantity's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    value: str
    minimum: float | None = Field(None, alias="min", strict=True, allow_inf_nan=False)
    maximum: float | None = Field(None, alias="max", strict=True, allow_inf_nan=False)
    fraction: float = Field(alias="yield", gt=0, lt=1, strict=True)

    @model_validator(mode="after")
    def _needs_a_limit(self) -> SpreadLimit:
        limits = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        if not limits or limits != sorted(limits):
            raise ValueError(f"{self.value} needs min, max, or both with min below max")
        return self

    @property
    def limits(self) -> statistics.Limits:
        """For one sample."""
        return statistics.Limits(self.minimum, self.maximum)


def limits_of(path: Path | None, quantities: Mapping[str, Quantity]) -> list[SpreadLimit]:
    """The ``spread`` list of a targets file; none without a file or a list.

    Raises
    ------
    FileError
        The file cannot be read.
    SpecError
        It is no YAML, or a limit is wrong.
    """
    if path is None:
        return []
    content = judge.read(path)
    entries = content.get("spread", []) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise SpecError(f"{path}: spread must be a list of limits, each with value, min or max, and yield")
    return [_limit(entry, f"{path}: spread {number}", quantities) for number, entry in enumerate(entries, 1)]


def _limit(entry: Any, where: str, quantities: Mapping[str, Quantity]) -> SpreadLimit:
    if not isinstance(entry, dict):
        raise SpecError(f"{where} is {str(entry)[:_SHOWN_MAX]}; it must have value, min or max, and yield")
    try:
        limit = SpreadLimit(**{str(key): value for key, value in entry.items()})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": ") for each in error.errors()]
        raise SpecError(f"{where}: {'; '.join(problems)}") from None
    if limit.value not in quantities:
        raise SpecError(f"{where}: there is no value {limit.value}; there are {', '.join(quantities)}")
    return limit
