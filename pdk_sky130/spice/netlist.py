"""The one reader of SPICE netlists: ours, Magic's, a schematic editor's, or one written by hand.

Read are subcircuits with pins, parameters and element lines, ``.param``, ``.include``, ``.global``, ``.model`` and
``.option scale``; comments after ``*``, ``;`` and ``$``; the ``**.subckt`` of xschem and the slash before a model of
CDL. The first line of a file may be its title, but not in an included file. What else stands in a netlist is kept as
`SpiceNetlist.noted` (analyses and ``.control`` blocks: no influence on a circuit) or `SpiceNetlist.unread`, and each
step of the flow says whether it accepts that. What an element line means is for `flatten` and the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import FileError
from mirrorneuron.pdk_sky130.spice import devices
from mirrorneuron.pdk_sky130.spice.expression import Scope
from mirrorneuron.pdk_sky130.spice.text import Line, assignments, lines, number, read_text
from mirrorneuron.pdk_sky130.spice.written import GROUND, ElementLine, SpiceNetlist, SpiceSubcircuit

__all__ = ["GROUND", "ElementLine", "SpiceNetlist", "SpiceSubcircuit", "parse", "read"]

INCLUDE_DEPTH_MAX: Final = 20
INCLUDED_FILES_MAX: Final = 1000
SCALE: Final = 1e-6
"""Unit of the sizes in the PDK's models [m]."""

_EQUALS: Final = re.compile(r"\s*=\s*")
_EXPRESSION: Final = re.compile(r"\{[^}]*\}|'[^']*'|\"[^\"]*\"")
_PAIR: Final = re.compile(r"(?<=\s)[a-z_][a-z0-9_]*=|\bparams:", re.IGNORECASE)
_CDL_PROPERTY: Final = re.compile(r"\s(\$(?:[\[.]|[a-z]\w*=)\S*)")
_KEY: Final = re.compile(r"([a-z_][a-z0-9_]*)=(?!=)")
_INCLUDE: Final = re.compile(r"\.inc(?:lude)?\s+[\"']?([^\"']+?)[\"']?", re.IGNORECASE)
_NOTED: Final = re.compile(
    r"\.(?:lib|temp|title|tran|ac|dc|op|noise|tf|four|ic|nodeset|save|probe|print|plot|meas|measure|width)"
)
_CONTROL, _END_OF_CONTROL = ".control", ".endc"
# Fewest words of an element line; with fewer, a first line is a title.
_WORDS_MIN: Final = {"r": 4, "c": 4, "l": 4, "v": 4, "i": 4, "e": 6, "g": 6, "d": 4, "q": 5, "m": 6, "x": 2}


def read(path: Path, libraries: Sequence[Path] = ()) -> SpiceNetlist:
    """Read a netlist file, with the files that it includes (beside the file that names them) and `libraries`.

    A file that is included and not there may be one of `libraries` by its name.

    Raises
    ------
    FileError
        A file is missing, unreadable, empty or no text.
    NetlistError
        A line is not understood, or an included file cannot be read.
    """
    reader = _NetlistReader(str(path))
    files = _Files(frozenset(library.name for library in libraries))
    for file in (path, *libraries):
        reader.given = file is path
        for line in files.lines(file):
            reader.take(line)
        reader.end_of_file()
    return reader.finish()


def parse(text: str, source: str = "netlist") -> SpiceNetlist:
    """Read a netlist from its text, which cannot include files; `source` is its name in messages.

    Raises
    ------
    NetlistError
        A line is not understood.
    """
    reader = _NetlistReader(source)
    for line in lines(text, source):
        if line.keyword == ".end":
            break
        reader.take(line)
    reader.end_of_file()
    return reader.finish()


class _Files:
    """Reads a file and what it includes, line by line."""

    def __init__(self, elsewhere: frozenset[str] = frozenset()) -> None:
        """`elsewhere`: names of files that are read in any case."""
        self._count = 0
        self._elsewhere = elsewhere

    def lines(self, path: Path, including: tuple[Path, ...] = ()) -> Iterator[Line]:
        here = (*including, path.resolve())
        for line in lines(read_text(path), str(path), shown=not including):
            if line.keyword == ".end":
                return
            match = _INCLUDE.fullmatch(line.written)
            if match is None:
                yield line
            else:
                yield from self._included(path.parent / match[1].strip(), here, line)

    def _included(self, path: Path, including: tuple[Path, ...], line: Line) -> Iterator[Line]:
        self._count += 1
        if path.name in self._elsewhere and not path.is_file():
            return
        if path.resolve() in including:
            raise line.error(f"{path} includes itself")
        if len(including) > INCLUDE_DEPTH_MAX:
            raise line.error(f"files are included more than {INCLUDE_DEPTH_MAX} deep")
        if self._count > INCLUDED_FILES_MAX:
            raise line.error(f"more than {INCLUDED_FILES_MAX} files are included")
        try:
            yield from self.lines(path, including)
        except FileError as error:
            raise line.error(f"{error}. A file that lies elsewhere can be given with --library") from error


class _NetlistReader:
    """Takes lines one by one, and puts them where they belong."""

    def __init__(self, source: str) -> None:
        self._netlist = SpiceNetlist(source)
        self._current = self._netlist.outside
        self._opened: Line | None = None
        self._control: Line | None = None
        self.given = True
        self._handlers = {
            ".subckt": self._subckt,
            "**.subckt": self._commented_subckt,
            ".ends": self._ends,
            "**.ends": self._commented_ends,
            ".param": self._param,
            ".params": self._param,
            ".parameter": self._param,
            ".model": self._model,
            ".global": self._global,
            ".option": self._option,
            ".options": self._option,
        }

    def take(self, line: Line) -> None:
        handle = self._handlers.get(line.keyword)
        if self._control is not None or line.keyword == _CONTROL:
            self._in_control(line)
        elif handle is not None:
            self._netlist.content.append(line.text)
            handle(line)
        elif line.text[0] == ".":
            (self._netlist.noted if _NOTED.fullmatch(line.keyword) else self._netlist.unread).append(line)
        elif not _is_title(line):
            self._netlist.content.append(line.text)
            self._element(line)

    def _in_control(self, line: Line) -> None:
        """A block of commands for a simulator, which no circuit depends on."""
        if self._control is None:
            self._netlist.noted.append(line)
        self._control = None if line.keyword == _END_OF_CONTROL else self._control or line

    def end_of_file(self) -> None:
        """What a file opens it closes."""
        if self._opened is not None:
            raise self._opened.error(f".subckt {self._current.name} is not closed by .ends")
        if self._control is not None:
            raise self._control.error(f"{_CONTROL} is not closed by {_END_OF_CONTROL}")

    def finish(self) -> SpiceNetlist:
        """The netlist, all of whose lines have been taken."""
        self._drop_title()
        return self._netlist

    def _drop_title(self) -> None:
        """Leave out a first line that reads like an element, is the only one outside, and can be none."""
        netlist = self._netlist
        if len(netlist.outside.elements) != 1 or not netlist.subcircuits:
            return
        (element,) = netlist.outside.elements.values()
        last = element.words[-1] if element.words else ""
        is_known = last in netlist.subcircuits or last in netlist.models or devices.full_name(last) in devices.DEVICES
        line = element.line
        if line.number == 1 and line.shown and not (element.parameters or is_known or number(last) is not None):
            netlist.outside.elements.clear()
            netlist.content.remove(line.text)

    def _subckt(self, line: Line, *, commented: bool = False) -> None:
        if self._opened is not None:
            raise line.error(f"stands inside .subckt {self._current.name}, which is not closed by .ends")
        words, defaults = _split(line)
        if len(words) < 2:
            raise line.error(".subckt has no name")
        name, *pins = words[1:]
        if len(set(pins)) != len(pins):
            raise line.error(f".subckt {name} names a pin twice: {_twice(pins)}")
        spelling = tuple(_written_words(line)[2 : 2 + len(pins)])
        self._opened = line
        self._current = SpiceSubcircuit(name, tuple(pins), spelling, defaults, commented=commented)
        self._current.given = self.given and line.shown

    def _commented_subckt(self, line: Line) -> None:
        """Xschem writes the top circuit's ``.subckt`` as a comment; inside of another it is one."""
        if self._opened is None:
            self._subckt(line, commented=True)

    def _ends(self, line: Line) -> None:
        if self._opened is None:
            raise line.error(".ends without .subckt")
        known = self._netlist.subcircuits.get(self._current.name)
        if known is not None and not (known.commented or self._current.commented) and not known.is_same(self._current):
            raise self._opened.error(f".subckt {self._current.name} is defined twice, and not the same")
        # A subcircuit that is no comment wins over a commented one of its name, the netlist's over a library's.
        if known is None or (known.commented and not self._current.commented):
            self._netlist.subcircuits[self._current.name] = self._current
        self._current, self._opened = self._netlist.outside, None

    def _commented_ends(self, line: Line) -> None:
        if self._current.commented:
            self._ends(line)

    def _param(self, line: Line) -> None:
        values = assignments(line.text)
        hidden = sorted(values.keys() & self._current.defaults.keys())
        if hidden:
            raise line.error(f"{hidden[0]} is a parameter of .subckt {self._current.name} already")
        self._current.parameters.update(values)

    def _model(self, line: Line) -> None:
        words = line.text.split()
        if len(words) < 3:
            raise line.error(".model needs a name and a type")
        if self._netlist.models.get(words[1], line.text) != line.text:
            raise line.error(f"the model {words[1]} is defined twice")
        self._netlist.models[words[1]] = line.text

    def _global(self, line: Line) -> None:
        self._netlist.shared.update(line.text.split()[1:])

    def _option(self, line: Line) -> None:
        """``scale`` would change all sizes; other options are the simulator's."""
        text = assignments(line.text).get("scale")
        if text is not None and abs(Scope({}).value(text) / SCALE - 1) > 1e-9:
            raise line.error(
                f"scale={text} contradicts the models, whose sizes are in um; write scale=1u or leave it out"
            )
        self._netlist.noted.append(line)

    def _element(self, line: Line) -> None:
        if not line.text[0].isalpha():
            raise line.error("is neither an element nor a directive of SPICE")
        words, parameters = _split(line)
        name, *rest = words
        if len(rest) > 1 and rest[-2] == "/":
            del rest[-2]  # CDL
        if name in self._current.elements:
            where = f".subckt {self._current.name}" if self._current.name else "the netlist"
            raise line.error(f"{where} has two instances {name}")
        self._current.elements[name] = ElementLine(name, tuple(rest), parameters, line)


def _is_title(line: Line) -> bool:
    if line.number != 1 or not line.shown or "=" in line.text:
        return False
    fewest = _WORDS_MIN.get(line.text[0])
    return fewest is None or len(line.text.split()) < fewest


def _split(line: Line) -> tuple[list[str], dict[str, str]]:
    """The words of a line before its first ``name=value``, and these pairs."""
    # Expressions may hold blanks, and a positional value may be one.
    tight = _EQUALS.sub("=", _EXPRESSION.sub(lambda match: "".join(match.group(0).split()), line.text))
    first = _PAIR.search(tight)
    words = (tight if first is None else tight[: first.start()]).split()
    hidden = _CDL_PROPERTY.search(tight)
    if hidden is not None:
        raise line.error(
            f"{hidden[1]} is a CDL property or a comment; write a parameter without $, a comment with a blank after $"
        )
    if first is None:
        return words, {}
    pairs = tight[first.start() :]
    names = _KEY.findall(_EXPRESSION.sub("", pairs))
    if len(set(names)) != len(names):
        raise line.error(f"{_twice(names)}= stands twice")
    return words, assignments(pairs)


def _written_words(line: Line) -> list[str]:
    """The words of a ``.subckt`` line in the case of the file."""
    return line.written.split()


def _twice(names: list[str]) -> str:
    return next(name for name in names if names.count(name) > 1)
