"""SPICE text: files, logical lines, ``name=value`` pairs and numbers.

SPICE does not distinguish case: ``Line.text`` and what `logical_lines` yields are lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import FileError, NetlistError

__all__ = ["NUMBER", "Line", "assignments", "lines", "logical_lines", "number", "read_text", "value_of"]

FILE_MAX_BYTES: Final = 100_000_000
"""Largest netlist file that is read."""

_SHOWN_MAX: Final = 120
_UNITS: Final = {
    "t": 1e12,
    "g": 1e9,
    "meg": 1e6,
    "k": 1e3,
    "mil": 25.4e-6,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "a": 1e-18,
}
NUMBER: Final = (
    r"(?P<digits>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<suffix>meg|mil|[tgkmunpfa])?(?:ohms?|hz|[vafhsm])?(?![\w.])"
)
"""Pattern of an unsigned SPICE number: a scale factor and a unit may follow the digits, other letters may not."""

_NUMBER: Final = re.compile(NUMBER)
_NAME: Final = re.compile(r"([a-z_][a-z0-9_]*)\s*=(?!=)\s*")
_LINE_END: Final = re.compile(r"\r\n?|\n")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
# How GDS and OASIS files begin.
_LAYOUTS: Final = (b"\x00\x06\x00\x02", b"%SEMI-OASIS")
# A dollar sign begins a comment where blanks stand on both sides; elsewhere it belongs to a name or a CDL property.
_COMMENT: Final = re.compile(r";.*|(?:^|(?<=\s))\$(?=\s|$).*")
_COMMENTED_SUBCIRCUIT: Final = re.compile(r"\*\*\.(?:subckt|ends)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A logical line: without comments, its continuations joined.

    ``text`` is lower case, ``written`` keeps the case. ``file`` and ``number`` say where the line begins. A line of an
    included file is not ``shown`` in messages: it may be no netlist, and private.
    """

    text: str
    written: str
    file: str
    number: int
    shown: bool = True

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.text.split(maxsplit=1)[0]

    def __str__(self) -> str:
        """The place and, if it may be shown, the beginning of the text."""
        place = f"{self.file}, line {self.number}"
        return f"{place}: {self.text[:_SHOWN_MAX]!r}" if self.shown else place

    def error(self, message: str) -> NetlistError:
        """An error at this line."""
        return NetlistError(f"{self}: {message}")


def read_text(path: Path) -> str:
    """The text of a netlist file, in UTF-8 (with or without byte-order mark) or else Latin-1.

    Raises
    ------
    FileError
        The file is missing, unreadable, empty, larger than `FILE_MAX_BYTES`, or no text.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise FileError(f"the netlist {path} cannot be read: {error.strerror}") from error
    if len(data) > FILE_MAX_BYTES:
        raise FileError(f"the netlist {path} is larger than {FILE_MAX_BYTES / 1e6:g} MB")
    if data.startswith(_LAYOUTS):
        raise FileError(f"{path} is a layout, no netlist; the layout is the first argument, a SPICE netlist the second")
    if _CONTROL.search(data):
        raise FileError(f"{path} is no text file; give a SPICE netlist")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if not text.strip():
        raise FileError(f"the netlist {path} is empty")
    return text


def lines(text: str, file: str, *, shown: bool = True) -> Iterator[Line]:
    """The logical lines of a file's text; comments are left out, but for the ``**.subckt`` and ``**.ends`` of xschem.

    A comment or an empty line between a line and its continuation does not end the line.
    """
    parts: list[str] = []
    first = 0
    for number_, raw in enumerate(_LINE_END.split(text), 1):
        line = _COMMENT.sub("", raw).strip()
        if not line or (line[0] == "*" and not _COMMENTED_SUBCIRCUIT.match(line)):
            continue
        if line[0] == "+":
            parts.append(line[1:].strip())
            continue
        if first:
            yield _line(parts, file, first, shown)
        parts, first = [line], number_
    if first:
        yield _line(parts, file, first, shown)


def _line(parts: list[str], file: str, number_: int, shown: bool) -> Line:
    written = " ".join(part for part in parts if part)
    return Line(written.lower(), written, file, number_, shown)


def logical_lines(text: str) -> Iterator[str]:
    """The logical lines of a text in lower case, without any comment."""
    return (line.text for line in lines(text, "") if line.text[0] != "*")


def assignments(text: str) -> dict[str, str]:
    """The ``name = value`` pairs of a line, values as text; words before the first pair are skipped."""
    names = list(_NAME.finditer(text))
    ends = [*(name.start() for name in names[1:]), len(text)] if names else []
    return {name.group(1): text[name.end() : end].strip() for name, end in zip(names, ends, strict=True)}


def number(text: str) -> float | None:
    """The value of a SPICE number (``2.5``, ``1e-6``, ``150f``), or None if `text` is none."""
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    match = _NUMBER.fullmatch(digits.lower())
    return sign * value_of(match) if match else None


def value_of(match: re.Match[str]) -> float:
    """The value of a match of `NUMBER`."""
    return float(match["digits"]) * _UNITS.get(match["suffix"] or "", 1.0)
