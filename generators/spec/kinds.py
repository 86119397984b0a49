"""Kinds of fields: what each checks, the unit and limits it knows, and how it shows a value.

A spec declares a field with its kind::

    w: Annotated[float, Micrometres(0.84, 20, grid=0.01, rule="...", remedy="...")] = Field(2.0, description="...")

An error names the value, the limit, the rule that the limit comes from, and the remedy.
"""

from __future__ import annotations

import math
import operator
import re
import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema
from quantiphy import QuantiPhyError, Quantity

__all__ = [
    "Identifier",
    "Kind",
    "Micrometres",
    "OneOf",
    "SiQuantity",
    "Whole",
    "WholeList",
    "WholeMatrix",
    "brief",
]

_NOISE_NM = Decimal("1e-6")
"""Sizes are compared to this resolution [nm]: far below any grid, far above the rounding error of 0.1 + 0.2."""


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """The kind of a field: its check and its display.

    ``rule`` is the source of the limit, ``remedy`` the user's way out; messages quote both.
    """

    rule: str
    remedy: str

    unit = ""

    @property
    @abstractmethod
    def limits(self) -> str:
        """The allowed values, as text."""

    @abstractmethod
    def check(self, value: Any) -> Any:
        """The value as the spec stores it; raises the error of `wrong` for a value that is not allowed."""

    def shown(self, value: Any) -> str:
        """A valid value, as text."""
        return str(value)

    def wrong(self, value: object, where: str = "") -> PydanticCustomError:
        """The error for a value; `where` continues the field's name (``[2]``)."""
        unit = f" {self.unit}" if self.unit and isinstance(value, int | float) and not isinstance(value, bool) else ""
        text = f"{where} is {brief(value)}{unit}: must be {self.limits} ({self.rule}); {self.remedy}"
        return PydanticCustomError("limit", "{text}", {"text": text})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Have pydantic validate the field by `check` alone."""
        return core_schema.no_info_plain_validator_function(self.check)


@dataclass(frozen=True, kw_only=True)
class OneOf(Kind):
    """One word of a fixed list."""

    words: tuple[str, ...]

    @property
    def limits(self) -> str:
        """The words."""
        return " or ".join(self.words)

    def check(self, value: Any) -> str:
        """The word."""
        if not isinstance(value, str) or value not in self.words:
            raise self.wrong(value)
        return value


@dataclass(frozen=True, kw_only=True)
class Identifier(Kind):
    """A name that GDS, SPICE and file systems all take."""

    longest: int = 32

    @property
    def limits(self) -> str:
        """Form and length of a name."""
        return f"1 to {self.longest} letters, digits and _, the first a letter, and not sky130_..."

    def check(self, value: Any) -> str:
        """The name."""
        fits = isinstance(value, str) and re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{self.longest - 1}}}", value)
        if not fits or value.lower().startswith("sky130_"):
            raise self.wrong(value)
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Whole(Kind):
    """A whole number, or nothing where `optional`; ``2.0`` and ``true`` are not whole numbers."""

    low: int
    high: int
    unit: str = ""
    optional: bool = False

    @property
    def limits(self) -> str:
        """The range."""
        return f"a whole number from {self.low} to {self.high}" + (" or nothing" if self.optional else "")

    def check(self, value: Any) -> int | None:
        """The number."""
        if value is None and self.optional:
            return None
        number = _whole(value)
        if number is None or not self.low <= number <= self.high:
            raise self.wrong(value)
        return number


@dataclass(frozen=True, kw_only=True)
class WholeList(Kind):
    """A list of whole numbers, not all of them 0."""

    low: int
    high: int
    longest: int
    shortest: int = 1
    unit: str = ""

    @property
    def limits(self) -> str:
        """Length and range."""
        not_all = ", not all 0" if self.low <= 0 <= self.high else ""
        return f"a list of {self.shortest} to {self.longest} whole numbers from {self.low} to {self.high}{not_all}"

    def check(self, value: Any) -> tuple[int, ...]:
        """The numbers."""
        return self.check_at(value)

    def check_at(self, value: Any, where: str = "") -> tuple[int, ...]:
        """The numbers; `where` continues the field's name in an error."""
        if not isinstance(value, list | tuple) or not self.shortest <= len(value) <= self.longest:
            raise self.wrong(value, where)
        numbers: list[int] = []
        for position, item in enumerate(value):
            number = _whole(item)
            if number is None or not self.low <= number <= self.high:
                entry = Whole(low=self.low, high=self.high, rule=self.rule, remedy=self.remedy)
                raise entry.wrong(item, f"{where}[{position}]")
            numbers.append(number)
        if not any(numbers):
            raise self.wrong(value, where)
        return tuple(numbers)

    def shown(self, value: Any) -> str:
        """The numbers as YAML writes them."""
        return f"[{', '.join(map(str, value))}]"


@dataclass(frozen=True, kw_only=True)
class WholeMatrix(Kind):
    """A list of lists of whole numbers, all of one length; no row is all 0."""

    low: int
    high: int
    most_rows: int
    most_columns: int
    unit: str = ""

    @property
    def limits(self) -> str:
        """Size and range."""
        return (
            f"1 to {self.most_rows} lists of 1 to {self.most_columns} whole numbers from {self.low} to {self.high}, "
            "all of one length, none of them all 0"
        )

    def check(self, value: Any) -> tuple[tuple[int, ...], ...]:
        """The numbers."""
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= self.most_rows:
            raise self.wrong(value)
        line = WholeList(
            low=self.low, high=self.high, longest=self.most_columns, unit=self.unit, rule=self.rule, remedy=self.remedy
        )
        rows: list[tuple[int, ...]] = []
        for position, row in enumerate(value):
            rows.append(line.check_at(row, f"[{position}]"))
            if len(rows[-1]) != len(rows[0]):
                raise self.wrong(row, f"[{position}]")
        return tuple(rows)

    def shown(self, value: Any) -> str:
        """The numbers as YAML writes them."""
        return f"[{', '.join('[' + ', '.join(map(str, row)) + ']' for row in value)}]"


@dataclass(frozen=True, kw_only=True)
class Micrometres(Kind):
    """A size [um] on a grid [um]. Off-grid sizes are refused, not rounded."""

    low: float
    high: float
    grid: float

    unit = "um"

    @property
    def limits(self) -> str:
        """Range and grid."""
        return f"{self.low:g} to {self.high:g} um, a multiple of {self.grid:g} um"

    def check(self, value: Any) -> float:
        """The size [um]."""
        if not _is_number(value):
            raise self.wrong(value)
        size_nm = _nanometres(value)
        grid_nm = _nanometres(self.grid)
        if not _nanometres(self.low) <= size_nm <= _nanometres(self.high) or size_nm % grid_nm:
            raise self.wrong(value)
        return float(size_nm / 1000)

    def shown(self, value: Any) -> str:
        """The size without rounding noise."""
        return f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class SiQuantity(Kind):
    """A quantity: a number in the unit, or text with an SI prefix (``1uA``, ``200 mV``); nothing where `optional`."""

    low: float
    high: float
    unit: str
    optional: bool = False

    @property
    def limits(self) -> str:
        """The range, with prefixes."""
        return f"{self.shown(self.low)} to {self.shown(self.high)}" + (" or nothing" if self.optional else "")

    def check(self, value: Any) -> float | None:
        """The value [unit]."""
        if value is None and self.optional:
            return None
        if isinstance(value, str):
            try:
                quantity = Quantity(value)
            except QuantiPhyError:
                raise self.wrong(value) from None
            if quantity.units not in ("", self.unit):
                raise self.wrong(value)
            number = float(quantity)
        elif _is_number(value):
            number = float(value)
        else:
            raise self.wrong(value)
        # 2e-6 and 2 uA differ in the last bit; a limit is within the range.
        slack = 1e-9 * self.high
        if not self.low - slack <= number <= self.high + slack:
            raise self.wrong(value)
        return number

    def shown(self, value: Any) -> str:
        """The value with an SI prefix."""
        return str(Quantity(value, self.unit).render(prec=6))


def brief(value: object) -> str:
    """A value as messages quote it: shortened, on one line."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    short.maxlist = short.maxtuple = 20
    try:
        return short.repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number of thousands of digits"


def _is_number(value: object) -> bool:
    """Whether a value is a number that a float can hold; a bool is not a number."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _whole(value: Any) -> int | None:
    """A whole number from any integer type, also numpy's; None for anything else, a bool included."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _nanometres(value: float) -> Decimal:
    return (Decimal(repr(float(value))) * 1000).quantize(_NOISE_NM)
