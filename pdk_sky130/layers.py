"""The GDS layer and purpose numbers of SKY130: the only place where they stand.

Source: the process's published layer table (skywater-pdk, ``docs/rules``).
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["DRAWING", "PIN_LAYERS", "Layer", "PinLayers"]


class Layer(NamedTuple):
    """A GDS layer/datatype pair."""

    layer: int
    datatype: int


class PinLayers(NamedTuple):
    """What a pin on a conductor is made of: a shape on the pin purpose and text on ``pin`` and ``label``.

    Magic up to 8.3.105 takes text on the pin purpose only, newer versions and KLayout decks take the label purpose.
    """

    drawing: Layer
    pin: Layer
    label: Layer


DNWELL: Final = Layer(64, 18)
NWELL: Final = Layer(64, 20)
DIFF: Final = Layer(65, 20)
TAP: Final = Layer(65, 44)
POLY: Final = Layer(66, 20)
POLY_RES: Final = Layer(66, 13)
LICON1: Final = Layer(66, 44)
LI1: Final = Layer(67, 20)
MCON: Final = Layer(67, 44)
MET1: Final = Layer(68, 20)
VIA: Final = Layer(68, 44)
MET2: Final = Layer(69, 20)
VIA2: Final = Layer(69, 44)
MET3: Final = Layer(70, 20)
VIA3: Final = Layer(70, 44)
MET4: Final = Layer(71, 20)
VIA4: Final = Layer(71, 44)
MET5: Final = Layer(72, 20)
HVI: Final = Layer(75, 20)
HVTP: Final = Layer(78, 44)
LVTN: Final = Layer(125, 44)
NSDM: Final = Layer(93, 44)
PSDM: Final = Layer(94, 20)
NPC: Final = Layer(95, 20)
RPM: Final = Layer(86, 20)
URPM: Final = Layer(79, 20)
CAPM: Final = Layer(89, 44)
CAP2M: Final = Layer(97, 44)
NPN: Final = Layer(82, 20)
PNP: Final = Layer(82, 44)
AREAID_SC: Final = Layer(81, 4)

DRAWING: Final[dict[str, Layer]] = {
    name.lower(): value for name, value in dict(globals()).items() if isinstance(value, Layer)
}
"""Every drawing layer by its official name in lower case."""

PIN_LAYERS: Final[dict[str, PinLayers]] = {
    name: PinLayers(Layer(number, 20), Layer(number, 16), Layer(number, 5))
    for name, number in (("li1", 67), ("met1", 68), ("met2", 69), ("met3", 70), ("met4", 71), ("met5", 72))
}
