"""Design rule check by three decks: ours, the official KLayout deck with its side checks, and Magic's.

Evidence, without which nothing passes: every deck left its whole report, and says itself how many rules it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows.drc import magic as drc_magic
from mirrorneuron.flows.drc import official as drc_official
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.flows.drc.findings import Findings, Job, Violation
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError, NetlistError
from mirrorneuron.pdk_sky130.layers import DRAWING, Layer

__all__ = ["DECKS", "DrcResult", "Violation", "run"]

DECKS: Final[tuple[str, ...]] = ("ours", "official", "magic")
"""The decks that `run` knows; the official one brings its zero-area and pin-label checks where the PDK has them."""

_TIMEOUT_S: Final = 1800.0


@dataclass(frozen=True)
class DrcResult:
    """What the decks found; `rules_by_deck` is how many rules each check itself reports to have run, `not_applicable`
    the rules of ours among them that do not apply to this layout, with the reason."""

    violations: tuple[Violation, ...]
    rules_by_deck: dict[str, int]
    not_applicable: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """No violation."""
        return not self.violations

    @property
    def rules_run(self) -> int:
        """Rules run, all decks together."""
        return sum(self.rules_by_deck.values())

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object; coordinates in um."""
        return {
            "passed": self.passed,
            "rules_run": self.rules_run,
            "rules_by_deck": self.rules_by_deck,
            "not_applicable": self.not_applicable,
            "violations": [asdict(violation) for violation in self.violations],
        }


def run(
    gds: Path,
    *,
    work: Path,
    top: str | None = None,
    decks: Sequence[str] = DECKS,
    jobs: int = 1,
    timeout_s: float = _TIMEOUT_S,
) -> DrcResult:
    """Check a GDS against the design rules.

    Parameters
    ----------
    gds
        Any GDS, drawn by us or not.
    work
        Folder for reports and logs; made if it is not there.
    top
        Cell to check; needed only if the file has several top cells.
    decks
        Which of `DECKS`.
    jobs
        How many programs may run at the same time.
    timeout_s
        For each program [s].

    Raises
    ------
    InputError
        No such deck, not a GDS, or the top cell is not there.
    EvidenceError
        A deck ran no rule, or left no report or only a part of one.
    ToolError
        A program is missing, crashed or hung.
    """
    unknown = [deck for deck in decks if deck not in DECKS]
    if unknown or not decks:
        raise InputError(f"no DRC deck {', '.join(unknown) or 'given'}; choose from {', '.join(DECKS)}, or all of them")
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    pdk = install.locate()
    work.mkdir(parents=True, exist_ok=True)
    if not any(_drawn(layout, cell, layer) for layer in DRAWING.values()):
        raise NetlistError(
            f"cell {cell.name} of {gds} has no shape on any layer of the process: nothing can be checked"
        )
    middle = cell.dbbox().center()
    job = Job(
        pdk,
        gds_file.as_gds(gds, layout, work),
        cell.name,
        work.resolve(),
        max(1, jobs),
        timeout_s,
        (middle.x, middle.y),
    )
    checks: dict[str, Callable[[], Findings]] = {}
    if "ours" in decks:
        checks["ours"] = partial(drc_ours.check, job)
    if "official" in decks:
        checks["official"] = partial(drc_official.official, job)
        if pdk.zero_area_deck:
            checks["zero-area"] = partial(drc_official.zero_area, job, pdk.zero_area_deck, layout)
        if pdk.pin_label_deck:
            checks["pin-label"] = partial(drc_official.pin_label, job, pdk.pin_label_deck)
    if "magic" in decks:
        checks["magic"] = partial(drc_magic.check, job)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        found = {name: future.result() for name, future in futures.items()}
    for name, findings in found.items():
        if findings.rules < 1:
            raise EvidenceError(
                f"the {name} check ran 0 rules: that is no clean layout but no check at all (see {work})"
            )
    return DrcResult(
        tuple(violation for findings in found.values() for violation in findings.violations),
        {name: findings.rules for name, findings in found.items()},
        {rule: reason for findings in found.values() for rule, reason in findings.skipped.items()},
    )


def _drawn(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> bool:
    """Whether a cell has a shape, text apart, on a layer."""
    index = layout.find_layer(*layer)
    if index is None:
        return False
    found = cell.begin_shapes_rec(index)
    found.shape_flags = kdb.Shapes.SAll - kdb.Shapes.STexts
    return not found.at_end()
