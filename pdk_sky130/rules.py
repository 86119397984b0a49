"""The numbers of the SKY130 design rules: integer nanometres (areas in nm^2) under their official names.

The only place in the project where a rule's number stands; generators and decks take theirs from here. Source: the
process's published periphery rules (skywater-pdk, ``docs/rules/periphery``); ``capm`` from the shuttle's official deck
and Magic technology, which the published table leaves open ("N/A").
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["GRID_NM", "RULES", "SHEET_OHM", "Rule", "nm"]

GRID_NM: Final = 5
"""Manufacturing grid (x.1a)."""


SHEET_OHM: Final[dict[str, float]] = {
    "poly": 48.2,
    "li1": 12.8,
    "met1": 0.125,
    "met2": 0.125,
    "met3": 0.047,
    "met4": 0.047,
    "met5": 0.029,
}
"""Sheet resistance of the wires [ohm per square], from the process's extraction rules."""


class Rule(NamedTuple):
    """A rule's value in nm (nm^2 for an area) and what it limits."""

    value: int
    text: str


RULES: Final[dict[str, Rule]] = {
    "nwell.1": Rule(840, "width of n-well"),
    "nwell.2a": Rule(1270, "spacing of n-wells"),
    "lvtn.1a": Rule(380, "width of lvtn"),
    "lvtn.2": Rule(380, "spacing of lvtn"),
    "lvtn.3a": Rule(180, "spacing of lvtn to a gate"),
    "lvtn.4b": Rule(180, "enclosure of a gate by lvtn"),
    "lvtn.10": Rule(380, "enclosure of lvtn by n-well"),
    "difftap.2": Rule(420, "channel width"),
    "difftap.3": Rule(270, "spacing of diffusion and tap"),
    "difftap.8": Rule(180, "enclosure of p+ diffusion by n-well"),
    "difftap.9": Rule(340, "spacing of n+ diffusion to n-well"),
    "difftap.10": Rule(180, "enclosure of n+ tap by n-well"),
    "difftap.11": Rule(130, "spacing of p+ tap to n-well"),
    "poly.1a": Rule(150, "width of poly, channel length"),
    "poly.1b": Rule(350, "channel length of a p transistor under lvtn"),
    "poly.2": Rule(210, "spacing of poly"),
    "poly.4": Rule(75, "spacing of poly on field to diffusion"),
    "poly.5": Rule(55, "spacing of poly on field to tap"),
    "poly.7": Rule(250, "extension of diffusion beyond poly"),
    "poly.8": Rule(130, "extension of poly beyond diffusion"),
    "nsd.2": Rule(380, "spacing of n+ implant, and of p+ implant (n/psd.2)"),
    "nsd.5a": Rule(125, "enclosure of diffusion by its implant (n/psd.5a)"),
    "nsd.5b": Rule(125, "enclosure of tap by its implant (n/psd.5b)"),
    "nsd.7": Rule(130, "spacing of an implant to diffusion or tap of the other kind (n/psd.7)"),
    "npc.2": Rule(270, "spacing of npc"),
    "npc.4": Rule(90, "spacing of npc to a gate"),
    "licon.1": Rule(170, "side of a contact"),
    "licon.2": Rule(170, "spacing of contacts"),
    "licon.5c": Rule(60, "enclosure of a contact by diffusion on one of two adjacent sides"),
    "licon.7": Rule(120, "enclosure of a contact by tap on one of two adjacent sides"),
    "licon.8": Rule(50, "enclosure of a poly contact by poly"),
    "licon.8a": Rule(80, "enclosure of a poly contact by poly on one of two adjacent sides"),
    "licon.9": Rule(110, "spacing of a poly contact to p+ implant"),
    "licon.11": Rule(55, "spacing of a contact on diffusion to a gate"),
    "licon.14": Rule(190, "spacing of a poly contact to diffusion"),
    "licon.15": Rule(100, "enclosure of a poly contact by npc"),
    "li.1": Rule(170, "width of li"),
    "li.3": Rule(170, "spacing of li"),
    "li.5": Rule(80, "enclosure of a contact by li on one of two adjacent sides"),
    "li.6": Rule(56100, "area of li"),
    "ct.1": Rule(170, "side of mcon"),
    "ct.2": Rule(190, "spacing of mcon"),
    "m1.1": Rule(140, "width of metal 1"),
    "m1.2": Rule(140, "spacing of metal 1"),
    "m1.4": Rule(30, "enclosure of mcon by metal 1"),
    "m1.5": Rule(60, "enclosure of mcon by metal 1 on one of two adjacent sides"),
    "m1.6": Rule(83000, "area of metal 1"),
    "via.1a": Rule(150, "side of via"),
    "via.2": Rule(170, "spacing of vias"),
    "via.4a": Rule(55, "enclosure of via by metal 1"),
    "via.5a": Rule(85, "enclosure of via by metal 1 on one of two adjacent sides"),
    "m2.1": Rule(140, "width of metal 2"),
    "m2.2": Rule(140, "spacing of metal 2"),
    "m2.4": Rule(55, "enclosure of via by metal 2"),
    "m2.5": Rule(85, "enclosure of via by metal 2 on one of two adjacent sides"),
    "m2.6": Rule(67600, "area of metal 2"),
    "via2.1a": Rule(200, "side of via2"),
    "via2.2": Rule(200, "spacing of via2"),
    "via2.4": Rule(40, "enclosure of via2 by metal 2"),
    "via2.5": Rule(85, "enclosure of via2 by metal 2 on one of two adjacent sides"),
    "m3.1": Rule(300, "width of metal 3"),
    "m3.2": Rule(300, "spacing of metal 3"),
    "m3.4": Rule(65, "enclosure of via2 by metal 3"),
    "m3.6": Rule(240000, "area of metal 3"),
    "via3.1": Rule(200, "side of via3"),
    "via3.2": Rule(200, "spacing of via3"),
    "via3.4": Rule(60, "enclosure of via3 by metal 3"),
    "via3.5": Rule(90, "enclosure of via3 by metal 3 on one of two adjacent sides"),
    "m4.1": Rule(300, "width of metal 4"),
    "m4.2": Rule(300, "spacing of metal 4"),
    "m4.3": Rule(65, "enclosure of via3 by metal 4"),
    "capm.1": Rule(1000, "width of a MIM capacitor's plate"),
    "capm.2a": Rule(840, "spacing of MIM plates"),
    "capm.2b": Rule(1200, "spacing of a MIM capacitor's bottom plate to other metal 3"),
    "capm.3": Rule(140, "enclosure of the MIM plate by metal 3"),
    "capm.4": Rule(140, "enclosure of via3 by the MIM plate"),
    "capm.5": Rule(140, "spacing of the MIM plate to via2 and via3"),
    "LU.2": Rule(15000, "distance of n+ diffusion to a p+ tap (latch-up)"),
    "LU.3": Rule(15000, "distance of p+ diffusion to an n+ tap (latch-up)"),
}


def nm(name: str) -> int:
    """Value of a rule [nm, or nm^2] by its official name.

    Raises
    ------
    SpecError
        There is no rule of this name in the table.
    """
    try:
        return RULES[name].value
    except KeyError:
        raise SpecError(f"no design rule {name!r} in mirrorneuron.pdk_sky130.rules") from None
