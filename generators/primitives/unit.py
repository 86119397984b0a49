"""Measures of a unit transistor and of the rows that it makes: integers, nothing is drawn here.

::

    S  g  D  g  S      fingers at the pitch `UnitGeometry.step`: a gate and a column of contacts; a unit of two fingers
                       shares its outer sources with its neighbours
"""

from __future__ import annotations

from dataclasses import dataclass

from mirrorneuron.generators.primitives.contacts import RAIL_HALF, RAIL_PITCH
from mirrorneuron.generators.primitives.ring import RING_WIDTH
from mirrorneuron.generators.units import Unit
from mirrorneuron.pdk_sky130.devices import MosDevice, mosfet
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM, SHEET_OHM, nm

__all__ = [
    "BAR_HALF",
    "BAR_WIDTH_MIN",
    "COLUMN",
    "HEAD",
    "LI_END",
    "LI_HALF",
    "PAD_HALF",
    "RING_GAP_X",
    "RING_GAP_Y",
    "SOURCE_RAIL_MAX",
    "SOURCE_RAIL_MIN",
    "STRIP_HALF",
    "TRACK",
    "UnitGeometry",
    "source_rail",
    "wiring_resistance",
]

COLUMN = nm("licon.1") + 2 * nm("licon.11")
"""Distance of two gates with a column of contacts between them [nm]."""
STRIP_HALF = nm("via.1a") // 2 + nm("via.4a")
"""Half the width of a metal 1 strip that ends in a via [nm]."""
HEAD = nm("nsd.5a") + nm("licon.9") + nm("licon.1") // 2
"""From the diffusion's edge to the centre of a gate's contact, which keeps off the p+ implant [nm]."""
BAR_HALF = nm("licon.1") // 2 + nm("licon.8")
BAR_WIDTH_MIN = nm("licon.1") + 2 * nm("licon.8a")
"""Half the height and least width of the poly bar that joins a unit's gates [nm]."""
LI_HALF = nm("licon.1") // 2
LI_END = LI_HALF + nm("li.5")
"""Half the width of an li wire, and its reach beyond the centre of its last contact [nm]."""
PAD_HALF = nm("via.1a") // 2 + nm("via.5a")
"""Half the height of the metal 1 around a via [nm]."""
TRACK = RAIL_PITCH
"""Pitch of the tracks of drains, and of sources by owner [nm]."""
# Height of a second gate net's rail, between the diffusion and the source rail.
_SECOND_GATE = 2 * PAD_HALF + nm("m1.2") + 2 * GRID_NM
RING_GAP_X = 400
RING_GAP_Y = 300
"""From the units to the guard ring, at their sides and above and below them [nm]."""
# Height of an array above which bars of taps lie between its rows: every diffusion has a tap above and below it, the
# nearer one at most half of this away (LU.2).
_SECTION_MAX = 2 * (nm("LU.2") - 2000) - 2 * RING_WIDTH

SOURCE_RAIL_MIN = 2 * PAD_HALF
"""Height of the lowest source rail [nm]."""
SOURCE_RAIL_MAX = 2900
"""Height of the highest source rail [nm]: metal wider than 3 um asks for more space around it (m1.3a)."""


@dataclass(frozen=True)
class UnitGeometry:
    """Measures of a unit [nm]; `of` makes them from a unit transistor.

    ``apart``: the unit stands on an island of its own, whatever its number of fingers.
    """

    device: MosDevice
    finger_nm: int
    length_nm: int
    fingers: int
    apart: bool = False

    @classmethod
    def of(cls, unit: Unit, *, apart: bool = False) -> UnitGeometry:
        """The measures of a unit transistor.

        Raises
        ------
        SpecError
            A finger's width or the length is outside the process's or the models' range, or off the grid.
        """
        mos = mosfet(unit.device)
        if unit.fingers < 1:
            raise SpecError(f"unit of {unit.device} has {unit.fingers} fingers: at least 1")
        finger, rest = divmod(unit.width_nm, unit.fingers)
        if rest or finger % GRID_NM or unit.length_nm % GRID_NM:
            raise SpecError(
                f"unit of {unit.device} with W = {unit.width_nm} nm in {unit.fingers} fingers, L = {unit.length_nm} "
                f"nm: a finger's W and L must be multiples of {GRID_NM} nm (x.1a); nothing is rounded, choose sizes "
                "that fit"
            )
        _check_range(mos, finger, unit.length_nm)
        return cls(mos, finger, unit.length_nm, unit.fingers, apart)

    @property
    def step(self) -> int:
        """Pitch of the gates within the unit."""
        return self.length_nm + COLUMN

    @property
    def shared(self) -> bool:
        """Whether neighbouring units share the diffusion between them."""
        return self.fingers % 2 == 0 and not self.apart

    @property
    def pitch(self) -> int:
        """Pitch of the units along the row."""
        width = self.fingers * self.step
        return width if self.shared else width + COLUMN + nm("difftap.3")

    @property
    def head_x(self) -> int:
        """Middle of the bars that join the unit's gates, the place of their contacts, from the unit's first column."""
        return self.fingers * self.step // 2 // GRID_NM * GRID_NM

    @property
    def name(self) -> str:
        """Name of the unit's cell: it has all sizes."""
        name = f"{self.device.name}_w{self.finger_nm}_l{self.length_nm}_f{self.fingers}"
        return f"{name}_apart" if self.apart else name

    def height(self, tracks: int) -> int:
        """Reach of a row with `tracks` drains above the lower edge of its diffusion."""
        return self.finger_nm + HEAD + tracks * TRACK + PAD_HALF

    def depth(self, source_rail_nm: int = SOURCE_RAIL_MIN, *, gate_nets: int = 1, sources: int = 1) -> int:
        """Reach of a row with so many gate and source nets below the lower edge of its diffusion."""
        more = (_SECOND_GATE if gate_nets == 2 else 0) + (sources - 1) * TRACK
        return HEAD - PAD_HALF + source_rail_nm + more

    def row_pitch(
        self, rows: int, tracks: int, source_rail_nm: int = SOURCE_RAIL_MIN, *, gate_nets: int = 1, sources: int = 1
    ) -> tuple[int, bool]:
        """Pitch of the rows of an array with at most `tracks` drains in a row, and whether bars of taps lie between
        them."""
        body = self.height(tracks) + self.depth(source_rail_nm, gate_nets=gate_nets, sources=sources)
        pitch = body + nm("m1.2")
        return (pitch, False) if rows * pitch <= _SECTION_MAX else (body + 2 * RING_GAP_Y + RING_WIDTH, True)


def _check_range(mos: MosDevice, finger_nm: int, length_nm: int) -> None:
    if finger_nm < mos.width_min_nm:
        raise SpecError(
            f"W of a finger is {finger_nm} nm: at least {mos.width_min_nm} nm (difftap.2); fewer fingers help"
        )
    if finger_nm > mos.width_max_nm:
        raise SpecError(
            f"W of a finger is {finger_nm} nm: at most {mos.width_max_nm} nm (models' range); more fingers help"
        )
    if not mos.length_min_nm <= length_nm <= mos.length_max_nm:
        raise SpecError(
            f"L of {mos.name} is {length_nm} nm: {mos.length_min_nm} to {mos.length_max_nm} nm "
            f"({mos.length_rule}; models' range)"
        )


def wiring_resistance(unit: UnitGeometry, columns: int, source_rail_nm: int = SOURCE_RAIL_MIN) -> tuple[float, float]:
    """Upper limit of the difference in source and in drain resistance between two units of a row of `columns` [ohm].

    It is the resistance of the whole rail, end to end: the source's in metal 1 and 2, the drain's in metal 2. Rails are
    fed from the spine; where the guard ring carries the source, too, the difference is smaller.
    """
    length = unit.pitch * columns
    metal1, metal2 = source_rail_nm, source_rail_nm - 2 * (PAD_HALF - RAIL_HALF)
    source = length / (metal1 / SHEET_OHM["met1"] + metal2 / SHEET_OHM["met2"])
    return source, SHEET_OHM["met2"] * length / (2 * RAIL_HALF)


def source_rail(unit: UnitGeometry, columns: int, ohm: float) -> int:
    """Height of the lowest source rail [nm] with which two units of a row differ by at most `ohm`; or of the
    highest."""
    heights = range(SOURCE_RAIL_MIN, SOURCE_RAIL_MAX + 1, 2 * GRID_NM)
    suitable = (height for height in heights if wiring_resistance(unit, columns, height)[0] <= ohm)
    return next(suitable, heights[-1])
