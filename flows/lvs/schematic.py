"""The schematic side of LVS: what a netlist must be before a tool may read it.

KLayout and netgen both guess where they do not understand (an unknown parameter is dropped, an undefined subcircuit
becomes a device). So the netlist is read here first; what is not of the form in ``lvs/README.md`` is an input error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import assignments, netlist_lines, number

__all__ = ["BIPOLAR_AREAS_UM2", "DEVICES", "FIXED_WIDTHS_UM", "SPECIAL", "Form", "Schematic", "read"]


@dataclass(frozen=True)
class Form:
    """How a device stands in a netlist: its number of nets, the sizes that it must have, and its letter."""

    nets: int
    sizes: tuple[str, ...] = ()
    letter: str = "x"


_MOS: Final = Form(4, ("w", "l"))
_TWO_ENDS: Final = Form(2, ("w", "l"))
_WIRE: Final = Form(2, ("w", "l"), "r")
_ENDS_AND_BULK: Final = Form(3, ("w", "l"))
_DIODE: Final = Form(2, ("area", "perim"))

SPECIAL: Final[dict[str, str]] = {
    "sky130_fd_pr__special_nfet_01v8": "sky130_fd_pr__nfet_01v8",
    "sky130_fd_pr__special_pfet_01v8_hvt": "sky130_fd_pr__pfet_01v8_hvt",
}
"""Transistors with w < 0.42 um inside a standard cell, and the device of which they are a variant."""

FIXED_WIDTHS_UM: Final[dict[str, tuple[str, float]]] = {
    f"sky130_fd_pr__{kind}_{name}": (f"sky130_fd_pr__{kind}", width)
    for kind in ("res_high_po", "res_xhigh_po")
    for name, width in (("0p35", 0.35), ("0p69", 0.69), ("1p41", 1.41), ("2p85", 2.85), ("5p73", 5.73))
}
"""Resistors whose name tells their width, with the device that they are and the width [um]."""

BIPOLAR_AREAS_UM2: Final[dict[str, tuple[str, float]]] = {
    "sky130_fd_pr__npn_05v5_w1p00l1p00": ("sky130_fd_pr__npn_05v5", 1.0),
    "sky130_fd_pr__npn_05v5_w1p00l2p00": ("sky130_fd_pr__npn_05v5", 2.0),
    "sky130_fd_pr__pnp_05v5_w0p68l0p68": ("sky130_fd_pr__pnp_05v5", 0.4624),
    "sky130_fd_pr__pnp_05v5_w3p40l3p40": ("sky130_fd_pr__pnp_05v5", 11.56),
}
"""Bipolar transistors, with their kind and the area of their emitter [um2]."""

DEVICES: dict[str, Form] = {
    f"sky130_fd_pr__{name}": form
    for form, names in (
        (
            _MOS,
            "nfet_01v8 nfet_01v8_lvt nfet_g5v0d10v5 esd_nfet_g5v0d10v5 nfet_05v0_nvt nfet_03v3_nvt special_nfet_01v8 "
            "pfet_01v8 pfet_01v8_lvt pfet_01v8_hvt pfet_g5v0d10v5 esd_pfet_g5v0d10v5 special_pfet_01v8_hvt",
        ),
        (
            _ENDS_AND_BULK,
            "res_high_po res_xhigh_po res_generic_nd res_generic_pd res_generic_nd__hv res_generic_pd__hv",
        ),
        (_TWO_ENDS, "res_generic_po cap_mim_m3_1 cap_mim_m3_2"),
        (_WIRE, "res_generic_l1 res_generic_m1 res_generic_m2 res_generic_m3 res_generic_m4 res_generic_m5"),
        (
            _DIODE,
            "diode_pw2nd_05v5 diode_pw2nd_05v5_lvt diode_pw2nd_05v5_nvt diode_pw2nd_11v0 "
            "diode_pd2nw_05v5 diode_pd2nw_05v5_lvt diode_pd2nw_05v5_hvt diode_pd2nw_11v0",
        ),
        (Form(4), "npn_05v5_w1p00l1p00 npn_05v5_w1p00l2p00"),
        (Form(3), "pnp_05v5_w0p68l0p68 pnp_05v5_w3p40l3p40"),
    )
    for name in names.split()
}
DEVICES |= dict.fromkeys(FIXED_WIDTHS_UM, Form(3, ("l",)))
DEVICES |= {model: Form(len(terminals)) for model, terminals in lvs_vpp.models().items()}
"""Devices that LVS compares, in lower case, and their form."""

_GENERIC: Final = "__res_generic_"

# What a size may be, in what unit, and what to write instead. Below the limit it was meant in metres or with a suffix.
_LENGTH: Final = (0.01, 10_000.0, 1.0, "um", "Write micrometres without a suffix")
_LIMITS: Final = {
    "w": _LENGTH,
    "l": _LENGTH,
    "area": (1e-4, 1e8, 1e-12, "um2", "The models take 1e-12 um2: 1 um2 is area=1e12"),
    "perim": (0.04, 1e6, 1e-6, "um", "The models take 1e-6 um: 1 um is perim=1e6"),
}


@dataclass
class _Subcircuit:
    name: str
    pins: list[str]
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Schematic:
    """A netlist that LVS can read: the text both tools get (no comments, lower case), the top cell and its pins.

    ``flat`` is the top cell alone, in one level; ``models`` are the devices in it.
    """

    text: str
    flat: str
    top: str
    pins: tuple[str, ...]
    models: frozenset[str]


def read(path: Path, top: str) -> Schematic:
    """Read and check the netlist of the cell `top` (any case).

    Raises
    ------
    FileError
        There is no such file, it is empty, or it is no text.
    NetlistError
        It has no ``.subckt`` of that name, or holds a line that LVS cannot compare.
    """
    lines = [*map(_with_letter, netlist_lines(path))]
    subcircuits = _subcircuits(path, lines)
    name = top.lower()
    if name not in subcircuits:
        raise NetlistError(
            f"{path} has no .subckt {top}, the layout's top cell; it has: {', '.join(sorted(subcircuits)) or 'none'}"
        )
    models: set[str] = set()
    _check(path, subcircuits, name, (), models)
    pins = tuple(subcircuits[name].pins)
    flat = [
        " ".join([".subckt", name, *pins]),
        *_flat(subcircuits, name, "", dict(zip(pins, pins, strict=True))),
        ".ends",
    ]
    return Schematic("\n".join(lines) + "\n", "\n".join(flat) + "\n", name, pins, frozenset(models))


def _subcircuits(path: Path, lines: Iterable[str]) -> dict[str, _Subcircuit]:
    found: dict[str, _Subcircuit] = {}
    current: _Subcircuit | None = None
    for line in lines:
        words = line.split()
        if words[0] == ".subckt":
            if current:
                raise NetlistError(f"{path}: .subckt {current.name} is not closed by .ends before: {line}")
            if len(words) < 2 or "=" in line:
                raise NetlistError(f"{path}: {line!r}: LVS needs .subckt with a name and pins, without parameters")
            current = _Subcircuit(words[1], words[2:])
            if current.name in found:
                raise NetlistError(f"{path}: .subckt {current.name} is there twice")
            if len(set(current.pins)) != len(current.pins):
                raise NetlistError(f"{path}: .subckt {current.name} names a pin twice")
        elif words[0] == ".ends":
            if current is None:
                raise NetlistError(f"{path}: .ends without .subckt")
            found[current.name] = current
            current = None
        elif current and words[0][0] in "xr":
            current.lines.append(line)
        else:
            raise NetlistError(
                f"{path}: LVS cannot use the line {line!r}. A netlist for LVS is made of .subckt, X and R lines and "
                f".ends, without includes or parameters"
            )
    if current:
        raise NetlistError(f"{path}: .subckt {current.name} is not closed by .ends")
    return found


def _check(
    path: Path, subcircuits: dict[str, _Subcircuit], name: str, callers: tuple[str, ...], models: set[str]
) -> None:
    if name in callers:
        raise NetlistError(f"{path}: .subckt {name} contains itself ({' > '.join((*callers, name))})")
    instances: set[str] = set()
    for line in subcircuits[name].lines:
        words, values = _words(line), assignments(line)
        if len(words) < 2:
            raise NetlistError(f"{path}: {line!r} has no nets and no model")
        instance, *nodes, model = words
        if instance in instances:
            raise NetlistError(f"{path}: .subckt {name} has two instances {instance}")
        instances.add(instance)
        if model in DEVICES:
            _check_device(path, line, model, nodes, values)
            models.add(model)
        elif instance[0] == "r":
            raise NetlistError(f"{path}: {line!r}: {model} is no resistor that LVS compares")
        elif model in subcircuits:
            pins = subcircuits[model].pins
            if len(nodes) != len(pins):
                raise NetlistError(f"{path}: {line!r}: {model} has {len(pins)} pins, {len(nodes)} nets are given")
            if values:
                raise NetlistError(f"{path}: {line!r}: a subcircuit call with parameters cannot be compared")
            _check(path, subcircuits, model, (*callers, name), models)
        else:
            raise NetlistError(
                f"{path}: {line!r}: {model} is neither a .subckt of this file nor a device that LVS compares; "
                f"lvs/README.md has the list"
            )


def _flat(subcircuits: dict[str, _Subcircuit], name: str, path: str, nets: dict[str, str]) -> Iterator[str]:
    """Device lines of a subcircuit and what it calls; `path` comes before names that are its own."""
    for line in subcircuits[name].lines:
        instance, *nodes, model = _words(line)
        outer = [nets.get(node, path + node) for node in nodes]
        if model in subcircuits and model not in DEVICES:
            yield from _flat(
                subcircuits, model, f"{path}{instance}/", dict(zip(subcircuits[model].pins, outer, strict=True))
            )
        else:
            values = [f"{key}={value}" for key, value in assignments(line).items()]
            yield " ".join([f"{instance[0]}{path}{instance[1:]}", *outer, model, *values])


def _words(line: str) -> list[str]:
    """Instance, nets and model of a line; the last word before the first "=" is the first parameter's name."""
    words = line.partition("=")[0].split()
    return words[:-1] if "=" in line else words


def _check_device(path: Path, line: str, model: str, nodes: list[str], values: dict[str, str]) -> None:
    form = DEVICES[model]
    if line[0] == "r" and _GENERIC not in model:
        raise NetlistError(f"{path}: {line!r}: {model} must stand in an X line")
    if len(nodes) != form.nets:
        raise NetlistError(f"{path}: {line!r}: {model} has {form.nets} terminals, {len(nodes)} nets are given")
    for key in form.sizes:
        if key not in values:
            raise NetlistError(f"{path}: {line!r}: {key}= is missing")
        value = number(values[key])
        if value is None:
            raise NetlistError(f"{path}: {line!r}: {key}={values[key]} is no number")
        smallest, largest, unit, unit_name, remedy = _LIMITS[key]
        if not smallest <= value * unit <= largest:
            raise NetlistError(
                f"{path}: {line!r}: {key}={values[key]} is {value * unit:g} {unit_name}; sizes from {smallest:g} to "
                f"{largest:g} {unit_name} are possible. {remedy}"
            )
    if model in FIXED_WIDTHS_UM and "w" in values:
        width = FIXED_WIDTHS_UM[model][1]
        if number(values["w"]) != width:
            raise NetlistError(f"{path}: {line!r}: {model} is {width:g} um wide, not w={values['w']}; leave w out")
    for key in ("m", "nf"):
        count = number(values.get(key, "1"))
        if count is None or count < 1 or count != int(count):
            raise NetlistError(f"{path}: {line!r}: {key}={values[key]} must be a whole number from 1")


def _with_letter(line: str) -> str:
    """The line of a generic resistor with the letter that both tools want.

    That is R for a resistor which is no subcircuit in the models, X for the others; people write either.
    """
    model = next((word for word in line.partition("=")[0].split()[1:] if _GENERIC in word), None)
    if line[0] not in "xr" or model not in DEVICES or line[0] == DEVICES[model].letter:
        return line
    return DEVICES[model].letter + line
