"""The fields that the mirrors' specs share, and what follows from them for every mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from mirrorneuron.generators.spec import FITS, CellSpec, Micrometres, OneOf, SiQuantity, UnitSizes, WholeList
from mirrorneuron.pdk_sky130.devices import MOSFETS, NO_PNP
from mirrorneuron.pdk_sky130.errors import SpecError
from pydantic import Field

__all__ = ["CASCODE_WIDTH_TEXT", "WIDEST_UM", "Amplified", "CascodeWidth", "Cascoded", "MirrorSpec", "Side"]

_AUTO: Final = "auto"
WIDEST_UM: Final = 40
"""The widest unit [um]."""
_WIDTH_RULE: Final = "two fingers of 0.42 um (difftap.2) to 20 um (a tap within 15 um: LU.2, LU.3), x.1a"
_WIDTH_REMEDY: Final = "nothing is rounded; for more width take more units: ratios [4, 4] for [1, 1]"


@dataclass(frozen=True)
class Side:
    """Supplies, sign and devices of a mirror of one polarity.

    ``rail`` is the supply of the sources, ``other`` the opposite supply. ``sign`` is 1 where currents flow into the
    pins and -1 where they flow out. ``opposite`` is the device of mirrors that fold a current back.
    """

    polarity: str
    rail: str
    other: str
    sign: int
    opposite: str


_SIDES: Final = {
    "n": Side("n", "vss", "vdd", 1, "pfet_01v8"),
    "p": Side("p", "vdd", "vss", -1, "nfet_01v8"),
}


class MirrorSpec(CellSpec, UnitSizes, init=False):
    """The fields of every mirror; ``P_DEVICE`` is the device of a p mirror of the kind where the spec names none."""

    P_DEVICE: ClassVar[str] = "pfet_01v8"

    ratios: Annotated[
        tuple[int, ...],
        WholeList(
            low=1,
            high=256,
            shortest=2,
            longest=17,
            unit="units",
            rule="a ratio is a count of equal unit transistors; the first carries the input",
            remedy="scale and round to whole units",
        ),
    ] = Field((1, 1), description="Units of the input, then of each output; even counts share a centroid")
    polarity: Annotated[
        str,
        OneOf(
            words=("n", "p"), rule="currents flow into the pins of n, out of those of p", remedy="choose one of the two"
        ),
    ] = Field("n", description="Kind of transistors")
    device: Annotated[
        str,
        OneOf(
            words=(_AUTO, "nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt"),
            rule=f"the 1.8 V transistors of the process; {NO_PNP}",
            remedy="auto takes a device of the polarity that fits under the supply",
        ),
    ] = Field(_AUTO, description="Unit transistor")
    w: Annotated[
        float,
        Micrometres(low=0.84, high=WIDEST_UM, grid=0.01, rule=_WIDTH_RULE, remedy=_WIDTH_REMEDY),
    ] = Field(2.0, description="Width of the unit transistor, both fingers together")
    l: Annotated[  # noqa: E741 - the name every designer knows
        float,
        Micrometres(low=0.15, high=20, grid=0.005, rule="poly.1a (poly.1b) and the models' range", remedy=FITS),
    ] = Field(2.0, description="Length of the unit transistor")
    current: Annotated[
        float,
        SiQuantity(
            low=1e-9, high=1e-3, unit="A", rule="range of currents of this process", remedy="choose another current"
        ),
    ] = Field(1e-6, description="Input current that the mirror is sized for and measured at")
    supply: Annotated[
        float,
        SiQuantity(low=1.0, high=1.95, unit="V", rule="1.8 V transistors", remedy="1.8 V, or 1.62 to 1.95 V"),
    ] = Field(1.8, description="Supply voltage")

    @property
    def side(self) -> Side:
        """Supplies, sign and devices of the spec's polarity."""
        return _SIDES[self.polarity]

    @property
    def main_device(self) -> str:
        """The unit transistor's name.

        Raises
        ------
        SpecError
            ``device`` is of the other polarity.
        """
        if self.device == _AUTO:
            return "nfet_01v8" if self.polarity == "n" else self.P_DEVICE
        if not self.device.startswith(f"{self.polarity}fet"):
            raise SpecError(
                f"device is {self.device}, but polarity is {self.polarity}: they must agree; or device: auto"
            )
        return self.device

    @property
    def outputs(self) -> tuple[str, ...]:
        """The output pins, in the order of the ratios."""
        return tuple(f"iout{i}" for i in range(1, len(self.ratios)))

    @property
    def counts(self) -> dict[str, int]:
        """Units by pin, the input's first."""
        return dict(zip(("iin", *self.outputs), self.ratios, strict=True))

    @property
    def unit_current(self) -> float:
        """Current of each unit at the spec's input current [A]."""
        return self.current / self.ratios[0]

    @property
    def gate_area_um2(self) -> float:
        """Gate area of a unit [um^2]; 0 for a device without a gate."""
        return self.w * self.l if self.main_device in MOSFETS else 0.0

    def transfer(self, pin: str) -> float:
        """Nominal current of an output over that of the input."""
        return self.counts[pin] / self.counts["iin"]

    @property
    def systematic_error(self) -> float:
        """Ratio error by hand with the outputs at the input's voltage [%]: 0 where equal units then have equal V_DS."""
        return 0.0


CascodeWidth = Annotated[
    float,
    Micrometres(low=0.84, high=WIDEST_UM, grid=0.01, rule=_WIDTH_RULE, remedy=_WIDTH_REMEDY),
]
CASCODE_WIDTH_TEXT: Final = "Width of the cascode of one unit's current"


class Cascoded(MirrorSpec, init=False):
    """A mirror whose cascodes have their own sizes: short, as they load the nodes and do not set the ratio."""

    cascode_w: CascodeWidth = Field(4.0, description=CASCODE_WIDTH_TEXT)
    cascode_l: Annotated[
        float,
        Micrometres(low=0.15, high=20, grid=0.005, rule="poly.1a (poly.1b) and the models' range", remedy=FITS),
    ] = Field(0.5, description="Length of the cascodes")

    @property
    def cascode_w_nm(self) -> int:
        """Width of the cascode of one unit's current [nm]."""
        return round(self.cascode_w * 1000)

    @property
    def cascode_l_nm(self) -> int:
        """Length of the cascodes [nm]."""
        return round(self.cascode_l * 1000)


class Amplified(Cascoded, init=False):
    """A mirror with amplifiers, biased by a current into pin ``ibias`` (out of it in a p mirror)."""

    P_DEVICE = "pfet_01v8_lvt"

    # Wide: the lower the cascode's V_GS, the less its amplifier has to swing.
    cascode_w: CascodeWidth = Field(10.0, description=CASCODE_WIDTH_TEXT)
    bias: Annotated[
        float,
        SiQuantity(
            low=10e-9,
            high=2e-6,
            unit="A",
            rule="the amplifiers' tails carry a fifth of it",
            remedy="100 nA; more is faster and rings at small inputs",
        ),
    ] = Field(100e-9, description="Current into pin ibias")
