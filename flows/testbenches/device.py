"""Figures of single transistors, measured as the process's electrical tests measure them.

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
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, SpecError
from numpy.typing import NDArray

__all__ = ["TEMPERATURE_C", "Figures", "Transistor", "measure"]

Floats: TypeAlias = NDArray[np.float64]

TEMPERATURE_C: Final = 30.0
"""At which the published figures are: the models' own reference temperature."""

_DRAIN_V: Final = 0.1
_LEVEL_A: Final = 0.6e-6
# The gate goes from below all thresholds to the supply: 4 mV a step at 1.8 V, 10 mV at 5 V.
_OFF_V: Final = -0.6
_STEPS: Final = 560


@dataclass(frozen=True)
class Transistor:
    """A transistor to measure: a model's name after ``sky130_fd_pr__``, W and L [um], and its supply [V]."""

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
        """Sizes of the gate's voltages [V] at which it is measured."""
        return np.linspace(_OFF_V, self.supply_v, _STEPS + 1)


@dataclass(frozen=True)
class Figures:
    """What is measured of a transistor.

    Attributes
    ----------
    extrapolated_v, constant_current_v
        Threshold [V] by either definition, negative for p.
    saturation_a
        Size of the drain current [A] with gate and drain at the supply.
    leakage_a
        Size of the drain current [A] with the drain at the supply and the gate at the source.
    """

    extrapolated_v: float
    constant_current_v: float
    saturation_a: float
    leakage_a: float


def measure(
    transistors: Sequence[Transistor],
    condition: simulate.Condition | None = None,
    *,
    pdk: install.Pdk | None = None,
) -> list[Figures]:
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
    for one in transistors:
        if not one.supply_v > 0:
            raise SpecError(f"{one}: the supply must be above 0 V")
    where = condition or simulate.Condition(temperature_c=TEMPERATURE_C)
    # Of those that share a gate, one stands for all.
    classes = {(one.sign, one.supply_v): one for one in transistors}
    names = {key: f"g{k}" for k, key in enumerate(classes)}
    gates = [names[one.sign, one.supply_v] for one in transistors]
    drains = [f"d{k}" for k in range(len(transistors))]
    pins = [*drains, *names.values()]
    lines = [
        f"x{k} {drain} {gate} 0 0 sky130_fd_pr__{one.device} w={one.w_um!r} l={one.l_um!r}"
        for k, (one, drain, gate) in enumerate(zip(transistors, drains, gates, strict=True))
    ]
    low = {drain: one.sign * _DRAIN_V for drain, one in zip(drains, transistors, strict=True)}
    high = {drain: one.sign * one.supply_v for drain, one in zip(drains, transistors, strict=True)}
    swept = Points({names[key]: one.sign * one.gate_v for key, one in classes.items()})
    switched = Points({names[key]: [one.sign * one.supply_v, 0.0] for key, one in classes.items()})
    with TemporaryDirectory(prefix="mirrorneuron-") as folder:
        netlist = Path(folder) / "transistors.spice"
        netlist.write_text("\n".join([f".subckt transistors {' '.join(pins)}", *lines, ".ends"]) + "\n")
        benches = [
            Bench(
                netlist,
                "transistors",
                [*(Voltage(pin, volt) for pin, volt in at.items()), *(Voltage(pin, 0.0) for pin in pins[len(at) :])],
                {"points": points},
            )
            for at, points in ((low, swept), (high, switched))
        ]
        linear, saturated = simulate.run_many([(bench, where) for bench in benches], pdk=pdk)
    found: list[Figures] = []
    for one, drain in zip(transistors, drains, strict=True):
        current = one.sign * linear["points"].i(drain)
        on, off = (float(abs(value)) for value in saturated["points"].i(drain))
        level = _LEVEL_A * one.w_um / one.l_um
        found.append(
            Figures(one.sign * _extrapolated(one, current), one.sign * _crossing(one, current, level), on, off)
        )
    return found


def _extrapolated(one: Transistor, current: Floats) -> float:
    gate = one.gate_v
    slopes = np.gradient(current, gate)
    steepest = int(np.argmax(slopes))
    found = float(gate[steepest] - current[steepest] / slopes[steepest] - _DRAIN_V / 2)
    if not gate[0] < found < gate[-1]:
        raise EvidenceError(f"{one}: no threshold from {gate[0]:g} to {gate[-1]:g} V")
    return found


def _crossing(one: Transistor, current: Floats, level: float) -> float:
    gate = one.gate_v
    above = np.flatnonzero(current >= level)
    if not len(above) or above[0] == 0:
        raise EvidenceError(f"{one}: its current does not cross {level:.3g} A from {gate[0]:g} to {gate[-1]:g} V")
    around = slice(int(above[0]) - 1, int(above[0]) + 1)
    return float(np.interp(np.log(level), np.log(np.maximum(current[around], 1e-18)), gate[around]))
