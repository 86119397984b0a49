"""Lines that call a device of the PDK: model, nets, sizes, and what of their parameters may be left out.

One reading for all steps: a parameter that would change the device is compared, or refused; one that follows from the
layout, or says again what another says, is dropped, and listed by `dropped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mirrorneuron.pdk_sky130.spice import devices
from mirrorneuron.pdk_sky130.spice.devices import FIXED_WIDTHS_UM, DeviceForm
from mirrorneuron.pdk_sky130.spice.flatten import FlatElement
from mirrorneuron.pdk_sky130.spice.text import number

__all__ = ["GEOMETRY", "copies", "dropped", "length_um", "model_and_nodes", "model_values", "perimeter_text"]

GEOMETRY: Final = frozenset(("ad", "as", "pd", "ps", "nrd", "nrs", "sa", "sb", "sd"))
"""Areas, perimeters and distances of a transistor's diffusions: they follow from the layout."""

# The mismatch models' and capacitors' own words for `m`.
_MULTIPLIERS: Final = ("mult", "mf")

_LENGTHS: Final = frozenset(("w", "l", "pd", "ps", "sa", "sb", "sd"))
_AREAS: Final = frozenset(("ad", "as"))
# The smallest diffusion has 0.01 um2, and in square metres none reaches this.
_SQUARE_METRES_BELOW: Final = 1e-6


def model_and_nodes(element: FlatElement, forms: Mapping[str, DeviceForm]) -> tuple[str, tuple[str, ...]]:
    """The full name of a line's model, and its nodes.

    A value between nodes and model (``R1 a b 2k model w= l=``) is no node. It is left out, since it follows from the
    sizes, for a model of `forms`; the line of any other model is left as it is.
    """
    *nodes, word = element.words
    model = devices.full_name(word)
    form = forms.get(model)
    if form is not None and element.letter in "rcd" and len(nodes) == len(form.terminals) + 1 and number(nodes[-1]):
        nodes.pop()
    return model, tuple(nodes)


def length_um(element: FlatElement, key: str) -> float:
    """A length of a device [um].

    Raises
    ------
    NetlistError
        It is missing, no number, or no size of a device.
    """
    if key not in element.parameters:
        raise element.error(f"{key}= is missing")
    size = devices.micrometres(element.parameter(key))
    if not devices.LENGTH_MIN_UM <= size <= devices.LENGTH_MAX_UM:
        raise element.error(
            f"{key}={element.parameters[key]} is {size:g} um: no size of a device; sizes from "
            f"{devices.LENGTH_MIN_UM:g} to {devices.LENGTH_MAX_UM:g} um are possible. Write micrometres without a "
            "suffix, or metres (2u, 2e-6)"
        )
    return size


def model_values(element: FlatElement, form: DeviceForm | None) -> dict[str, float]:
    """All parameters of a device's line as numbers in the units of the models: um, and um2 of diffusion.

    Parameters
    ----------
    form
        Of the device; None for one that `devices` does not have, whose numbers are taken as they are.

    Raises
    ------
    NetlistError
        A parameter is no number, W or L no size of a device, or a transistor's ``mult`` neither 1 nor its ``m``.
    """
    values = element.values()
    if form is None:
        return values
    for key in _LENGTHS & values.keys():
        values[key] = length_um(element, key) if key in form.sizes else devices.micrometres(values[key])
    for key in _AREAS & values.keys():
        values[key] *= 1e12 if abs(values[key]) < _SQUARE_METRES_BELOW else 1.0
    if form.element == "m":
        _check_multiplier(element, "mult")
    return values


def copies(element: FlatElement, key: str = "m") -> float:
    """A whole number from 1, 1 if it is not given.

    Raises
    ------
    NetlistError
        It is anything else.
    """
    if key not in element.parameters:
        return 1.0
    count = element.parameter(key)
    if count < 1 or count != int(count):
        raise element.error(f"{key}={element.parameters[key]} must be a whole number from 1")
    return count


def perimeter_text(element: FlatElement) -> str:
    """The name under which a diode's perimeter stands in its line: ``perim``, or SPICE's own ``pj``."""
    return "pj" if "pj" in element.parameters and "perim" not in element.parameters else "perim"


def dropped(element: FlatElement, model: str, form: DeviceForm) -> tuple[str, ...]:
    """The parameters of a line that do not change its device.

    Raises
    ------
    NetlistError
        A parameter would make another device: it is unknown, or contradicts the line's sizes or its ``m``.
    """
    known = {*form.sizes, "m"}
    if "perim" in form.sizes:
        known.add(perimeter_text(element))
    left_out = []
    for key, text in element.parameters.items():
        if key in known:
            continue
        if form.element == "m" and key == "nf":
            copies(element, key)
            continue
        if key == "w" and model in FIXED_WIDTHS_UM:
            width = FIXED_WIDTHS_UM[model][1]
            if abs(length_um(element, key) - width) > 1e-9:
                raise element.error(f"{model} is {width:g} um wide, not w={text}; leave w out")
        elif key in _MULTIPLIERS:
            _check_multiplier(element, key)
        elif form.element != "m" or key not in GEOMETRY:
            raise element.error(f"{key}={text} is no size of {model} that can be compared or followed; leave it out")
        left_out.append(key)
    return tuple(left_out)


def _check_multiplier(element: FlatElement, key: str) -> None:
    if key in element.parameters and element.parameter(key) not in (1.0, copies(element)):
        text = element.parameters[key]
        raise element.error(f"{key}={text} is neither 1 nor m; write the number of copies as m={text}")
