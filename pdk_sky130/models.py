"""Which text of the PDK's continuous models a netlist needs, and no more.

Reading the whole library costs ngspice 0.7 s, of which a netlist uses a few cards. Here the library's own text is
indexed once, and for a list of instances this comes out::

    sky130_fd_pr__nfet_01v8 ...   a numeric ``.model`` card, shared by all instances that need the same, and an
                                  ``M`` line per instance
    any other device              the subcircuit as the library has it, with what it refers to; parameters as numbers

The numbers come from the library's own expressions at the corner asked for, so the results are the library's
(``tests/simulate/test_models.py`` compares them). Sizes are in um and um^2, as the library wants them.

Of the corners ``sf`` is fast n, slow p, and ``fs`` slow n, fast p: so the files behave, whatever their comments say.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, logical_lines, number

__all__ = ["CORNERS", "Instance", "Library", "library"]

CORNERS: Final = ("tt", "ff", "ss", "sf", "fs", "ll", "hh", "hl", "lh")
"""Corners of the continuous set: transistors; or, transistors being typical, resistors and capacitors (low, high)."""

_EDGE_UM: Final = 1e-6  # numbers this close below a bin's edge are on it
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_EDGES: Final = ("lmin", "lmax", "wmin", "wmax")
_EDGE: Final = re.compile(rf"\b({'|'.join(_EDGES)})\s*=\s*(\S+)")
_WIDTH_IN_NAME: Final = re.compile(r"(sky130_fd_pr__res_x?high_po)_(\d+p\d+)")
# Two switches of the library; on, they would draw random numbers.
_OFF: Final = {"mc_mm_switch": 0.0, "mc_pr_switch": 0.0}


@dataclass(frozen=True)
class Instance:
    """A device of the PDK in a flat netlist: `nodes` in the order of the device's pins, `parameters` as numbers."""

    name: str
    device: str
    nodes: tuple[str, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Bin:
    """One card of a transistor: sizes [um] from the first edge up to below the second, and its text."""

    l_um: tuple[float, float]
    w_um: tuple[float, float]
    polarity: str
    text: str


@dataclass(frozen=True)
class _Device:
    """A subcircuit: its pins, its parameters' defaults and, if it is a single transistor, its M line and bins."""

    pins: tuple[str, ...]
    defaults: Mapping[str, str]
    line: Mapping[str, str] = field(default_factory=dict)
    bins: tuple[_Bin, ...] = ()


class _Index:
    """The library's text, the same for all corners, by subcircuit, global model and file."""

    def __init__(self, files: Mapping[str, str], digest: str) -> None:
        self.digest = digest
        self.blocks: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.parameters: dict[str, dict[str, str]] = {}  # file -> name -> expression
        self.sections: dict[str, list[str]] = {}  # corner -> lines
        self._devices: dict[str, _Device] = {}
        for name, text in files.items():
            outside, blocks = _split(text)
            self.blocks.update((block.split(maxsplit=2)[1], block) for block in blocks)
            parameters: dict[str, str] = {}
            section: list[str] | None = None
            for line in logical_lines(outside):
                if line.startswith(".lib "):
                    section = self.sections.setdefault(line.split()[1], [])
                elif line.startswith(".endl"):
                    section = None
                elif section is not None:
                    section.append(line)
                elif line.startswith(".param"):
                    parameters.update(assignments(line))
                elif line.startswith(".model"):
                    self.cards[line.split()[1]] = line
            self.parameters[name] = parameters

    def device(self, name: str) -> _Device:
        if name not in self._devices:
            self._devices[name] = _read_device(self.blocks[name])
        return self._devices[name]


class Library:
    """The continuous models at one corner; get it by `library`.

    ``digest`` (twelve digits of the SHA-256 of its files) is the model set that a result names.
    """

    def __init__(self, index: _Index, corner: str) -> None:
        """Take the corner's parameters; `library` does this once for each."""
        self._index = index
        self.corner = corner
        self.digest = index.digest
        texts: dict[str, str] = {}
        for line in index.sections[corner]:
            if line.startswith(".param"):
                texts.update(assignments(line))
            else:
                texts.update(index.parameters.get(line.split()[1].strip("\"'"), {}))
        self._scope = Scope(texts, values=_OFF)
        self._cards: dict[tuple[str, float, float, float], str] = {}

    def is_device(self, name: str) -> bool:
        """Whether `name` (as an ``X`` line calls it) is a device here."""
        return self._base(name) in self._index.blocks

    def is_model(self, name: str) -> bool:
        """Whether `name` is a model that is used without a subcircuit (metal and diffusion resistors)."""
        return name in self._index.cards

    def pins(self, device: str) -> tuple[str, ...]:
        """A device's pins in order.

        Raises
        ------
        NetlistError
            There is no such device.
        """
        return self._device(device).pins

    def deck(self, instances: Iterable[Instance], models: Iterable[str] = ()) -> list[str]:
        """Lines of a deck: the models that `instances` (and the bare `models`) need, then a line per instance.

        Raises
        ------
        NetlistError
            A device is unknown, its pins are miscounted, a parameter is not one of its own, or a size is outside the
            bins; the message names the instance and the limits.
        """
        lines: list[str] = []
        cards: dict[str, str] = {}
        whole = list(models)
        for instance in instances:
            device = self._device(instance.device)
            given = self._parameters(instance, device)
            nodes = " ".join(instance.nodes)
            if device.bins:
                card, values = self._transistor(instance, device, given)
                lines.append(f"m{instance.name} {nodes} {cards.setdefault(card, f'fet{len(cards)}')} {values}")
            else:
                base = self._base(instance.device)
                whole.append(base)
                lines.append(f"x{instance.name} {nodes} {base} {_pairs(given)}")
        return [
            ".option scale=1u",
            *(f".model {name} {card}" for card, name in cards.items()),
            *self._whole(whole),
            *lines,
        ]

    def _base(self, device: str) -> str:
        named = _WIDTH_IN_NAME.fullmatch(device)
        return named.group(1) if named else device

    def _device(self, name: str) -> _Device:
        base = self._base(name)
        if base not in self._index.blocks:
            near = get_close_matches(base, self._index.blocks, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise NetlistError(f"{name} is no device of the continuous models.{hint}")
        return self._index.device(base)

    def _parameters(self, instance: Instance, device: _Device) -> dict[str, float]:
        if len(instance.nodes) != len(device.pins):
            raise NetlistError(
                f"{instance.name}: {instance.device} has the {len(device.pins)} pins {' '.join(device.pins)}, "
                f"but {len(instance.nodes)} nodes are given"
            )
        given = dict(instance.parameters)
        named = _WIDTH_IN_NAME.fullmatch(instance.device)
        if named:
            given["w"] = float(named.group(2).replace("p", "."))
        unknown = sorted(given.keys() - device.defaults.keys() - {"m"})
        if unknown:
            raise NetlistError(
                f"{instance.name}: {instance.device} has no parameter {unknown[0]}; "
                f"it has {', '.join(device.defaults)}, m"
            )
        if given.get("m", 1.0) <= 0:
            raise NetlistError(f"{instance.name}: m={given['m']:g} is no number of devices")
        return given

    def _transistor(self, instance: Instance, device: _Device, given: Mapping[str, float]) -> tuple[str, str]:
        scope = Scope(device.defaults, self._scope, given)
        width, length, fingers = scope["w"], scope["l"], scope["nf"]
        if fingers < 1 or fingers != int(fingers):
            raise NetlistError(f"{instance.name}: nf={fingers:g} is no number of fingers")
        key = (instance.device, width, length, fingers)
        if key not in self._cards:
            chosen = _bin_of(instance, device.bins, width / fingers, length)
            values = assignments(chosen.text)
            for edge in _EDGES:
                del values[edge]
            numbers = {name: number(text) for name, text in values.items()}
            self._cards[key] = f"{chosen.polarity} " + _pairs(
                {name: scope.value(values[name]) if known is None else known for name, known in numbers.items()}
            )
        line = {name: scope.value(text) for name, text in device.line.items()}
        if "m" in given:
            line["m"] = given["m"]
        return self._cards[key], _pairs(line)

    def _whole(self, names: Iterable[str]) -> list[str]:
        """Subcircuits and bare models as they are, with all that they refer to."""
        index = self._index
        wanted = list(names)
        taken: dict[str, str] = {}
        words: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name not in taken:
                taken[name] = index.cards.get(name) or "\n".join(logical_lines(index.blocks[name]))
                found = set(_WORD.findall(taken[name]))
                words |= found
                wanted += [word for word in found if word in index.blocks or word in index.cards]
        parameters = [f".param {word}={self._scope[word]!r}" for word in sorted(words) if word in self._scope]
        return [*parameters, *(taken[name] for name in sorted(taken))]


def library(folder: Path, corner: str) -> Library:
    """The continuous models in `folder` (``Pdk.continuous``) at a corner; kept, so that asking again costs nothing.

    Raises
    ------
    SpecError
        No such corner.
    MissingToolError
        The folder does not hold the models.
    """
    if corner not in CORNERS:
        raise SpecError(f"corner {corner!r} does not exist; choose one of {', '.join(CORNERS)}")
    try:
        stamps = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.spice")))
        return _library(stamps, corner)
    except OSError as error:
        raise MissingToolError(f"the models in {folder} cannot be read: {error.strerror}. Run: make setup") from error
    except KeyError as error:
        raise MissingToolError(f"{folder} does not hold the continuous models (no {error}). Run: make setup") from error


@lru_cache(maxsize=32)
def _library(stamps: tuple[tuple[Path, int, int], ...], corner: str) -> Library:
    return Library(_index(stamps), corner)


@lru_cache(maxsize=2)
def _index(stamps: tuple[tuple[Path, int, int], ...]) -> _Index:
    digest = hashlib.sha256()
    files: dict[str, str] = {}
    for path, _, size in stamps:
        data = path.read_bytes()
        digest.update(f"{path.name} {size}\n".encode() + data)
        files[path.name] = data.decode("utf-8", "replace").lower()
    return _Index(files, digest.hexdigest()[:12])


def _split(text: str) -> tuple[str, list[str]]:
    """What stands outside of subcircuits, and the subcircuits; string splitting, as regular expressions cost 60 ms."""
    outside, *blocks = ("\n" + text).split("\n.subckt")
    inside: list[str] = []
    for block in blocks:
        body, _, rest = block.partition("\n.ends")
        inside.append(f".subckt{body}\n.ends")
        outside += "\n" + rest.partition("\n")[2]
    return outside, inside


def _read_device(block: str) -> _Device:
    head, *cards = block.split("\n.model")
    pins: tuple[str, ...] = ()
    defaults: dict[str, str] = {}
    elements: list[str] = []
    for line in logical_lines(head):
        if line.startswith(".subckt"):
            names = line.partition("=")[0].split()[2:]
            pins = tuple(names[:-1] if "=" in line else names)
            defaults.update(assignments(line))
        elif line.startswith(".param"):
            defaults.update(assignments(line))
        else:
            elements.append(line)
    single = len(elements) == 1 and elements[0].startswith("m") and cards and "temper" not in block
    if not single:
        return _Device(pins, defaults)
    return _Device(pins, defaults, assignments(elements[0]), tuple(_read_bin(card) for card in cards))


def _read_bin(card: str) -> _Bin:
    text = " ".join(logical_lines(card.partition("\n.")[0]))
    edges = {name: 1e6 * float(value) for name, value in _EDGE.findall(text)}
    polarity = text.split(maxsplit=2)[1]
    return _Bin((edges["lmin"], edges["lmax"]), (edges["wmin"], edges["wmax"]), polarity, text)


def _bin_of(instance: Instance, bins: tuple[_Bin, ...], width: float, length: float) -> _Bin:
    """The bin of a finger of this size [um]; from a lower edge up to below the upper one, as ngspice chooses."""
    for one in bins:
        inside = all(
            low - _EDGE_UM <= size < high - _EDGE_UM for size, (low, high) in ((width, one.w_um), (length, one.l_um))
        )
        if inside:
            return one
    lowest, highest = min(one.w_um[0] for one in bins), max(one.w_um[1] for one in bins)
    shortest, longest = min(one.l_um[0] for one in bins), max(one.l_um[1] for one in bins)
    raise NetlistError(
        f"{instance.name}: {instance.device} with w/nf={width:g} um, l={length:g} um is outside the models, which hold "
        f"for w/nf from {lowest:g} to below {highest:g} um and l from {shortest:g} to below {longest:g} um. "
        "Sizes are written in um without a suffix."
    )


def _pairs(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in values.items())
