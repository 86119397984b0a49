"""Design rule check by three decks: ours, the official KLayout deck with its side checks, and Magic's.

Evidence, without which nothing passes: every deck left its whole report, and reports itself how many rules it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.drc import magic as drc_magic
from mirrorneuron.flows.drc import official as drc_official
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.flows.drc import precheck
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import DrcResult
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, InputError, MissingToolError, NetlistError
from mirrorneuron.pdk_sky130.layers import DRAWING, Layer
from mirrorneuron.pdk_sky130.profiles import FULL, PROFILES, Profile

__all__ = ["DECKS", "run"]

DECKS: Final[tuple[str, ...]] = PROFILES[FULL].decks
"""The decks that `run` knows; the official one brings its zero-area and pin-label checks where the PDK has them."""

_TIMEOUT_S: Final = 1800.0


def run(
    gds: Path,
    *,
    work: Path,
    top: str | None = None,
    decks: Sequence[str] | None = None,
    profile: str = FULL,
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
        Which of `DECKS`; by default all that the profile runs.
    profile
        Which of `PROFILES`: what a shuttle runs, or everything.
    jobs
        How many programs may run at the same time.
    timeout_s
        For each program [s].

    Raises
    ------
    InputError
        No such profile, no such deck, not a GDS, or the top cell is not there.
    EvidenceError
        A deck ran no rule, or left no report or only a part of one.
    ToolError
        A program is missing, crashed or hung, or the PDK lacks a deck that the shuttle runs.
    """
    rules_profile = _profile(profile)
    wanted = _decks(rules_profile, decks)
    layout = gds_file.read(gds)
    cell = gds_file.top_cell(layout, gds, top)
    pdk = install.locate()
    work.mkdir(parents=True, exist_ok=True)
    if not any(_drawn(layout, cell, layer) for layer in DRAWING.values()):
        raise NetlistError(
            f"cell {cell.name} of {gds} has no shape on any layer of the process: nothing can be checked"
        )
    plain, hierarchy = gds_file.plain_copy(layout, cell, work.resolve() / "layout.gds"), Hierarchy(layout, cell)
    job = DeckJob(
        pdk, plain.path, plain.top, work.resolve(), max(1, jobs), timeout_s, plain.renamed, hierarchy, rules_profile
    )
    result = _result(_run_all(_checks(job, wanted), jobs), work, rules_profile)
    return replace(result, notes=tuple(_notes(job, hierarchy, wanted)))


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise InputError(f"no DRC profile {name}; choose from {', '.join(PROFILES)}")
    return PROFILES[name]


def _decks(profile: Profile, decks: Sequence[str] | None) -> tuple[str, ...]:
    if decks is None:
        return profile.decks
    unknown = [deck for deck in decks if deck not in profile.decks]
    if unknown or not decks:
        of = "" if profile.name == FULL else f" in profile {profile.name}"
        names = ", ".join(profile.decks)
        raise InputError(f"no DRC deck {', '.join(unknown) or 'given'}{of}; choose from {names}, or all of them")
    return tuple(decks)


def _notes(job: DeckJob, hierarchy: Hierarchy, decks: Collection[str]) -> Iterator[str]:
    """What is true of the layout or of the decks, whatever the profile makes of it."""
    for layer in precheck.unknown_layers(hierarchy):
        yield f"layer {layer.layer}/{layer.datatype} is unknown to the process"
    wanted, here = job.profile.release, drc_official.release(job.pdk.drc_deck)
    if "official" in decks and wanted and wanted != here:
        yield f"the shuttle runs release {wanted} of the official deck; this PDK has {here or 'one without a release'}"


def _drawn(layout: kdb.Layout, cell: kdb.Cell, layer: Layer) -> bool:
    """Whether a cell has a shape on a layer; texts do not count."""
    index = layout.find_layer(*layer)
    if index is None:
        return False
    shapes = cell.begin_shapes_rec(index)
    shapes.shape_flags = kdb.Shapes.SAll - kdb.Shapes.STexts
    return not shapes.at_end()


def _checks(job: DeckJob, decks: Collection[str]) -> dict[str, Callable[[], Findings]]:
    """The checks of the decks by name, ready to run; the profile's precheck goes with the official deck."""
    checks: dict[str, Callable[[], Findings]] = {}
    if "ours" in decks:
        checks["ours"] = partial(drc_ours.check, job)
    if "official" in decks:
        checks["official"] = partial(drc_official.official, job)
        if zero_area := _side_deck(job, "zero-area", job.pdk.zero_area_deck):
            checks["zero-area"] = partial(drc_official.zero_area, job, zero_area)
        if pin_label := _side_deck(job, "pin-label", job.pdk.pin_label_deck):
            checks["pin-label"] = partial(drc_official.pin_label, job, pin_label)
    if "magic" in decks:
        checks["magic"] = partial(drc_magic.check, job)
    if "official" in decks and job.profile.precheck and job.hierarchy:
        checks["precheck"] = partial(precheck.check, job, job.hierarchy)
    return checks


def _side_deck(job: DeckJob, name: str, deck: Path | None) -> Path | None:
    """A side check's deck. A shuttle's profile must have it; the full one takes what the PDK has."""
    if name not in job.profile.side_checks:
        return None
    if deck is None and job.profile.name != FULL:
        raise MissingToolError(
            f"the PDK in {job.pdk.root} has no {name} check, which profile {job.profile.name} runs. Assemble one that "
            "has it: python -m mirrorneuron.pdk_sky130.install, without PDK_ROOT"
        )
    return deck


def _run_all(checks: dict[str, Callable[[], Findings]], jobs: int) -> dict[str, Findings]:
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        return {name: future.result() for name, future in futures.items()}


def _result(findings: dict[str, Findings], work: Path, profile: Profile) -> DrcResult:
    """The findings of all checks together; each must have run rules."""
    for name, own in findings.items():
        if own.rules < 1:
            raise EvidenceError(f"the {name} check ran 0 rules: it did not check the layout (see {work})")
    return DrcResult(
        profile=profile,
        violations=tuple(violation for own in findings.values() for violation in own.violations),
        rules_by_deck={name: own.rules for name, own in findings.items()},
        not_applicable={rule: reason for own in findings.values() for rule, reason in own.skipped.items()},
        reports={name: own.report for name, own in findings.items() if own.report},
    )
