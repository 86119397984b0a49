"""The devices that cells are made of: their model, what they are drawn with, their legal sizes."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import RULES, nm

__all__ = [
    "BAR_LENGTH_MAX_NM",
    "BAR_LENGTH_MIN_NM",
    "BIPOLARS",
    "MIM_SIDE_MAX_NM",
    "MIM_SIDE_MIN_NM",
    "MOSFETS",
    "NO_PNP",
    "POLY_RESISTORS",
    "BipolarDevice",
    "MosDevice",
    "PolyResistor",
    "bipolar",
    "mosfet",
    "poly_resistor",
]

MIM_SIDE_MIN_NM: Final = 2000
MIM_SIDE_MAX_NM: Final = 30000
"""Sides of a MIM capacitor's plate for which the models and the process's documents speak [nm]."""


_UT: Final = 0.025865
_UT_COLD: Final = _UT * 233.15 / 300.15
_COLD: Final = 0.13
# V_BE is higher by so much at -40 C and 1 uA.
BAR_LENGTH_MIN_NM: Final = 660
BAR_LENGTH_MAX_NM: Final = 50_000
"""Lengths of a high-ohmic resistor [nm]: the least of the official deck (MR_poly.LEN.2), the most of the models."""


@dataclass(frozen=True)
class MosDevice:
    """A MOS transistor of the process.

    ``implant`` marks its source and drain, ``tap_implant`` its bulk contact; ``markers`` are drawn over the gate;
    lengths and widths (of one finger) in nm.
    """

    name: str
    polarity: str
    implant: Layer
    tap_implant: Layer
    markers: tuple[Layer, ...]
    length_min_nm: int
    width_min_nm: int
    length_rule: str
    length_max_nm: int = 20000
    width_max_nm: int = 100_000

    @property
    def model(self) -> str:
        """Name of its SPICE model."""
        return f"sky130_fd_pr__{self.name}"


def _n(name: str, *markers: Layer) -> MosDevice:
    return MosDevice(name, "n", layers.NSDM, layers.PSDM, markers, nm("poly.1a"), nm("difftap.2"), "poly.1a")


def _p(name: str, *markers: Layer, length: str = "poly.1a") -> MosDevice:
    return MosDevice(name, "p", layers.PSDM, layers.NSDM, markers, nm(length), nm("difftap.2"), length)


MOSFETS: Final[dict[str, MosDevice]] = {
    device.name: device
    for device in (
        _n("nfet_01v8"),
        _n("nfet_01v8_lvt", layers.LVTN),
        _p("pfet_01v8"),
        _p("pfet_01v8_lvt", layers.LVTN, length="poly.1b"),
        _p("pfet_01v8_hvt", layers.HVTP),
    )
}


def mosfet(name: str) -> MosDevice:
    """The transistor of this name.

    Raises
    ------
    SpecError
        There is none.
    """
    try:
        return MOSFETS[name]
    except KeyError:
        raise SpecError(f"no transistor {name!r}; there are: {', '.join(MOSFETS)}") from None


@dataclass(frozen=True)
class PolyResistor:
    """A high-ohmic poly resistor of one of the five widths that the foundry characterised.

    ``marker`` makes its sheet resistance. Its bars are contacted by slots. The figures are those of the PDK's models at
    tt, 27 C, for no voltage: sheet resistance [ohm], what the body is wider and longer than drawn [um], and both
    terminals together [ohm um, um].
    """

    name: str
    marker: Layer
    width_rule: str
    slots_rule: str
    sheet_ohm: float
    wider_um: float
    longer_um: float
    ends_ohm_um: float
    ends_wider_um: float

    @property
    def width_nm(self) -> int:
        """Width of the body and the terminals [nm]."""
        return nm(self.width_rule)

    @property
    def slots(self) -> int:
        """Contacts in a terminal."""
        return RULES[self.slots_rule].value

    def resistance(self, length_nm: int) -> float:
        """Of one bar [ohm]."""
        return self._ends + self.sheet_ohm * (length_nm / 1000 + self.longer_um) / self._width_um

    def length_nm(self, ohm: float) -> float:
        """Of a bar with that resistance [nm]; negative where the terminals alone have more."""
        return 1000 * ((ohm - self._ends) * self._width_um / self.sheet_ohm - self.longer_um)

    @property
    def _width_um(self) -> float:
        drawn = self.width_nm / 1000
        # Current crowds in the narrowest.
        return drawn + self.wider_um - 0.0672 * max(0.69 - drawn, 0.0)

    @property
    def _ends(self) -> float:
        return self.ends_ohm_um / (self._width_um + self.ends_wider_um)


def _resistors() -> dict[str, PolyResistor]:
    forms = {"0p35": ("b", "g"), "0p69": ("c", "h"), "1p41": ("d", "i"), "2p85": ("e", "j"), "5p73": ("f", "k")}
    figures = {
        "res_xhigh_po": (layers.URPM, 2000.0, -0.056, -0.0592, 376.4, 1.41),
        "res_high_po": (layers.RPM, 324.4, -0.001, 0.247, 345.8, 0.156),
    }
    return {
        f"{kind}_{width}": PolyResistor(f"{kind}_{width}", marker, f"rpm.1{rule}", f"rpm.1{slots}", *values)
        for kind, (marker, *values) in figures.items()
        for width, (rule, slots) in forms.items()
    }


POLY_RESISTORS: Final[dict[str, PolyResistor]] = _resistors()


def poly_resistor(name: str) -> PolyResistor:
    """The high-ohmic resistor of this name.

    Raises
    ------
    SpecError
        There is none.
    """
    try:
        return POLY_RESISTORS[name]
    except KeyError:
        raise SpecError(f"no resistor {name!r}; there are: {', '.join(POLY_RESISTORS)}") from None


@dataclass(frozen=True)
class BipolarDevice:
    """An npn of the process: a cell of fixed layout, at ``file`` among the foundry's cells.

    Figures for estimates, of the PDK's models at tt, 27 C, about 1 uA: saturation current [A], slope factor of V_BE and
    current gain; of ss, -40 C, up to 1 mA: what is in series [ohm]. V_BE there is
    within 5 mV from 0.1 nA to 1 mA.
    """

    name: str
    file: str
    saturation_a: float
    series_ohm: float
    slope: float = 1.04
    beta: float = 36.7

    def base_emitter(self, current: float, *, slow: bool = False) -> float:
        """V_BE that carries a collector current [V]; `slow`: at ss, -40 C."""
        if not slow:
            return self.slope * _UT * log(current / self.saturation_a)
        at_1ua = self.slope * _UT * log(1e-6 / self.saturation_a) + _COLD
        return at_1ua + self.slope * _UT_COLD * log(current / 1e-6) + self.series_ohm * current


NO_PNP: Final = "on this process the collector of every pnp is the substrate, so none has an output for a current"
"""Why there is no mirror of pnp transistors."""
BIPOLARS: Final[dict[str, BipolarDevice]] = {
    name: BipolarDevice(name, f"cells/rf_npn_05v5/sky130_fd_pr__rf_npn_05v5_{cell}.gds", saturation, ohm)
    for name, cell, saturation, ohm in (
        ("npn_05v5_w1p00l1p00", "W1p00L1p00", 4.0e-18, 87.0),
        ("npn_05v5_w1p00l2p00", "W1p00L2p00", 7.0e-18, 62.0),
    )
}
"""The npn transistors that have a model."""


def bipolar(name: str) -> BipolarDevice:
    """The npn of this name.

    Raises
    ------
    SpecError
        There is none.
    """
    try:
        return BIPOLARS[name]
    except KeyError:
        raise SpecError(f"no bipolar transistor {name!r}; there are: {', '.join(BIPOLARS)}") from None
