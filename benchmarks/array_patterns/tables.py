"""The comparison as tables for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table as RichTable

__all__ = ["TextTable", "markdown", "show", "tables"]


@dataclass(frozen=True)
class TextTable:
    """A table to print: the first column is text, the others are numbers."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def tables(result: Mapping[str, Any]) -> list[TextTable]:
    """The result as tables."""
    parts = [_case_table(result["cases"])]
    for backend, part in (result["glayout"] or {}).items():
        parts.append(_foreign_table(f"gLayout {part['version']}, back end {backend}", part["cells"]))
    if result["align"]:
        parts.append(_foreign_table(f"ALIGN {result['align']['version']}", result["align"]["cells"]))
    return parts


_CASE_HEADER: Final = (
    *("ratios", "style", "grid", "dummies", "centroid offset um", "as drawn um", "2nd order um2", "dispersion"),
    *("as drawn", "mismatch %", "same neighbours", "wires um", "report"),
)


def _case_table(cases: Mapping[str, Any]) -> TextTable:
    rows = [
        _style_row(name, style, figures) for name, case in cases.items() for style, figures in case["styles"].items()
    ]
    return TextTable("Patterns, on paper and read from the drawn GDS", _CASE_HEADER, rows)


def _style_row(name: str, style: str, figures: Mapping[str, Any]) -> tuple[str, ...]:
    paper, drawn = figures["pattern"], figures["drawn"]
    return (
        name,
        style.replace("_", " "),
        f"{paper['rows']} x {paper['columns']}",
        f"{paper['dummies']}",
        f"{paper['offset']:.3f}",
        f"{drawn['offset']:.3f}",
        f"{paper['second_order']:.2f}",
        _range(paper, "dispersion"),
        _range(drawn, "dispersion"),
        f"{paper['mismatch_between']:.2f}",
        _range(paper, "own"),
        f"{paper['wire_length']:.0f}",
        _verdict(drawn),
    )


def _range(figures: Mapping[str, Any], name: str) -> str:
    return f"{figures[f'{name}_min']:.2f} to {figures[f'{name}_max']:.2f}"


_FOREIGN_HEADER: Final = (
    *("cell", "asked for", "drawn", "centroids apart um", "dispersion", "report"),
    *("ours: drawn", "apart um", "dispersion", "report", "CPU s", "ours CPU s", "times slower"),
)


def _foreign_table(title: str, cells: Mapping[str, Any]) -> TextTable:
    rows = [_foreign_row(name, cell, group) for name, cell in cells.items() for group in cell.get("groups") or [None]]
    return TextTable(f"{title}: read from its GDS, beside ours of the same units", _FOREIGN_HEADER, rows)


def _foreign_row(name: str, cell: Mapping[str, Any], group: Mapping[str, Any] | None) -> tuple[str, ...]:
    ours = cell.get("ours")
    asked = ":".join(map(str, cell["asked"])) if ours else ""
    theirs = _short(group) if group else (cell.get("error", "its outputs share no gate"), "", "")
    own = (*_short(ours), _verdict(ours)) if ours else ("", "", "", "")
    times = (
        f"{min(cell['seconds']):.2f}" if "seconds" in cell else "",
        f"{cell['ours_seconds']:.4f}" if ours else "",
        f"{cell['times_slower']:.0f}" if "times_slower" in cell else "",
    )
    return (name, asked, *theirs, _verdict(cell), *own, *times)


def _short(group: Mapping[str, Any]) -> tuple[str, str, str]:
    units = ":".join(map(str, group["units"])) + (", two gates" if group["kind"] == "pair" else "")
    return units, f"{group['apart']:.3f}", _range(group, "dispersion")


def _verdict(report: Mapping[str, Any]) -> str:
    """Passed, or the names of the failed checks; empty where no group could be judged."""
    if "passed" not in report or not report.get("groups", True):
        return ""
    return "passed" if report["passed"] else ", ".join(sorted({error.partition(":")[0] for error in report["errors"]}))


def show(table: TextTable, console: Console) -> None:
    """Print a table for a terminal."""
    shown = RichTable(title=table.title, title_justify="left", title_style="bold")
    for number, head in enumerate(table.header):
        shown.add_column(head, justify="left" if number == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


def markdown(table: TextTable) -> str:
    """A table as Markdown."""
    lines = [table.header, ("---", *["--:"] * (len(table.header) - 1)), *table.rows]
    return f"### {table.title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
