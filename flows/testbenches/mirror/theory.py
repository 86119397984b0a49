"""What the bench of the mirrors takes from their hand formulas, which stand in the cells' own modules."""

from __future__ import annotations

from mirrorneuron.flows.testbench import Hand
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.cells.mirrors.parts.theory import MirrorPoint, counted_units
from mirrorneuron.generators.circuit import Bipolar, Resistor

__all__ = ["Hand", "equal_error", "gate_area", "has_others", "theory", "transfer"]


def theory(spec: MirrorSpec) -> dict[str, Hand]:
    """Values by hand, by the keys of the quantities; a cell without formulas has those of all counted MOS units."""
    hand = catalog.cell(spec.cell).hand
    if hand is not None:
        return dict(hand(spec))
    return counted_units(MirrorPoint(spec), {}) if gate_area(spec) else {}


def equal_error(spec: MirrorSpec) -> float:
    """Ratio error by hand with the outputs at the input's voltage [%]."""
    return spec.systematic_error


def transfer(spec: MirrorSpec, pin: str) -> float:
    """Nominal current of an output over that of the input."""
    return spec.transfer(pin)


def gate_area(spec: MirrorSpec) -> float:
    """Gate area of a unit [um^2]; 0 for a device without a gate."""
    return spec.gate_area_um2


def has_others(spec: MirrorSpec) -> bool:
    """Whether the mirror has resistors or npn transistors beside MOS transistors and capacitors: these simulate
    slower."""
    return any(isinstance(device, Bipolar | Resistor) for device in catalog.circuit_of(spec).flattened().devices)
