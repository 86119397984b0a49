"""Results as text for a terminal, from the same JSON objects that ``--json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["checks", "files", "groups", "not_applicable", "verdict", "violations"]

_SHOWN = 20


def verdict(passed: bool, what: str) -> str:
    """One line: the verdict, then what it is about."""
    return f"{'PASSED' if passed else 'FAILED'}  {what}"


def violations(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Design-rule violations by rule, with the first places [um] of each and how many there are."""
    by_rule: dict[tuple[str, str, str], list[str]] = {}
    for violation in found:
        key = (violation["deck"], violation["rule"], violation["text"])
        by_rule.setdefault(key, []).append(f"({violation['x']:.3f}, {violation['y']:.3f})")
    lines = []
    for (deck, rule, text), places in by_rule.items():
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        lines.append(f"  {deck} {rule}: {text}")
        lines.append(f"    at {', '.join(places[:3])} um{more}")
    return _cut(lines)


def not_applicable(rules: Mapping[str, str]) -> list[str]:
    """Rules that did not apply to a layout, by the reason for it."""
    by_reason: dict[str, list[str]] = {}
    for rule, reason in rules.items():
        by_reason.setdefault(reason, []).append(rule)
    return [f"  not applicable: {', '.join(names)} ({reason})" for reason, names in by_reason.items()]


def checks(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Checks, one a line: verdict, step, name, value and limit with their unit."""
    rows = [
        (
            "ok" if check["passed"] else "FAILED",
            check["step"],
            check["name"],
            _value(check["value"], check["unit"]),
            "" if check["limit"] is None else f"limit {_value(check['limit'], check['unit'])}",
        )
        for check in found
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]


def files(found: Mapping[str, Any]) -> list[str]:
    """The files that were written, by what they are."""
    width = max((len(name) for name in found), default=0)
    return [f"{name:{width}}  {path}" for name, path in found.items()]


def _surroundings(group: Mapping[str, Any]) -> list[str]:
    """What is around the units of a group, as far as it matters to them."""
    lines: list[str] = []
    if group["diffusion_end"] is not None:
        wells = group["well_distance"]
        lines.append("no n-well" if wells is None else "well edge {:g} to {:g} um".format(*wells))
        lines.append("diffusion end {:g} to {:g} um".format(*group["diffusion_end"]))
    if group["equal_radius"] is not None:
        lines.append(f"equal surroundings {group['equal_radius']:g} um")
    return lines


def groups(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Groups of devices, those of standard cells left out: what they share, then a line for each output."""
    lines: list[str] = []
    for group in found:
        if group["logic"]:
            continue
        shared = [
            *([f"{group['fingers']} x {group['finger_w']:g} um"] if group["diffusion_end"] else []),
            f"source {group['source']}",
            *([f"along {group['orientation']}"] if group["orientation"] else []),
            f"{group['dummies']:g} dummies",
            "ring closed" if group["ring"] else "no closed ring",
            *([f"{group['arrays']} arrays"] if group["arrays"] > 1 else []),
            *_surroundings(group),
        ]
        model = group["model"].removeprefix("sky130_fd_pr__")
        lines.append(f"{group['kind']} {group['gate']}: {model} {group['w']:g}/{group['l']:g} um, {', '.join(shared)}")
        rows = [("output", "units", "ratio", "x [um]", "y [um]", "offset [um]", "dispersion")]
        rows += [
            (
                output["net"],
                *(f"{output[key]:g}" for key in ("units", "ratio")),
                *(f"{output[key]:.3f}" for key in ("x", "y", "offset", "dispersion")),
            )
            for output in group["outputs"]
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
            lines.append("  " + "  ".join([row[0].ljust(widths[0]), *cells]))
    return lines


def _value(value: float | str | None, unit: str) -> str:
    if value is None:
        return ""
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{shown} {unit}".rstrip()


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= 2 * _SHOWN:
        return lines
    return [*lines[: 2 * _SHOWN], f"  ... and {len(lines) // 2 - _SHOWN} more rules (all of them: --json)"]
