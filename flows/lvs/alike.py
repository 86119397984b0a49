"""Both sides of netgen's comparison in words that both have: what Magic calls a device, what the netlist calls it.

Magic does not tell everything that the netlist does, and some of it in other words. Here both texts are brought to the
same words. Where that needs leaving something out, netgen cannot compare it, and `unseen` says so. KLayout
compares all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.schematic import BIPOLAR_AREAS_UM2, FIXED_WIDTHS_UM, SPECIAL
from mirrorneuron.pdk_sky130.spice import assignments, logical_lines, number

__all__ = ["alike", "unseen"]

_DIODE: Final = "sky130_fd_pr__diode_"
_IMPLANTED: Final = re.compile(r"(sky130_fd_pr__diode_pd2nw_05v5)_[lh]vt")
_RESISTOR: Final = "sky130_fd_pr__res_"
_COMPARED: Final = ("w", "l", "m", "area")
_METAL: Final = re.compile(r"sky130_fd_pr__res_generic_(?:l1|m\d)")
# Magic 8.3.105 takes "l=l+0.16" of its technology file for a name, and does not add.
_LONGER: Final = re.compile(r"\bl\+([\d.]+)=(\S+)")


def unseen(models: Iterable[str], *, adapted: bool) -> tuple[str, ...]:
    """What netgen cannot compare of these devices; `adapted` if Magic is too old for the official technology file."""
    used = set(models)
    found = []
    for wanted, what in (
        (any(_IMPLANTED.fullmatch(name) for name in used), "the implants of diode_pd2nw_05v5_lvt and _hvt"),
        (any(name.startswith(_DIODE) for name in used), "the perimeter of diodes"),
        (any(_METAL.fullmatch(name) for name in used), "the sizes of li1 and metal resistors"),
        (any(name in lvs_vpp.models() for name in used), "the shapes and the bulk of cap_vpp"),
        (adapted and not used.isdisjoint(BIPOLAR_AREAS_UM2), "the size of bipolar transistors"),
        (adapted and not used.isdisjoint(SPECIAL), "special_nfet_01v8 and special_pfet_01v8_hvt from the plain ones"),
    ):
        if wanted:
            found.append(what)
    return tuple(found)


def alike(text: str, *, adapted: bool, ports: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """A netlist of one subcircuit, without calls, in the words that both sides have.

    Parameters
    ----------
    adapted
        Whether Magic is too old for the official technology file.
    ports
        For Magic's netlist, the terminals of each finger capacitor in the order of its calls.
    """
    lines = list(logical_lines(text))
    devices = [_read(line, adapted, ports) for line in lines if line[0] in "xr"]
    pins = {pin for line in lines if line.startswith(".subckt") for pin in line.split()[2:]}
    combined = _in_series(_in_parallel(devices), pins)
    while len(combined) < len(devices):
        devices, combined = combined, _in_series(_in_parallel(combined), pins)
    ends = [[line for line in lines if line.startswith(word)] for word in (".subckt", ".ends")]
    return "\n".join([*ends[0], *map(_written, combined), *ends[1], ""])


@dataclass(frozen=True)
class _Device:
    name: str
    nets: tuple[str, ...]
    model: str
    sizes: dict[str, float]


def _read(line: str, adapted: bool, ports: Mapping[str, tuple[str, ...]] | None) -> _Device:
    line = _LONGER.sub(lambda match: f"l={float(match[1]) + (number(match[2]) or 0.0):.9g}", line)
    words = line.partition("=")[0].split()
    name, *nets, model = words[:-1] if "=" in line else words
    given = {key: number(value) for key, value in assignments(line).items() if key in _COMPARED}
    sizes = {key: value for key, value in given.items() if value is not None}
    if model in FIXED_WIDTHS_UM:
        model, sizes["w"] = FIXED_WIDTHS_UM[model]
    elif adapted and model in BIPOLAR_AREAS_UM2:
        model = BIPOLAR_AREAS_UM2[model][0]
    elif adapted and model in SPECIAL:
        model = SPECIAL[model]
    elif "__cap_mim_" in model:
        # Magic's w is the horizontal side, the netlist's need not be.
        sizes["l"], sizes["w"] = sorted((sizes["l"], sizes["w"]))
    elif model in lvs_vpp.models():
        order = lvs_vpp.models()[model]
        by_name = dict(zip(ports[model] if ports else order, nets, strict=True))
        nets = [by_name.get(terminal, "") for terminal in order if terminal != "b"]
    if not model.startswith(_DIODE):
        sizes.pop("area", None)
    return _Device(name, tuple(nets), _IMPLANTED.sub(r"\1", model), sizes)


def _written(device: _Device) -> str:
    model, sizes = device.model, device.sizes
    if _is_dummy(device):
        # netgen 1.5.133 combines those of one net, but where their L differ it pairs the wrong ones and finds property
        # errors that are none. So they become devices whose kind is their model, L and total W.
        model = f"{model}_dummy_w{sizes['w'] * sizes.get('m', 1):.6g}_l{sizes['l']:.9g}".replace(".", "p")
        sizes = {}
    elif not set(sizes) - {"m"}:
        # netgen passes over the number of devices that have no size.
        model = f"{model}_m{sizes.get('m', 1):g}"
        sizes = {}
    return " ".join([device.name, *device.nets, model, *(f"{key}={value:.9g}" for key, value in sizes.items())])


def _is_dummy(device: _Device) -> bool:
    return "fet_" in device.model and len(set(device.nets[:3])) == 1


def _in_parallel(devices: list[_Device]) -> list[_Device]:
    """Resistors, diodes and dummies; netgen 1.5.133 adds the wrong sizes of resistors and diodes that are not equal."""
    found: dict[tuple[object, ...], _Device] = {}
    for device in devices:
        sizes, copies = device.sizes, device.sizes.get("m", 1.0)
        key: tuple[object, ...]
        if _RESISTOR in device.model:
            key, summed = (device.model, *sorted(device.nets[:2]), device.nets[2:], round(sizes["l"], 4)), "w"
        elif device.model.startswith(_DIODE):
            key, summed = (device.model, device.nets), "area"
        elif _is_dummy(device):
            key, summed = (device.model, device.nets, round(sizes["l"], 4)), "w"
        elif not set(sizes) - {"m"}:
            key, summed = (device.model, device.nets), "m"
            sizes = {"m": 1.0}
        else:
            found[len(found),] = device
            continue
        before = found[key].sizes[summed] if key in found else 0.0
        kept = {name: size for name, size in sizes.items() if name != "m"}
        found[key] = replace(found.get(key, device), sizes={**kept, summed: before + sizes[summed] * copies})
    return list(found.values())


def _in_series(devices: list[_Device], pins: set[str]) -> list[_Device]:
    """Resistors of one W and bulk whose common net touches nothing else."""
    kept = dict(enumerate(devices))
    users: dict[str, list[int]] = {}
    for i, device in kept.items():
        for net in device.nets:
            users.setdefault(net, []).append(i)
    for net, pair in users.items():
        if net in pins or len(pair) != 2 or pair[0] == pair[1]:
            continue
        first, second = (kept[i] for i in pair)
        if _RESISTOR not in first.model or (first.model, first.nets[2:]) != (second.model, second.nets[2:]):
            continue
        if net in first.nets[2:] or round(first.sizes["w"], 4) != round(second.sizes["w"], 4):
            continue
        far = [other for device in (first, second) for other in device.nets[:2] if other != net]
        if len(far) != 2:
            continue
        sizes = {**first.sizes, "l": first.sizes["l"] + second.sizes["l"]}
        kept[pair[0]] = replace(first, nets=(*far, *first.nets[2:]), sizes=sizes)
        del kept[pair[1]]
        users[far[1]] = [pair[0] if i == pair[1] else i for i in users[far[1]]]
    return list(kept.values())
