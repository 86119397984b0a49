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
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, logical_lines, number

__all__ = ["CORNERS", "Instance", "Library", "Spread", "library"]

CORNERS: Final = ("tt", "ff", "ss", "sf", "fs", "ll", "hh", "hl", "lh")
"""Corners of the continuous set: transistors; or, transistors being typical, resistors and capacitors (low, high)."""

_EDGE_UM: Final = 1e-6  # numbers this close below a bin's edge are on it
_NAME: Final = re.compile(r"([a-z_][a-z0-9_]*)\s*=(?!=)")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_EDGES: Final = ("lmin", "lmax", "wmin", "wmax")
_EDGE: Final = re.compile(rf"\b({'|'.join(_EDGES)})\s*=\s*(\S+)")
_WIDTH_IN_NAME: Final = re.compile(r"(sky130_fd_pr__res_x?high_po)_(\d+p\d+)")
# The library's own way to vary its process parameters stays off: it centres them wrongly (see `variation`). Mismatch is
# on, but what its distributions draw is given, 0 if nothing is.
_SWITCHES: Final = {"mc_mm_switch": 1.0, "mc_pr_switch": 0.0}
_DRAW: Final = re.compile(r"agauss\(0,\s*1\.0,\s*1\)")
_STATISTIC: Final = re.compile(
    r"^\*\s*vary\s+(\w+)\s+dist=(gauss|lnorm)\s+std=([-+.\de]+)\*process_mc_factor(\s+percent=yes)?", re.MULTILINE
)


@dataclass(frozen=True)
class Instance:
    """A device of the PDK in a flat netlist: `nodes` in the order of the device's pins, `parameters` as numbers.

    ``draws`` are its deviations by term (see `Library.terms`), in standard deviations.
    """

    name: str
    device: str
    nodes: tuple[str, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    draws: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """How the foundry lets a parameter of the process vary about its nominal value.

    ``kind`` is ``gauss`` (``std`` in the parameter's own unit), ``percent`` (``std`` is a part of the nominal value) or
    ``lnorm`` (``std`` of the natural logarithm).
    """

    kind: str
    std: float

    def value(self, nominal: float, z: float) -> float:
        """The parameter `z` standard deviations from its nominal value."""
        if self.kind == "lnorm":
            return nominal * math.exp(self.std * z)
        return nominal * (1 + self.std * z) if self.kind == "percent" else nominal + self.std * z


@dataclass(frozen=True)
class _Bin:
    """One card of a transistor: sizes [um] from the first edge up to below the second, and its text."""

    l_um: tuple[float, float]
    w_um: tuple[float, float]
    polarity: str
    text: str


@dataclass(frozen=True)
class _Device:
    """A subcircuit: its pins, its parameters' defaults, what varies; and of a single transistor its M line and bins."""

    pins: tuple[str, ...]
    defaults: Mapping[str, str]
    line: Mapping[str, str] = field(default_factory=dict)
    bins: tuple[_Bin, ...] = ()
    terms: Mapping[str, str] = field(default_factory=dict)  # name -> the expression that its draw enters


class _Index:
    """The library's text, the same for all corners, by subcircuit, global model and file."""

    def __init__(self, files: Mapping[str, str], digest: str) -> None:
        self.digest = digest
        self.blocks: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.parameters: dict[str, dict[str, str]] = {}  # file -> name -> expression
        self.sections: dict[str, list[str]] = {}  # corner -> lines
        self.statistics: dict[str, Spread] = {}
        self._devices: dict[str, _Device] = {}
        self._words: dict[str, frozenset[str]] = {}
        self.varying: dict[str, dict[str, str]] = {}  # text of a bin -> what on it depends on the process
        for name, text in files.items():
            for parameter, kind, std, percent in _STATISTIC.findall(text):
                spread = Spread("percent", float(std) / 100) if percent else Spread(kind, float(std))
                self.statistics[parameter] = spread
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

    def text(self, name: str) -> str:
        """A subcircuit whose distributions are parameters of its own, 0 if none are given."""
        (head, *body), terms = _terms(list(logical_lines(self.blocks[name])))
        return "\n".join([" ".join([head, *(f"{_draw(term)}=0" for term in terms)]), *body])

    def words(self, text: str) -> frozenset[str]:
        """The names in a text."""
        if text not in self._words:
            self._words[text] = frozenset(_WORD.findall(text))
        return self._words[text]


class Library:
    """The continuous models at one corner; get it by `library`.

    ``digest`` (twelve digits of the SHA-256 of its files) is the model set that a result names.
    """

    def __init__(self, index: _Index, corner: str, texts: Mapping[str, str], shifts: Mapping[str, float]) -> None:
        """Take the corner's parameters, some of them shifted; `library` and `shifted` do this."""
        self._index = index
        self.corner = corner
        self.digest = index.digest
        self._texts = texts
        self._scope = Scope(texts, values={**_SWITCHES, **shifts})
        self._cards: dict[tuple[str, float, float, float], str] = {}
        self._sigmas: dict[tuple[str, float, float, float], float] = {}

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

    @property
    def statistics(self) -> Mapping[str, Spread]:
        """The spreads of the process' parameters, by name."""
        return self._index.statistics

    def parameter(self, name: str) -> float:
        """The value of one of the library's parameters at this corner.

        Raises
        ------
        NetlistError
            There is no such parameter.
        """
        return self._scope[name]

    def shifted(self, values: Mapping[str, float]) -> Library:
        """These models with other values of some of the library's parameters."""
        return Library(self._index, self.corner, self._texts, values)

    def reached(self, instances: Iterable[Instance], models: Iterable[str] = ()) -> set[str]:
        """The library's parameters on which the models of `instances` and the bare `models` depend."""
        names = {*models, *(self._base(instance.device) for instance in instances)}
        return {word for word in self._closure(names) if word in self._scope}

    def terms(self, instance: Instance) -> dict[str, float]:
        """What varies from one device to the next, with its standard deviation.

        A transistor has the one term ``vth``, the shift of its threshold [V] that the library puts into ``delvto``. For
        other devices a term is what the library's distribution enters (``rbody``, ``carea``, ...), and its deviation a
        part of that; of one that is 0 itself (``mm_bf`` of a pnp) it is absolute.

        An instance of several copies (``m``, or ``mult`` if that is larger) or of several fingers stands for as many
        independent devices: their mean has the deviation of one, divided by the square root of their number.

        Raises
        ------
        NetlistError
            As `deck`; or the library draws numbers for a subcircuit inside of the device, which cannot be given here.
        """
        device = self._device(instance.device)
        given = self._parameters(instance, device)
        if device.bins:
            return {"vth": self._sigma(instance, device, given)}
        base = self._base(instance.device)
        inner = self._index.words(self._index.blocks[base]) & self._index.blocks.keys() - {base}
        varied = sorted(name for name in inner if "agauss" in self._index.blocks[name])
        if varied:
            raise NetlistError(
                f"{instance.name}: {instance.device} contains {varied[0]}, whose mismatch cannot be drawn from outside"
            )
        sigmas: dict[str, float] = {}
        nominal = self._inside(device, given)
        for term, text in device.terms.items():
            still = dict.fromkeys(map(_draw, device.terms), 0.0)
            moved = Scope(device.defaults, self._scope, {**given, **still, _draw(term): 1.0})
            before, change = nominal.value(text), moved.value(text) - nominal.value(text)
            sigmas[term] = abs(change / before if before else change) / _dilution(given)
        return sigmas

    def is_transistor(self, instance: Instance) -> bool:
        """Whether a deck has this device as an M line of its own, whose ``delvto`` and card can be altered."""
        return bool(self._device(instance.device).bins)

    def threshold(self, instance: Instance) -> float:
        """The shift of a transistor's threshold ``delvto`` [V] without what was drawn for it."""
        device = self._device(instance.device)
        scope = self._inside(device, self._parameters(instance, device))
        return scope.value(device.line["delvto"])

    def cards(self, instances: Iterable[Instance]) -> dict[str, Instance]:
        """For each transistor card of `deck` by its name, one of the instances that use it."""
        first: dict[str, Instance] = {}
        for instance in instances:
            device = self._device(instance.device)
            if device.bins:
                first.setdefault(self._transistor(instance, device, self._parameters(instance, device))[0], instance)
        return {_card(k): instance for k, instance in enumerate(first.values())}

    def varying(self, instance: Instance) -> dict[str, float]:
        """The values on a transistor's card that depend on the process (see `statistics`)."""
        device = self._device(instance.device)
        scope = self._inside(device, self._parameters(instance, device))
        chosen = _bin_of(instance, device.bins, scope["w"] / scope["nf"], scope["l"])
        if chosen.text not in self._index.varying:
            known = {name: text for name, text in assignments(chosen.text).items() if number(text) is None}
            self._index.varying[chosen.text] = {
                name: text for name, text in known.items() if self._closure([text]) & self.statistics.keys()
            }
        return {name: scope.value(text) for name, text in self._index.varying[chosen.text].items()}

    def _inside(self, device: _Device, given: Mapping[str, float]) -> Scope:
        """The parameters inside a device, nothing drawn."""
        return Scope(device.defaults, self._scope, {**given, **dict.fromkeys(map(_draw, device.terms), 0.0)})

    def _closure(self, texts: Iterable[str]) -> set[str]:
        """All names that texts refer to, by whatever is called so."""
        index = self._index
        wanted = [word for text in texts for word in index.words(text)]
        words: set[str] = set()
        while wanted:
            word = wanted.pop()
            if word not in words:
                words.add(word)
                inner = (index.blocks.get(word), index.cards.get(word), self._texts.get(word))
                wanted += [name for text in inner if text for name in index.words(text)]
        return words

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
                lines.append(f"m{instance.name} {nodes} {cards.setdefault(card, _card(len(cards)))} {values}")
            else:
                base = self._base(instance.device)
                whole.append(base)
                draws = {_draw(term): z / _dilution(given) for term, z in instance.draws.items()}
                lines.append(f"x{instance.name} {nodes} {base} {_pairs({**given, **draws})}")
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
        foreign = sorted(instance.draws.keys() - device.terms.keys())
        if foreign:
            raise NetlistError(f"{instance.name}: {foreign[0]} of {instance.device} does not vary")
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
        scope = self._inside(device, given)
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
        if instance.draws:
            line["delvto"] += instance.draws["vth"] * self._sigma(instance, device, given)
        if "m" in given:
            line["m"] = given["m"]
        return self._cards[key], _pairs(line)

    def _sigma(self, instance: Instance, device: _Device, given: Mapping[str, float]) -> float:
        """Standard deviation of the threshold of a transistor [V].

        It is that of one finger over the square root of their number: the library's own expression takes the width of
        all fingers together, which makes a difference of up to 13 % to a transistor drawn as single fingers.
        """
        scope = Scope(device.defaults, self._scope, given)
        fingers = scope["nf"]
        key = (instance.device, scope["w"], scope["l"], fingers)
        if key not in self._sigmas:
            one = {"w": key[1] / fingers, "l": key[2], "nf": 1.0, "mult": 1.0}
            still, moved = (
                Scope(device.defaults, self._scope, {**one, _draw("vth"): z}).value(device.line["delvto"])
                for z in (0.0, 1.0)
            )
            self._sigmas[key] = abs(moved - still) / math.sqrt(fingers)
        return self._sigmas[key] / math.sqrt(_copies(given))

    def _whole(self, names: Iterable[str]) -> list[str]:
        """Subcircuits and bare models as they are, with all that they refer to."""
        index = self._index
        wanted = list(names)
        taken: dict[str, str] = {}
        words: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name not in taken:
                taken[name] = index.cards.get(name) or index.text(name)
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
    index = _index(stamps)
    texts: dict[str, str] = {}
    for line in index.sections[corner]:
        if line.startswith(".param"):
            texts.update(assignments(line))
        else:
            texts.update(index.parameters.get(line.split()[1].strip("\"'"), {}))
    return Library(index, corner, texts, {})


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
    lines, terms = _terms(list(logical_lines(head)))
    for line in lines:
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
        return _Device(pins, defaults, terms=_terms(list(logical_lines(block)))[1])
    bins = tuple(_read_bin(card) for card in cards)
    return _Device(pins, defaults, assignments(elements[0]), bins, terms)


def _terms(lines: list[str]) -> tuple[list[str], dict[str, str]]:
    """The lines of a subcircuit with a name in each distribution's place, and the expressions that these enter.

    A term is called after what it enters, with the model's or element's name before it if two of the subcircuit are
    called alike; the one of a transistor ``vth``.
    """
    where = [(k, draw.start()) for k, line in enumerate(lines) for draw in _DRAW.finditer(line)]
    own = [_NAME.findall(lines[k], 0, start)[-1] for k, start in where]
    terms: dict[str, str] = {}
    lines = list(lines)
    for (k, _), name in zip(where, own, strict=True):
        words = lines[k].split()
        owner = (words[1] if words[0] == ".model" else words[0]).removeprefix(".").removesuffix("_model")
        term = "vth" if owner.startswith("msky") or name == "swx_vth" else name
        term = f"{owner}_{term}" if own.count(name) > 1 else term
        lines[k] = _DRAW.sub(_draw(term), lines[k], count=1)
        terms[term] = assignments(lines[k])[name]
    return lines, terms


def _card(k: int) -> str:
    return f"fet{k}"


def _draw(term: str) -> str:
    """The parameter that holds what is drawn for a term."""
    return f"{term}_z"


def _copies(given: Mapping[str, float]) -> float:
    """How many devices an instance stands for; ``mult``, which only scales mismatch, usually says the same as ``m``."""
    return max(given.get("m", 1.0), given.get("mult", 1.0))


def _dilution(given: Mapping[str, float]) -> float:
    """By what the deviation is smaller than the library's own expression says, which knows of ``mult``."""
    return math.sqrt(_copies(given) / given.get("mult", 1.0))


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
