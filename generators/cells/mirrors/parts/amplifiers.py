"""Sizes of a mirror's amplifiers, of their bias, and of the capacitors that keep their loops stable."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

from mirrorneuron.generators.blocks.five_transistor import FiveTransistorSize
from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import MIM

__all__ = ["OUTPUT_CAPACITOR_NM", "AmplifierSizes", "amplifier_sizes", "input_capacitors"]

OUTPUT_CAPACITOR_NM: Final = 5_000
"""Side of the MIM capacitor from a cascode's gate to the rail, 50 fF: it holds the gate while its source moves."""
_CAPACITOR_PER_GATE: Final = 8
"""Area of an input's capacitors over that of all units' gates: 128 fF for two units of 2/2."""


@dataclass(frozen=True)
class AmplifierSizes:
    """The amplifiers of a mirror, and the mirrors that spread the bias current over their tails.

    Owners: ``bias`` (``in``, ``out``), ``tails`` (``diode``).
    """

    amplifier: FiveTransistorSize
    bias: ArraySize
    tails: ArraySize


def amplifier_sizes(spec: MirrorSpec) -> AmplifierSizes:
    """Sizes that met the targets in simulation (docs/mirrors.md): long loads for gain and a small offset, and a tail
    that keeps the amplifier slower than the transistor it drives, down to the smallest input.

    Loads and bias are of the mirror's polarity, pairs and tails of the other.
    """
    n = spec.polarity == "n"
    own, opposite = ("nfet_01v8", "pfet_01v8") if n else ("pfet_01v8", "nfet_01v8")
    # The inputs of a p mirror's amplifier are near vdd, and its diode must not lie much lower.
    load = own if n else "pfet_01v8_lvt"
    # n inputs have more transconductance, p units less.
    tail = Unit(opposite, 2000 if n else 1000, 10_000)
    return AmplifierSizes(
        amplifier=FiveTransistorSize(
            tail=sizing.array(tail, {"tail": 1}, dummy_columns=0),
            pair=sizing.array(Unit(opposite, 2000, 1000), {"plus": 2, "minus": 2}),
            # Long gates: the neighbours that count lie above and below, and side by side they would make long wires.
            load=ArraySize(
                Unit(load, 1000, 20_000),
                common_centroid({"diode": 2, "out": 2}, rows=4, edge_columns=0, edge_rows=1),
            ),
        ),
        bias=sizing.array(Unit(own, 1000, 2000), {"in": 2, "out": 8}),
        tails=sizing.array(Unit(opposite, 2000, 2000), {"diode": 4}),
    )


def input_capacitors(spec: MirrorSpec) -> tuple[int, int]:
    """Count and side [nm] of the MIM capacitors from the units' gates to an input that an amplifier holds.

    They must outweigh the gates, or the loop rings at small inputs. A second one is used only where the first has the
    largest side.
    """
    area = _CAPACITOR_PER_GATE * spec.w_nm * spec.l_nm * sum(spec.ratios)
    count = ceil(area / MIM.side_max_nm**2)
    return count, max(MIM.side_min_nm, min(MIM.side_max_nm, 10 * ceil(sqrt(area / count) / 10)))
