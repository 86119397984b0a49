"""Magic's design rule check."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import klayout.db as kdb
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import Box, Violation
from mirrorneuron.flows.tools import magic
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["check"]

_REPEATED: Final = "See error definition in the subcell"
# The list of texts and places goes to a file of its own; Magic's other output stays in the log.
_SCRIPT: Final = """
crashbackups stop
drc off
drc euclidean on
drc style drc(full)
scalegrid 1 2
gds read layout.gds
if {[lsearch -exact [cellname list allcells] $env(MN_TOP)] < 0} { error "no cell $env(MN_TOP) after reading the GDS" }
load $env(MN_TOP)
select top cell
expand
set um [cif scale out]
set out [open $env(MN_REPORT) w]
puts $out "box [box values]"
drc check
drc catchup
drc rulestats
drc count total
foreach {text boxes} [drc listall why] {
    puts $out "rule $text"
    foreach box $boxes {
        puts $out [format "at %.6f %.6f %.6f %.6f" {*}[lmap edge $box {expr {$um * $edge}}]]
    }
}
puts $out end
close $out
"""


def check(job: DeckJob) -> Findings:
    """Run Magic's DRC in the style ``drc(full)``.

    Raises
    ------
    EvidenceError
        The totals or the report are missing, or contradict each other.
    ToolError
        Magic is missing, crashed or hung.
    """
    work = job.work / "magic"
    work.mkdir(parents=True, exist_ok=True)
    report = work / "drc.txt"
    report.unlink(missing_ok=True)
    shutil.copyfile(job.gds, work / "layout.gds")
    done = magic.run_script(
        job.pdk,
        _SCRIPT,
        name="drc",
        work=work,
        timeout_s=job.timeout_s,
        env={"MN_TOP": job.top, "MN_REPORT": report.name},
    )
    rules = _number(r"Total number of rules specif\w+ in tech file: (\d+)", done.stdout, report)
    total = _number(r"Total DRC errors found: (\d+)", done.stdout, report)
    violations = _violations(report, job)
    if total == 0 and violations:
        raise EvidenceError(f"Magic counts 0 DRC errors and lists {len(violations)} ({report})")
    if total and not violations:
        # 8.3.105 names no rule for a cell that holds nothing but one wire that is too narrow.
        text = f"Magic counts {total} errors and names none ({report})"
        whole = job.hierarchy.top.dbbox() if job.hierarchy else kdb.DBox(0, 0, 0, 0)
        violations = [job.marker("magic", "unlisted", text, job.cell_name(job.top), whole)]
    return Findings(rules, violations, report=str(report))


def _number(pattern: str, text: str, report: Path) -> int:
    match = re.search(pattern, text)
    if match is None:
        raise EvidenceError(f"Magic's DRC did not report its totals (log: {report.parent / 'drc.log'})")
    return int(match.group(1))


def _violations(report: Path, job: DeckJob) -> list[Violation]:
    """Violations from the file that the script leaves: ``box``, then ``rule`` and ``at`` lines, ``end``."""
    lines = report.read_text().splitlines() if report.is_file() else []
    if len(lines) < 2 or lines[-1] != "end" or not lines[0].startswith("box "):
        raise EvidenceError(f"Magic's DRC report {report} is missing or cut off")
    x1, y1, x2, y2 = (float(word) for word in lines[0].split()[1:])
    if x2 <= x1 or y2 <= y1:
        raise EvidenceError(f"Magic reads no shape of the cell: none is on a layer that it knows ({report})")
    # Magic lists a place once for each part of the layout that it looks at.
    listed: dict[tuple[str, Box], None] = {}
    text = ""
    for line in lines[1:-1]:
        kind, _, rest = line.partition(" ")
        if kind == "rule":
            text = rest.strip()
        elif kind == "at":
            # The grid is 0.005 um; finer digits come from Magic's single-precision scale.
            left, bottom, right, top = (round(float(word), 4) for word in rest.split())
            listed[text, (left, bottom, right, top)] = None
        else:
            raise EvidenceError(f"Magic's DRC report {report} has a line that cannot be read: {line!r}")
    return [
        job.marker("magic", _rule_name(text), text, job.cell_name(job.top), kdb.DBox(*box))
        for text, box in _named(list(listed), job.hierarchy)
    ]


def _named(listed: list[tuple[str, Box]], hierarchy: Hierarchy | None) -> list[tuple[str, Box]]:
    """The places with the rule's text in the stead of "see the subcell".

    An error inside a cell has its text at one of the cell's places; at the others, and in the parents of the first once
    more, Magic only says that there is one.
    """
    named = [(text, box) for text, box in listed if text != _REPEATED]
    texts: dict[tuple[float, float], list[str]] = {}
    for text, box in named:
        texts.setdefault(_centre(box), []).append(text)
    if not named or hierarchy is None:
        return named or listed
    seen = kdb.Region()
    for _, box in named:
        seen.insert(_fine(box))
    for text, box in listed:
        if text != _REPEATED or _centre(box) in texts:
            continue
        own = _texts_elsewhere(kdb.DBox(*box).center(), texts, hierarchy)
        if own or (seen & kdb.Region(_fine(box))).is_empty():
            named += [(each, box) for each in own or (text,)]
    return named


def _texts_elsewhere(
    place: kdb.DPoint, texts: Mapping[tuple[float, float], list[str]], hierarchy: Hierarchy
) -> list[str]:
    """What Magic says at the places that equal this one in another placement of a cell that lies over it."""
    for name, placement in hierarchy.at(place):
        inside = hierarchy.in_um(placement).inverted() * place
        for other in hierarchy.placements(name):
            there = hierarchy.in_um(other) * inside
            if own := texts.get(_key(there.x, there.y)):
                return own
    return []


def _fine(box: Box) -> kdb.Box:
    """A box in units of 0.1 nm, as fine as Magic's places are kept."""
    return kdb.DBox(*box).to_itype(1e-4)


def _centre(box: Box) -> tuple[float, float]:
    return _key((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def _key(x: float, y: float) -> tuple[float, float]:
    """A place, to a nanometre: Magic's own rounding is finer."""
    return round(x, 3), round(y, 3)


def _rule_name(text: str) -> str:
    """``"Metal1 spacing < 0.14um (met1.2)"`` -> ``"met1.2"``; the whole text where it ends in no parentheses."""
    match = re.search(r"\(([^()]+)\)\s*$", text)
    return match.group(1) if match else text
