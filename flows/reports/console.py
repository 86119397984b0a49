"""Results as text for a terminal, from the same JSON objects that ``--json`` prints."""

from __future__ import annotations

import io
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX

__all__ = ["checks", "files", "groups", "not_applicable", "table", "verdict", "violations"]

_RULES_SHOWN: Final = 20
_PLACES_SHOWN: Final = 3
_OUTPUT_HEAD: Final = ("output", "units", "ratio", "x [um]", "y [um]", "offset [um]", "dispersion")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Rows in aligned columns, one a line; on a terminal they are wrapped to its width, elsewhere they stay whole.

    Parameters
    ----------
    head
        The columns' heads; none are shown if it is empty.
    right
        Numbers of the columns that are aligned to the right.
    """
    # Rich takes longer to import than all that `mirrorneuron --help` needs.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    columns = max(map(len, [head, *rows]))
    grid = Table(box=None, show_header=bool(head), pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for k in range(columns):
        name = head[k] if k < len(head) else ""
        grid.add_column(Text(name), justify="right" if k in right else "left", no_wrap=not terminal)
    for row in rows:
        grid.add_row(*map(Text, row))
    whole = sum(max(len(row[k]) for row in [head, *rows] if k < len(row)) + 2 for k in range(columns))
    printer = Console(file=io.StringIO(), force_terminal=terminal, width=None if terminal else whole)
    with printer.capture() as capture:
        printer.print(grid)
    return [line.rstrip() for line in capture.get().splitlines()]


def verdict(passed: bool, subject: str) -> str:
    """One line: the verdict, then its subject."""
    return f"{'PASSED' if passed else 'FAILED'}  {subject}"


def violations(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Design-rule violations by rule, with the first places [um] of each and how many more there are."""
    by_rule: dict[tuple[str, str, str], list[str]] = {}
    for violation in records:
        key = (violation["deck"], violation["rule"], violation["text"])
        by_rule.setdefault(key, []).append(f"({violation['x']:.3f}, {violation['y']:.3f})")
    lines = []
    for (deck, rule, text), places in by_rule.items():
        more = f" and {len(places) - _PLACES_SHOWN} more" if len(places) > _PLACES_SHOWN else ""
        lines.append(f"  {deck} {rule}: {text}")
        lines.append(f"    at {', '.join(places[:_PLACES_SHOWN])} um{more}")
    if len(by_rule) > _RULES_SHOWN:
        more = f"  ... and {len(by_rule) - _RULES_SHOWN} more rules (all of them: --json)"
        return [*lines[: 2 * _RULES_SHOWN], more]
    return lines


def not_applicable(rules: Mapping[str, str]) -> list[str]:
    """Rules that did not apply to a layout, by reason."""
    by_reason: dict[str, list[str]] = {}
    for rule, reason in rules.items():
        by_reason.setdefault(reason, []).append(rule)
    return [f"  not applicable: {', '.join(names)} ({reason})" for reason, names in by_reason.items()]


def checks(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Checks, one a line: verdict, step, name, value and limit with their unit."""
    rows = [
        (
            "ok" if check["passed"] else "FAILED",
            check["step"],
            check["name"],
            _value(check["value"], check["unit"]),
            "" if check["limit"] is None else f"limit {_value(check['limit'], check['unit'])}",
        )
        for check in records
    ]
    return table((), rows) if rows else []


def files(paths: Mapping[str, Any]) -> list[str]:
    """The files that were written, by kind."""
    return table((), [(kind, str(path)) for kind, path in paths.items()]) if paths else []


def groups(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Groups of devices, those of standard cells left out: what they share, then a row for each output."""
    lines: list[str] = []
    for group in records:
        if group["logic"]:
            continue
        model = group["model"].removeprefix(MODEL_PREFIX)
        shared = ", ".join(_shared(group))
        lines.append(f"{group['kind']} {group['gate']}: {model} {group['w']:g}/{group['l']:g} um, {shared}")
        rows = [
            (
                output["net"],
                *(f"{output[key]:g}" for key in ("units", "ratio")),
                *(f"{output[key]:.3f}" for key in ("x", "y", "offset", "dispersion")),
            )
            for output in group["outputs"]
        ]
        lines += [f"  {line}" for line in table(_OUTPUT_HEAD, rows, right=range(1, len(_OUTPUT_HEAD)))]
    return lines


def _shared(group: Mapping[str, Any]) -> list[str]:
    """What the outputs of a group share."""
    return [
        *([f"{group['fingers']} x {group['finger_w']:g} um"] if group["diffusion_end"] else []),
        f"source {group['source']}",
        *([f"along {group['orientation']}"] if group["orientation"] else []),
        f"{group['dummies']:g} dummies",
        "ring closed" if group["ring"] else "no closed ring",
        *([f"{group['arrays']} arrays"] if group["arrays"] > 1 else []),
        *_surroundings(group),
    ]


def _surroundings(group: Mapping[str, Any]) -> list[str]:
    """The surroundings of a group's units, as far as they matter to the kind of device."""
    lines: list[str] = []
    if group["diffusion_end"] is not None:
        wells = group["well_distance"]
        lines.append("no n-well" if wells is None else "well edge {:g} to {:g} um".format(*wells))
        lines.append("diffusion end {:g} to {:g} um".format(*group["diffusion_end"]))
    if group["equal_radius"] is not None:
        lines.append(f"equal surroundings {group['equal_radius']:g} um")
    return lines


def _value(value: float | str | None, unit: str) -> str:
    if value is None:
        return ""
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}".rstrip()
