"""The bias of a wide-swing mirror's cascodes, made inside: a copy of the current, folded back into a diode."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p
from typing import TYPE_CHECKING

from mirrorneuron.generators.cells.mirrors.parts import checks, sizing
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.constants import UT
from mirrorneuron.pdk_sky130.devices import NARROW_LENGTH_MAX_UM, mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import hand_model
from mirrorneuron.pdk_sky130.rules import nm

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, MirrorSpec
    from mirrorneuron.generators.circuit import Parts
    from mirrorneuron.generators.primitives.drawing import Drawing
    from mirrorneuron.generators.primitives.sheet import Block

__all__ = ["CascodeBias", "add_cascode_bias", "bias_arrays", "copied_part", "copy_fits", "draw_cascode_bias"]

_NARROWEST_NM = 2 * nm("difftap.2")
_WIDEST_DIODE_NM = 2000
_COPY_WIDTH, _COPY_LENGTH = 0.4, 1.25
"""Width and length of the transistor that copies a unit's current, relative to the unit's."""


@dataclass(frozen=True)
class CascodeBias:
    """Arrays that make the gate voltage of cascodes.

    Owners: ``copy`` (``copy``), ``fold`` (``in``, ``out``), ``diode`` (``diode``).
    """

    copy: ArraySize
    fold: ArraySize
    diode: ArraySize


def add_cascode_bias(parts: Parts, spec: Cascoded, gate: str, across: float) -> None:
    """Add what makes the gate line ``vb`` from the gate line `gate` of the units, for `across` [V] of V_DS below the
    cascodes: a copy of the current, a mirror that folds it back, and a diode.

    The copy has no cascode, whose gate would be ``vb`` again: without current it would never start.
    """
    rail, other = spec.side.rail, spec.side.other
    sizes = bias_arrays(spec, across)
    parts.array("copy", sizes.copy, rail, rail, {"copy": ("fold", gate)})
    parts.array("fold", sizes.fold, other, other, {"in": ("fold", "fold"), "out": ("vb", "fold")})
    parts.array("diode", sizes.diode, rail, rail, {"diode": ("vb", "vb")})


def draw_cascode_bias(draw: Drawing, spec: Cascoded, gate: str, across: float) -> list[Block]:
    """Draw what makes the gate line ``vcasc`` from the line `gate`: mirror, diode and copy, bottom up."""
    rail = spec.side.rail
    sizes = bias_arrays(spec, across)
    fold = draw.array(
        "fold",
        sizes.fold,
        gates={"in": "turn", "out": "turn"},
        drains={"in": "turn", "out": "vcasc"},
        source=spec.side.other,
    )
    diode = draw.array("diode", sizes.diode, gates={"diode": "vcasc"}, drains={"diode": "vcasc"}, source=rail)
    copy = draw.array("copy", sizes.copy, gates={"copy": gate}, drains={"copy": "turn"}, source=rail)
    return [fold, diode, copy]


def bias_arrays(spec: Cascoded, across: float) -> CascodeBias:
    """A narrow copy of the units, a mirror on the opposite supply that folds its current back, and a diode whose V_GS
    is that of a cascode and `across` [V] of V_DS below it.

    The copy is narrow because it loads the units' gates and its current is spent twice; it need not be exact.

    Raises
    ------
    SpecError
        The diode's length would be outside the range of the models.
    """
    return CascodeBias(
        copy=sizing.array(_copy(spec), {"copy": 1}, dummy_columns=0),
        fold=sizing.array(_fold(spec), {"in": 1, "out": 1}),
        diode=sizing.array(_diode(spec, spec.unit_current * copied_part(spec), across), {"diode": 1}, dummy_columns=0),
    )


def copied_part(spec: MirrorSpec) -> float:
    """Part of a unit's current that biases the cascodes: W/L of the transistor that copies it, over a unit's."""
    unit = _copy(spec)
    return unit.width_nm / unit.length_nm * spec.l_nm / spec.w_nm


def copy_fits(spec: Cascoded) -> None:
    """Refuse a mirror in which the copy of the current and the mirror that folds it exceed the supply.

    Raises
    ------
    SpecError
        As `checks.fits_under_the_supply`.
    """
    fold = _fold(spec)
    current = copied_part(spec) * spec.unit_current
    folded = headroom.gate_source(fold.device, current, fold.width_nm / 1000, fold.length_nm / 1000)
    below = checks.saturation(spec, sizing.unit_of(spec))
    voltages = {"V_DS of the copy": below, "V_GS of the folding mirror": folded}
    checks.fits_under_the_supply(spec, "copy for the bias", voltages)


def _fold(spec: Cascoded) -> Unit:
    opposite = spec.side.opposite
    return Unit(opposite, 2000 if opposite.startswith("p") else 1000, 2000)


def _copy(spec: MirrorSpec) -> Unit:
    width = max(_NARROWEST_NM, _even_grid(_COPY_WIDTH * spec.w_nm))
    longest = mosfet(spec.main_device).length_max_nm
    return Unit(spec.main_device, width, min(longest, 10 * round(_COPY_LENGTH * spec.l_nm / 10)))


def _even_grid(nanometres: float) -> int:
    """The nearest width whose two fingers are on the grid [nm]."""
    return 20 * round(nanometres / 20)


def _diode(spec: Cascoded, current: float, across: float) -> Unit:
    cascode = sizing.cascode_unit(spec)
    model = hand_model(cascode.device)
    gate = model.gate_source(spec.unit_current, cascode.width_nm / cascode.length_nm) + model.n * across
    # The EKV equation, solved for W/L.
    inversion = log1p(exp((gate - model.vt) / (2 * model.n * UT))) ** 2
    squares = current / (2 * model.n * model.kp * UT**2 * inversion)
    longest = round(1000 * NARROW_LENGTH_MAX_UM)
    width = max(_NARROWEST_NM, min(_WIDEST_DIODE_NM, 20 * int((longest - 500) * squares / 20)))
    length = 10 * round(width / squares / 10)
    if not nm("poly.1a") <= length <= longest:
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA: the diode that biases the cascodes would be {width / 1000:g}/"
            f"{length / 1000:.3g} um; its length must be 0.15 to {longest / 1000:g} um (models). Take another current "
            "or other cascodes"
        )
    return Unit(cascode.device, width, length)
