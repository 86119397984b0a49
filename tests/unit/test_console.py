"""Tables as text: whole lines where nobody looks, wrapped to the width of a terminal."""

from __future__ import annotations

import re

import pytest
from mirrorneuron.flows.reports import console

HEAD = ("", "R out, Gohm", "area, um2")
ROWS = [["mirror_simple", "0.01107", "714"], ["mirror_wide_swing_boosted", "-", "12345"]]


def test_columns_are_aligned() -> None:
    assert console.table(HEAD, ROWS, right=(1, 2)) == [
        "                           R out, Gohm  area, um2",
        "mirror_simple                  0.01107        714",
        "mirror_wide_swing_boosted            -      12345",
    ]
    assert console.table((), [["gds", "a"], ["picture", "b"]]) == ["gds      a", "picture  b"]


def test_nothing_is_cut_or_wrapped_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "a limit that says what must be given and why, and goes on " * 8
    assert console.table(("field", "limits"), [["weights", text.strip()]])[1:] == [f"weights  {text.strip()}"]


def test_text_is_no_markup() -> None:
    assert console.table((), [["[red]weights[/red]", "[1, 2, -3] :smile:"]]) == [
        "[red]weights[/red]  [1, 2, -3] :smile:"
    ]


def test_a_terminal_wraps_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    lines = [
        re.sub(r"\x1b\[[0-9;]*m", "", line)
        for line in console.table(("field", "limits"), [["w", "0.84 to 20 um " * 4]])
    ]
    assert max(map(len, lines)) <= 30
    assert " ".join(" ".join(lines[1:]).split()) == "w " + ("0.84 to 20 um " * 4).strip()
