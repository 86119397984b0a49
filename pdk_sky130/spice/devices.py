"""How the devices of the PDK stand in a netlist: terminals, sizes, and what a model's name tells of a size.

The finger capacitors (``cap_vpp_...``) are cells of fixed layout: their table lies beside the LVS deck
(``lvs/vpp.csv``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX

__all__ = [
    "BIPOLAR_AREAS_UM2",
    "DEVICES",
    "FIXED_WIDTHS_UM",
    "LENGTH_MAX_UM",
    "LENGTH_MIN_UM",
    "NPN",
    "PNP",
    "SPECIAL",
    "DeviceForm",
    "full_name",
    "micrometres",
]


LENGTH_MIN_UM: Final = 0.01
LENGTH_MAX_UM: Final = 10_000.0
"""Shortest and longest size of a device that is no typing error [um]."""

_METRES_BELOW: Final = 1e-3


@dataclass(frozen=True)
class DeviceForm:
    """How a device stands in a netlist: its terminals in order, the sizes that it must have, and its letter.

    ``letter`` is the one that the models want: X for a subcircuit, R for a resistor that is a bare model. ``element``
    is the letter of its kind in SPICE, which people write as well.
    """

    terminals: tuple[str, ...]
    sizes: tuple[str, ...]
    element: str
    letter: str = "x"


_W_L: Final = ("w", "l")
_MOS: Final = DeviceForm(("d", "g", "s", "b"), _W_L, "m")
_CAPACITOR: Final = DeviceForm(("c0", "c1"), _W_L, "c")
_RESISTOR: Final = DeviceForm(("r0", "r1"), _W_L, "r")
_WIRE: Final = DeviceForm(("r0", "r1"), _W_L, "r", "r")
_RESISTOR_IN_WELL: Final = DeviceForm(("r0", "r1", "b"), _W_L, "r")
_RESISTOR_OF_FIXED_WIDTH: Final = DeviceForm(("r0", "r1", "b"), ("l",), "r")
_DIODE: Final = DeviceForm(("a", "c"), ("area", "perim"), "d")
_NPN_FORM: Final = DeviceForm(("c", "b", "e", "s"), (), "q")
_PNP_FORM: Final = DeviceForm(("c", "b", "e"), (), "q")

SPECIAL: Final[Mapping[str, str]] = {
    f"{MODEL_PREFIX}special_{name}": f"{MODEL_PREFIX}{name}" for name in ("nfet_01v8", "pfet_01v8_hvt")
}
"""Transistors with w < 0.42 um inside a standard cell, and the device of which they are a variant."""

FIXED_WIDTHS_UM: Final[Mapping[str, tuple[str, float]]] = {
    f"{MODEL_PREFIX}{kind}_{name}": (f"{MODEL_PREFIX}{kind}", width)
    for kind in ("res_high_po", "res_xhigh_po")
    for name, width in (("0p35", 0.35), ("0p69", 0.69), ("1p41", 1.41), ("2p85", 2.85), ("5p73", 5.73))
}
"""Resistors whose name tells their width, with the general device and the width [um]."""

NPN: Final = f"{MODEL_PREFIX}npn_05v5"
PNP: Final = f"{MODEL_PREFIX}pnp_05v5"
"""Kinds of bipolar transistors."""

BIPOLAR_AREAS_UM2: Final[Mapping[str, tuple[str, float]]] = {
    f"{NPN}_w1p00l1p00": (NPN, 1.0),
    f"{NPN}_w1p00l2p00": (NPN, 2.0),
    f"{PNP}_w0p68l0p68": (PNP, 0.4624),
    f"{PNP}_w3p40l3p40": (PNP, 11.56),
}
"""Bipolar transistors, with their kind and the area of their emitter [um2]."""

_FORMS: Final = (
    (
        _MOS,
        "nfet_01v8 nfet_01v8_lvt nfet_g5v0d10v5 esd_nfet_g5v0d10v5 nfet_05v0_nvt nfet_03v3_nvt special_nfet_01v8 "
        "pfet_01v8 pfet_01v8_lvt pfet_01v8_hvt pfet_g5v0d10v5 esd_pfet_g5v0d10v5 special_pfet_01v8_hvt",
    ),
    (
        _RESISTOR_IN_WELL,
        "res_high_po res_xhigh_po res_generic_nd res_generic_pd res_generic_nd__hv res_generic_pd__hv",
    ),
    (_RESISTOR, "res_generic_po"),
    (_CAPACITOR, "cap_mim_m3_1 cap_mim_m3_2"),
    (_WIRE, "res_generic_l1 res_generic_m1 res_generic_m2 res_generic_m3 res_generic_m4 res_generic_m5"),
    (
        _DIODE,
        "diode_pw2nd_05v5 diode_pw2nd_05v5_lvt diode_pw2nd_05v5_nvt diode_pw2nd_11v0 "
        "diode_pd2nw_05v5 diode_pd2nw_05v5_lvt diode_pd2nw_05v5_hvt diode_pd2nw_11v0",
    ),
    (_NPN_FORM, "npn_05v5_w1p00l1p00 npn_05v5_w1p00l2p00"),
    (_PNP_FORM, "pnp_05v5_w0p68l0p68 pnp_05v5_w3p40l3p40"),
)

DEVICES: Final[Mapping[str, DeviceForm]] = {
    **{f"{MODEL_PREFIX}{name}": form for form, names in _FORMS for name in names.split()},
    **dict.fromkeys(FIXED_WIDTHS_UM, _RESISTOR_OF_FIXED_WIDTH),
}
"""Devices by the name of their model, in lower case, and their form; without the finger capacitors."""


def full_name(model: str) -> str:
    """The name of a PDK device from a netlist, where the prefix ``sky130_fd_pr__`` may be left out."""
    long = MODEL_PREFIX + model
    return long if long in DEVICES else model


def micrometres(size: float) -> float:
    """A length as it stands in a netlist, in um: below 0.001 it was meant in metres.

    The PDK's sizes are in um without a suffix, from `LENGTH_MIN_UM` on; in metres no length of a device reaches 0.001.
    """
    return size * 1e6 if abs(size) < _METRES_BELOW else size
