"""Brings Magic's netlist and the schematic to one form for netgen: the same names of devices, the same sizes.

Magic extracts less than a netlist says, and calls some devices otherwise. What cannot be compared for that reason is
left out on both sides, and listed by `unseen`; KLayout compares it all. What netgen would combine wrongly is combined
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from mirrorneuron.flows.lvs import vpp as lvs_vpp
from mirrorneuron.flows.lvs.circuit import LvsCircuit, LvsDevice
from mirrorneuron.flows.lvs.tolerance import Tolerances
from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX
from mirrorneuron.pdk_sky130.spice.devices import BIPOLAR_AREAS_UM2, FIXED_WIDTHS_UM, SPECIAL

__all__ = ["DIODE", "RESISTOR", "is_dummy", "normalised", "unseen"]

DIODE: Final = f"{MODEL_PREFIX}diode_"
_IMPLANTED: Final = re.compile(rf"({MODEL_PREFIX}diode_pd2nw_05v5)_[lh]vt")
RESISTOR: Final = f"{MODEL_PREFIX}res_"
_COMPARED: Final = ("w", "l", "m", "area")
_METAL: Final = re.compile(rf"{MODEL_PREFIX}res_generic_(?:l1|m\d)")


def unseen(models: Iterable[str], *, adapted: bool) -> tuple[str, ...]:
    """What netgen cannot compare of these devices; `adapted` if Magic is too old for the official technology file."""
    used = set(models)
    limits = (
        (any(_IMPLANTED.fullmatch(name) for name in used), "the implants of diode_pd2nw_05v5_lvt and _hvt"),
        (any(name.startswith(DIODE) for name in used), "the perimeter of diodes"),
        (any(_METAL.fullmatch(name) for name in used), "the sizes of li1 and metal resistors"),
        (any(name in lvs_vpp.models() for name in used), "the shapes and the bulk of cap_vpp"),
        (adapted and not used.isdisjoint(BIPOLAR_AREAS_UM2), "the size of bipolar transistors"),
        (adapted and not used.isdisjoint(SPECIAL), "special_nfet_01v8 and special_pfet_01v8_hvt from the plain ones"),
    )
    return tuple(text for applies, text in limits if applies)


def normalised(
    layout: LvsCircuit, schematic: LvsCircuit, *, adapted: bool, tolerances: Tolerances | None = None
) -> tuple[str, str]:
    """The netlists of layout and schematic, in the form that both have.

    Parameters
    ----------
    adapted
        Whether Magic is too old for the official technology file.
    tolerances
        How much sizes may differ. netgen's own set-up allows the same, but not where a size becomes part of a name.
    """
    sides = [_combined(circuit, adapted=adapted) for circuit in (layout, schematic)]
    if tolerances is not None:
        sides[0] = [_as_listed(device, sides[1], tolerances) for device in sides[0]]
    texts = [
        LvsCircuit(circuit.name, circuit.pins, tuple(map(_distinct, devices))).text
        for circuit, devices in zip((layout, schematic), sides, strict=True)
    ]
    return texts[0], texts[1]


def _combined(circuit: LvsCircuit, *, adapted: bool) -> list[LvsDevice]:
    devices = [_comparable(device, adapted=adapted) for device in circuit.devices]
    combined = _in_series(_in_parallel(devices), circuit.pins)
    while len(combined) < len(devices):
        devices, combined = combined, _in_series(_in_parallel(combined), circuit.pins)
    return combined


def _as_listed(device: LvsDevice, listed: Iterable[LvsDevice], tolerances: Tolerances) -> LvsDevice:
    """A dummy of the layout with the sizes of the netlist's nearest one, if these are inside the tolerance."""
    if not is_dummy(device):
        return device
    allowed = tolerances.get(device.model, {})
    best, smallest = device, float("inf")
    for other in listed:
        if other.model == device.model and is_dummy(other):
            gaps = [abs(device.sizes[key] / other.sizes[key] - 1) for key in ("w", "l")]
            inside = all(gap <= allowed.get(key, 0.0) for gap, key in zip(gaps, ("W", "L"), strict=True))
            if inside and sum(gaps) < smallest:
                best, smallest = replace(device, sizes=other.sizes), sum(gaps)
    return best


def _comparable(device: LvsDevice, *, adapted: bool) -> LvsDevice:
    """The device with what both sides have: a model's common name, and the sizes that Magic extracts."""
    model, nets = device.model, device.nets
    sizes = {key: size for key, size in device.sizes.items() if key in _COMPARED}
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
        terminals = lvs_vpp.models()[model]
        nets = tuple(net for net, terminal in zip(nets, terminals, strict=True) if terminal != "b")
    if not model.startswith(DIODE):
        sizes.pop("area", None)
    return LvsDevice(device.name, nets, _IMPLANTED.sub(r"\1", model), sizes)


def _distinct(device: LvsDevice) -> LvsDevice:
    """The device with its sizes in the name of its model, where netgen would not compare them as sizes."""
    model, sizes = device.model, device.sizes
    if is_dummy(device):
        # netgen 1.5.133 combines those of one net, but where their L differ it pairs the wrong ones and finds property
        # errors that are none. So they become devices whose kind is their model, L and total W.
        model = f"{model}_dummy_w{sizes['w'] * sizes.get('m', 1):.6g}_l{sizes['l']:.9g}".replace(".", "p")
        sizes = {}
    elif not set(sizes) - {"m"}:
        # netgen does not compare the number of devices that have no size.
        model = f"{model}_m{sizes.get('m', 1):g}"
        sizes = {}
    return replace(device, model=model, sizes=sizes)


def is_dummy(device: LvsDevice) -> bool:
    """Whether gate, source and drain of a transistor are one net."""
    return "fet_" in device.model and len(set(device.nets[:3])) == 1


def _in_parallel(devices: Iterable[LvsDevice]) -> list[LvsDevice]:
    """Resistors, diodes and dummies; netgen 1.5.133 adds the wrong sizes of resistors and diodes that are not equal."""
    combined: dict[tuple[object, ...], LvsDevice] = {}
    for device in devices:
        sizes, copies = dict(device.sizes), device.sizes.get("m", 1.0)
        key: tuple[object, ...]
        if RESISTOR in device.model:
            key, summed = (device.model, *sorted(device.nets[:2]), device.nets[2:], round(sizes["l"], 4)), "w"
        elif device.model.startswith(DIODE):
            key, summed = (device.model, device.nets), "area"
        elif is_dummy(device):
            key, summed = (device.model, device.nets, round(sizes["l"], 4)), "w"
        elif not set(sizes) - {"m"}:
            key, summed = (device.model, device.nets), "m"
            sizes = {"m": 1.0}
        else:
            combined[len(combined),] = device
            continue
        before = combined[key].sizes[summed] if key in combined else 0.0
        kept = {name: size for name, size in sizes.items() if name != "m"}
        combined[key] = replace(combined.get(key, device), sizes={**kept, summed: before + sizes[summed] * copies})
    return list(combined.values())


def _in_series(devices: Iterable[LvsDevice], pins: Iterable[str]) -> list[LvsDevice]:
    """Resistors of one W and bulk whose common net has no other connection."""
    kept = dict(enumerate(devices))
    users: dict[str, list[int]] = {}
    for i, device in kept.items():
        for net in device.nets:
            users.setdefault(net, []).append(i)
    for net, pair in users.items():
        if net in pins or len(pair) != 2 or pair[0] == pair[1]:
            continue
        joined = _joined(kept[pair[0]], kept[pair[1]], net)
        if joined is None:
            continue
        kept[pair[0]] = joined
        del kept[pair[1]]
        far = joined.nets[1]
        users[far] = [pair[0] if i == pair[1] else i for i in users[far]]
    return list(kept.values())


def _joined(first: LvsDevice, second: LvsDevice, net: str) -> LvsDevice | None:
    """Two resistors in series over `net` as one from the first's far end to the second's, if they can be one."""
    if RESISTOR not in first.model or (first.model, first.nets[2:]) != (second.model, second.nets[2:]):
        return None
    if net in first.nets[2:] or round(first.sizes["w"], 4) != round(second.sizes["w"], 4):
        return None
    far = [other for device in (first, second) for other in device.nets[:2] if other != net]
    if len(far) != 2:
        return None
    return replace(
        first, nets=(*far, *first.nets[2:]), sizes={**first.sizes, "l": first.sizes["l"] + second.sizes["l"]}
    )
