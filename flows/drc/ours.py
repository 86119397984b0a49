"""Our own KLayout deck, ``pdk_sky130/drc/sky130.drc``, compared with the table of rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import klayout.rdb as rdb
from mirrorneuron.flows.drc import degenerate
from mirrorneuron.flows.drc.findings import DeckJob, Findings
from mirrorneuron.flows.drc.klayout import categories, items, report_path, run_deck
from mirrorneuron.flows.drc.result import Violation
from mirrorneuron.pdk_sky130.errors import EvidenceError
from mirrorneuron.pdk_sky130.layers import DRAWING
from mirrorneuron.pdk_sky130.rules import RULES, RULES_CSV

__all__ = ["DECK", "check", "violations"]

DECK: Final = RULES_CSV.parent / "drc" / "sky130.drc"
"""The deck; it runs from KLayout's menu too."""


def check(job: DeckJob) -> Findings:
    """Run our deck.

    Raises
    ------
    EvidenceError
        It did not run to its end, or its outputs are not exactly the rules of the table.
    ToolError
        KLayout is missing, crashed or hung.
    """
    done, database = run_deck(job, "ours", DECK, {"top": job.top, "threads": str(job.threads)})
    log = job.work / "ours.log"
    counts = re.findall(r"^DRC: (\d+) rules run$", done.stdout, re.MULTILINE)
    if len(counts) != 1:
        raise EvidenceError(f"our deck did not run to its end (log: {log})")
    ran = {category.name().partition(":")[0] for category in categories(database)}
    table = {name for name, rule in RULES.items() if rule.kind == "rule"}
    if int(counts[0]) != len(table) or ran != table:
        differing = sorted(table.symmetric_difference(ran))
        raise EvidenceError(
            f"our deck logs {counts[0]} rules run, reports {len(ran)}, and the table has {len(table)}"
            f"{': ' if differing else ''}{', '.join(differing)} (log: {log})"
        )
    skipped = dict(re.findall(r"^not applicable: (\S+): (.+)$", done.stdout, re.MULTILINE))
    markers = [each for each in violations(database, job) if each.rule not in degenerate.RULES or not job.hierarchy]
    return Findings(len(ran), [*markers, *_degenerate(job)], skipped, str(report_path(job, "ours")))


def violations(database: rdb.ReportDatabase, job: DeckJob) -> list[Violation]:
    """The markers of our deck's report. A rule about many layers has an output for each, called ``rule:layer``."""
    violations = []
    for violation in items("ours", database, job):
        rule, _, layer = violation.rule.partition(":")
        # A layer that has no name is in no other place of the report.
        text = f"{violation.text}: {layer}" if "/" in layer else violation.text
        violations.append(replace(violation, rule=rule, text=text, layer=layer or violation.layer))
    return violations


def _degenerate(job: DeckJob) -> Iterator[Violation]:
    """The deck's two rules of shapes without extent, on the layout as it was handed in."""
    names = {pair: name for name, pair in DRAWING.items()}
    for each in degenerate.degenerate(job.hierarchy) if job.hierarchy else ():
        layer = names.get(each.layer, f"{each.layer.layer}/{each.layer.datatype}")
        yield replace(job.marker("ours", each.rule, RULES[each.rule].text, each.cell, each.box), layer=layer)
