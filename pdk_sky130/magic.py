"""The official Magic technology file, as the installed Magic can read it.

The file names the Magic it needs (``requires magic-8.3.411``). A Magic that is older gets a copy, made at run time, in
which only that line and the ``extract`` section differ; a newer one gets the official file untouched.

What an old Magic (8.3.105 is Debian's) cannot do, and what the copy says instead:

=============================  =====================================================================================
official file                  adapted copy
=============================  =====================================================================================
``fringeshieldhalo``           left out
device limits (``w<0.42``)     left out; of devices that differ in nothing else, the first stays
``defaultsidewall`` + offset   no offset; capacitance times `SIDEWALL_FACTOR`
``sidehalo 8``                 ``sidehalo 1`` [um]: the old Magic couples through other wires, the new one does not
``defaultsideoverlap``         ``sideoverlap`` with its shields spelled out (the old Magic forgets them and then counts
                               the fringe once per layer below, up to negative capacitors), times `FRINGE_FACTOR`
=============================  =====================================================================================

The factors were fitted on foundry standard cells against the ``.ext`` files of Magic 8.3.677 with the official file.
Per net of at least 0.05 fF, on 60 cells: signals median 1.02, 10th to 90th percentile 0.92 to 1.11, rails 0.97, 0.91 to
1.02. That is dense wiring; lone structures can be far off (two met1 wires 1.05 um apart or more: no coupling instead of
3.5 fF per 100 um). Plates, and wires alone over the substrate, are exact.
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
    "FRINGE_FACTOR",
    "SIDEWALL_FACTOR",
    "DeviceRules",
    "adapt",
    "device_rules",
    "parse_version",
    "required_version",
    "technology",
]

Version = tuple[int, ...]

SIDEWALL_FACTOR: Final[dict[str, float]] = {"active": 0.12, "locali": 0.58}
"""Of `defaultsidewall`, by plane (``active`` is poly); planes not listed: 0.42."""
_SIDEWALL_OTHER: Final = 0.42

FRINGE_FACTOR: Final[dict[str, float]] = {"lower": 0.28, "higher": 0.61}
"""Of `defaultsideoverlap`, by where the other conductor lies; to a well, which stands for the substrate: 1."""

_SIDEHALO_UM: Final = 1
_WELL_PLANE: Final = "well"
_LIMIT = re.compile(r"^[a-z]\w*(<|>)=?[\d.]")
_REQUIRES = re.compile(r"^(\s*requires\s+magic-)(\d+(?:\.\d+)+)", re.MULTILINE)


def parse_version(text: str) -> Version:
    """``"8.3.105"`` -> ``(8, 3, 105)``; anything but dotted numbers raises ValueError."""
    return tuple(int(part) for part in text.strip().split("."))


def required_version(tech: str) -> Version | None:
    """The oldest Magic that the text of a technology file asks for; None if it asks for none."""
    versions = [parse_version(match.group(2)) for match in _REQUIRES.finditer(tech)]
    return max(versions, default=None)


def technology(pdk: Pdk, magic_version: str, folder: Path) -> Path:
    """The technology file to load (``magic -T``) into a Magic of this version.

    Parameters
    ----------
    magic_version
        As `flows.tools.version` tells it, for example ``"8.3.105"``.
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
    required = required_version(text)
    if required is None or parse_version(magic_version) >= required:
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
    lines = list(lines)
    try:
        order = {words[1]: int(words[2]) for words in map(str.split, lines) if words[0] == "planeorder"}
        seen: set[str] = set()
        for line in lines:
            words = line.split()
            match words[0]:
                case "fringeshieldhalo":
                    continue
                case "sidehalo":
                    yield f"sidehalo {_SIDEHALO_UM}"
                case "defaultsidewall":
                    _, types, plane, value = words[:4]
                    factor = SIDEWALL_FACTOR.get(plane, _SIDEWALL_OTHER)
                    yield f"defaultsidewall {types} {plane} {float(value) * factor:g}"
                case "defaultsideoverlap":
                    yield _sideoverlap(*words[1:], order=order)
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
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EvidenceError(
            f"the Magic technology file's extract section has a form that the adapter does not know ({error!r}); "
            "install a Magic as new as the file requires"
        ) from error


def _sideoverlap(types: str, plane: str, other: str, other_plane: str, value: str, *, order: dict[str, int]) -> str:
    low, high = sorted((order[plane], order[other_plane]))
    between = [f"~(space)/{name}" for name, level in order.items() if low < level < high]
    if other_plane == _WELL_PLANE:
        factor = 1.0
    else:
        factor = FRINGE_FACTOR["lower" if order[other_plane] < order[plane] else "higher"]
    return (
        f"sideoverlap ({types})/{plane} space/{plane} ({other})/{other_plane} {float(value) * factor:g} "
        f"{','.join(between)}"
    ).rstrip()


@dataclass(frozen=True)
class DeviceRules:
    """What an extract section says about devices, for one variant.

    ``resist_classes`` are the sheet resistances [mOhm] of the resistance classes in their order, as they head every
    ``.ext`` file; ``diffusions`` is the index of the class that a model's source and drain belong to;
    ``length_offsets_um`` is what a model's length is longer than drawn.
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
    active = True
    for line in _logical_lines(_extract_section(tech).group(1)):
        words = line.split()
        if words[0] == "variants":
            active = words[1] == "*" or variant in words[1].split(",")
        elif active and words[0] == "resist" and words[2] != "None":
            classes.append((set(words[1].split("/")[0].strip("()").split(",")), int(words[2])))
        elif active and words[0] == "device" and len(words) > 4:
            types.setdefault(words[2], words[4].split(",")[0])
            offset = re.search(r"\bl=l([+-][\d.]+)", line)
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
