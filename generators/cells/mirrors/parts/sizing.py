"""Sizes of a mirror's arrays, and whether its transistors fit under the supply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, exp, log1p, sqrt

from mirrorneuron.generators.blocks.five_transistor import FiveTransistorSize
from mirrorneuron.generators.cells.mirrors.parts import checks
from mirrorneuron.generators.cells.mirrors.parts.resistors import BODY_FACTOR
from mirrorneuron.generators.cells.mirrors.parts.spec import WIDEST_UM, Cascoded, MirrorSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.devices import BIPOLARS, MIM_SIDE_MAX_NM, MIM_SIDE_MIN_NM
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import UT, hand_model

__all__ = [
    "OUTPUT_CAPACITOR_NM",
    "SPARE_V",
    "AmplifierSizes",
    "CascodeBias",
    "amplifier_sizes",
    "array",
    "bias_arrays",
    "cascode_arrays",
    "cascode_unit",
    "copied_part",
    "copy_fits",
    "fits_under_the_supply",
    "gate_source",
    "input_capacitors",
    "main_array",
    "saturation",
    "stack_fits",
    "unit_of",
]

_WIDE = 10  # units of a row, from which on there are several
SPARE_V = 0.03
"""What must be left under the supply: at fs and -40 C two V_GS may be so much more than at ss."""
_NARROWEST_NM = 840  # two fingers of difftap.2
_CAPACITOR_PER_GATE = 8  # area of an input's capacitor, in those of the gates: 128 fF for two units of 2/2
_LONGEST_NM = 20_000  # of the models
_COPY_WIDTH, _COPY_LENGTH = 0.4, 1.25  # of the transistor that copies a current to bias cascodes, in units


def array(unit: Unit, counts: Mapping[str, int], *, dummy_rows: int = 0, dummy_columns: int = 1) -> ArraySize:
    """An array of some units by owner, about as high as wide."""
    units = sum(counts.values())
    rows = 1 if units <= _WIDE else max(2, round(sqrt(units / 3)))
    # Only an odd number of rows has a middle for an odd count.
    rows += rows % 2 == 0 and any(count % 2 for count in counts.values())
    return ArraySize(unit, common_centroid(counts, rows=rows, edge_rows=dummy_rows, edge_columns=dummy_columns))


def unit_of(spec: MirrorSpec) -> Unit:
    """The unit transistor.

    Raises
    ------
    SpecError
        The device has no such length, or the unit's current is little more than what leaks through it.
    """
    checks.length_fits(spec.main_device, "l", spec.l, spec.w)
    checks.above_leakage(spec, "current", spec.current, spec.unit_current)
    return Unit(spec.main_device, spec.w_nm, spec.l_nm)


def main_array(spec: MirrorSpec) -> ArraySize:
    """The units that make the ratio, by pin."""
    return array(unit_of(spec), spec.counts, dummy_rows=1)


def cascode_unit(spec: MirrorSpec) -> Unit:
    """The cascode of one unit's current; as the unit itself where the spec gives it no sizes of its own."""
    if isinstance(spec, Cascoded):
        checks.length_fits(spec.main_device, "cascode_l", spec.cascode_l, spec.cascode_w)
        return Unit(spec.main_device, spec.cascode_w_nm, spec.cascode_l_nm)
    return unit_of(spec)


def cascode_arrays(spec: MirrorSpec) -> dict[str, ArraySize]:
    """The cascodes of each pin's units: an array for each, as their sources are nets of their own.

    Without dummies: no ratio hangs on them, and their gates would load the node between.
    """
    unit = cascode_unit(spec)
    return {pin: array(unit, {"cascode": count}, dummy_columns=0) for pin, count in spec.counts.items()}


def gate_source(spec: MirrorSpec, unit: Unit, *, above: float = 0.0) -> float:
    """V_GS of a unit transistor at the spec's current at ss, and -40 or 125 C [V]; `above` [V] is how far its source is
    from the rail, and adds the body effect."""
    volt = headroom.gate_source(unit.device, spec.unit_current, unit.width_nm / 1000, unit.length_nm / 1000)
    return volt + (BODY_FACTOR - 1) * above


def saturation(spec: MirrorSpec, unit: Unit) -> float:
    """V_DS that keeps a unit transistor saturated at the spec's current [V], by the hand model."""
    return hand_model(unit.device).saturation(spec.unit_current, unit.width_nm / unit.length_nm)


def fits_under_the_supply(spec: MirrorSpec, what: str, parts: Mapping[str, float]) -> None:
    """Refuse a mirror whose transistors' voltages, one on the other, are more than the supply.

    Parameters
    ----------
    what
        The path that they lie on.
    parts
        Voltages by name [V].

    Raises
    ------
    SpecError
        They are; the message has the sum.
    """
    needed = sum(parts.values()) + SPARE_V
    if needed <= spec.supply:
        return
    told = " + ".join([*(f"{name} {value:.2f} V" for name, value in parts.items()), f"{SPARE_V:.2f} V to spare"])
    device = spec.main_device
    if device in BIPOLARS:
        unit, remedy = device, "more supply"
    else:
        unit = f"{spec.w:g}/{spec.l:g} um"
        wider = min(WIDEST_UM, ceil(spec.w * 4))
        remedy = f"more supply, a wider or shorter unit (w: {wider}), device: {device.removesuffix('_lvt')}_lvt"
    where = "-40 C" if device in BIPOLARS else "-40 or 125 C"
    raise SpecError(
        f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {unit}: the {what} needs "
        f"{told} = {needed:.2f} V at ss, {where}, and supply is {spec.supply:g} V. Take less current a unit (more "
        f"units: ratios), {remedy}, or another mirror"
    )


def stack_fits(spec: MirrorSpec) -> None:
    """Refuse a mirror whose input, a unit's V_GS under a cascode's, is more than the supply; raises as
    `fits_under_the_supply`."""
    units = (unit_of(spec), cascode_unit(spec))
    lower = gate_source(spec, units[0])
    upper = gate_source(spec, units[1], above=lower)
    fits_under_the_supply(spec, "input", {"V_GS of the unit": lower, "V_GS of the cascode": upper})


@dataclass(frozen=True)
class CascodeBias:
    """Arrays that make the gate voltage of cascodes.

    Owners: ``copy`` (``copy``), ``fold`` (``in``, ``out``), ``diode`` (``diode``).
    """

    copy: ArraySize
    fold: ArraySize
    diode: ArraySize


def bias_arrays(spec: Cascoded, across: float) -> CascodeBias:
    """A narrow copy of the units, a mirror on the other supply that turns its current round, and a diode whose V_GS is
    that of a cascode and `across` [V] of V_DS below it.

    Narrow, because the copy loads the units' gates and its current is spent twice; none of it has to be exact.

    Raises
    ------
    SpecError
        The diode would have to be longer than a transistor may be.
    """
    part = copied_part(spec)
    return CascodeBias(
        copy=array(_copy(spec), {"copy": 1}, dummy_columns=0),
        fold=array(_fold(spec), {"in": 1, "out": 1}),
        diode=array(_diode(spec, spec.unit_current * part, across), {"diode": 1}, dummy_columns=0),
    )


def copied_part(spec: MirrorSpec) -> float:
    """What part of a unit's current biases the cascodes: W/L of the transistor that copies it, over a unit's."""
    unit = _copy(spec)
    return unit.width_nm / unit.length_nm * spec.l_nm / spec.w_nm


def copy_fits(spec: Cascoded) -> None:
    """Refuse a mirror whose copy of the current has no room below the mirror that folds it; raises as
    `fits_under_the_supply`."""
    fold = _fold(spec)
    current = copied_part(spec) * spec.unit_current
    parts = {
        "V_DS of the copy": saturation(spec, unit_of(spec)),
        "V_GS of the folding mirror": headroom.gate_source(
            fold.device, current, fold.width_nm / 1000, fold.length_nm / 1000
        ),
    }
    fits_under_the_supply(spec, "copy for the bias", parts)


def _fold(spec: Cascoded) -> Unit:
    opposite = spec.side.opposite
    return Unit(opposite, 2000 if opposite.startswith("p") else 1000, 2000)


def _copy(spec: MirrorSpec) -> Unit:
    width = max(_NARROWEST_NM, _even_grid(_COPY_WIDTH * spec.w_nm))
    return Unit(spec.main_device, width, min(_LONGEST_NM, 10 * round(_COPY_LENGTH * spec.l_nm / 10)))


def _even_grid(nm: float) -> int:
    """To the nearest width whose two fingers are on the grid [nm]."""
    return 20 * round(nm / 20)


def _diode(spec: Cascoded, current: float, across: float) -> Unit:
    cascode = cascode_unit(spec)
    model = hand_model(cascode.device)
    gate = model.gate_source(spec.unit_current, cascode.width_nm / cascode.length_nm) + model.n * across
    # The EKV equation, solved for W/L.
    inversion = log1p(exp((gate - model.vt) / (2 * model.n * UT))) ** 2
    squares = current / (2 * model.n * model.kp * UT**2 * inversion)
    longest = round(1000 * checks.LONGEST_OF_NARROWEST_UM)
    width = max(_NARROWEST_NM, min(2000, 20 * int((longest - 500) * squares / 20)))
    length = 10 * round(width / squares / 10)
    if not 150 <= length <= longest:
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA: the diode that biases the cascodes would be {width / 1000:g}/"
            f"{length / 1000:.3g} um; its length must be 0.15 to {longest / 1000:g} um (models). Take another current "
            "or other cascodes"
        )
    return Unit(cascode.device, width, length)


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
            tail=array(tail, {"tail": 1}, dummy_columns=0),
            pair=array(Unit(opposite, 2000, 1000), {"plus": 2, "minus": 2}),
            # Long gates: the neighbours that count lie above and below, and side by side they would make long wires.
            load=ArraySize(
                Unit(load, 1000, 20_000),
                common_centroid({"diode": 2, "out": 2}, rows=4, edge_columns=0, edge_rows=1),
            ),
        ),
        bias=array(Unit(own, 1000, 2000), {"in": 2, "out": 8}),
        tails=array(Unit(opposite, 2000, 2000), {"diode": 4}),
    )


OUTPUT_CAPACITOR_NM = 5_000
"""Side of the MIM capacitor from a cascode's gate to the rail, 50 fF: it keeps the gate still as its source moves."""


def input_capacitors(spec: MirrorSpec) -> tuple[int, int]:
    """How many MIM capacitors from the units' gates to an input that an amplifier holds, and their side [nm].

    They must outweigh the gates, or the loop rings at small inputs. One is as large as may be before there is another.
    """
    area = _CAPACITOR_PER_GATE * spec.w_nm * spec.l_nm * sum(spec.ratios)
    count = ceil(area / MIM_SIDE_MAX_NM**2)
    return count, max(MIM_SIDE_MIN_NM, min(MIM_SIDE_MAX_NM, 10 * ceil(sqrt(area / count) / 10)))
