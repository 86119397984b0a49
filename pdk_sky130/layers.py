"""The GDS layer and purpose numbers of SKY130, from ``layers.csv`` beside this file, their only source.

Source: the process's published layer table (skywater-pdk, ``docs/rules``).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["ACCEPTED", "DRAWING", "FILL", "KNOWN", "LAYERS_CSV", "LAYER_PAIRS_CSV", "PIN_LAYERS", "Layer", "PinLayers"]

LAYERS_CSV: Final = Path(__file__).with_name("layers.csv")
"""Columns: name, purpose (``drawing``, ``pin``, ``label``), layer, datatype. KLayout decks read it too."""

LAYER_PAIRS_CSV: Final = Path(__file__).with_name("layer_pairs.csv")
"""Every layer that somebody may draw. Columns: layer, datatype, ``source`` (``table``: the process's published table;
``shuttle``: a shuttle takes it; ``cells``: the foundry's own cells hold it) and ``tinytapeout``: whether that shuttle
takes it, by its precheck's list of 2026-04-18 less 64/44, which it removes by hand (its issue 136). The DRC deck reads
the file too."""


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

FILL: Final[dict[str, Layer]] = {name: pair for (name, purpose), pair in _PAIRS.items() if purpose == "fill"}
"""The layers of fill, by the layer that they fill."""

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


_SHUTTLES: Final = ("tinytapeout",)


def _known() -> dict[Layer, frozenset[str]]:
    """The shuttles that take a layer, by the layer."""
    with LAYER_PAIRS_CSV.open(encoding="utf-8", newline="") as stream:
        return {
            Layer(int(row["layer"]), int(row["datatype"])): frozenset(name for name in _SHUTTLES if row[name] == "yes")
            for row in csv.DictReader(stream)
        }


KNOWN: Final[dict[Layer, frozenset[str]]] = _known()
"""Every layer of the process, as `LAYER_PAIRS_CSV` lists them, and which shuttles take it."""

ACCEPTED: Final[dict[str, frozenset[Layer]]] = {
    name: frozenset(layer for layer, takers in KNOWN.items() if name in takers) for name in _SHUTTLES
}
"""The layers that a shuttle takes, by its name, where it publishes a list."""
