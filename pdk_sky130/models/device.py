"""A device of the continuous models, read from its subcircuit; and an instance of it in a netlist.

A single transistor is a subcircuit with one M line and a card for each bin of sizes. Any other device is a subcircuit
that a deck takes as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import assignments, logical_lines

__all__ = ["BIN_EDGES", "Instance", "ModelBin", "ModelDevice", "bin_of", "draw_name", "read_device", "with_draws"]

BIN_EDGES: Final = ("lmin", "lmax", "wmin", "wmax")
"""Parameters of a card that state the sizes for which it holds."""

_EDGE_UM: Final = 1e-6  # sizes this close below a bin's edge are on it
_EDGE: Final = re.compile(rf"\b({'|'.join(BIN_EDGES)})\s*=\s*(\S+)")
_NAME: Final = re.compile(r"([a-z_][a-z0-9_]*)\s*=(?!=)")
_DRAW: Final = re.compile(r"agauss\(0,\s*1\.0,\s*1\)")


@dataclass(frozen=True)
class Instance:
    """A device of the PDK in a flat netlist.

    Attributes
    ----------
    nodes
        In the order of the device's pins.
    parameters
        Numbers by name; sizes in um and um^2.
    draws
        Deviations by term (see `Library.terms`), in standard deviations.
    """

    name: str
    device: str
    nodes: tuple[str, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    draws: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelBin:
    """A card of a transistor: its sizes [um] from the first edge up to below the second, and its text."""

    l_um: tuple[float, float]
    w_um: tuple[float, float]
    polarity: str
    text: str

    def holds(self, width: float, length: float) -> bool:
        """Whether it is the card of a finger of this size [um]."""
        sizes = ((width, self.w_um), (length, self.l_um))
        return all(low - _EDGE_UM <= size < high - _EDGE_UM for size, (low, high) in sizes)


@dataclass(frozen=True)
class ModelDevice:
    """A subcircuit of the library.

    Attributes
    ----------
    defaults
        Expressions of its parameters by name.
    line
        Parameters of the M line of a single transistor; empty otherwise.
    bins
        Cards of a single transistor; empty otherwise.
    terms
        What varies from one device to the next: by name the expression that the term's draw enters.
    """

    pins: tuple[str, ...]
    defaults: Mapping[str, str]
    line: Mapping[str, str] = field(default_factory=dict)
    bins: tuple[ModelBin, ...] = ()
    terms: Mapping[str, str] = field(default_factory=dict)


def read_device(block: str) -> ModelDevice:
    """Read a subcircuit's text, from ``.subckt`` to ``.ends``."""
    head, *cards = block.split("\n.model")
    pins: tuple[str, ...] = ()
    defaults: dict[str, str] = {}
    elements: list[str] = []
    lines, terms = with_draws(list(logical_lines(head)))
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
        return ModelDevice(pins, defaults, terms=with_draws(list(logical_lines(block)))[1])
    return ModelDevice(pins, defaults, assignments(elements[0]), tuple(map(_read_bin, cards)), terms)


def with_draws(lines: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Replace each distribution in the lines of a subcircuit by a parameter (`draw_name`).

    Returns
    -------
    list[str]
        The lines with the parameters.
    dict[str, str]
        The terms: by name the expression that the distribution enters. A term has the name of the parameter on the
        left of that expression, with the model's or element's name before it if the subcircuit has two such
        parameters; that of a transistor is ``vth``.
    """
    places = [(k, draw.start()) for k, line in enumerate(lines) for draw in _DRAW.finditer(line)]
    parameters = [_NAME.findall(lines[k], 0, start)[-1] for k, start in places]
    terms: dict[str, str] = {}
    replaced = list(lines)
    for (k, _), parameter in zip(places, parameters, strict=True):
        words = replaced[k].split()
        owner = (words[1] if words[0] == ".model" else words[0]).removeprefix(".").removesuffix("_model")
        term = "vth" if owner.startswith("msky") or parameter == "swx_vth" else parameter
        term = f"{owner}_{term}" if parameters.count(parameter) > 1 else term
        replaced[k] = _DRAW.sub(draw_name(term), replaced[k], count=1)
        terms[term] = assignments(replaced[k])[parameter]
    return replaced, terms


def draw_name(term: str) -> str:
    """The parameter that holds the number drawn for a term."""
    return f"{term}_z"


def _read_bin(card: str) -> ModelBin:
    text = " ".join(logical_lines(card.partition("\n.")[0]))
    edges = {name: 1e6 * float(value) for name, value in _EDGE.findall(text)}
    polarity = text.split(maxsplit=2)[1]
    return ModelBin((edges["lmin"], edges["lmax"]), (edges["wmin"], edges["wmax"]), polarity, text)


def bin_of(instance: Instance, bins: Sequence[ModelBin], width: float, length: float) -> ModelBin:
    """The bin of a finger of this size [um]; from a lower edge up to below the upper one, as ngspice selects it.

    Raises
    ------
    NetlistError
        No bin holds the size; the message names the instance and the limits.
    """
    for candidate in bins:
        if candidate.holds(width, length):
            return candidate
    lowest, highest = min(b.w_um[0] for b in bins), max(b.w_um[1] for b in bins)
    shortest, longest = min(b.l_um[0] for b in bins), max(b.l_um[1] for b in bins)
    raise NetlistError(
        f"{instance.name}: {instance.device} with w/nf={width:g} um, l={length:g} um is outside the models, which hold "
        f"for w/nf from {lowest:g} to below {highest:g} um and l from {shortest:g} to below {longest:g} um. "
        "Sizes are written in um without a suffix."
    )
