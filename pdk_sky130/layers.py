"""The GDS layer and purpose numbers of SKY130, from ``layers.csv`` beside this file, their only source.

Source: the process's published layer table (skywater-pdk, ``docs/rules``).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["DRAWING", "LAYERS_CSV", "PIN_LAYERS", "Layer", "PinLayers"]

LAYERS_CSV: Final = Path(__file__).with_name("layers.csv")
"""Columns: name, purpose (``drawing``, ``pin``, ``label``), layer, datatype. KLayout decks read it too."""


class Layer(NamedTuple):
    """A GDS layer/datatype pair."""

    layer: int
    datatype: int


class PinLayers(NamedTuple):
    """The layers of a pin on a conductor: a shape on the pin purpose, and text on ``pin`` and ``label``.

    Magic up to 8.3.105 takes text on the pin purpose only, newer versions and KLayout decks take the label purpose.
    """

    drawing: Layer
    pin: Layer
    label: Layer


def _read(path: Path) -> dict[tuple[str, str], Layer]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            (row["name"], row["purpose"]): Layer(int(row["layer"]), int(row["datatype"]))
            for row in csv.DictReader(stream)
        }


_PAIRS: Final = _read(LAYERS_CSV)

DRAWING: Final[dict[str, Layer]] = {name: pair for (name, purpose), pair in _PAIRS.items() if purpose == "drawing"}
"""Every drawing layer, identifiers (``areaid_*``) among them, by its official name in lower case."""

PIN_LAYERS: Final[dict[str, PinLayers]] = {
    name: PinLayers(DRAWING[name], _PAIRS[name, "pin"], _PAIRS[name, "label"])
    for name in ("li1", "met1", "met2", "met3", "met4", "met5")
}
"""The conductors that can hold a pin, from the lowest."""

DNWELL: Final = DRAWING["dnwell"]
NWELL: Final = DRAWING["nwell"]
DIFF: Final = DRAWING["diff"]
TAP: Final = DRAWING["tap"]
POLY: Final = DRAWING["poly"]
POLY_RES: Final = DRAWING["poly_res"]
LICON1: Final = DRAWING["licon1"]
LI1: Final = DRAWING["li1"]
MCON: Final = DRAWING["mcon"]
MET1: Final = DRAWING["met1"]
VIA: Final = DRAWING["via"]
MET2: Final = DRAWING["met2"]
VIA2: Final = DRAWING["via2"]
MET3: Final = DRAWING["met3"]
VIA3: Final = DRAWING["via3"]
MET4: Final = DRAWING["met4"]
VIA4: Final = DRAWING["via4"]
MET5: Final = DRAWING["met5"]
HVI: Final = DRAWING["hvi"]
HVTP: Final = DRAWING["hvtp"]
LVTN: Final = DRAWING["lvtn"]
NSDM: Final = DRAWING["nsdm"]
PSDM: Final = DRAWING["psdm"]
NPC: Final = DRAWING["npc"]
RPM: Final = DRAWING["rpm"]
URPM: Final = DRAWING["urpm"]
CAPM: Final = DRAWING["capm"]
CAP2M: Final = DRAWING["cap2m"]
NPN: Final = DRAWING["npn"]
PNP: Final = DRAWING["pnp"]
AREAID_SC: Final = DRAWING["areaid_sc"]
