"""The names that an extracted cell's nodes have in its netlist: the schematic's pins, else the layout's labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.pdk_sky130.errors import NetlistError

__all__ = ["NetNames"]

# "extract unique" renames the second of two unconnected nets with one label.
_SPLIT: Final = re.compile(r"(.+)_uq\d+")


class NetNames:
    """Names for Magic's nodes. ``warnings`` are for a person to look at.

    Parameters
    ----------
    name
        The cell, for messages.
    schematic_pins
        The pins in order, as the schematic spells them; without them the pins are the layout's ports in Magic's order,
        or all labelled nets by name if it has none.

    Raises
    ------
    NetlistError
        A pin has no net of its own in the layout.
    """

    def __init__(self, extracted: ExtractedCell, name: str, schematic_pins: Sequence[str] | None) -> None:
        """Find the node of each pin."""
        self._extracted = extracted
        self._name = name
        self._names: dict[str, str] = {}
        self.pins = tuple(schematic_pins) if schematic_pins is not None else self._layout_pins()
        for pin in self.pins:
            self._bind(pin)
        split = {match.group(1) for node in extracted.nodes if (match := _SPLIT.fullmatch(node)) is not None}
        self.warnings = [f"label {label} lies on nets that are not connected" for label in sorted(split)]
        if extracted.substrate not in self._names:
            self.warnings.append(
                f"the substrate ({extracted.substrate}) is on no pin of {name}; it is tied to node 0 here: add a p-tap"
            )
            self._names[extracted.substrate] = "0"
        self._check_case()

    def _check_case(self) -> None:
        """Two nets whose names differ in case alone would be one net to ngspice."""
        names: dict[str, str] = {}
        for node in self._extracted.nodes:
            name = self.spell(node)
            other = names.setdefault(name.lower(), name)
            if other != name:
                raise NetlistError(
                    f"the labels {other} and {name} of {self._name} are on two nets, and differ in case alone: SPICE "
                    "takes them for one name. Rename one of them."
                )

    @property
    def pin_nodes(self) -> frozenset[str]:
        """Magic's nodes of the pins, and of the substrate."""
        return frozenset(self._names)

    def spell(self, node: str) -> str:
        """The name of a node, from any of Magic's names of it."""
        node = self._extracted.aliases.get(node, node)
        return self._names.get(node, node)

    def _layout_pins(self) -> tuple[str, ...]:
        ports = sorted(self._extracted.ports, key=lambda port: self._extracted.ports[port])
        if not ports:
            # A name that Magic made ends in a hash.
            ports = sorted(name for name in self._extracted.nodes if not name.endswith("#") and self._is_used(name))
        return tuple(port for port in ports if self._extracted.node(port))

    def _is_used(self, name: str) -> bool:
        node = self._extracted.nodes[name]
        return name == self._extracted.substrate or any(node.areas_um2)

    def _bind(self, pin: str) -> None:
        node = self._extracted.node(pin) or self._by_case(pin)
        if node is None:
            raise NetlistError(
                f"pin {pin} of {self._name} has no net in the layout. Draw its shape on the pin purpose (datatype 16) "
                "and put the text on datatypes 5 and 16 of the same layer."
            )
        if node in self._names:
            raise NetlistError(f"pins {self._names[node]} and {pin} of {self._name} are one net in the layout: a short")
        self._names[node] = pin

    def _by_case(self, pin: str) -> str | None:
        """SPICE does not distinguish case; layouts do."""
        names = [name for name in (*self._extracted.nodes, *self._extracted.aliases) if name.lower() == pin.lower()]
        return self._extracted.node(names[0]) if len(names) == 1 else None
