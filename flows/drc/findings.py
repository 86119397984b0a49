"""The input and the output of one deck, and the layer that a rule is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mirrorneuron.flows.drc.result import Violation
from mirrorneuron.pdk_sky130 import install

__all__ = ["DeckJob", "Findings", "layer_of"]

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
    work
        Folder for reports and logs.
    timeout_s
        For each program [s].
    centre
        Middle of the top cell [um].
    """

    pdk: install.Pdk
    gds: Path
    top: str
    work: Path
    threads: int
    timeout_s: float
    centre: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Findings:
    """The violations of one check; `rules`: how many it reports to have run; `skipped`: rules not applied, with why."""

    rules: int
    violations: list[Violation]
    skipped: dict[str, str] = field(default_factory=dict)


def layer_of(rule: str) -> str:
    """The drawing layer that a rule is about, by its name in any of the decks; empty if the name does not say."""
    words = re.split(r"[._ ]", re.sub(r"^(MRW?|ar_q|pin)[._]", "", rule))
    return _LAYERS.get(words[0].lower(), "")
