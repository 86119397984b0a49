"""The base class of all specs: immutable fields, each checked once, with one kind of error.

Every way to a spec (Python, a YAML file, a cell's name with ``--set``) ends in `CellSpec.__init__`, and every failure
in a `SpecError`: one line for each wrong field, with the value, the limit, its rule and the remedy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from mirrorneuron.generators.spec.kinds import Kind, brief
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["CellSpec", "FieldRow"]


@dataclass(frozen=True)
class FieldRow:
    """A field of a spec as ``mirrorneuron show`` lists it, all as text."""

    field: str
    unit: str
    limits: str
    default: str
    description: str


class CellSpec(BaseModel):
    """Base of all specs: immutable, without unknown fields.

    Raises
    ------
    SpecError
        Fields are wrong, missing or unknown: one line for each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    cell: str
    name: str

    def __init_subclass__(cls, *, init: bool = False, **options: Any) -> None:
        """Accept ``init=False``, by which type checkers take the `__init__` below: it accepts lists for tuples."""
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
        """The spec as lines of a YAML file; fields without a value are left out."""
        values = ((name, kind, getattr(self, name)) for name, kind, _ in self._kinds())
        return [f"{name}: {kind.shown(value)}" for name, kind, value in values if value is not None]

    @property
    def variant(self) -> str:
        """Eight hexadecimal digits that distinguish specs of one name: a hash of all fields.

        Names of subcells carry it, so that two variants of a cell can lie in one GDS library.
        """
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()[:8]

    @classmethod
    def _kinds(cls) -> Iterator[tuple[str, Kind, str]]:
        for name, field in cls.model_fields.items():
            yield name, next(kind for kind in field.metadata if isinstance(kind, Kind)), field.description or ""


def _default(kind: Kind, value: Any) -> str:
    return "" if value is None else kind.shown(value)


def _lines(error: ValidationError, known: list[str]) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
            yield f"{brief(name)} is no field of this cell; {hint}"
        elif problem["type"] == "missing":
            yield f"{name} is missing; give it a value"
        else:
            yield f"{name}{problem['msg']}"
