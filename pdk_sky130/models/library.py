"""The text of the PDK's continuous models that a netlist needs, and no more.

Reading the whole library costs ngspice 0.7 s, of which a netlist uses a few cards. The library's own text is indexed
once, and for a list of instances this comes out::

    sky130_fd_pr__nfet_01v8 ...   a numeric ``.model`` card, shared by all instances that need the same, and an
                                  ``M`` line per instance
    any other device              the subcircuit as the library has it, with all it refers to; parameters as numbers

The numbers come from the library's own expressions at the corner asked for, so the results are the library's
(``tests/simulate/test_models.py`` compares them). Sizes are in um and um^2, as the library expects them.

Of the corners ``sf`` is fast n, slow p, and ``fs`` slow n, fast p: so the files behave, whatever their comments say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX
from mirrorneuron.pdk_sky130.errors import MissingToolError, NetlistError, SpecError
from mirrorneuron.pdk_sky130.models.device import BIN_EDGES, Instance, ModelBin, ModelDevice, bin_of, draw_name
from mirrorneuron.pdk_sky130.models.index import FileStamp, ModelIndex, ProcessStatistic, read_index
from mirrorneuron.pdk_sky130.spice import Scope, assignments, number

__all__ = ["CORNERS", "Library", "library"]

CORNERS: Final = ("tt", "ff", "ss", "sf", "fs", "ll", "hh", "hl", "lh")
"""Corners of the continuous set: transistors; or, transistors being typical, resistors and capacitors (low, high)."""

_WIDTH_IN_NAME: Final = re.compile(rf"({MODEL_PREFIX}res_x?high_po)_(\d+p\d+)")
# The library's own way to vary its process parameters stays off: it centres them wrongly (see `variation`). Mismatch is
# on, but the deck states the numbers that its distributions draw, 0 by default.
_SWITCHES: Final = {"mc_mm_switch": 1.0, "mc_pr_switch": 0.0}


class Library:
    """The continuous models at one corner; get it by `library`.

    ``digest`` (twelve digits of the SHA-256 of its files) is the model set that a result names.
    """

    def __init__(self, index: ModelIndex, corner: str, texts: Mapping[str, str], shifts: Mapping[str, float]) -> None:
        """Take the corner's parameters, some of them shifted; `library` and `shifted` do this."""
        self._index = index
        self.corner = corner
        self.digest = index.digest
        self._texts = texts
        self._scope = Scope(texts, values={**_SWITCHES, **shifts})
        self._cards: dict[tuple[str, float, float, float], str] = {}
        self._sigmas: dict[tuple[str, float, float, float], float] = {}

    # Devices and parameters

    def is_device(self, name: str) -> bool:
        """Whether `name` (as an ``X`` line calls it) is a device here."""
        return _base(name) in self._index.blocks

    def is_model(self, name: str) -> bool:
        """Whether `name` is a model that is used without a subcircuit (metal and diffusion resistors)."""
        return name in self._index.cards

    def is_transistor(self, instance: Instance) -> bool:
        """Whether a deck has this device as an M line of its own, whose ``delvto`` and card can be altered."""
        return bool(self._device(instance.device).bins)

    def pins(self, device: str) -> tuple[str, ...]:
        """A device's pins in order.

        Raises
        ------
        NetlistError
            There is no such device.
        """
        return self._device(device).pins

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
        names = {*models, *(_base(instance.device) for instance in instances)}
        return {word for word in self._index.closure(self._texts, names) if word in self._scope}

    def _device(self, name: str) -> ModelDevice:
        base = _base(name)
        if base not in self._index.blocks:
            near = get_close_matches(base, self._index.blocks, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise NetlistError(f"{name} is no device of the continuous models.{hint}")
        return self._index.device(base)

    def _parameters(self, instance: Instance, device: ModelDevice) -> dict[str, float]:
        """The parameters of an instance, checked against its device."""
        if len(instance.nodes) != len(device.pins):
            raise NetlistError(
                f"{instance.name}: {instance.device} has the {len(device.pins)} pins {' '.join(device.pins)}, "
                f"but {len(instance.nodes)} nodes are given"
            )
        foreign = sorted(instance.draws.keys() - device.terms.keys())
        if foreign:
            raise NetlistError(f"{instance.name}: {foreign[0]} of {instance.device} does not vary")
        parameters = dict(instance.parameters)
        fixed_width = _WIDTH_IN_NAME.fullmatch(instance.device)
        if fixed_width:
            parameters["w"] = float(fixed_width.group(2).replace("p", "."))
        unknown = sorted(parameters.keys() - device.defaults.keys() - {"m"})
        if unknown:
            raise NetlistError(
                f"{instance.name}: {instance.device} has no parameter {unknown[0]}; "
                f"it has {', '.join(device.defaults)}, m"
            )
        if parameters.get("m", 1.0) <= 0:
            raise NetlistError(f"{instance.name}: m={parameters['m']:g} is no number of devices")
        return parameters

    def _resolve(self, instance: Instance) -> tuple[ModelDevice, dict[str, float]]:
        device = self._device(instance.device)
        return device, self._parameters(instance, device)

    def _inside(self, device: ModelDevice, parameters: Mapping[str, float], drawn: str = "") -> Scope:
        """The parameters inside a device, with a draw of one standard deviation for the term `drawn`, else of 0."""
        numbers = {draw_name(term): float(term == drawn) for term in device.terms}
        return Scope(device.defaults, self._scope, {**parameters, **numbers})

    # What varies

    @property
    def statistics(self) -> Mapping[str, ProcessStatistic]:
        """The foundry's statistics of the parameters of the process, by name."""
        return self._index.statistics

    def terms(self, instance: Instance) -> dict[str, float]:
        """The terms that vary from one device to the next, with their standard deviations.

        A transistor has the one term ``vth``, the shift of its threshold [V] that the library puts into ``delvto``. For
        other devices a term is the parameter that the library's distribution enters (``rbody``, ``carea``, ...), and
        its deviation a part of that; of a parameter that is 0 itself (``mm_bf`` of a pnp) it is absolute.

        An instance of several copies (``m``, or ``mult`` if that is larger) or of several fingers stands for as many
        independent devices: their mean has the deviation of one, divided by the square root of their number.

        Raises
        ------
        NetlistError
            As `deck`; or the library draws numbers for a subcircuit inside of the device, which no deck can state.
        """
        device, parameters = self._resolve(instance)
        if device.bins:
            return {"vth": self._sigma(instance, device, parameters)}
        self._refuse_inner_draws(instance)
        sigmas: dict[str, float] = {}
        nominal = self._inside(device, parameters)
        for term, text in device.terms.items():
            before = nominal.value(text)
            change = self._inside(device, parameters, term).value(text) - before
            sigmas[term] = abs(change / before if before else change) / _dilution(parameters)
        return sigmas

    def _refuse_inner_draws(self, instance: Instance) -> None:
        index, base = self._index, _base(instance.device)
        inner = index.words(index.blocks[base]) & index.blocks.keys() - {base}
        varied = sorted(name for name in inner if "agauss" in index.blocks[name])
        if varied:
            raise NetlistError(
                f"{instance.name}: {instance.device} contains {varied[0]}, whose mismatch cannot be drawn from outside"
            )

    def threshold(self, instance: Instance) -> float:
        """The shift of a transistor's threshold ``delvto`` [V] without its mismatch."""
        device, parameters = self._resolve(instance)
        return self._inside(device, parameters).value(device.line["delvto"])

    def cards(self, instances: Iterable[Instance]) -> dict[str, Instance]:
        """For each transistor card of `deck` by its name, one of the instances that use it."""
        first: dict[str, Instance] = {}
        for instance in instances:
            device = self._device(instance.device)
            if device.bins:
                card, _ = self._transistor(instance, device, self._parameters(instance, device))
                first.setdefault(card, instance)
        return {_card_name(k): instance for k, instance in enumerate(first.values())}

    def varying(self, instance: Instance) -> dict[str, float]:
        """The values on a transistor's card that depend on the process (see `statistics`)."""
        device, parameters = self._resolve(instance)
        scope = self._inside(device, parameters)
        card = bin_of(instance, device.bins, scope["w"] / scope["nf"], scope["l"])
        return {name: scope.value(text) for name, text in self._index.process_values(card, self._texts).items()}

    def _sigma(self, instance: Instance, device: ModelDevice, parameters: Mapping[str, float]) -> float:
        """Standard deviation of the threshold of a transistor [V].

        It is that of one finger over the square root of their number: the library's own expression takes the width of
        all fingers together, which makes a difference of up to 13 % to a transistor drawn as single fingers.
        """
        scope = Scope(device.defaults, self._scope, parameters)
        fingers = scope["nf"]
        key = (instance.device, scope["w"], scope["l"], fingers)
        if key not in self._sigmas:
            finger = {"w": key[1] / fingers, "l": key[2], "nf": 1.0, "mult": 1.0}
            nominal, shifted = (
                Scope(device.defaults, self._scope, {**finger, draw_name("vth"): z}).value(device.line["delvto"])
                for z in (0.0, 1.0)
            )
            self._sigmas[key] = abs(shifted - nominal) / math.sqrt(fingers)
        return self._sigmas[key] / math.sqrt(_copies(parameters))

    # Decks

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
        names = list(models)
        for instance in instances:
            device, parameters = self._resolve(instance)
            nodes = " ".join(instance.nodes)
            if device.bins:
                card, values = self._transistor(instance, device, parameters)
                card_name = cards.setdefault(card, _card_name(len(cards)))
                lines.append(f"m{instance.name} {nodes} {card_name} {values}")
            else:
                base = _base(instance.device)
                names.append(base)
                draws = {draw_name(term): z / _dilution(parameters) for term, z in instance.draws.items()}
                lines.append(f"x{instance.name} {nodes} {base} {_pairs({**parameters, **draws})}")
        card_lines = [f".model {name} {card}" for card, name in cards.items()]
        return [".option scale=1u", *card_lines, *self._texts_of(names), *lines]

    def _transistor(self, instance: Instance, device: ModelDevice, parameters: Mapping[str, float]) -> tuple[str, str]:
        """The numbers of a transistor's card, and those of its M line."""
        scope = self._inside(device, parameters)
        width, length, fingers = scope["w"], scope["l"], scope["nf"]
        if fingers < 1 or fingers != int(fingers):
            raise NetlistError(f"{instance.name}: nf={fingers:g} is no number of fingers")
        key = (instance.device, width, length, fingers)
        if key not in self._cards:
            self._cards[key] = _numeric(bin_of(instance, device.bins, width / fingers, length), scope)
        line = {name: scope.value(text) for name, text in device.line.items()}
        if instance.draws:
            line["delvto"] += instance.draws["vth"] * self._sigma(instance, device, parameters)
        if "m" in parameters:
            line["m"] = parameters["m"]
        return self._cards[key], _pairs(line)

    def _texts_of(self, names: Iterable[str]) -> list[str]:
        """Subcircuits and bare models as they are, with all that they refer to."""
        index = self._index
        pending = list(names)
        texts: dict[str, str] = {}
        words: set[str] = set()
        while pending:
            name = pending.pop()
            if name not in texts:
                texts[name] = index.cards.get(name) or index.text(name)
                referred = index.words(texts[name])
                words |= referred
                pending += [word for word in referred if word in index.blocks or word in index.cards]
        parameters = [f".param {word}={self._scope[word]!r}" for word in sorted(words) if word in self._scope]
        return [*parameters, *(texts[name] for name in sorted(texts))]


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
def _library(stamps: tuple[FileStamp, ...], corner: str) -> Library:
    index = read_index(stamps)
    return Library(index, corner, index.corner_parameters(corner), {})


def _base(device: str) -> str:
    """The library's name of a device: without the width that a resistor's name may hold."""
    fixed_width = _WIDTH_IN_NAME.fullmatch(device)
    return fixed_width.group(1) if fixed_width else device


def _card_name(k: int) -> str:
    return f"fet{k}"


def _copies(parameters: Mapping[str, float]) -> float:
    """How many devices an instance stands for; ``mult``, which only scales mismatch, usually equals ``m``."""
    return max(parameters.get("m", 1.0), parameters.get("mult", 1.0))


def _dilution(parameters: Mapping[str, float]) -> float:
    """Ratio of the deviation in the library's own expression, which contains ``mult``, to that of the instance."""
    return math.sqrt(_copies(parameters) / parameters.get("mult", 1.0))


def _numeric(card: ModelBin, scope: Scope) -> str:
    """A card with numbers in place of expressions, without the bin's edges."""
    texts = {name: text for name, text in assignments(card.text).items() if name not in BIN_EDGES}
    numbers = {name: number(text) for name, text in texts.items()}
    values = {name: scope.value(texts[name]) if value is None else value for name, value in numbers.items()}
    return f"{card.polarity} {_pairs(values)}"


def _pairs(values: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in values.items())
