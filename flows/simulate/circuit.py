"""The circuit that is simulated: the elements of a flat netlist, with numbers.

Understood are R, C, L, V and I (constant), E and G (linear), D, Q, M (with a ``.model`` of the netlist) and the devices
of the PDK. Any other line is an error: a circuit without it would be another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import calls, devices
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement, flatten
from mirrorneuron.pdk_sky130.spice.netlist import GROUND, SpiceNetlist

__all__ = ["Element", "flat_elements", "floating_nodes", "merge_parallel"]

_NODES: Final = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "e": 4, "g": 4}
_MODELLED: Final = frozenset("dqm")
# Between which terminals of an element a direct current can flow; for a device of the PDK see `_conducting`.
_CONDUCTING: Final = {"r": (0, 1), "l": (0, 1), "v": (0, 1), "e": (0, 1), "d": (0, 1), "q": (0, 1, 2), "m": (0, 2, 3)}
_TRANSISTOR: Final = re.compile(r"__[np]fet_")
_ONE_WAY: Final = re.compile(r"d16v0|_20v0")
"""Transistors with an extended drain, whose drain and source are not alike."""
_OPPOSITE: Final = {"ad": "as", "as": "ad", "pd": "ps", "ps": "pd", "nrd": "nrs", "nrs": "nrd"}


@dataclass(frozen=True)
class Element:
    """One element of a flat netlist.

    ``letter`` is what it is in SPICE; ``model`` is the device or model of an X, D, Q, M or R line, else empty;
    ``value`` is that of the others (ohm, farad, henry, volt, ampere, gain).
    """

    name: str
    letter: str
    nodes: tuple[str, ...]
    model: str = ""
    value: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


def flat_elements(
    netlist: SpiceNetlist, top: str, is_device: Callable[[str], bool], is_model: Callable[[str], bool]
) -> list[Element]:
    """The elements of the subcircuit `top`, or of the only one that no other calls, in one level.

    Names and nodes of the subcircuits in it are joined by dots.

    Parameters
    ----------
    is_device, is_model
        Whether the PDK has a device, or a bare model, of a name.

    Raises
    ------
    NetlistError
        A line is not understood, a subcircuit, device or model is unknown, or nodes are miscounted.
    """
    lines = [*netlist.unread, *(element.line for element in netlist.outside.elements.values())]
    if lines:
        raise NetlistError(f"{lines[0]} is not understood in a netlist of subcircuits")
    reader = _ElementReader(netlist, is_device, is_model)
    return [reader.element(flat) for flat in flatten(netlist, netlist.top(top), is_device)]


class _ElementReader:
    def __init__(
        self, netlist: SpiceNetlist, is_device: Callable[[str], bool], is_model: Callable[[str], bool]
    ) -> None:
        self._netlist = netlist
        self._is_device = is_device
        self._is_model = is_model

    def element(self, flat: FlatElement) -> Element:
        model = flat.words[-1] if flat.words else ""
        device = model if self._is_device(model) else devices.full_name(model)
        if self._is_device(device) and model not in self._netlist.models:
            _, nodes = calls.model_and_nodes(flat, devices.DEVICES)
            return Element(flat.name, "x", flat.nets(nodes), device, parameters=self._with_copies(flat, device))
        if flat.letter == "x":
            raise flat.error(f"{model} is no subcircuit of the netlist and no device of the PDK's models")
        if flat.letter in _MODELLED:
            return self._modelled(flat)
        count = _NODES.get(flat.letter)
        if count is None:
            raise flat.error(f"elements {flat.letter.upper()} are not supported (supported: R C L V I E G D Q M X)")
        if flat.letter == "r" and len(flat.words) > count and self._is_resistor_model(model):
            nodes = flat.nets(flat.words[:count])
            return Element(flat.name, "r", nodes, model, parameters=self._with_copies(flat))
        return self._valued(flat, count)

    def _is_resistor_model(self, name: str) -> bool:
        return self._is_model(name) or name in self._netlist.models

    @staticmethod
    def _with_copies(flat: FlatElement, device: str = "") -> dict[str, float]:
        """The parameters in the units of the models, the multiplicities of the calls in ``m``."""
        values = calls.model_values(flat, devices.DEVICES.get(device))
        if flat.copies != 1.0:
            values["m"] = flat.copies * values.get("m", 1.0)
        return values

    def _modelled(self, flat: FlatElement) -> Element:
        at = next((k for k, word in enumerate(flat.words) if k > 1 and word in self._netlist.models), None)
        if at is None:
            raise flat.error("its model is not in the netlist (a transistor of the PDK is called by its model's name)")
        if at + 1 != len(flat.words):
            raise flat.error(f"{flat.words[at + 1]} is not understood")
        nodes = flat.nets(flat.words[:at])
        return Element(flat.name, flat.letter, nodes, flat.words[at], parameters=self._with_copies(flat))

    def _valued(self, flat: FlatElement, count: int) -> Element:
        letter = flat.letter
        nodes, rest = flat.words[:count], list(flat.words[count:])
        if letter in "vi" and rest[:1] == ["dc"]:
            rest = rest[1:]
        values = flat.values()
        value = values.pop(letter, None) if letter in "rcl" else None
        if value is None and len(rest) == 1:
            value = flat.value(rest.pop())
        if value is None or rest or len(nodes) != count:
            raise flat.error(f"{flat.element.name} needs {count} nodes and one value")
        copies = flat.copies * values.pop("m", 1.0)
        if values:
            raise flat.error(f"its parameter {next(iter(values))} is not understood")
        if letter in "cig":
            value *= copies
        elif letter in "rl":
            value /= copies
        if letter == "r" and value == 0:
            letter = "v"  # a short; ngspice would make it 1 mohm
        return Element(flat.name, letter, flat.nets(nodes), value=value)


def merge_parallel(elements: Iterable[Element]) -> list[Element]:
    """Equal transistors between the same nodes as one with their number as ``m``.

    An extracted array is hundreds of fingers and a few distinct transistors. Drain and source may be exchanged where
    the transistor is symmetrical; areas and perimeters, which differ from finger to finger, become their means, so that
    the sums stay.
    """
    merged: dict[tuple[object, ...], Element] = {}
    for element in elements:
        if element.letter != "x" or not _TRANSISTOR.search(element.model) or len(element.nodes) != 4:
            merged[element.name,] = element
            continue
        transistor = _oriented(element)
        values = transistor.parameters
        key = (
            transistor.model,
            *transistor.nodes,
            *sorted(_own(values).items()),
            *sorted(values.keys() & _OPPOSITE.keys()),
        )
        merged[key] = _sum(merged[key], transistor) if key in merged else transistor
    return list(merged.values())


def _oriented(element: Element) -> Element:
    """A transistor with ``m``, drain and source in alphabetical order where they may be exchanged."""
    drain, gate, source, bulk = element.nodes
    values = {**element.parameters, "m": element.parameters.get("m", 1.0)}
    if drain > source and not _ONE_WAY.search(element.model):
        drain, source = source, drain
        values = {_OPPOSITE.get(name, name): value for name, value in values.items()}
    return replace(element, nodes=(drain, gate, source, bulk), parameters=values)


def _own(values: Mapping[str, float]) -> dict[str, float]:
    """The parameters in which parallel transistors must be equal."""
    return {name: value for name, value in values.items() if name not in _OPPOSITE and name != "m"}


def _sum(first: Element, second: Element) -> Element:
    """Two equal transistors in parallel as one."""
    before, count = first.parameters["m"], second.parameters["m"]
    means = {
        name: (first.parameters[name] * before + second.parameters[name] * count) / (before + count)
        for name in second.parameters.keys() & _OPPOSITE.keys()
    }
    return replace(first, parameters={**_own(second.parameters), **means, "m": before + count})


def floating_nodes(elements: Iterable[Element], held: Iterable[str]) -> list[str]:
    """Nodes that no direct current reaches from the nodes `held`: only gates, capacitors, current sources there."""
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for element in elements:
        for node in element.nodes:
            root(node)
        joined = [element.nodes[k] for k in _conducting(element) if k < len(element.nodes)]
        for other in joined[1:]:
            parents[root(other)] = root(joined[0])
    reached = {root(node) for node in (*held, GROUND)}
    return [node for node in list(parents) if root(node) not in reached]


def _conducting(element: Element) -> tuple[int, ...]:
    if element.letter != "x":
        return _CONDUCTING.get(element.letter, ())
    if "cap_" in element.model:
        return ()
    if "fet_" in element.model:
        return (0, 2, 3)
    return (0, 1) if "res_" in element.model else (0, 1, 2, 3)
