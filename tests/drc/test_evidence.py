"""What a program that crashes, or leaves half a report or none, must lead to; and what reports can hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.drc import magic as drc_magic
from mirrorneuron.flows.drc import ours as drc_ours
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import EvidenceError, NetlistError, ToolFailedError, ToolTimeoutError
from mirrorneuron.pdk_sky130.layers import Layer
from mirrorneuron.pdk_sky130.rules import Rule

SECTIONS = "print('FEOL section', 'BEOL section', 'OFFGRID-ANGLES section', sep='\\n')\n"
CATEGORY = "<category><name>{}</name><description>{}</description><categories>{}</categories></category>"
ITEM = (
    "<item><tags/><category>{}</category><cell>{}</cell><visited>false</visited><multiplicity>1</multiplicity>"
    "<values><value>{}</value></values></item>"
)


def report(categories: str = "", items: str = "", top: str = "cell") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><report-database><description/><original-file/><generator/>'
        f"<top-cell>{top}</top-cell><tags/><categories>{categories}</categories><cells>"
        "<cell><name>cell</name><variant/><references/></cell>"
        "<cell><name>below</name><variant/><references>"
        "<ref><parent>cell</parent><trans>r90 *1 10,20</trans></ref></references></cell>"
        f"</cells><items>{items}</items></report-database>"
    )


def leaving(text: str) -> str:
    return SECTIONS + f"Path(given['report']).write_text({text!r})\n"


RULE = CATEGORY.format("m1.1", "met1 width", "")
Program = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (SECTIONS, EvidenceError, "left no report"),
        (leaving(""), EvidenceError, "left no report"),
        (leaving(report(RULE)[:200]), EvidenceError, "damaged or cut off"),
        (leaving("all fine"), EvidenceError, "damaged or cut off"),
        (leaving(report()), EvidenceError, "official check ran 0 rules"),
        (leaving(report(RULE)).replace("FEOL", "", 1), EvidenceError, "did not run its FEOL section"),
        (leaving(report(RULE, top="other")), EvidenceError, "looked at cell 'other', not at 'cell'"),
        (leaving(report(RULE)) + "sys.exit(1)", ToolFailedError, "status 1"),
        ("import os\nos.kill(os.getpid(), 11)", ToolFailedError, "SIGSEGV"),
    ],
    ids=["no report", "empty", "cut off", "no XML", "no rule", "no FEOL", "other cell", "status 1", "crash"],
)
def test_klayout_without_a_whole_report(
    body: str,
    error: type[Exception],
    message: str,
    clean_gds: Path,
    tmp_path: Path,
    program: Program,
    only_main_deck: None,
) -> None:
    program("klayout", body)
    with pytest.raises(error, match=message):
        drc.run(clean_gds, work=tmp_path / "work", decks=("official",))


def test_a_report_of_an_earlier_run_is_no_evidence(
    clean_gds: Path, tmp_path: Path, program: Program, only_main_deck: None
) -> None:
    program("klayout", leaving(report(RULE)))
    assert drc.run(clean_gds, work=tmp_path / "work", decks=("official",)).passed
    program("klayout", SECTIONS)
    with pytest.raises(EvidenceError, match="left no report"):
        drc.run(clean_gds, work=tmp_path / "work", decks=("official",))


@pytest.mark.parametrize(
    ("shape", "cell", "place", "box"),
    [
        ("polygon: (0,0;0,2;4,2;4,0)", "cell", (2, 1), (0, 0, 4, 2)),
        ("box: (1,1;3,5)", "cell", (2, 3), (1, 1, 3, 5)),
        ("edge: (0,0;6,0)", "cell", (3, 0), (0, 0, 6, 0)),
        ("edge-pair: (0,0;0,2)|(1,2;1,0)", "cell", (0.5, 1), (0, 0, 1, 2)),
        ("polygon: (0,0;0,2;4,2;4,0)", "below", (9, 22), (0, 0, 4, 2)),
        ("polygon: (0,0;0,2;4,2;4,0)", "below$VAR1", (9, 22), (0, 0, 4, 2)),
    ],
)
def test_every_kind_of_marker_has_a_place(
    shape: str,
    cell: str,
    place: tuple[float, float],
    box: tuple[float, float, float, float],
    clean_gds: Path,
    tmp_path: Path,
    program: Program,
    only_main_deck: None,
) -> None:
    text = report(RULE, ITEM.format("m1.1", cell, shape).replace("m1.1", "'m1.1'"))
    if "$" in cell:
        text = text.replace("<name>below<", f"<name>{cell}<")
    program("klayout", leaving(text))
    result = drc.run(clean_gds, work=tmp_path, decks=("official",))
    assert result.rules_run == 1
    violation = drc.Violation("official", "m1.1", "met1 width", "met1", *place, cell.partition("$")[0], box)
    assert result.violations == (violation,)


def test_nested_categories_are_rules_of_their_own(
    clean_gds: Path, tmp_path: Path, program: Program, only_main_deck: None
) -> None:
    nested = CATEGORY.format("met1", "", CATEGORY.format("width", "", "") + CATEGORY.format("space", "too near", ""))
    program("klayout", leaving(report(nested + RULE, ITEM.format("met1.space", "cell", "box: (0,0;2,2)"))))
    result = drc.run(clean_gds, work=tmp_path, decks=("official",))
    assert result.rules_run == 3
    violation = drc.Violation("official", "met1.space", "too near", "met1", 1, 1, "cell", (0, 0, 2, 2))
    assert result.violations == (violation,)


def our_report(log: str, *rules: str) -> str:
    """What our deck leaves: its log, and a report with these rules."""
    categories = "".join(CATEGORY.format(rule, "", "") for rule in rules)
    return f"print({log!r})\nPath(given['report']).write_text({report(categories)!r})"


@pytest.mark.parametrize(
    ("log", "rules", "message"),
    [
        ("DRC: 2 rules run", ["m1.1"], r"logs 2 rules run, reports 1, and the table has 2: m1\.2"),
        ("DRC: 1 rules run", ["m1.1"], r"logs 1 rules run, reports 1, and the table has 2: m1\.2"),
        ("DRC: 1 rules run", ["m1.1", "m1.2"], "logs 1 rules run"),
        ("DRC: 3 rules run", ["m1.1", "m1.2", "other"], "other"),
        ("", ["m1.1", "m1.2"], "did not run to its end"),
    ],
)
def test_our_deck_must_run_exactly_the_rules_of_the_table(
    log: str,
    rules: list[str],
    message: str,
    clean_gds: Path,
    tmp_path: Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = {name: Rule(140, "", "nm", "rule") for name in ("m1.1", "m1.2")}
    monkeypatch.setattr(drc_ours, "RULES", {**table, "huge.width": Rule(3000, "", "nm", "parameter")})
    program("klayout", our_report("DRC: 2 rules run", "m1.1", "m1.2", "m1.2:met1"))
    found = drc.run(clean_gds, work=tmp_path / "whole", decks=("ours",))
    assert (found.passed, found.rules_by_deck) == (True, {"ours": 2})
    program("klayout", our_report(log, *rules))
    with pytest.raises(EvidenceError, match=message):
        drc.run(clean_gds, work=tmp_path / "work", decks=("ours",))


def test_what_our_deck_did_not_apply_is_told(
    clean_gds: Path, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drc_ours, "RULES", {"m1.pd.1d": Rule(35, "", "%", "rule")})
    program("klayout", our_report("not applicable: m1.pd.1d: no chip\nDRC: 1 rules run", "m1.pd.1d"))
    result = drc.run(clean_gds, work=tmp_path / "work", decks=("ours",))
    assert result.not_applicable == {"m1.pd.1d": "no chip"}


MAGIC_TOTALS = "print('Total number of rules specified in tech file: 5', 'Total DRC errors found: 0', sep='\\n')\n"
MAGIC_DONE = "print('mirrorneuron: script done')\n"


def magic_report(text: str) -> str:
    return f"Path('drc.txt').write_text({text!r})\n" + MAGIC_TOTALS + MAGIC_DONE


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("import os\nos.kill(os.getpid(), 11)", ToolFailedError, "SIGSEGV"),
        ("print('bad luck', file=sys.stderr)\nsys.exit(1)", ToolFailedError, "bad luck"),
        ("print('mirrorneuron: script failed: no such cell', file=sys.stderr)", ToolFailedError, "no such cell"),
        ("pass", EvidenceError, "before its script drc.tcl did"),
        (MAGIC_DONE, EvidenceError, "did not report its totals"),
        (MAGIC_TOTALS + MAGIC_DONE, EvidenceError, "missing or cut off"),
        (magic_report("box 0 0 1 1\nrule x (m1.1)\nat 1 1 1 1\n"), EvidenceError, "missing or cut off"),
        (magic_report("box 0 0 0 0\nend\n"), EvidenceError, "reads no shape"),
        (
            magic_report("box 0 0 1 1\nrule x (m1.1)\nat 1 1 1 1\nend\n"),
            EvidenceError,
            "counts 0 DRC errors and lists 1",
        ),
        (magic_report("box 0 0 1 1\nsomething\nend\n"), EvidenceError, "cannot be read: 'something'"),
        (magic_report("box 0 0 1 1\nend\n").replace("file: 5", "file: 0"), EvidenceError, "magic check ran 0 rules"),
        (
            "print('x.tech: line 4: section extract:', file=sys.stderr)\n" + MAGIC_DONE,
            EvidenceError,
            "does not understand its technology file",
        ),
    ],
)
def test_magic_without_a_whole_report(
    body: str, error: type[Exception], message: str, clean_gds: Path, tmp_path: Path, program: Program
) -> None:
    program("magic", body)
    with pytest.raises(error, match=message):
        drc.run(clean_gds, work=tmp_path / "work", decks=("magic",))


def test_magic_violations(clean_gds: Path, tmp_path: Path, program: Program) -> None:
    text = "box 0 0 1 1\nrule Too thin (li.1)\nat 1 1.5 2 2.5\nat 3 4 3 4\nat 3 4 3 4\nrule Too odd\nat 5 6 5 6\nend\n"
    program("magic", magic_report(text).replace("found: 0", "found: 3"))
    result = drc.run(clean_gds, work=tmp_path / "work", decks=("magic",))
    assert result.rules_by_deck == {"magic": 5}
    assert result.violations == (
        drc.Violation("magic", "li.1", "Too thin (li.1)", "li1", 1.5, 2, "cell", (1, 1.5, 2, 2.5)),
        drc.Violation("magic", "li.1", "Too thin (li.1)", "li1", 3, 4, "cell", (3, 4, 3, 4)),
        drc.Violation("magic", "Too odd", "Too odd", "", 5, 6, "cell", (5, 6, 5, 6)),
    )


def test_a_hanging_program_is_stopped(clean_gds: Path, tmp_path: Path, program: Program) -> None:
    program("magic", "import time\ntime.sleep(60)")
    with pytest.raises(ToolTimeoutError, match=r"within 0\.5 s"):
        drc.run(clean_gds, work=tmp_path / "work", decks=("magic",), timeout_s=0.5)


def test_a_real_tcl_error_stops_magic(clean_gds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drc_magic, "_SCRIPT", "error {it went wrong}")
    with pytest.raises(ToolFailedError, match="it went wrong"):
        drc.run(clean_gds, work=tmp_path, decks=("magic",))


def test_magic_counts_an_error_that_it_does_not_name(clean_gds: Path, tmp_path: Path, program: Program) -> None:
    program("magic", magic_report("box 0 0 1 1\nend\n").replace("found: 0", "found: 1"))
    result = drc.run(clean_gds, work=tmp_path / "work", decks=("magic",))
    assert not result.passed
    assert [(violation.deck, violation.rule) for violation in result.violations] == [("magic", "unlisted")]
    assert "counts 1 errors" in result.violations[0].text


@pytest.mark.parametrize("what", ["a layer of somebody else's", "a label"])
def test_a_layout_without_a_shape_of_the_process_is_refused(what: str, drawing: type, tmp_path: Path) -> None:
    drawn = drawing()
    if what == "a label":
        drawn.text(layers.MET1, "a", 0, 0)
    else:
        drawn.box(Layer(200, 1), 0, 0, 1, 1)
    with pytest.raises(NetlistError, match="no shape on any layer of the process"):
        drc.run(drawn.write(tmp_path / "x.gds"), work=tmp_path / "work")
