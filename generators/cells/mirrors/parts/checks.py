"""What a mirror's transistors can do at all, and what they cannot at the corners: refused before anything is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorneuron.pdk_sky130.devices import mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import headroom
from mirrorneuron.pdk_sky130.models.hand import hand_model

if TYPE_CHECKING:
    from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, MirrorSpec

__all__ = ["LONGEST_OF_NARROWEST_UM", "above_leakage", "length_fits", "saturates", "wilson_settles"]

_LEAKAGES: Final = 5
"""What a unit carries at least, over what leaks through it: with less, ratios were off by 10 % and more (ff, 125 C)."""


_WILSON_MAX: Final = 6
_EDGE_UM: Final = 0.05
LONGEST_OF_NARROWEST_UM: Final = 19.0
"""Length up to which the models of nfet_01v8 with fingers of 0.42 um have solutions at ss, in weak inversion too."""


def length_fits(device: str, field: str, length_um: float, width_um: float) -> None:
    """Refuse a length that the process does not make the device in, or that the models cannot solve.

    Raises
    ------
    SpecError
        It is one of both; `field` is where it stands.
    """
    if device == "nfet_01v8" and width_um < 0.86 and length_um > LONGEST_OF_NARROWEST_UM:
        raise SpecError(
            f"{field} is {length_um:g} um, of a {device} of {width_um:g} um: the models have no solution for it at ss, "
            f"so nothing could be verified. At most {LONGEST_OF_NARROWEST_UM:g} um, or at least 0.86 um of width"
        )
    mos = mosfet(device)
    if round(1000 * length_um) < mos.length_min_nm:
        raise SpecError(
            f"{field} is {length_um:g} um: {device} has at least {mos.length_min_nm / 1000:g} um ({mos.length_rule}). "
            "Take a longer one, or another device"
        )


def above_leakage(spec: MirrorSpec, field: str, given: float, current: float) -> None:
    """Refuse a unit's current [A] that no gate voltage sets, as the unit leaks about as much when it is off.

    Parameters
    ----------
    field, given
        What the current follows from, and its value [A].

    Raises
    ------
    SpecError
        It is less than five times the leakage at ff and 125 C.
    """
    leaks = headroom.leakage(spec.main_device, spec.w, spec.l)
    if current < _LEAKAGES * leaks:
        least = _LEAKAGES * leaks
        raise SpecError(
            f"{field} is {given * 1e6:g} uA, {current * 1e9:.4g} nA a unit: {spec.main_device} of {spec.w:g}/{spec.l:g}"
            f" um leaks {leaks * 1e9:.3g} nA when it is off (ff, 125 C), and a unit must carry {_LEAKAGES} times that: "
            f"{least * 1e9:.3g} nA. Take more current a unit, a narrower or longer unit, or a device with a higher "
            "threshold"
        )


def saturates(spec: MirrorSpec, what: str, volt: float) -> None:
    """Refuse units that the V_DS which they are held at leaves unsaturated.

    Parameters
    ----------
    what, volt
        What holds them, and at what [V].

    Raises
    ------
    SpecError
        They need more.
    """
    needed = hand_model(spec.main_device).saturation(spec.unit_current, spec.w / spec.l)
    if needed > volt:
        raise SpecError(
            f"current is {spec.current * 1e6:g} uA, {spec.unit_current * 1e6:g} uA a unit of {spec.w:g}/{spec.l:g} um: "
            f"it needs {needed:.2f} V of V_DS to be saturated, and {what} is {volt:g} V. Take less current a unit, or "
            "a wider or shorter unit"
        )


def wilson_settles(spec: Cascoded, cascodes: int) -> None:
    """Refuse a Wilson mirror whose loop is of two poles that lie the wrong way round: it rings, or oscillates.

    The input node's, of a unit's transconductance and the gates of `cascodes` cascodes, should be below that of a
    cascode's and all units' gates. Of 80 random mirrors, simulated at tt, ss -40 C and ff 125 C, all settled up to a
    ratio of 6, and half of those above did not.

    Raises
    ------
    SpecError
        The ratio is above 6.
    """
    model = hand_model(spec.main_device)
    lower = model.gm(spec.unit_current, spec.w / spec.l)
    upper = model.gm(spec.unit_current, spec.cascode_w / spec.cascode_l)
    units = sum(spec.ratios)
    # Overlaps and junctions at the input count as so much gate [um2].
    at_input = cascodes * spec.cascode_w * spec.cascode_l + _EDGE_UM * units * spec.w
    ratio = units * spec.w * spec.l * lower / (at_input * upper)
    if ratio > _WILSON_MAX:
        raise SpecError(
            f"units are {spec.w:g}/{spec.l:g} um and cascodes {spec.cascode_w:g}/{spec.cascode_l:g} um: the loop's "
            f"second pole would be {ratio:.3g} times too low, and beyond {_WILSON_MAX} it rings or oscillates. Take "
            "smaller units, larger cascodes, or mirror_cascode"
        )
