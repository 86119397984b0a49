"""Waivers: violations that somebody accepts, each by rule and place, with a reason.

A waiver file is a list under ``waivers``; lengths are in um, in the coordinates of the cell::

    waivers:
      - rule: m1.2
        cell: pad
        box: [1.0, 2.0, 3.5, 4.0]
        reason: probe pad, agreed with the foundry

``whole: true`` in the place of ``box`` takes in all of the cell; ``deck`` narrows a waiver down to one deck. A
violation is waived if waivers for its rule cover every place where it occurs; all that cover none are listed as unused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import klayout.db as kdb
from mirrorneuron.flows.drc.hierarchy import Hierarchy
from mirrorneuron.flows.drc.result import DrcResult, Violation, Waived, Waiver
from mirrorneuron.flows.tools import gds as gds_file
from mirrorneuron.generators.spec.reader import parse
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

__all__ = ["read_waivers", "waive"]

_KEYS: Final = ("rule", "cell", "box", "whole", "reason", "deck")
_LARGEST: Final = 1_000_000
_SLACK: Final = 2
"""What a marker's box may stick out of a waiver's [database units]: the decks report rounded places."""

_FORM: Final = "Write waivers: and below it a list of rule, cell, box or whole: true, and reason."


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Raises
    ------
    FileError
        It cannot be read, is too large, or is no UTF-8 text.
    SpecError
        It is no YAML, or a waiver is not whole: the message says which, and what is wrong with it.
    """
    data = parse(_text(path), str(path))
    if not isinstance(data, dict) or list(data) != ["waivers"] or not isinstance(data["waivers"], list):
        raise SpecError(f"{path} is no waiver file. {_FORM}")
    waivers = tuple(_waiver(row, f"{path}, waiver {number}") for number, row in enumerate(data["waivers"], 1))
    for number, waiver in enumerate(waivers):
        if waiver in waivers[:number]:
            raise SpecError(f"{path}, waiver {number + 1}: {waiver.place} is waived for {waiver.rule} twice")
    return waivers


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise FileError(f"{path} is larger than {_LARGEST} bytes: no waiver file. {_FORM}")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text: byte {error.start} is not UTF-8. {_FORM}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid path"
        raise FileError(f"{path} cannot be read ({reason}). Give the path of a YAML file of waivers.") from None


def _waiver(row: Any, where: str) -> Waiver:
    if not isinstance(row, dict):
        raise SpecError(f"{where} is {row!r}. {_FORM}")
    unknown = [str(key) for key in row if key not in _KEYS]
    if unknown:
        raise SpecError(f"{where} has no key {', '.join(unknown)}; a waiver has {', '.join(_KEYS)}")
    texts = {key: _word(row, key, where) for key in ("rule", "cell", "reason")}
    deck = _word(row, "deck", where) if "deck" in row else ""
    if ("box" in row) == (row.get("whole", False) is True) or row.get("whole", True) is not True:
        raise SpecError(f"{where} needs a place: either box: [x1, y1, x2, y2] in um of the cell, or whole: true")
    return Waiver(**texts, deck=deck, box=_box(row["box"], where) if "box" in row else None)


def _word(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SpecError(f"{where}: {key} is {value!r}; it must be text" if key in row else f"{where} has no {key}")
    return value.strip()


def _box(value: Any, where: str) -> tuple[float, float, float, float]:
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 4 or any(
        isinstance(each, bool) or not isinstance(each, int | float) or not math.isfinite(each) or abs(each) > 1e6
        for each in numbers
    ):
        raise SpecError(f"{where}: box is {value!r}; it must be four numbers [x1, y1, x2, y2] in um, none beyond 1e6")
    x1, y1, x2, y2 = map(float, numbers)
    if x1 >= x2 or y1 >= y2:
        raise SpecError(f"{where}: box is {value!r}; x1 must be less than x2, and y1 less than y2")
    return x1, y1, x2, y2


def waive(result: DrcResult, waivers: Sequence[Waiver], gds: Path, top: str | None = None) -> DrcResult:
    """The result with the violations that waivers cover moved to `DrcResult.waived`.

    Parameters
    ----------
    gds, top
        As `run` was given them: the cells that waivers name lie there.
    """
    layout = gds_file.read(gds)
    hierarchy = Hierarchy(layout, gds_file.top_cell(layout, gds, top))
    areas = {waiver: _areas(waiver, hierarchy) for waiver in waivers}
    kept: list[Violation] = []
    waived: list[Waived] = []
    for violation in result.violations:
        by = _covering(violation, areas, hierarchy)
        if by:
            waived.append(Waived(violation, by))
        else:
            kept.append(violation)
    used = {waiver for each in waived for waiver in each.by}
    unused = tuple(waiver for waiver in waivers if waiver not in used)
    return replace(result, violations=tuple(kept), waived=tuple(waived), unused_waivers=unused)


def _areas(waiver: Waiver, hierarchy: Hierarchy) -> kdb.Shapes:
    """The boxes of the top cell that a waiver stands for, one for each placement of its cell."""
    box = kdb.DBox(*waiver.box) if waiver.box else hierarchy.extent(waiver.cell)
    areas = kdb.Shapes()
    for area in hierarchy.boxes(waiver.cell, box):
        areas.insert(area.enlarged(_SLACK, _SLACK))
    return areas


def _covering(violation: Violation, areas: Mapping[Waiver, kdb.Shapes], hierarchy: Hierarchy) -> tuple[Waiver, ...]:
    """The waivers that cover all places of a violation; none if they leave a place open.

    Each place must lie within a single area: one between two cells that are waived whole is a third place.
    """
    mine = [waiver for waiver in areas if waiver.rule == violation.rule and waiver.deck in ("", violation.deck)]
    if not mine:
        return ()
    used: dict[Waiver, None] = {}
    for place in hierarchy.boxes(violation.cell, kdb.DBox(*violation.box)):
        by = next((waiver for waiver in mine if _covered(place, areas[waiver])), None)
        if by is None:
            return ()
        used[by] = None
    return tuple(used)


def _covered(place: kdb.Box, areas: kdb.Shapes) -> bool:
    return any(place.inside(area.box) for area in areas.each_touching(place))
