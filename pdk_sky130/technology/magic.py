"""The official Magic technology file, as the installed Magic can read it.

The file names the Magic it needs (``requires magic-8.3.411``). A Magic that is older gets a copy, made at run time, in
which only that line and the ``extract`` section differ; a newer one gets the official file untouched.

What an old Magic (8.3.105 is Debian's) cannot do, and what the copy says instead:

=============================  =====================================================================================
official file                  adapted copy
=============================  =====================================================================================
``fringeshieldhalo``           left out
device limits (``w<0.42``)     left out; of devices that differ in nothing else, the first stays
``defaultperimeter``,          left out: the old Magic counts the fringe of an edge once per layer below it, up to
``defaultsideoverlap``,        negative capacitors, knows no neighbours, and couples sidewalls through other wires
``defaultsidewall``
=============================  =====================================================================================

What is left, area and overlap, is exact. Fringe and sidewall are calculated from the drawn shapes, with the official
file's coefficients: `flows.extract.fringe`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError
from mirrorneuron.pdk_sky130.install import Pdk

__all__ = [
    "DeviceRules",
    "Types",
    "adapt",
    "device_rules",
    "extract_statements",
    "is_adapted",
    "parse_version",
    "required_version",
    "technology",
]

Version = tuple[int, ...]

_LEFT_OUT: Final = ("fringeshieldhalo", "defaultperimeter", "defaultsideoverlap", "defaultsidewall")
_LIMIT = re.compile(r"^[a-z]\w*(<|>)=?[\d.]")
_REQUIRES = re.compile(r"^(\s*requires\s+magic-)(\d+(?:\.\d+)+)", re.MULTILINE)


def parse_version(text: str) -> Version:
    """``"8.3.105"`` -> ``(8, 3, 105)``; anything but dotted numbers raises ValueError."""
    return tuple(int(part) for part in text.strip().split("."))


def required_version(tech: str) -> Version | None:
    """The oldest Magic that the text of a technology file asks for; None if it asks for none."""
    versions = [parse_version(match.group(2)) for match in _REQUIRES.finditer(tech)]
    return max(versions, default=None)


def is_adapted(tech: str, magic_version: str) -> bool:
    """Whether a Magic of this version gets an adapted copy of the technology file with this text."""
    required = required_version(tech)
    return required is not None and parse_version(magic_version) < required


def technology(pdk: Pdk, magic_version: str, folder: Path) -> Path:
    """The technology file to load (``magic -T``) into a Magic of this version.

    Parameters
    ----------
    magic_version
        As `flows.tools.version` returns it, for example ``"8.3.105"``.
    folder
        Where an adapted copy may be written (under the official name, which Magic wants); it must exist.

    Raises
    ------
    EvidenceError
        The official file cannot be read, or is not what this adapter understands.
    FileError
        The copy cannot be written.
    """
    official = pdk.magic_tech
    try:
        text = official.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"the Magic technology file {official} cannot be read: {error}") from error
    if not is_adapted(text, magic_version):
        return official
    adapted = folder / official.name
    partial = folder / f"{official.name}.{os.getpid()}.part"
    try:
        partial.write_text(adapt(text, magic_version))
        partial.replace(adapted)
    except OSError as error:
        raise FileError(f"{adapted} cannot be written: {error.strerror}. Give a folder that can be written.") from error
    return adapted


def adapt(text: str, magic_version: str) -> str:
    """A technology file's text for a Magic that is older than it asks for.

    Raises
    ------
    EvidenceError
        It has no extract section, or a statement there is not of the form that the official file has.
    """
    text = _REQUIRES.sub(rf"\g<1>{magic_version}", text)
    match = _extract_section(text)
    section = "".join(f"{line}\n" for line in _adapt_extract(list(_logical_lines(match.group(1)))))
    return text[: match.start(1)] + section + text[match.end(1) :]


def _extract_section(text: str) -> re.Match[str]:
    match = re.search(r"^extract[ \t]*\n(.*?)^end\b", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise EvidenceError("the Magic technology file has no extract section")
    return match


def _logical_lines(section: str) -> Iterator[str]:
    """Lines with their ``\\`` continuations joined, without comments and empty ones."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in section.splitlines() if not line.lstrip().startswith("#")))
    return (line.strip() for line in joined.splitlines() if line.strip())


def _adapt_extract(lines: Iterable[str]) -> Iterator[str]:
    try:
        seen: set[str] = set()
        for line in lines:
            words = line.split()
            match words[0]:
                case name if name in _LEFT_OUT:
                    continue
                case "device":
                    limited = any(_LIMIT.match(word) for word in words)
                    gates = set(words[3].split(","))
                    if not (limited and gates & seen):
                        yield " ".join(word for word in words if not _LIMIT.match(word))
                    seen |= gates
                case "variants":
                    seen = set()
                    yield line
                case _:
                    yield line
    except IndexError as error:
        raise EvidenceError(
            f"the Magic technology file's extract section has a form that the adapter does not know ({error!r}); "
            "install a Magic as new as the file requires"
        ) from error


def extract_statements(tech: str, variant: str) -> Iterator[list[str]]:
    """The extract section's statements for a variant, for example ``"(si)"``, as words.

    Raises
    ------
    EvidenceError
        There is no extract section.
    """
    active = True
    for line in _logical_lines(_extract_section(tech).group(1)):
        words = line.split()
        if words[0] == "variants":
            active = words[1] == "*" or variant in words[1].split(",")
        elif active:
            yield words


class Types:
    """The names of a technology file's types: aliases, and lists of them.

    Raises
    ------
    EvidenceError
        The file has no types or no aliases.
    """

    def __init__(self, tech: str) -> None:
        """Read them from the file's text."""
        self._names: dict[str, str] = {}
        self._planes: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        for line in _section(tech, "types"):
            plane, names = line.lstrip("-").split()[:2]
            first, *_ = names.split(",")
            self._planes[first] = plane
            self._names |= dict.fromkeys(names.split(","), first)
        for line in _section(tech, "aliases"):
            alias, names = line.split()[:2]
            self._aliases[alias] = names

    def name(self, type_name: str) -> str:
        """The one name of a type, from any of its names; KeyError if there is none."""
        return self._names[type_name]

    def plane(self, type_name: str) -> str:
        """The plane of a type, from any of its names; empty if there is no such type."""
        return self._planes.get(self._names.get(type_name, ""), "")

    def expand(self, names: str) -> frozenset[str]:
        """The types of a comma-separated list; contacts of a type (``*type``) are taken for the type itself."""
        types: set[str] = set()
        for name in names.split(","):
            bare = name.lstrip("*")
            if bare in self._aliases:
                types |= self.expand(self._aliases[bare])
            elif bare in self._names:
                types.add(self._names[bare])
        return frozenset(types)


def _section(tech: str, name: str) -> Iterator[str]:
    match = re.search(rf"^{name}[ \t]*\n(.*?)^end\b", tech, re.MULTILINE | re.DOTALL)
    if match is None:
        raise EvidenceError(f"the Magic technology file has no section {name}")
    return _logical_lines(match.group(1))


@dataclass(frozen=True)
class DeviceRules:
    """The device rules of an extract section, for one variant.

    ``resist_classes`` are the sheet resistances [mOhm] of the resistance classes in their order, as they head every
    ``.ext`` file; ``diffusions`` is the index of the class that a model's source and drain belong to;
    ``length_offsets_um`` is the excess of a model's length over the drawn one.
    """

    resist_classes: tuple[int, ...]
    diffusions: Mapping[str, int]
    length_offsets_um: Mapping[str, float]


def device_rules(tech: str, variant: str) -> DeviceRules:
    """The device rules of a technology file's text for a variant, for example ``"(si)"``.

    Raises
    ------
    EvidenceError
        There is no extract section.
    """
    classes: list[tuple[set[str], int]] = []
    types: dict[str, str] = {}
    offsets: dict[str, float] = {}
    for words in extract_statements(tech, variant):
        if words[0] == "resist" and words[2] != "None":
            classes.append((set(words[1].split("/")[0].strip("()").split(",")), int(words[2])))
        elif words[0] == "device" and len(words) > 4:
            types.setdefault(words[2], words[4].split(",")[0])
            offset = re.search(r"\bl=l([+-][\d.]+)", " ".join(words))
            if offset:
                offsets.setdefault(words[2], float(offset.group(1)))
    return DeviceRules(
        tuple(value for _, value in classes),
        {
            model: index
            for model, name in types.items()
            for index, (members, _) in enumerate(classes)
            if name in members
        },
        offsets,
    )
