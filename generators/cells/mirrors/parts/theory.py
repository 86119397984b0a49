"""Shared hand formulas of the mirrors: operating points, sources, and the formulas that several mirrors use.

A mirror's own formulas stand in its module, as the ``hand`` of its record. Keys and units are those of
`mirrorneuron.flows.testbenches.mirror.bench.QUANTITIES`. The transistors' constants are those of
`mirrorneuron.pdk_sky130.models.hand`; nothing is fitted to a mirror, so the report shows how far a formula holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.amplifiers import amplifier_sizes
from mirrorneuron.generators.cells.mirrors.parts.spec import Amplified, MirrorSpec
from mirrorneuron.generators.hand import Hand
from mirrorneuron.generators.units import Unit
from mirrorneuron.pdk_sky130.constants import GATE_F_PER_UM2, KT_J
from mirrorneuron.pdk_sky130.models.hand import PAIR_MV_UM, HandModel, hand_model

__all__ = [
    "BY_DESIGN",
    "EKV",
    "NOISE",
    "PELGROM",
    "RAZAVI",
    "SACKINGER",
    "SOOCH",
    "SQUARE",
    "WIDLAR",
    "WILSON",
    "MirrorPoint",
    "OperatingPoint",
    "amplifier_supply",
    "cascode_stack",
    "counted_units",
    "equal_v_ds",
    "lowest_output",
    "mismatch_percent",
    "no_supply",
    "ratio_errors",
    "regulated_output",
]

SQUARE: Final = "P. Gray, P. Hurst, S. Lewis, R. Meyer, Analysis and Design of Analog Integrated Circuits, 4.2"
RAZAVI: Final = "B. Razavi, Design of Analog CMOS Integrated Circuits, 5"
EKV: Final = "C. Enz, F. Krummenacher, E. Vittoz, Analog Integrated Circuits and Signal Processing 8 (1995)"
NOISE: Final = "C. Enz, E. Vittoz, Charge-based MOS Transistor Modeling, 6"
PELGROM: Final = "M. Pelgrom, A. Duinmaijer, A. Welbers, IEEE JSSC 24 (1989) 1433"
WILSON: Final = "G. Wilson, IEEE JSSC 3 (1968) 341"
WIDLAR: Final = "R. Widlar, IEEE Trans. Circuit Theory 12 (1965) 586"
SACKINGER: Final = "E. Sackinger, W. Guggenbuhl, IEEE JSSC 25 (1990) 289"
SOOCH: Final = "N. Sooch, US patent 4550284 (1985)"
BY_DESIGN: Final = "by design"

_SMALLEST_INPUT: Final = 0.02
"""Smallest input at which the bench measures settling, relative to the spec's current."""
_TAIL_SHARE: Final = 0.2
"""Tail current of an amplifier over the mirror's bias current."""

S = TypeVar("S", bound=MirrorSpec)


@dataclass(frozen=True)
class OperatingPoint:
    """A transistor at its current [A]: `squares` is W/L, its length is in um."""

    model: HandModel
    current: float
    squares: float
    length_um: float

    @classmethod
    def of(cls, unit: Unit, current: float) -> OperatingPoint:
        """A unit transistor that carries a current [A]."""
        return cls(hand_model(unit.device), current, unit.width_nm / unit.length_nm, unit.length_nm / 1000)

    @property
    def vgs(self) -> float:
        """V_GS without body effect [V]."""
        return self.model.gate_source(self.current, self.squares)

    @property
    def sat(self) -> float:
        """V_DS from which on the transistor is saturated [V]."""
        return self.model.saturation(self.current, self.squares)

    @property
    def gm(self) -> float:
        """Transconductance [S]."""
        return self.model.gm(self.current, self.squares)

    @property
    def ro(self) -> float:
        """Output resistance [ohm]."""
        return self.model.ro(self.current, self.length_um)

    @property
    def early(self) -> float:
        """Lambda: relative change of the current per volt of V_DS [1/V]."""
        return self.model.lambda_um / self.length_um


class MirrorPoint(Generic[S]):
    """A mirror of MOS units at an input current: its unit transistor, and the cascode of one unit's current.

    Attributes
    ----------
    input
        Input current [A].
    unit, cascode
        Operating points of a unit and of its cascode.
    supply, half
        Supply voltage, and half of it [V].
    """

    def __init__(self, spec: S, current: float | None = None) -> None:
        """At the spec's current, or at another input current [A]."""
        self.spec = spec
        self.input = spec.current if current is None else current
        each = self.input / spec.ratios[0]
        self.unit = OperatingPoint.of(sizing.unit_of(spec), each)
        self.cascode = OperatingPoint.of(sizing.cascode_unit(spec), each)
        self.supply = spec.supply
        self.half = spec.supply / 2

    @property
    def cascoded(self) -> float:
        """Output resistance of a unit with its cascode [ohm]."""
        return self.unit.ro + self.cascode.ro + self.cascode.gm * self.cascode.ro * self.unit.ro

    @property
    def gates_f(self) -> float:
        """Capacitance of all units' gates in saturation [F]."""
        return 2 / 3 * GATE_F_PER_UM2 * self.spec.gate_area_um2 * float(sum(self.spec.ratios))


def counted_units(at: MirrorPoint[S], own: Mapping[str, Hand | None]) -> dict[str, Hand]:
    """A mirror's hand values: `own`, and for other keys what holds for every mirror of counted MOS units.

    None in `own` means that the common formula does not hold for this mirror.
    """
    return {key: hand for key, hand in {**_common(at), **own}.items() if hand is not None}


def _common(at: MirrorPoint[S]) -> dict[str, Hand]:
    spec, unit = at.spec, at.unit
    first, out = spec.ratios[0], spec.ratios[1]
    inversion = unit.model.inversion(unit.current, unit.squares)
    gamma = (1 / 2 + 2 / 3 * inversion) / (1 + inversion)
    white = math.sqrt(4 * KT_J * gamma * unit.model.n * unit.gm * (out + out**2 / first))
    bandwidth = first * unit.gm / (2 * math.pi * at.gates_f)
    small = MirrorPoint(spec, _SMALLEST_INPUT * spec.current)
    settling = math.log(100) * small.gates_f / (first * small.unit.gm)
    mismatch = mismatch_percent(at)
    return {
        "error_drift": Hand(0.0, "0: the ratio is a count", BY_DESIGN),
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "bandwidth": Hand(1e-6 * bandwidth, "g_m / (2 pi C), C = 2/3 W L C_ox of all units", RAZAVI),
        "settling_small": Hand(1e6 * settling, "ln(100) C / g_m at the smallest input", RAZAVI),
        "noise_white": Hand(1e12 * white, "sqrt(4 k T gamma n g_m (N + N^2 / N_in)), gamma 1/2 to 2/3", NOISE),
        "mismatch": Hand(mismatch, "g_m / I A_VT / sqrt(2 W L) sqrt(1/N_in + 1/N)", PELGROM),
        "mismatch_vth": Hand(mismatch, "the same: the models vary thresholds alone", PELGROM),
        "mismatch_area": Hand(spec.gate_area_um2 * mismatch**2, "W L (sigma / 1 %)^2", PELGROM),
    }


def mismatch_percent(at: MirrorPoint[S]) -> float:
    """Standard deviation of the first output's ratio by the units' thresholds [%] (Pelgrom)."""
    spec, unit = at.spec, at.unit
    first, out = spec.ratios[0], spec.ratios[1]
    pair = PAIR_MV_UM[spec.main_device] / math.sqrt(2 * spec.gate_area_um2)
    sigma_mv = pair * math.sqrt(1 / first + 1 / out)
    return 100 * 1e-3 * sigma_mv * unit.gm / unit.current


def equal_v_ds(*, at_supply: bool = False) -> dict[str, Hand]:
    """Ratio errors of a mirror whose units have equal V_DS; `at_supply`: with the output at the supply, too."""
    keys = ("error_mid", "error_half", *(("error_top",) if at_supply else ()))
    return dict.fromkeys(keys, Hand(0.0, "0: equal V_DS", SQUARE))


def ratio_errors(value: float, formula: str) -> dict[str, Hand]:
    """One ratio error [%] at every output voltage."""
    return dict.fromkeys(("error_mid", "error_half", "error_top"), Hand(value, formula, SQUARE))


def lowest_output(volt: float, formula: str, source: str) -> dict[str, Hand]:
    """One compliance voltage [V] for 1 % and for 5 % of current lost."""
    return dict.fromkeys(("output_low", "output_low_5"), Hand(volt, formula, source))


def no_supply(spec: MirrorSpec) -> dict[str, Hand]:
    """Supply current and power of a mirror that takes no current from the supply but its input's."""
    return {
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * spec.supply * spec.current, "V I_in", BY_DESIGN),
    }


def cascode_stack(at: MirrorPoint[S]) -> dict[str, Hand]:
    """Voltages and power of two transistors on each other at the input, as of cascode and Wilson mirrors."""
    return {
        **lowest_output(at.unit.vgs + at.cascode.sat, "V_GS + V_OV", RAZAVI),
        "input_voltage": Hand(at.unit.vgs + at.cascode.vgs, "2 V_GS, without body effect", RAZAVI),
        **no_supply(at.spec),
    }


A = TypeVar("A", bound=Amplified)


def regulated_output(at: MirrorPoint[A], node: float, across: str) -> dict[str, Hand]:
    """Compliance and output resistance of a regulated cascode whose source is held at `node` [V]; `across` names that
    voltage in the formula."""
    boosted = at.unit.ro * (1 + at.cascode.gm * at.cascode.ro * (_amplifier_gain(at.spec) + 1))
    return {
        **lowest_output(node + at.cascode.sat, f"{across} + V_OV of the cascode", SACKINGER),
        "output_resistance": Hand(1e-9 * boosted, "r_o [1 + g_m r_o (A + 1)]", SACKINGER),
    }


def _amplifier_gain(spec: Amplified) -> float:
    """Gain of the mirror's five-transistor amplifier: g_m (r_o || r_o)."""
    size, each = amplifier_sizes(spec).amplifier, _TAIL_SHARE * spec.bias
    pair = OperatingPoint.of(size.pair.unit, each / 2)  # two units on each side
    load = OperatingPoint.of(size.load.unit, each / 2)
    return 2 * pair.gm / (2 / pair.ro + 2 / load.ro)


def amplifier_supply(at: MirrorPoint[A], amplifiers: int, *, more: float = 0.0, more_text: str = "") -> dict[str, Hand]:
    """Supply current and power of a mirror with amplifiers: the bias, its copy for the tails' gates, one tail for each
    amplifier, and `more` [A], which `more_text` adds to the formula."""
    spec, sizes = at.spec, amplifier_sizes(at.spec)
    copy = spec.bias * sizes.bias.pattern.count("out") / sizes.bias.pattern.count("in")
    tail, diode = sizes.amplifier.tail.unit, sizes.tails.unit
    squares = tail.width_nm / tail.length_nm, diode.width_nm / diode.length_nm
    tails = copy / sizes.tails.pattern.count("diode") * squares[0] / squares[1]
    current = spec.bias + copy + amplifiers * tails + more
    formula = f"bias, its copy, tails{more_text}"
    return {
        "supply_current": Hand(1e6 * current, formula, BY_DESIGN),
        "power": Hand(1e6 * at.supply * (at.input + current), f"V (I_in + {formula})", BY_DESIGN),
    }
