"""From a bench at a condition to the lines of a deck: models, elements and clamps. Sources depend on the analysis."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.simulate.circuit import Element, flat_elements, floating_nodes, merge_parallel
from mirrorneuron.flows.simulate.condition import Condition
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.simulate.sources import (
    CLAMP_A_PER_V2,
    CurrentInput,
    Load,
    Resistance,
    Source,
    Voltage,
    own_value,
)
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import Instance, Library
from mirrorneuron.pdk_sky130.spice.netlist import GROUND

__all__ = ["Setup"]


class Setup:
    """A bench at a condition, without what depends on the analysis.

    Attributes
    ----------
    name
        What messages call it: netlist, subcircuit and condition.
    nodes
        The names of the nodes in the deck, by their names in the netlist.
    instances
        The devices of the PDK by their dotted names in the netlist; an instance's own name is that in the deck.
    bare
        The PDK's models that are used without a subcircuit.
    body
        The lines of models, elements and clamps.
    sources
        The sources at this condition, with pins in lower case.
    """

    def __init__(self, bench: Bench, condition: Condition, models: Library, *, expand: bool = False) -> None:
        """Flatten the netlist and check it.

        With `expand` parallel devices of equal parameters stay separate; by default they are merged into one.

        Raises
        ------
        InputError
            The netlist, a node, a load or a source cannot be used.
        """
        self.bench = bench
        self.condition = condition
        self.library = models
        self.name = f"{bench.netlist}, {bench.top}, {condition}"
        pins = bench.pins
        netlist = bench.circuit
        flat = flat_elements(netlist, bench.top, models.is_device, models.is_model)
        elements = [copy for element in flat for copy in _copies(element)] if expand else merge_parallel(flat)
        elements += [_load(k, load) for k, load in enumerate(bench.loads)]
        self._check_floating(elements)
        self._elements = elements
        self._labels = _deck_names([element.name for element in elements], "", {})
        names = [*pins, *(source.pin.lower() for source in bench.sources)]
        names += [node for element in elements for node in element.nodes]
        self.nodes = _deck_names(names, "n_", {GROUND: GROUND})
        self.instances: dict[str, Instance] = {
            element.name: self._instance(element) for element in elements if element.letter == "x"
        }
        self.bare = [e.model for e in elements if e.letter != "x" and e.model and e.model not in netlist.models]
        self.body = self._lines()
        self.sources = self._sources_at_condition()

    def _check_floating(self, elements: Sequence[Element]) -> None:
        bench = self.bench
        held = [source.pin.lower() for source in bench.sources if isinstance(source, Voltage)]
        floating = floating_nodes(elements, held)
        if floating:
            raise NetlistError(
                f"{bench.netlist}, {bench.top}: floating: {', '.join(floating[:8])}; only gates, capacitors or current "
                "sources are connected there, so the voltage is undefined. Connect a device or a resistor"
            )

    def _instance(self, element: Element) -> Instance:
        nodes = tuple(self.nodes[node] for node in element.nodes)
        return Instance(self._labels[element.name], element.model, nodes, element.parameters)

    def _sources_at_condition(self) -> list[Source]:
        volts = self.condition.volts
        held = {source.pin.lower() for source in self.bench.sources if isinstance(source, Voltage)}
        unknown = sorted(volts.keys() - held)
        if unknown:
            raise SpecError(f"{self.condition}: no voltage source on {unknown[0]}")
        sources: list[Source] = [
            Voltage(source.pin.lower(), volts.get(source.pin.lower(), source.volt))
            if isinstance(source, Voltage)
            else CurrentInput(source.pin.lower(), source.ampere, source.high.lower(), source.low.lower())
            for source in self.bench.sources
        ]
        for source in sources:
            if not math.isfinite(own_value(source)):
                raise SpecError(f"{source} is not finite")
        return sources

    def drawn(self, name: str, models: Library, draws: Mapping[str, Mapping[str, float]]) -> Setup:
        """A copy with other models and with deviations [sigma] of instances by their terms; messages call it `name`."""
        other = copy.copy(self)
        other.name = f"{self.name}, {name}"
        other.library = models
        other.instances = {
            name: replace(instance, draws=draws.get(name, {})) for name, instance in self.instances.items()
        }
        other.body = other._lines()
        return other

    def _lines(self) -> list[str]:
        lines: list[str] = []
        for element in self._elements:
            if element.letter != "x":
                nodes = " ".join(self.nodes[node] for node in element.nodes)
                what = element.model or ("" if element.value is None else decimal(element.value))
                values = "".join(f" {key}={decimal(value)}" for key, value in element.parameters.items())
                lines.append(f"{element.letter}{self._labels[element.name]} {nodes} {what}{values}")
        try:
            devices = self.library.deck(self.instances.values(), self.bare)
        except NetlistError as error:
            raise NetlistError(f"{self.bench.netlist}, {self.bench.top}: {error}") from error
        return [*devices, *self.bench.circuit.models.values(), *lines, *self._clamps()]

    def _clamps(self) -> list[str]:
        lines: list[str] = []
        for k, source in enumerate(self.bench.sources):
            if isinstance(source, CurrentInput):
                pin, high, low = (self.nodes[name.lower()] for name in (source.pin, source.high, source.low))
                above, below = f"uramp(v({pin})-v({high}))", f"uramp(v({low})-v({pin}))"
                lines.append(f"bclamp{k} {pin} 0 i={decimal(CLAMP_A_PER_V2)}*({above}*{above}-{below}*{below})")
        return lines


def _load(k: int, load: Load) -> Element:
    letter, value = ("r", load.ohm) if isinstance(load, Resistance) else ("c", load.farad)
    if not (math.isfinite(value) and value > 0):
        raise SpecError(f"{load}: the value of a load must be finite and above 0")
    return Element(f"load{k}", letter, (load.a.lower(), load.b.lower()), value=value)


def _deck_names(names: Sequence[str], prefix: str, fixed: Mapping[str, str]) -> dict[str, str]:
    """Names for a deck: with a prefix, as ``ne`` or ``gt`` are operators of ngspice, and without special characters."""
    in_deck = dict(fixed)
    used = set(in_deck.values())
    for name in names:
        if name not in in_deck:
            plain = candidate = prefix + re.sub(r"[^a-z0-9_.]", "_", name)
            count = 1
            while candidate in used:
                count += 1
                candidate = f"{plain}_{count}"
            in_deck[name] = candidate
            used.add(candidate)
    return in_deck


def _copies(element: Element) -> list[Element]:
    """A device of the PDK with multiplicity ``m`` as that many devices.

    Raises
    ------
    NetlistError
        ``m`` is no whole number.
    """
    count = element.parameters.get("m", 1.0)
    if element.letter != "x" or count == 1:
        return [element]
    if count < 1 or count != int(count):
        raise NetlistError(
            f"{element.name}: m={count:g} is no whole number of devices, so they cannot vary one by one; give a whole m"
        )
    own = {name: value for name, value in element.parameters.items() if name != "m"}
    return [replace(element, name=f"{element.name}.{k}", parameters=own) for k in range(int(count))]
