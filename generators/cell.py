"""The record of a cell: everything that the flow takes from it.

Circuit and layout are made from the spec independently, and neither looks at the other: LVS proves that they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mirrorneuron.generators.circuit import Netlist
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.spec import CellSpec

if TYPE_CHECKING:
    from klayout import db as kdb

__all__ = ["Cell"]

S = TypeVar("S", bound=CellSpec)


@dataclass(frozen=True, kw_only=True)
class Cell(Generic[S]):
    """A cell, as its module exports it under the name ``CELL``.

    Attributes
    ----------
    spec
        The class of its specs.
    circuit, layout
        Make the netlist and the layout of a spec. Both raise SpecError where the spec cannot be drawn or would not
        work.
    family
        Name of the family's test bench (a package of ``flows/testbenches``); None for a cell without one.
    hand
        Hand formulas: values by the keys of the test bench's quantities, in their units.
    centroid_limit
        Largest distance of an owner's centroid from the array's centre that the placement of a spec allows [um].
    """

    spec: type[S]
    circuit: Callable[[S], Netlist]
    layout: Callable[[S], kdb.Layout]
    family: str | None = None
    hand: Callable[[S], Mapping[str, Hand]] | None = None
    centroid_limit: Callable[[S], float] | None = None
