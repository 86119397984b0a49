"""The sheet and contact resistances of the official Magic technology file, by wire, via and plate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.extract.coefficients import KINDS
from mirrorneuron.flows.extract.conductors import METALS
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.technology import magic

__all__ = ["PLATES", "VIAS", "WIRES", "ResistanceRules", "read"]

WIRES: Final = ("poly", *METALS)
VIAS: Final = (
    ("licon1", "poly", "li1"),
    ("mcon", "li1", "met1"),
    ("via", "met1", "met2"),
    ("via2", "met2", "met3"),
    ("via3", "met3", "met4"),
    ("via4", "met4", "met5"),
)
"""Cut, conductors below and above."""

PLATES: Final = (("via3_plate", "capm", "met4"), ("via4_plate", "cap2m", "met5"))
"""Cut on a plate of a capacitor, the plate, and the conductor above."""

# Magic's type of each contact.
_CONTACTS: Final = {
    "licon1": "pc",
    "mcon": "mcon",
    "via": "m2c",
    "via2": "m3c",
    "via3": "via3",
    "via4": "via4",
    "via3_plate": "mimcc",
    "via4_plate": "mim2cc",
    "n": "ndc",
    "p": "pdc",
}


@dataclass(frozen=True)
class ResistanceRules:
    """Sheet resistance of each wire [ohm per square] and resistance of one contact [ohm]."""

    sheet: Mapping[str, float]
    contact: Mapping[str, float]


def read(tech: str, variant: str) -> ResistanceRules:
    """The resistances of a technology file's text for a variant, for example ``"(si)"``.

    Raises
    ------
    EvidenceError
        One is missing, or a statement is not of the form that the official file has.
    """
    types = magic.Types(tech)
    sheet: dict[str, float] = {}
    contact: dict[str, float] = {}
    try:
        for words in magic.extract_statements(tech, variant):
            if words[0] == "resist" and words[2] != "None":
                listed = types.expand(words[1].split("/")[0].strip("()"))
                for wire in WIRES:
                    if types.name(KINDS[wire][1]) in listed:
                        sheet.setdefault(wire, float(words[2]) / 1000)
            elif words[0] == "contact":
                listed = types.expand(words[1])
                for cut, name in _CONTACTS.items():
                    if types.name(name) in listed:
                        contact.setdefault(cut, float(words[2]) / 1000)
    except (ValueError, KeyError, IndexError) as error:
        raise EvidenceError(
            f"the Magic technology file's resistances have a form that is not known ({error!r})"
        ) from error
    missing = [name for name in (*WIRES, *_CONTACTS) if name not in sheet and name not in contact]
    if missing:
        raise EvidenceError(f"the Magic technology file has no resistance for {', '.join(missing)}")
    return ResistanceRules(sheet, contact)
