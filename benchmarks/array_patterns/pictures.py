"""Patterns as SVG pictures."""

from __future__ import annotations

import colorsys
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mirrorneuron.generators.cells.matched_array.sizing import size_array
from mirrorneuron.generators.placement import Pattern
from mirrorneuron.pdk_sky130.errors import FileError

from array_patterns.cases import array, styles_of

__all__ = ["picture", "write_pictures"]

_CELL: Final = 18
_GAP: Final = 26
_PAGE: Final = 900
_GREY: Final = "#808080"


def picture(ratios: Sequence[int]) -> str:
    """All styles of a case as SVG: a square for each unit, hollow for a dummy, a dot at each owner's centroid."""
    patterns = {style: size_array(spec).pattern for style, spec in styles_of(ratios).items()}
    colours = {owner: _colour(k, len(ratios)) for k, owner in enumerate(array(ratios).drains)}
    # One size for all panels; two beside each other where four would not fit on a page.
    width = max(max(pattern.columns * _CELL, 8 * len(style)) for style, pattern in patterns.items()) + _GAP
    height = max(len(pattern.rows) for pattern in patterns.values()) * _CELL + _GAP
    across = min(len(patterns), max(2, _PAGE // width))
    parts = [
        f'<g transform="translate({k % across * width},{k // across * height + _GAP - 4})">'
        + _panel(style, pattern, colours)
        + "</g>"
        for k, (style, pattern) in enumerate(patterns.items())
    ]
    box = (across * width - _GAP + 2, -(-len(patterns) // across) * height + 2)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {box[0]} {box[1]}" width="{box[0]}"'
    return head + ' font-family="sans-serif" font-size="10">\n' + "\n".join(parts) + "\n</svg>\n"


def _panel(style: str, pattern: Pattern, colours: Mapping[str, str]) -> str:
    squares: dict[str | None, list[str]] = {None: [], **{owner: [] for owner in pattern.owners}}
    numbers: dict[str, list[str]] = {owner: [] for owner in pattern.owners}
    side = _CELL - 2
    for y, row in enumerate(reversed(pattern.rows)):
        for x, owner in enumerate(row):
            squares[owner].append(f"M{x * _CELL} {y * _CELL}h{side}v{side}h-{side}z")
            if owner is not None:
                number = owner.removeprefix("d")
                numbers[owner].append(f'<text x="{x * _CELL + side // 2}" y="{y * _CELL + 12}">{number}</text>')
    parts = [
        f'<text y="-8" font-size="13" fill="{_GREY}">{style.replace("_", " ")}</text>',
        f'<path d="{"".join(squares.pop(None))}" fill="none" stroke="{_GREY}" stroke-opacity="0.5"/>',
        *(f'<path d="{"".join(path)}" fill="{colours[owner]}"/>' for owner, path in squares.items() if owner),
        '<g text-anchor="middle" fill="#fff">' + "".join("".join(texts) for texts in numbers.values()) + "</g>",
        *(_centroid(pattern, owner, colours[owner]) for owner in pattern.owners),
    ]
    return "\n".join(parts)


def _centroid(pattern: Pattern, owner: str, colour: str) -> str:
    """A dot at an owner's centroid."""
    across, up = pattern.centroid(owner)
    x, y = pattern.columns * _CELL / 2 - 1 + across * _CELL, len(pattern.rows) * _CELL / 2 - 1 - up * _CELL
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3" fill="{colour}" stroke="#000" stroke-width="1.2"/>'


def _colour(number: int, count: int) -> str:
    red, green, blue = colorsys.hls_to_rgb(number / count, 0.42 if number % 2 else 0.52, 0.55)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def write_pictures(cases: Mapping[str, Sequence[int]], folder: Path) -> list[Path]:
    """A picture ``pattern_<ratios>.svg`` for each case."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, ratios in cases.items():
            path = folder / f"pattern_{name.replace(':', '_').replace(' ', '_')}.svg"
            staging = path.with_name(f".{path.name}.{os.getpid()}")
            staging.write_text(picture(ratios), encoding="utf-8")
            staging.replace(path)
            written.append(path)
    except OSError as error:
        raise FileError(f"--pictures {folder}: cannot be written ({error.strerror}); choose another folder") from error
    return written
