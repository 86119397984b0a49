"""The input and the output of one deck, and the layer that a rule is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import Box, Violation
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.profiles import FULL, PROFILES, Profile

__all__ = ["DeckJob", "Findings", "layer_of", "rounded"]

# The layer that a rule is about, by the first part of its name: decks and tables say "m1", "met1" or "MR_met1".
_LAYERS: Final = {
    **{name: name for name in ("dnwell", "nwell", "hvtp", "lvtn", "poly", "rpm", "urpm", "npc", "hvi", "via", "via2")},
    **{name: name for name in ("via3", "via4", "capm", "cap2m", "hvtr", "hvntm", "nsdm", "psdm", "pad", "nsm", "tap")},
    **{name: name for name in ("pwde", "pwbm", "ldntm", "tunm", "ncm", "npn", "pnp", "mcon", "licon1", "li1", "diff")},
    **{f"m{number}": f"met{number}" for number in range(1, 6)},
    **{f"met{number}": f"met{number}" for number in range(1, 6)},
    **{"difftap": "diff", "hvdifftap": "diff", "hvpoly": "poly", "hvnwell": "nwell", "thkox": "hvi", "hv": "hvi"},
    **{"nsd": "nsdm", "psd": "psdm", "licon": "licon1", "li": "li1", "ct": "mcon", "via1": "via", "mimcap": "capm"},
    **{"lu": "tap", "pwell": "dnwell"},
}


@dataclass(frozen=True)
class DeckJob:
    """A layout to be checked by a deck.

    Attributes
    ----------
    gds, top
        As the programs read them.
    work
        Folder for reports and logs.
    timeout_s
        For each program [s].
    renamed
        The layout's names of the cells that are called otherwise in `gds`.
    hierarchy
        The layout itself; without one, markers stay in the cells that the programs name.
    """

    pdk: install.Pdk
    gds: Path
    top: str
    work: Path
    threads: int
    timeout_s: float
    renamed: Mapping[str, str] = field(default_factory=dict)
    hierarchy: Hierarchy | None = None
    profile: Profile = PROFILES[FULL]

    def cell_name(self, name: str) -> str:
        """A cell's name in the layout, by its name in a program; a variant that KLayout makes has that of its cell."""
        plain = name if name in self.renamed else re.sub(r"\$VAR\d+$", "", name)
        return self.renamed.get(plain, plain)

    def marker(self, deck: str, rule: str, text: str, cell: str, box: kdb.DBox) -> Violation:
        """A violation in a cell of the layout; its place in the top cell is that of the cell's first placement."""
        centre = (self.hierarchy.first_place(cell) if self.hierarchy else kdb.DCplxTrans()) * box.center()
        x, y = round(centre.x, 6), round(centre.y, 6)
        return Violation(deck, rule, text, layer_of(rule), x, y, cell, rounded(box))


@dataclass(frozen=True)
class Findings:
    """The violations of one check.

    Attributes
    ----------
    rules
        How many it reports to have run.
    skipped
        Rules that were not applied, with the reason.
    report
        The file that it left; empty for none.
    """

    rules: int
    violations: list[Violation]
    skipped: dict[str, str] = field(default_factory=dict)
    report: str = ""


def rounded(box: kdb.DBox) -> Box:
    """The corners of a box [um]."""
    return round(box.left, 6), round(box.bottom, 6), round(box.right, 6), round(box.top, 6)


def layer_of(rule: str) -> str:
    """The drawing layer that a rule is about, by its name in any of the decks; empty if the name does not say."""
    words = re.split(r"[._ ]", re.sub(r"^(MRW?|ar_q|pin)[._]", "", rule))
    return _LAYERS.get(words[0].lower(), "")
