"""What the textbooks say of a mirror, beside what is measured: each value with its formula and its source.

The transistors' constants are those of `mirrorneuron.pdk_sky130.models.hand` and `.devices`; nothing is fitted to a
mirror. How good a formula is, is for the reader to see.

A new mirror is given its formulas by a function here, under its cell's name::

    @formulas("mirror_new")
    def _new(at: Point) -> Mapping[str, Hand]:
        return {"input_voltage": Hand(at.unit.vgs, "V_GS", EKV)}

Keys and units are those of `mirrorneuron.flows.testbenches.mirror.bench.QUANTITIES`; what a function leaves out comes
from `_any`, which holds for every mirror of counted MOS units, and so a cell without a function has that much; None
says that it does not hold. A mirror whose ratio is no count of units says in its spec what it is, by a method
``transfer(pin)``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from mirrorneuron.flows.testbench import Hand
from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts import sizing
from mirrorneuron.generators.cells.mirrors.parts.spec import MirrorSpec
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import bipolar
from mirrorneuron.pdk_sky130.models.hand import HAND_MODELS, UT, HandModel, hand_model

__all__ = ["Hand", "Point", "equal_error", "formulas", "gate_area", "has_others", "theory", "transfer"]

_Q: Final = 1.602e-19
_KT: Final = _Q * UT
_OXIDE: Final = 8.4e-15
"""Of the gates [F/um^2]: 4.15 nm of silicon dioxide."""
_PAIR_MV_UM: Final = {
    "nfet_01v8": 5.35,
    "nfet_01v8_lvt": 7.7,
    "pfet_01v8": 8.3,
    "pfet_01v8_lvt": 15.4,
    "pfet_01v8_hvt": 7.8,
}
"""A_VT of a pair [mV um], from the models' own coefficients, devices of one finger."""

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


@dataclass(frozen=True)
class Transistor:
    """A unit at its current: its model, V_GS and saturation voltage [V], g_m [S], r_o [ohm], current [A]."""

    model: HandModel
    current: float
    squares: float
    length_um: float

    @classmethod
    def of(cls, unit: Unit, current: float) -> Transistor:
        """A unit transistor that carries a current [A]."""
        return cls(hand_model(unit.device), current, unit.width_nm / unit.length_nm, unit.length_nm / 1000)

    @property
    def vgs(self) -> float:
        """V_GS without body effect."""
        return self.model.gate_source(self.current, self.squares)

    @property
    def sat(self) -> float:
        """V_DS that saturates it."""
        return self.model.saturation(self.current, self.squares)

    @property
    def gm(self) -> float:
        """Transconductance."""
        return self.model.gm(self.current, self.squares)

    @property
    def ro(self) -> float:
        """Output resistance."""
        return self.model.ro(self.current, self.length_um)

    @property
    def early(self) -> float:
        """Relative change of the current per volt [1/V]."""
        return self.model.lambda_um / self.length_um


class Point:
    """A mirror of MOS units at its spec's current: the unit transistor, and the cascode of one unit's current."""

    def __init__(self, spec: MirrorSpec, current: float | None = None) -> None:
        """At the spec's current, or at another input [A]."""
        self.spec: Any = spec
        self.input: float = spec.current if current is None else current
        each = self.input / spec.ratios[0]
        self.unit = Transistor.of(sizing.unit_of(spec), each)
        self.cascode = Transistor.of(sizing.cascode_unit(spec), each)
        self.supply: float = spec.supply
        self.half: float = spec.supply / 2

    @property
    def gain(self) -> float:
        """Of the five-transistor amplifier that the mirror has: g_m (r_o || r_o)."""
        size, each = sizing.amplifier_sizes(self.spec).amplifier, 0.2 * self.spec.bias
        pair = Transistor.of(size.pair.unit, each / 2)  # two units on each side
        load = Transistor.of(size.load.unit, each / 2)
        return 2 * pair.gm / (2 / pair.ro + 2 / load.ro)

    @property
    def cascoded(self) -> float:
        """Output resistance of a unit with its cascode [ohm]."""
        return self.unit.ro + self.cascode.ro + self.cascode.gm * self.cascode.ro * self.unit.ro

    @property
    def boosted(self) -> float:
        """The same with an amplifier at the cascode's gate [ohm]."""
        return self.unit.ro * (1 + self.cascode.gm * self.cascode.ro * (self.gain + 1))

    @property
    def gates_f(self) -> float:
        """Capacitance of all the units' gates [F], saturated."""
        return 2 / 3 * _OXIDE * gate_area(self.spec) * float(sum(self.spec.ratios))


_Formulas: TypeAlias = Callable[[Point], Mapping[str, Hand | None]]
_F = TypeVar("_F", bound=_Formulas)
_FORMULAS: Final[dict[str, _Formulas]] = {}


def formulas(cell: str) -> Callable[[_F], _F]:
    """Enter a function as that of a cell."""

    def enter(function: _F) -> _F:
        _FORMULAS[cell] = function
        return function

    return enter


def theory(spec: MirrorSpec) -> dict[str, Hand]:
    """What there is by hand, by the keys of what is measured; nothing for what has no hand model."""
    if not _has_gates(spec):
        bipolars = _BIPOLAR.get(spec.cell)
        return dict(bipolars(spec)) if bipolars else {}
    at = Point(spec)
    own = _FORMULAS.get(spec.cell)
    found: dict[str, Hand | None] = {**_any(at), **(own(at) if own else {})}
    return {key: hand for key, hand in found.items() if hand is not None}


def equal_error(spec: MirrorSpec) -> float:
    """Ratio error with outputs at the input's voltage, by hand [%]: 0 where equal units then have equal V_DS, elsewhere
    what V_DS differs by, or what the bases take."""
    match spec.cell:
        case "mirror_wilson" | "mirror_gain_boosted":
            return theory(spec)["error_mid"].value
        case "mirror_npn_wilson" if len(spec.outputs) == 1:
            # The upper one's base hangs on the input; those of the lower ones on the output, which carries them.
            beta, units = bipolar(spec.main_device).beta, spec.ratios[1] / spec.ratios[0]
            lower = units + (1 + units) / beta
            return 100 * (lower * beta / (beta + 1) / (1 + lower / (beta + 1)) / units - 1)
        case "mirror_npn" | "mirror_npn_beta_helper" | "mirror_npn_wilson":
            return theory(spec)["error_half"].value
    return 0.0


def transfer(spec: MirrorSpec, pin: str) -> float:
    """What an output's current over the input's should be."""
    own: Callable[[str], float] | None = getattr(spec, "transfer", None)
    return own(pin) if own else spec.counts[pin] / spec.counts["iin"]


def _has_gates(spec: Any) -> bool:
    return getattr(spec, "main_device", None) in HAND_MODELS


def gate_area(spec: MirrorSpec) -> float:
    """Of a unit [um^2]; 0 for one that has no gate."""
    return spec.w * spec.l if _has_gates(spec) else 0.0


def has_others(spec: MirrorSpec) -> bool:
    """Whether the mirror has devices other than transistors with gates and capacitors: their samples take longer."""
    return any(re.search("__(npn|pnp|res)_", line) for line in catalog.circuit_of(spec).to_spice().splitlines())


def _any(at: Point) -> dict[str, Hand]:
    """What holds for every mirror of counted MOS units."""
    spec, unit = at.spec, at.unit
    first, out = spec.ratios[0], spec.ratios[1]
    sigma_mv = _PAIR_MV_UM[spec.main_device] / math.sqrt(2 * gate_area(spec)) * math.sqrt(1 / first + 1 / out)
    mismatch = 100 * 1e-3 * sigma_mv * unit.gm / unit.current
    inversion = unit.model.inversion(unit.current, unit.squares)
    gamma = (1 / 2 + 2 / 3 * inversion) / (1 + inversion)
    white = math.sqrt(4 * _KT * gamma * unit.model.n * unit.gm * (out + out**2 / first))
    bandwidth = first * unit.gm / (2 * math.pi * at.gates_f)
    small = Point(spec, 0.02 * spec.current)
    settling = math.log(100) * small.gates_f / (first * small.unit.gm)
    return {
        "error_drift": Hand(0.0, "0: the ratio is a count", BY_DESIGN),
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "bandwidth": Hand(1e-6 * bandwidth, "g_m / (2 pi C), C = 2/3 W L C_ox of all units", RAZAVI),
        "settling_small": Hand(1e6 * settling, "ln(100) C / g_m at the smallest input", RAZAVI),
        "noise_white": Hand(1e12 * white, "sqrt(4 k T gamma n g_m (N + N^2 / N_in)), gamma 1/2 to 2/3", NOISE),
        "mismatch": Hand(mismatch, "g_m / I A_VT / sqrt(2 W L) sqrt(1/N_in + 1/N)", PELGROM),
        "mismatch_vth": Hand(mismatch, "the same: the models vary thresholds alone", PELGROM),
        "mismatch_area": Hand(gate_area(spec) * mismatch**2, "W L (sigma / 1 %)^2", PELGROM),
    }


def _errors(at: Point, across: Callable[[float], float], formula: str, source: str) -> dict[str, Hand]:
    """Ratio errors from the difference of V_DS between an output's unit and the input's, at an output voltage."""
    return {
        key: Hand(100 * at.unit.early * across(volt), formula, source)
        for key, volt in (("error_half", at.half), ("error_top", at.supply))
    }


def _equal(at: Point) -> dict[str, Hand]:
    del at
    return {"error_mid": Hand(0.0, "0: equal V_DS", SQUARE), "error_half": Hand(0.0, "0: equal V_DS", SQUARE)}


@formulas("mirror_simple")
def _simple(at: Point) -> Mapping[str, Hand]:
    unit = at.unit
    lows = {
        key: Hand(
            max(unit.sat, at.half - loss / unit.early), f"V_DSsat, or where lambda alone costs {100 * loss:g} %", SQUARE
        )
        for key, loss in (("output_low", 0.01), ("output_low_5", 0.05))
    }
    middle = (lows["output_low"].value + at.supply) / 2
    return {
        **_errors(at, lambda volt: volt - unit.vgs, "lambda (V_out - V_GS)", SQUARE),
        "error_mid": Hand(100 * unit.early * (middle - unit.vgs), "lambda (V_mid - V_GS)", SQUARE),
        **lows,
        "output_resistance": Hand(1e-9 * unit.ro, "r_o = 1 / (lambda I)", SQUARE),
        "input_voltage": Hand(unit.vgs, "V_GS", EKV),
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * at.supply * at.input, "V I_in", BY_DESIGN),
    }


@formulas("mirror_cascode")
def _cascode(at: Point) -> dict[str, Hand]:
    twice = at.unit.vgs + at.cascode.vgs
    each = at.spec.ratios[0] / at.input
    return {
        key: Hand(100 * (volt - twice) / at.cascoded * each, "(V_out - 2 V_GS) / (R_out I)", RAZAVI)
        for key, volt in (("error_half", at.half), ("error_top", at.supply))
    } | {
        **{key: Hand(at.unit.vgs + at.cascode.sat, "V_GS + V_OV", RAZAVI) for key in ("output_low", "output_low_5")},
        "error_mid": Hand(0.0, "0: equal V_DS", SQUARE),
        "output_resistance": Hand(1e-9 * at.cascoded, "2 r_o + g_m r_o r_o", RAZAVI),
        "input_voltage": Hand(twice, "2 V_GS, without body effect", RAZAVI),
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * at.supply * at.input, "V I_in", BY_DESIGN),
    }


@formulas("mirror_wide_swing")
def _wide_swing(at: Point) -> Mapping[str, Hand]:
    copies = 2 * sizing.copied_part(at.spec) * at.unit.current
    return {
        **_equal(at),
        **{key: Hand(at.unit.sat + at.cascode.sat, "2 V_OV", SOOCH) for key in ("output_low", "output_low_5")},
        "output_resistance": Hand(1e-9 * at.cascoded, "2 r_o + g_m r_o r_o", SOOCH),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        "supply_current": Hand(1e6 * copies, "twice what a copy takes, (w/l)' / (w/l) I", BY_DESIGN),
        "power": Hand(1e6 * at.supply * (at.input + copies), "V (I_in + 2 (w/l)' / (w/l) I)", BY_DESIGN),
    }


@formulas("mirror_wilson")
def _wilson(at: Point) -> dict[str, Hand]:
    cascode = _cascode(at)
    error = Hand(-100 * at.unit.early * at.cascode.vgs, "-lambda V_GS: the input's V_DS is one V_GS more", SQUARE)
    return {
        **{key: cascode[key] for key in ("output_low", "output_low_5", "input_voltage", "supply_current", "power")},
        **dict.fromkeys(("error_mid", "error_half", "error_top"), error),
        "output_resistance": Hand(1e-9 * at.cascode.ro * (2 + at.unit.gm * at.unit.ro), "r_o (2 + g_m r_o)", WILSON),
    }


@formulas("mirror_wilson_improved")
def _wilson_improved(at: Point) -> Mapping[str, Hand]:
    return {**_wilson(at), **_equal(at), "error_top": Hand(0.0, "0: equal V_DS", SQUARE)}


def _regulated(at: Point, node: float, across: str) -> dict[str, Hand]:
    low = Hand(node + at.cascode.sat, f"{across} + V_OV of the cascode", SACKINGER)
    return {
        "output_low": low,
        "output_low_5": low,
        "output_resistance": Hand(1e-9 * at.boosted, "r_o [1 + g_m r_o (A + 1)]", SACKINGER),
    }


def _bias(at: Point, more: float, formula: str) -> dict[str, Hand]:
    """Supply current: the bias, its copy for the tails' gates, the tails, and `more` [A]."""
    spec, sizes = at.spec, sizing.amplifier_sizes(at.spec)
    copy = spec.bias * _units(sizes.bias, "out") / _units(sizes.bias, "in")
    tail, diode = sizes.amplifier.tail.unit, sizes.tails.unit
    tails = copy / _units(sizes.tails, "diode") * (tail.width_nm / tail.length_nm) / (diode.width_nm / diode.length_nm)
    amplifiers = len(spec.outputs) + (spec.cell == "mirror_active_input")
    current = spec.bias + copy + amplifiers * tails + more
    return {
        "supply_current": Hand(1e6 * current, formula, BY_DESIGN),
        "power": Hand(1e6 * at.supply * (at.input + current), f"V (I_in + {formula})", BY_DESIGN),
    }


def _units(size: ArraySize, owner: str) -> int:
    return sum(row.count(owner) for row in size.pattern.rows)


@formulas("mirror_gain_boosted")
def _gain_boosted(at: Point) -> Mapping[str, Hand]:
    error = Hand(100 * at.unit.early * (at.spec.reference - at.unit.vgs), "lambda (V_ref - V_GS)", SQUARE)
    return {
        **dict.fromkeys(("error_mid", "error_half", "error_top"), error),
        **_regulated(at, at.spec.reference, "V_ref"),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        **_bias(at, 0.0, "bias, its copy, tails"),
    }


@formulas("mirror_wide_swing_boosted")
def _wide_swing_boosted(at: Point) -> Mapping[str, Hand]:
    return {
        **_equal(at),
        "error_top": Hand(0.0, "0: equal V_DS", SQUARE),
        **_regulated(at, at.unit.sat, "V_OV"),
        "input_voltage": Hand(at.unit.vgs, "V_GS", EKV),
        **_bias(at, 2 * sizing.copied_part(at.spec) * at.unit.current, "bias, its copy, tails, 2 (w/l)' / (w/l) I"),
    }


@formulas("mirror_active_input")
def _active_input(at: Point) -> Mapping[str, Hand]:
    return {
        **_equal(at),
        "error_top": Hand(0.0, "0: equal V_DS", SQUARE),
        **_regulated(at, at.spec.reference, "V_ref"),
        "input_voltage": Hand(at.spec.reference, "V_ref", BY_DESIGN),
        **_bias(at, 0.0, "bias, its copy, tails"),
    }


@formulas("mirror_degenerated")
def _degenerated(at: Point) -> Mapping[str, Hand | None]:
    unit, drop = at.unit, at.spec.drop
    resistance = drop / unit.current
    factor = 1 + unit.model.n * unit.gm * resistance
    output = unit.ro * factor + resistance
    held = unit.vgs + drop
    sigma = _any(at)["mismatch"].value / factor
    # The resistors' own mismatch is no smaller, and no textbook knows it.
    return {
        **{
            key: Hand(100 * (volt - held) / (output * unit.current), "(V_out - V_in) / (R_out I)", RAZAVI)
            for key, volt in (("error_half", at.half), ("error_top", at.supply))
        },
        **{key: Hand(unit.sat + drop, "V_DSsat + I R", RAZAVI) for key in ("output_low", "output_low_5")},
        "output_resistance": Hand(1e-9 * output, "r_o (1 + n g_m R) + R", RAZAVI),
        "input_voltage": Hand(held, "V_GS + I R, without body effect", EKV),
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * at.supply * at.input, "V I_in", BY_DESIGN),
        "bandwidth": None,
        "settling_small": None,
        "noise_white": None,
        "mismatch": None,
        "mismatch_area": None,
        "mismatch_vth": Hand(sigma, "g_m / I A_VT / sqrt(2 W L) sqrt(1/N_in + 1/N) / (1 + n g_m R)", PELGROM),
    }


def _logarithm() -> Hand:
    return Hand(0.0, "0: measured against I R = n V_T ln(I_in / I)", WIDLAR)


@formulas("mirror_widlar")
def _widlar(at: Point) -> Mapping[str, Hand | None]:
    spec, unit = at.spec, at.unit
    output = Transistor.of(sizing.unit_of(spec), spec.unit_output)
    drop = spec.unit_output * spec.unit_resistance
    resistance = output.ro * (1 + output.model.n * output.gm * spec.unit_resistance) + spec.unit_resistance
    return {
        **dict.fromkeys(("bandwidth", "settling_small", "noise_white", "error_drift", "mismatch"), None),
        **dict.fromkeys(("mismatch_vth", "mismatch_area"), None),
        "error_half": _logarithm(),
        "output_low": Hand(output.sat + drop, "V_DSsat + I R", RAZAVI),
        "output_resistance": Hand(1e-9 * resistance, "r_o (1 + n g_m R) + R", RAZAVI),
        "input_voltage": Hand(unit.vgs, "V_GS", EKV),
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * at.supply * at.input, "V I_in", BY_DESIGN),
    }


def _widlar_npn(spec: Any) -> Mapping[str, Hand]:
    current, resistor = spec.unit_output, spec.unit_resistance
    factor = 1 + current / UT * resistor
    return {
        "error_half": _logarithm(),
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "output_low": Hand(_SATURATED_V + current * resistor, "V_CEsat + I R", SQUARE),
        "output_resistance": Hand(1e-9 * _EARLY_V / current * factor, "V_A / I (1 + g_m R)", SQUARE),
        "input_voltage": Hand(
            bipolar(spec.main_device).base_emitter(spec.unit_current), "V_BE = Ut ln(I / I_S)", SQUARE
        ),
        "supply_current": Hand(0.0, "0", BY_DESIGN),
        "power": Hand(1e6 * spec.supply * spec.current, "V I_in", BY_DESIGN),
    }


_EARLY_V: Final = 106.0
"""Early voltage of the process' npn, by its models at 1 uA."""
_SATURATED_V: Final = 0.2
"""V_CE below which an npn is saturated, as textbooks have it."""


def _bipolar(spec: Any, error: float, formula: str) -> dict[str, Hand]:
    """What the npn mirrors have in common but for their ratio error, a part of the current."""
    voltage = bipolar(spec.main_device).base_emitter(spec.unit_current)
    out, first = spec.ratios[1], spec.ratios[0]
    shot = math.sqrt(2 * _Q * spec.unit_current * (out + out**2 / first))
    wilson = spec.cell == "mirror_npn_wilson"
    low = Hand(_SATURATED_V + (voltage if wilson else 0), "V_BE + V_CEsat" if wilson else "V_CEsat", SQUARE)
    beta = bipolar(spec.main_device).beta
    factor, output = (beta / 2, "beta V_A / (2 I)") if wilson else (1.0, "V_A / I")
    return {
        "error_half": Hand(100 * error, formula, SQUARE),
        "outputs_apart": Hand(0.0, "0: equal units", BY_DESIGN),
        "output_low": low,
        "output_resistance": Hand(1e-9 * factor * _EARLY_V / spec.unit_current, output, SQUARE),
        "noise_white": Hand(1e12 * shot, "sqrt(2 q I (N + N^2 / N_in))", SQUARE),
        "power": Hand(1e6 * spec.supply * spec.current, "V I_in", BY_DESIGN),
    }


def _bases(spec: Any) -> float:
    """Base currents over the input's collector current, times beta."""
    return float(sum(spec.ratios)) / float(spec.ratios[0])


def _npn(spec: Any) -> Mapping[str, Hand]:
    device, bases = bipolar(spec.main_device), _bases(spec)
    error = 1 / (1 + bases / device.beta) - 1
    return {
        **_bipolar(spec, error, "1 / (1 + 2 / beta) - 1; for 2 the sum of units over the input's, without V_A"),
        "input_voltage": Hand(device.base_emitter(spec.unit_current), "V_BE = Ut ln(I / I_S)", SQUARE),
    }


def _npn_beta_helper(spec: Any) -> Mapping[str, Hand]:
    device, bases = bipolar(spec.main_device), _bases(spec)
    if spec.helper != "npn":
        return _bipolar(spec, 0.0, "0: a gate takes no current; without V_A")
    error = 1 / (1 + bases / (device.beta * (device.beta + 1))) - 1
    through = spec.current * bases / device.beta
    return {
        **_bipolar(spec, error, "1 / (1 + 2 / (beta (beta + 1))) - 1, without V_A"),
        "input_voltage": Hand(
            device.base_emitter(spec.unit_current) + device.base_emitter(through), "V_BE + V_BE of the helper", SQUARE
        ),
        "supply_current": Hand(1e6 * through, "the bases' currents", SQUARE),
    }


def _npn_wilson(spec: Any) -> Mapping[str, Hand]:
    device = bipolar(spec.main_device)
    beta, voltage = device.beta, device.base_emitter(spec.unit_current)
    input_voltage = {"input_voltage": Hand(2 * voltage, "2 V_BE", SQUARE)}
    first, *outputs = spec.ratios
    if len(outputs) == 1:
        error = -2 / (beta**2 + 2 * beta + 2)
        return {**_bipolar(spec, error, "-2 / (beta^2 + 2 beta + 2), for 1:1, without V_A"), **input_voltage}
    # The loop has a unit of its own, which carries all lower base currents.
    upper = sum(outputs) + 1 + (first + sum(outputs) + 1) / beta
    error = beta / (beta + 1 + upper / first) - 1
    current = 1e6 * spec.unit_current * (1 + (first + sum(outputs) + 1) / beta)
    return {
        **_bipolar(spec, error, "beta / (beta + 1 + upper units over the input's) - 1, without V_A"),
        **input_voltage,
        "supply_current": Hand(current, "a unit of the loop, and the lower base currents", SQUARE),
        "power": Hand(spec.supply * (1e6 * spec.current + current), "V (I_in + I_loop)", BY_DESIGN),
    }


_BIPOLAR: Final[dict[str, Callable[[Any], Mapping[str, Hand]]]] = {
    "mirror_npn": _npn,
    "mirror_npn_beta_helper": _npn_beta_helper,
    "mirror_npn_wilson": _npn_wilson,
    "mirror_widlar": _widlar_npn,
}
