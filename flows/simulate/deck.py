"""From a bench at a condition to the lines of a deck: models, elements and clamps; sources differ with the analysis."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mirrorneuron.flows.simulate.bench import CLAMP_A_PER_V2, Bench, CurrentInput, Resistance, Source, Voltage
from mirrorneuron.flows.simulate.circuit import Element, flat_elements, floating_nodes, merge_parallel
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.models import Instance, Library
from mirrorneuron.pdk_sky130.spice.netlist import GROUND

__all__ = ["TEMPERATURES_C", "Condition", "Setup", "own_value"]

TEMPERATURES_C: Final = (-55.0, 155.0)
"""Lowest and highest temperature that is simulated; the models' authors name -40 to 125 C."""


@dataclass(frozen=True)
class Condition:
    """Corner, temperature [C], and voltages [V] of sources that differ from the bench's own (``{"vdd": 1.62}``)."""

    corner: str = "tt"
    temperature_c: float = 27.0
    volts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the temperature."""
        lowest, highest = TEMPERATURES_C
        if not lowest <= self.temperature_c <= highest:
            raise SpecError(f"temperature {self.temperature_c} C is outside {lowest:g} to {highest:g} C")
        object.__setattr__(self, "volts", {name.lower(): value for name, value in self.volts.items()})

    def __str__(self) -> str:
        """As messages and folders call it: ``ss -40C``."""
        return " ".join(
            [self.corner, f"{self.temperature_c:g}C", *(f"{name}={value:g}V" for name, value in self.volts.items())]
        )


class Setup:
    """A bench at a condition, up to what differs from one analysis to the other."""

    def __init__(self, bench: Bench, condition: Condition, models: Library, *, expand: bool = False) -> None:
        """Flatten the netlist and check it.

        With `expand` each of the devices that the netlist calls equal and parallel stands by itself; else they are one.
        """
        self.bench = bench
        self.condition = condition
        self.library = models
        self.name = f"{bench.netlist}, {bench.top}, {condition}"
        pins = bench.pins
        netlist = bench.circuit
        flat = flat_elements(netlist, bench.top, models.is_device, models.is_model)
        elements = [copy for element in flat for copy in _copies(element)] if expand else merge_parallel(flat)
        for k, load in enumerate(bench.loads):
            letter, value = ("r", load.ohm) if isinstance(load, Resistance) else ("c", load.farad)
            if not (math.isfinite(value) and value > 0):
                raise SpecError(f"{load}: a load must be above 0")
            elements.append(Element(f"load{k}", letter, (load.a.lower(), load.b.lower()), value=value))
        held = [source.pin.lower() for source in bench.sources if isinstance(source, Voltage)]
        floating = floating_nodes(elements, held)
        if floating:
            raise NetlistError(
                f"{bench.netlist}, {bench.top}: floating: {', '.join(floating[:8])}; nothing but gates, capacitors or "
                "current sources is connected there, so there is no voltage to be found"
            )
        names = [*pins, *(s.pin.lower() for s in bench.sources)]
        names += [node for element in elements for node in element.nodes]
        self.nodes = _deck_names(names, "n_", {GROUND: GROUND})
        self._elements = elements
        labels = _deck_names([element.name for element in elements], "", {})
        self._labels = labels
        self.instances: dict[str, Instance] = {
            element.name: Instance(
                labels[element.name],
                element.model,
                tuple(self.nodes[node] for node in element.nodes),
                element.parameters,
            )
            for element in elements
            if element.letter == "x"
        }
        """The devices of the PDK by their dotted names in the netlist; an instance's own name is that in the deck."""
        self.bare = [e.model for e in elements if e.letter != "x" and e.model and e.model not in netlist.models]
        """The PDK's models that are used without a subcircuit."""
        self.body = self._lines()
        unknown = sorted(condition.volts.keys() - set(held))
        if unknown:
            raise SpecError(f"{condition}: no voltage source on {unknown[0]}")
        self.sources: list[Source] = [
            Voltage(s.pin.lower(), condition.volts.get(s.pin.lower(), s.volt))
            if isinstance(s, Voltage)
            else CurrentInput(s.pin.lower(), s.ampere, s.high.lower(), s.low.lower())
            for s in bench.sources
        ]
        for source in self.sources:
            if not math.isfinite(own_value(source)):
                raise SpecError(f"{source} is not finite")

    def drawn(self, name: str, models: Library, draws: Mapping[str, Mapping[str, float]]) -> Setup:
        """The same with other models, and with deviations [sigma] of instances by their terms; `name` tells which."""
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
                what = element.model or repr(element.value)
                values = "".join(f" {key}={value!r}" for key, value in element.parameters.items())
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
                lines.append(f"bclamp{k} {pin} 0 i={CLAMP_A_PER_V2!r}*({above}*{above}-{below}*{below})")
        return lines


def own_value(source: Source) -> float:
    """The constant value of a source [V or A]."""
    return source.volt if isinstance(source, Voltage) else source.ampere


def _deck_names(names: Sequence[str], prefix: str, fixed: Mapping[str, str]) -> dict[str, str]:
    """Names for a deck: with a prefix, since ``ne`` or ``gt`` are operators to ngspice, and without special signs."""
    given = dict(fixed)
    used = set(given.values())
    for name in names:
        if name not in given:
            plain = candidate = prefix + re.sub(r"[^a-z0-9_.]", "_", name)
            count = 1
            while candidate in used:
                count += 1
                candidate = f"{plain}_{count}"
            given[name] = candidate
            used.add(candidate)
    return given


def _copies(element: Element) -> list[Element]:
    """A device of the PDK with ``m`` copies as that many devices.

    Raises
    ------
    NetlistError
        ``m`` is no whole number.
    """
    count = element.parameters.get("m", 1.0)
    if element.letter != "x" or count == 1:
        return [element]
    if count < 1 or count != int(count):
        raise NetlistError(f"{element.name}: m={count:g} is no whole number of devices, so they cannot stand apart")
    own = {name: value for name, value in element.parameters.items() if name != "m"}
    return [replace(element, name=f"{element.name}.{k}", parameters=own) for k in range(int(count))]
