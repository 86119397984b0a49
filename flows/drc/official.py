"""The official KLayout deck and its two side checks, as the PDK holds them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mirrorneuron.flows.drc.degenerate import degenerate
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.klayout import categories, items, report_path, run_deck
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["official", "pin_label", "release", "zero_area"]

# Without its switches the deck runs no rule and looks clean. Each group leaves its section in the log.
_SECTIONS: Final = {"feol": "FEOL section", "beol": "BEOL section", "offgrid": "OFFGRID-ANGLES section"}
_ZERO_AREA: Final = {"zero_area_shape": "shape without area", "zero_length_path": "path without length"}
# A side check's exit status is 1 + the number of findings, up to 127; 1 itself is an error of its own.
_SIDE_CHECK_CODES: Final = (0, *range(2, 128))


def official(job: DeckJob) -> Findings:
    """Run the official deck with the rule groups of the profile.

    Raises
    ------
    EvidenceError
        It left no whole report, or did not run one of its groups.
    ToolError
        KLayout is missing, crashed or hung.
    """
    done, database = run_deck(
        job, "official", job.pdk.drc_deck, {"top_cell": job.top, "thr": str(job.threads), **job.profile.switches}
    )
    rules = sum(1 for category in categories(database) if not any(category.each_sub_category()))
    lines = {line.strip() for line in done.stdout.splitlines()}
    wanted = [section for group, section in _SECTIONS.items() if job.profile.switches[group] == "true"]
    missing = [section for section in wanted if section not in lines]
    if rules and missing:
        raise EvidenceError(
            f"the official deck did not run its {', '.join(missing)}; the rules that it did run prove nothing "
            f"(log: {job.work / 'official.log'})"
        )
    return Findings(rules, list(items("official", database, job)), report=str(report_path(job, "official")))


def zero_area(job: DeckJob, deck: Path) -> Findings:
    """The shuttle's check for shapes without area and paths without length.

    The deck counts; the places come from the layout, as the deck marks a cell's shape as if it were in the top cell,
    and a path without length not at all.
    """
    done, database = run_deck(job, "zero-area", deck, {"top_cell_name": job.top}, _SIDE_CHECK_CODES)
    total = _last_number(r"(\d+) total zero-area objects", done.stdout, "zero-area", job)
    violations = [
        job.marker("zero-area", each.rule, _ZERO_AREA[each.rule], each.cell, each.box)
        for each in (degenerate(job.hierarchy) if job.hierarchy else ())
    ] or list(items("zero-area", database, job))
    if total and not violations:
        log = job.work / "zero-area.log"
        raise EvidenceError(f"the zero-area check counts {total} objects, and there is none (log: {log})")
    rules = len(re.findall(r"^\d+ zero-(?:area shapes|length paths)", done.stdout, re.MULTILINE))
    return Findings(rules, violations, report=str(report_path(job, "zero-area")))


def pin_label(job: DeckJob, deck: Path) -> Findings:
    """The shuttle's check for pins and labels that lie on no drawing."""
    switches = {"top_cell_name": job.top, "threads": str(job.threads)}
    done, database = run_deck(job, "pin-label", deck, switches, _SIDE_CHECK_CODES)
    total = _last_number(r"(\d+) total error\(s\)", done.stdout, "pin-label", job)
    violations = list(items("pin-label", database, job))
    if (total == 0) != (not violations):
        log = job.work / "pin-label.log"
        raise EvidenceError(f"the pin-label check counts {total} errors and marks {len(violations)} (log: {log})")
    rules = _last_number(r"(\d+) checks", done.stdout, "pin-label", job)
    return Findings(rules, violations, report=str(report_path(job, "pin-label")))


def release(deck: Path) -> str:
    """The release that the official deck states; empty if it states none."""
    match = re.search(r"""^\s*release\s*=\s*["']([^"']+)["']""", deck.read_text(errors="replace"), re.MULTILINE)
    return match.group(1) if match else ""


def _last_number(pattern: str, text: str, name: str, job: DeckJob) -> int:
    numbers = re.findall(pattern, text)
    if not numbers:
        raise EvidenceError(f"the {name} check did not run to its end (log: {job.work / name}.log)")
    return int(numbers[-1])
