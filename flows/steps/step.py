"""A step of a verb, the products that steps hand to each other, and the record of a run.

::

    DRC = Product[DrcResult]("drc", "the design rules were not checked")

    def _drc(inputs: Inputs) -> tuple[DrcResult, list[Check]]:
        result = drc.run(inputs[BUILT].gds, ...)
        return result, result.checks()

    Step("drc", needs=(BUILT,), makes=DRC, run=_drc)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import WatchedTask
from mirrorneuron.pdk_sky130.errors import MirrorneuronError

__all__ = ["Inputs", "Product", "Record", "Skip", "Step"]

T = TypeVar("T")


class Skip(Exception):  # noqa: N818  no error: it never leaves the runner
    """Raised by a step that does not apply to the cell; the message is the reason, as in "the cell has no device"."""


@dataclass(frozen=True)
class Product(Generic[T]):
    """What one step makes and others need, or what a run starts with.

    Attributes
    ----------
    name
        Unique within a verb.
    absence
        The reason that a check states where it is missing: "the layout was not extracted".
    """

    name: str
    absence: str = ""


@dataclass
class Record:
    """The course of a run.

    Attributes
    ----------
    checks
        In the order in which the steps ended.
    seconds
        Duration of each task [s]; tasks overlap.
    errors
        Bad input and broken tools, each also a failed check.
    """

    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[MirrorneuronError] = field(default_factory=list)
    _made: dict[Product[Any], Any] = field(default_factory=dict)
    _absent: dict[Product[Any], str] = field(default_factory=dict)

    def put(self, product: Product[T], value: T) -> None:
        """Enter a product."""
        self._made[product] = value

    def lack(self, product: Product[Any], reason: str = "") -> None:
        """Enter that a product is missing; the reason is the product's own if none is stated."""
        self._absent[product] = reason or product.absence

    def __getitem__(self, product: Product[T]) -> T:
        """The product's value; KeyError if it was not made."""
        value: T = self._made[product]
        return value

    def get(self, product: Product[T]) -> T | None:
        """The product's value, or None if it is missing."""
        return self._made.get(product)

    def __contains__(self, product: Product[Any]) -> bool:
        """Whether the product was made."""
        return product in self._made

    def settled(self, product: Product[Any]) -> bool:
        """Whether it is decided that the product is there, or missing."""
        return product in self._made or product in self._absent

    def absence(self, product: Product[Any]) -> str:
        """The reason why a product is missing."""
        return self._absent.get(product, product.absence)


@dataclass(frozen=True)
class Inputs:
    """The view that a step has of the run: its products and record so far, and the task whose progress it reports."""

    record: Record
    task: WatchedTask

    def __getitem__(self, product: Product[T]) -> T:
        """A product that the step needs."""
        return self.record[product]

    def get(self, product: Product[T]) -> T | None:
        """A product that the step waited for, or None if it is missing."""
        return self.record.get(product)


@dataclass(frozen=True)
class Step(Generic[T]):
    """A part of a verb.

    Attributes
    ----------
    name
        Of the step in checks and reports; several steps may share one and differ in `part`.
    needs
        Products without which the step cannot run; it is then a failed check that states the reason.
    makes
        What the step hands to others.
    run
        Makes the product and checks it. At least one check is evidence that the step did its work.
    part
        Which part of the named step this is: "schematic".
    after
        Products that the step waits for, and does without where they are missing.
    seconds
        Typical duration on a neuron [s]: of the steps that can start, the longest starts first.
    vital
        Whether an error of the step ends the run. Other steps' errors become failed checks.
    """

    name: str
    needs: tuple[Product[Any], ...]
    makes: Product[T]
    run: Callable[[Inputs], tuple[T, Sequence[Check]]]
    part: str = ""
    after: tuple[Product[Any], ...] = ()
    seconds: float = 0.0
    vital: bool = False

    @property
    def task(self) -> str:
        """The step's name for progress and times."""
        return f"{self.name} {self.part}".rstrip()

    def check(self, what: str, detail: str) -> Check:
        """A failed check of the step as a whole."""
        return Check(self.name, f"{self.part}: {what}" if self.part else what, False, detail=detail)
