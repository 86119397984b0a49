"""The devices that cells are made of: their model, what they are drawn with, their legal sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import nm

__all__ = ["MIM_SIDE_MAX_NM", "MIM_SIDE_MIN_NM", "MOSFETS", "MosDevice", "mosfet"]

MIM_SIDE_MIN_NM: Final = 2000
MIM_SIDE_MAX_NM: Final = 30000
"""Sides of a MIM capacitor's plate for which the models and the process's documents speak [nm]."""


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
