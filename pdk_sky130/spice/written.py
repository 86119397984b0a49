"""A netlist as it is written: subcircuits, element lines, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice.text import Line

__all__ = ["GROUND", "ElementLine", "SpiceNetlist", "SpiceSubcircuit"]

GROUND: Final = "0"


@dataclass(frozen=True)
class ElementLine:
    """An element as written: its name, the words up to its first ``name=value``, and these pairs as text."""

    name: str
    words: tuple[str, ...]
    parameters: Mapping[str, str]
    line: Line

    @property
    def letter(self) -> str:
        """What kind of element it is in SPICE."""
        return self.name[0]

    def error(self, message: str) -> NetlistError:
        """An error at this element."""
        return self.line.error(message)


@dataclass
class SpiceSubcircuit:
    """A subcircuit as written: its pins in order, its parameters' defaults, its ``.param`` and its elements.

    ``spelling`` holds the pins in the case of the file. The name of what stands outside of all subcircuits is empty.
    ``given`` if it stands in the netlist itself, and not in a library or an included file.
    """

    name: str
    pins: tuple[str, ...] = ()
    spelling: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    elements: dict[str, ElementLine] = field(default_factory=dict)
    commented: bool = False
    given: bool = True

    def is_same(self, other: SpiceSubcircuit) -> bool:
        """Whether another one is the same, line by line."""
        return (self.pins, self.defaults, self.parameters, self._lines()) == (
            other.pins,
            other.defaults,
            other.parameters,
            other._lines(),
        )

    def _lines(self) -> list[tuple[object, ...]]:
        return [(e.name, e.words, dict(e.parameters)) for e in self.elements.values()]


@dataclass
class SpiceNetlist:
    """The subcircuits of a netlist by name; ``source`` is the file's name in messages.

    ``parameters`` are the global ones, ``models`` the ``.model`` lines by name, ``shared`` the global nets. ``noted``
    are lines without influence on a circuit, ``unread`` other lines that this reader does not know. ``content`` is all
    text that counts, so that equal contents are equal netlists.
    """

    source: str
    subcircuits: dict[str, SpiceSubcircuit] = field(default_factory=dict)
    outside: SpiceSubcircuit = field(default_factory=lambda: SpiceSubcircuit(""))
    models: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=lambda: {GROUND})
    noted: list[Line] = field(default_factory=list)
    unread: list[Line] = field(default_factory=list)
    content: list[str] = field(default_factory=list)

    @property
    def parameters(self) -> Mapping[str, str]:
        """The global parameters."""
        return self.outside.parameters

    def subcircuit(self, name: str) -> SpiceSubcircuit:
        """The subcircuit of this name, in any case.

        Raises
        ------
        NetlistError
            There is none; the message lists those that there are.
        """
        try:
            return self.subcircuits[name.lower()]
        except KeyError:
            raise NetlistError(
                f"{self.source} has no .subckt {name}; it has: {self.names()}. Name the subcircuit as the cell."
            ) from None

    def names(self) -> str:
        """The names of the subcircuits, for a message."""
        return ", ".join(sorted(self.subcircuits)) or "none"

    def top(self, name: str) -> SpiceSubcircuit:
        """The subcircuit of this name, or if there is none, the only one that no other calls.

        Those of the netlist itself come before those of libraries and included files, which hold more than is called.
        Elements outside of all subcircuits count as one that no other calls.

        Raises
        ------
        NetlistError
            There is no such subcircuit, and none or several that no other calls.
        """
        if name.lower() in self.subcircuits:
            return self.subcircuits[name.lower()]
        circuits = [self.outside, *self.subcircuits.values()] if self.outside.elements else self.subcircuits.values()
        called = {element.words[-1] for c in circuits for element in c.elements.values() if element.words}
        free = [circuit for circuit in circuits if circuit.name not in called]
        candidates = [circuit for circuit in free if circuit.given] or free
        if len(candidates) != 1:
            raise NetlistError(
                f"{self.source} has no .subckt {name}, the layout's top cell, and not just one that no other calls; "
                f"it has: {self.names()}. Name the subcircuit as the cell."
            )
        return candidates[0]
