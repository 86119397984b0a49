"""What all specs share: frozen fields, each checked once, with one kind of error.

A field is declared with its kind, which knows its unit and limits, checks a value and shows itself in
``mirrorneuron show``::

    w: Annotated[float, Micrometres(0.84, 20, grid=0.01, rule="...", remedy="...")] = Field(2.0, description="...")

Every way to a spec (Python, a YAML file, a cell's name with ``--set``) ends in `CellSpec.__init__`, and every failure
in a `SpecError`: one line for each field that is wrong, with the value, the limit, its reason and what to do.
"""

from __future__ import annotations

import math
import operator
import re
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import PydanticCustomError, core_schema
from quantiphy import QuantiPhyError, Quantity

__all__ = [
    "FITS",
    "NAME_TEXT",
    "REFERENCE_UNITS_TEXT",
    "CellSpec",
    "FieldRow",
    "Identifier",
    "Kind",
    "Micrometres",
    "Name",
    "OneOf",
    "ReferenceUnits",
    "SiQuantity",
    "UnitSizes",
    "Whole",
    "WholeList",
    "WholeMatrix",
    "kind_of_cell",
]

_NOISE_NM = Decimal("1e-6")
"""Sizes are taken to this [nm]: far below any grid, far above what 0.1 + 0.2 leaves."""


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """How a field is checked and shown.

    ``rule`` says where the limit comes from, ``remedy`` what the user can do; both end up in messages.
    """

    rule: str
    remedy: str

    unit = ""

    @property
    @abstractmethod
    def limits(self) -> str:
        """What is allowed, as a person reads it."""

    @abstractmethod
    def check(self, value: Any) -> Any:
        """The value as the spec holds it, or `wrong`."""

    def shown(self, value: Any) -> str:
        """A valid value, as a person reads it."""
        return str(value)

    def wrong(self, value: object, where: str = "") -> PydanticCustomError:
        """The error for a value; `where` continues the field's name (``[2]``)."""
        unit = f" {self.unit}" if self.unit and isinstance(value, int | float) and not isinstance(value, bool) else ""
        text = f"{where} is {_brief(value)}{unit}: must be {self.limits} ({self.rule}); {self.remedy}"
        return PydanticCustomError("limit", "{text}", {"text": text})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Let `check` be all that pydantic does with the field."""
        return core_schema.no_info_plain_validator_function(self.check)


@dataclass(frozen=True, kw_only=True)
class OneOf(Kind):
    """One of some words."""

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
        """Its form."""
        return f"1 to {self.longest} letters, digits and _, the first a letter, and not sky130_..."

    def check(self, value: Any) -> str:
        """The name."""
        fits = isinstance(value, str) and re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{self.longest - 1}}}", value)
        if not fits or value.lower().startswith("sky130_"):
            raise self.wrong(value)
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Whole(Kind):
    """A whole number, or nothing where `optional`; ``2.0`` and ``true`` are none."""

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
        some = ", not all 0" if self.low <= 0 <= self.high else ""
        return f"a list of {self.shortest} to {self.longest} whole numbers from {self.low} to {self.high}{some}"

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
                one = Whole(low=self.low, high=self.high, rule=self.rule, remedy=self.remedy)
                raise one.wrong(item, f"{where}[{position}]")
            numbers.append(number)
        if not any(numbers):
            raise self.wrong(value, where)
        return tuple(numbers)

    def shown(self, value: Any) -> str:
        """As YAML has it."""
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
        """As YAML has it."""
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
        """Without a float's noise."""
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
        """With an SI prefix."""
        return str(Quantity(value, self.unit).render(prec=6))


FITS = "nothing is rounded: choose the nearest size that fits"
"""What to do about a size that is refused."""

Name: TypeAlias = Annotated[
    str, Identifier(rule="GDS, SPICE and file systems must all take it", remedy="choose another name")
]
"""The field ``name`` of every cell."""
NAME_TEXT = "Name of the top cell, the subcircuit and the files"

ReferenceUnits: TypeAlias = Annotated[
    int,
    Whole(
        low=1,
        high=16,
        unit="units",
        rule="unit transistors that carry an input's current",
        remedy="two are usual; more match better and take more area",
    ),
]
"""The field ``reference_units`` of what has weights."""
REFERENCE_UNITS_TEXT = "Units that carry each input; an input counts weight / reference_units times"


def kind_of_cell(name: str) -> OneOf:
    """The only word that the field ``cell`` of a kind of cell takes."""
    return OneOf(words=(name,), rule="the kind of cell", remedy="choose the cell's own spec")


@dataclass(frozen=True)
class FieldRow:
    """A field of a spec as ``mirrorneuron show`` lists it; all text."""

    field: str
    unit: str
    limits: str
    default: str
    description: str


class CellSpec(BaseModel):
    """Base of all specs: immutable, no unknown fields.

    Raises
    ------
    SpecError
        When made from fields that cannot be: one line for each that is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    cell: str
    name: str

    def __init_subclass__(cls, *, init: bool = False, **options: Any) -> None:
        """Take ``init=False``, which tells type checkers that a spec is made by `__init__` below: lists are welcome."""
        super().__init_subclass__(**options)

    def __init__(self, /, **fields: Any) -> None:
        """Check all fields."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError("\n".join(_lines(error, list(type(self).model_fields)))) from None

    @classmethod
    def field_rows(cls) -> list[FieldRow]:
        """Every field with unit, limits, default and description."""
        return [
            FieldRow(name, kind.unit, kind.limits, _default(kind, cls.model_fields[name].default), description)
            for name, kind, description in cls._kinds()
        ]

    def lines(self) -> list[str]:
        """The spec as the lines of a YAML file, without fields that hold nothing."""
        values = ((name, kind, getattr(self, name)) for name, kind, _ in self._kinds())
        return [f"{name}: {kind.shown(value)}" for name, kind, value in values if value is not None]

    @classmethod
    def _kinds(cls) -> Iterator[tuple[str, Kind, str]]:
        for name, field in cls.model_fields.items():
            yield name, next(kind for kind in field.metadata if isinstance(kind, Kind)), field.description or ""


class UnitSizes:
    """For specs of cells that are made of one unit transistor: its field ``w`` and ``l`` [um] in nm."""

    if TYPE_CHECKING:
        w: float
        l: float  # noqa: E741 - the name every designer knows

    @property
    def w_nm(self) -> int:
        """Width of the unit transistor, over all its fingers [nm]."""
        return round(self.w * 1000)

    @property
    def l_nm(self) -> int:
        """Length of the unit transistor [nm]."""
        return round(self.l * 1000)


def _default(kind: Kind, value: Any) -> str:
    return "" if value is None else kind.shown(value)


def _lines(error: ValidationError, known: list[str]) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
            yield f"{_brief(name)} is no field of this cell; {hint}"
        elif problem["type"] == "missing":
            yield f"{name} is missing; give it a value"
        else:
            yield f"{name}{problem['msg']}"


def _brief(value: object) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    short.maxlist = short.maxtuple = 20
    try:
        return short.repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number of thousands of digits"


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can hold; a bool is none."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _whole(value: Any) -> int | None:
    """A whole number of any integer type, also numpy's; a bool is none."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _nanometres(value: float) -> Decimal:
    return (Decimal(repr(float(value))) * 1000).quantize(_NOISE_NM)
