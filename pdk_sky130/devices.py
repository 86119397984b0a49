"""The devices that cells are made of: model, layers, legal sizes, and figures for estimates."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.constants import UT
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import RULES, nm

__all__ = [
    "BAR_LENGTH_MAX_NM",
    "BAR_LENGTH_MIN_NM",
    "BIPOLARS",
    "LONG_WIDTH_MIN_NM",
    "MIM",
    "MODEL_PREFIX",
    "MOSFETS",
    "NARROW_LENGTH_MAX_UM",
    "NO_PNP",
    "POLY_RESISTORS",
    "BipolarDevice",
    "MimDevice",
    "MosDevice",
    "PolyResistor",
    "bipolar",
    "mosfet",
    "poly_resistor",
]

MODEL_PREFIX: Final = "sky130_fd_pr__"
"""Prefix of the names of all models and subcircuits of the PDK."""


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
        """Name of the SPICE model."""
        return f"{MODEL_PREFIX}{self.name}"


NARROW_LENGTH_MAX_UM: Final = 19.0
"""Length [um] up to which the models of nfet_01v8 with fingers of 0.42 um converge at ss, in weak inversion too."""
LONG_WIDTH_MIN_NM: Final = 450
"""Narrowest finger [nm] of a 20 um long nfet_01v8 whose model converges at ss; that of 0.42 um does not."""


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
class MimDevice:
    """The MIM capacitor between metal 3 and metal 4: capacitance of its plate, and the sides of a square plate [nm].

    The sides are those for which the models and the process's documents are valid. The design rule alone (capm.1) would
    allow 1 um; a circuit may need more than `side_min_nm` (the neuron's rows do).
    """

    name: str
    farad_per_nm2: float
    side_min_nm: int
    side_max_nm: int


MIM: Final = MimDevice("cap_mim_m3_1", farad_per_nm2=2e-21, side_min_nm=2000, side_max_nm=30_000)


BAR_LENGTH_MIN_NM: Final = 660
BAR_LENGTH_MAX_NM: Final = 50_000
"""Lengths of a high-ohmic resistor [nm]: minimum of the official deck (MR_poly.LEN.2), maximum of the models."""


@dataclass(frozen=True)
class PolyResistor:
    """A high-ohmic poly resistor of one of the five widths that the foundry characterised.

    ``marker`` is the layer that sets its sheet resistance. Its bars are contacted by slots. The figures are those of
    the PDK's models at tt, 27 C and zero voltage: sheet resistance [ohm], by how much the body is wider and longer than
    drawn [um], and both terminals together [ohm um, um].
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
        """Resistance of one bar [ohm]."""
        return self._ends + self.sheet_ohm * (length_nm / 1000 + self.longer_um) / self._width_um

    def length_nm(self, ohm: float) -> float:
        """Length of a bar with that resistance [nm]; negative where the terminals alone have more."""
        return 1000 * ((ohm - self._ends) * self._width_um / self.sheet_ohm - self.longer_um)

    @property
    def _width_um(self) -> float:
        drawn = self.width_nm / 1000
        # Current crowds in the narrowest bars.
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


_UT_COLD: Final = UT * 233.15 / 300.15
_COLD_V: Final = 0.13
"""Rise of an npn's V_BE from 27 C to -40 C at 1 uA [V]."""


@dataclass(frozen=True)
class BipolarDevice:
    """An npn of the process: a cell of fixed layout, at ``file`` among the foundry's cells.

    The figures are for estimates. Those of the PDK's models at tt, 27 C, about 1 uA: saturation current [A], slope
    factor of V_BE, current gain and Early voltage [V]. Of ss, -40 C, up to 1 mA: the series resistance [ohm]; V_BE
    there is within 5 mV from 0.1 nA to 1 mA. Of textbooks: V_CE [V] below which the transistor is saturated.
    """

    name: str
    file: str
    saturation_a: float
    series_ohm: float
    slope: float = 1.04
    beta: float = 36.7
    early_v: float = 106.0
    saturated_v: float = 0.2

    def base_emitter(self, current: float, *, slow: bool = False) -> float:
        """V_BE that carries a collector current [V]; `slow`: at ss, -40 C."""
        if not slow:
            return self.slope * UT * log(current / self.saturation_a)
        at_1ua = self.slope * UT * log(1e-6 / self.saturation_a) + _COLD_V
        return at_1ua + self.slope * _UT_COLD * log(current / 1e-6) + self.series_ohm * current


NO_PNP: Final = "on this process the collector of every pnp is the substrate, so none has an output for a current"
"""The reason why there is no mirror of pnp transistors."""

BIPOLARS: Final[dict[str, BipolarDevice]] = {
    name: BipolarDevice(name, f"cells/rf_npn_05v5/{MODEL_PREFIX}rf_npn_05v5_{cell}.gds", saturation, ohm)
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
