"""Threshold, saturation and leakage of single transistors, measured as the process's electrical tests do.

::

           |I_D|                          tangent where the slope is largest
             |                         .'/
             |                       .'/
             |                     .'-'        at V_DS = 0.1 V
             |                  .-'.
             |              .-''  .
             '------------''-----'--------- |V_GS|
                             extrapolated + V_DS / 2

The definitions are those that fit SKY130's published device table (docs/models.md): 30 C, V_DS = 0.1 V, threshold by
extrapolation from the largest transconductance up to the supply, less V_DS / 2, or where the current is 0.6 uA W/L.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows import simulate
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import NDArray

__all__ = ["TEMPERATURE_C", "MeasuredTransistor", "Transistor", "TransistorFigures", "measure"]

Floats: TypeAlias = NDArray[np.float64]

TEMPERATURE_C: Final = 30.0
"""Temperature of the published figures: the reference temperature of the models."""

_DRAIN_V: Final = 0.1
_LEVEL_A: Final = 0.6e-6
# The gate goes from below all thresholds to the supply: 4 mV a step at 1.8 V, 10 mV at 5 V.
_OFF_V: Final = -0.6
_STEPS: Final = 560


@dataclass(frozen=True)
class MeasuredTransistor:
    """A transistor to measure: the name of its model after ``sky130_fd_pr__``, W and L [um], and its supply [V]."""

    device: str
    w_um: float
    l_um: float
    supply_v: float = 1.8

    @property
    def sign(self) -> int:
        """1 for n, -1 for p."""
        return -1 if "pfet" in self.device else 1

    @property
    def gate_v(self) -> Floats:
        """Magnitudes of the gate voltages of the sweep [V]."""
        return np.linspace(_OFF_V, self.supply_v, _STEPS + 1)


Transistor: TypeAlias = MeasuredTransistor
"""The former name, which programs of others import."""


@dataclass(frozen=True)
class TransistorFigures:
    """The measured figures of a transistor.

    Attributes
    ----------
    extrapolated_v, constant_current_v
        Threshold [V] by either definition, negative for p.
    saturation_a
        Magnitude of the drain current [A] with gate and drain at the supply.
    leakage_a
        Magnitude of the drain current [A] with the drain at the supply and the gate at the source.
    """

    extrapolated_v: float
    constant_current_v: float
    saturation_a: float
    leakage_a: float


def measure(
    transistors: Sequence[MeasuredTransistor],
    condition: simulate.Condition | None = None,
    *,
    pdk: install.Pdk | None = None,
) -> list[TransistorFigures]:
    """The figures of transistors, in their order; by default at corner tt and `TEMPERATURE_C`.

    All are in one circuit, with source and bulk at ground, and take two runs of ngspice.

    Raises
    ------
    InputError
        A device does not exist or has other pins, a size is outside its models, or the condition cannot be used.
    EvidenceError
        A threshold is not between -0.6 V and the supply.
    ToolError
        As `mirrorneuron.flows.simulate.run` raises.
    """
    if not transistors:
        return []
    for transistor in transistors:
        if not transistor.supply_v > 0:
            raise SpecError(f"{transistor}: the supply must be above 0 V")
    with TemporaryDirectory(prefix="mirrorneuron-") as folder:
        benches = _benches(transistors, Path(folder) / "transistors.spice")
        at = condition or simulate.Condition(temperature_c=TEMPERATURE_C)
        linear, saturated = simulate.run_many([(bench, at) for bench in benches], pdk=pdk)
    return [_figures(transistor, f"d{k}", linear, saturated) for k, transistor in enumerate(transistors)]


def _benches(transistors: Sequence[MeasuredTransistor], netlist: Path) -> tuple[Bench, Bench]:
    """The benches of the linear region, with the gates swept, and of saturation, with the gates on and off."""
    # Transistors of one polarity and supply share a gate; one of them stands for all.
    classes = {(transistor.sign, transistor.supply_v): transistor for transistor in transistors}
    gates = {key: f"g{k}" for k, key in enumerate(classes)}
    drains = [f"d{k}" for k in range(len(transistors))]
    pins = [*drains, *gates.values()]
    lines = [
        f"x{k} {drain} {gates[transistor.sign, transistor.supply_v]} 0 0 {MODEL_PREFIX}{transistor.device} "
        f"w={decimal(transistor.w_um)} l={decimal(transistor.l_um)}"
        for k, (transistor, drain) in enumerate(zip(transistors, drains, strict=True))
    ]
    netlist.write_text("\n".join([f".subckt transistors {' '.join(pins)}", *lines, ".ends"]) + "\n")

    def bench(drain_v: Sequence[float], gate_v: Points) -> Bench:
        sources = [Voltage(drain, volt) for drain, volt in zip(drains, drain_v, strict=True)]
        off = [Voltage(gate, 0.0) for gate in gates.values()]
        return Bench(netlist, "transistors", [*sources, *off], {"points": gate_v})

    swept = Points({gates[key]: one_of.sign * one_of.gate_v for key, one_of in classes.items()})
    switched = Points({gates[key]: [one_of.sign * one_of.supply_v, 0.0] for key, one_of in classes.items()})
    return (
        bench([transistor.sign * _DRAIN_V for transistor in transistors], swept),
        bench([transistor.sign * transistor.supply_v for transistor in transistors], switched),
    )


def _figures(transistor: MeasuredTransistor, drain: str, linear: Result, saturated: Result) -> TransistorFigures:
    current = transistor.sign * linear["points"].i(drain)
    on, off = (float(abs(value)) for value in saturated["points"].i(drain))
    return TransistorFigures(
        extrapolated_v=transistor.sign * _extrapolated(transistor, current),
        constant_current_v=transistor.sign * _crossing(transistor, current),
        saturation_a=on,
        leakage_a=off,
    )


def _extrapolated(transistor: MeasuredTransistor, current: Floats) -> float:
    """The threshold by extrapolation [V]."""
    gate = transistor.gate_v
    slopes = np.gradient(current, gate)
    steepest = int(np.argmax(slopes))
    threshold = float(gate[steepest] - current[steepest] / slopes[steepest] - _DRAIN_V / 2)
    if not gate[0] < threshold < gate[-1]:
        raise EvidenceError(f"{transistor}: no threshold from {gate[0]:g} to {gate[-1]:g} V")
    return threshold


def _crossing(transistor: MeasuredTransistor, current: Floats) -> float:
    """The threshold at constant current [V]."""
    gate, level = transistor.gate_v, _LEVEL_A * transistor.w_um / transistor.l_um
    above = np.flatnonzero(current >= level)
    if not len(above) or above[0] == 0:
        raise EvidenceError(
            f"{transistor}: the current does not cross {level:.3g} A from {gate[0]:g} to {gate[-1]:g} V"
        )
    around = slice(int(above[0]) - 1, int(above[0]) + 1)
    return float(np.interp(np.log(level), np.log(np.maximum(current[around], 1e-18)), gate[around]))
