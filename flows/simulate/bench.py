"""A bench: a circuit, the sources and loads at its pins, and the analyses. All values are SI.

::

                 vdd o----------+----------.
                                |  clamp   | pin vdd
      CurrentInput("in0")      (I)  ^   .--+-------.
                                |   |   |          | pin iout
                                +---+---| circuit  |-----o Voltage("iout", 0.9)
                                 pin in0|          |
                                        `--+-------'
                                           | pin vss
                                           o Voltage("vss", 0.0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from mirrorneuron.flows.simulate.analyses import Ac, Analysis, Noise, Points, Tran, random_points, sweep
from mirrorneuron.flows.simulate.sources import (
    CLAMP_A_PER_V2,
    Capacitance,
    CurrentInput,
    Load,
    Pwl,
    Resistance,
    Source,
    Voltage,
    step,
)
from mirrorneuron.pdk_sky130.errors import NetlistError, SpecError
from mirrorneuron.pdk_sky130.spice import netlist as spice
from mirrorneuron.pdk_sky130.spice.netlist import GROUND, SpiceNetlist

__all__ = [
    "CLAMP_A_PER_V2",
    "RAIL_MARGIN_V",
    "Ac",
    "Analysis",
    "Bench",
    "Capacitance",
    "CurrentInput",
    "Load",
    "Noise",
    "Points",
    "Pwl",
    "Resistance",
    "Source",
    "Tran",
    "Voltage",
    "random_points",
    "step",
    "sweep",
]

RAIL_MARGIN_V: Final = 0.3
"""How far outside the applied voltages a node of a true solution may be [V], by default."""


@dataclass(frozen=True)
class Bench:
    """A circuit with its sources, loads and analyses.

    Parameters
    ----------
    netlist
        File that holds the subcircuit `top`; its pins are in the order of its ``.subckt`` line.
    sources, loads
        What is connected to the pins. Every pin must be connected or be named in `open_pins`. A source may stand beside
        the circuit if a load or a current input refers to it (a supply of the inputs, for example).
    analyses
        By a name of the caller's choice, under which the result holds them.
    rail_margin_v
        A solution with a node further than this [V] outside the applied voltages is false and rejected.

    Raises
    ------
    FileError, NetlistError
        When the bench is used: the netlist cannot be read, or lacks a name.
    SpecError
        A source or an analysis contradicts the others.
    """

    netlist: Path
    top: str
    sources: Sequence[Source]
    analyses: Mapping[str, Analysis]
    loads: Sequence[Load] = ()
    open_pins: Sequence[str] = ()
    rail_margin_v: float = RAIL_MARGIN_V

    def __post_init__(self) -> None:
        """Check the sources and the analyses against each other."""
        names = [source.pin.lower() for source in self.sources]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SpecError(f"two sources on {', '.join(sorted(twice))}")
        for name, analysis in self.analyses.items():
            if isinstance(analysis, Noise) and analysis.output not in self._held():
                raise SpecError(f"analysis {name}: noise is that of a voltage source, and {analysis.output} has none")
            unknown = sorted(_driven(analysis) - set(names))
            if unknown:
                raise SpecError(f"analysis {name}: no source on {unknown[0]} (sources are on {', '.join(names)})")
        if not self._held():
            raise SpecError("a bench needs a voltage source: without one no node has a potential")

    def _held(self) -> set[str]:
        """The pins with a voltage source."""
        return {source.pin.lower() for source in self.sources if isinstance(source, Voltage)}

    @cached_property
    def circuit(self) -> SpiceNetlist:
        """The netlist as read from its file."""
        return spice.read(Path(self.netlist))

    @cached_property
    def pins(self) -> tuple[str, ...]:
        """The pins of the circuit in order, checked against what is connected to them."""
        pins = self.circuit.subcircuit(self.top).pins
        where = f"{self.netlist}, {self.top}"
        connected = {source.pin.lower() for source in self.sources}
        ends = {end.lower() for load in self.loads for end in (load.a, load.b)} - {GROUND}
        opened = {pin.lower() for pin in self.open_pins}
        # A source may stand beside the circuit if a load or a current input refers to it.
        for name in sorted((connected - ends - self._rails(where)) | opened):
            if name not in pins:
                raise NetlistError(f"{where} has no pin {name}; its pins are {' '.join(pins)}")
        left = [pin for pin in pins if pin not in connected | ends | opened]
        if left:
            raise NetlistError(
                f"{where}: nothing is connected to pin {' '.join(left)}; connect it, or name it in open_pins"
            )
        return pins

    def _rails(self, where: str) -> set[str]:
        """The pins at which the compliance of the current inputs ends; each must have a voltage source."""
        held = self._held() | {GROUND}
        rails: set[str] = set()
        for source in self.sources:
            if isinstance(source, CurrentInput):
                rails |= {source.high.lower(), source.low.lower()}
                if not rails <= held:
                    raise NetlistError(f"{where}: {source} needs voltage sources on {source.high} and {source.low}")
        return rails


def _driven(analysis: Analysis) -> set[str]:
    """The pins whose sources an analysis drives or observes."""
    if isinstance(analysis, Ac):
        return {analysis.source}
    if isinstance(analysis, Noise):
        return {analysis.source, analysis.output}
    return set(analysis.values if isinstance(analysis, Points) else analysis.waves)
