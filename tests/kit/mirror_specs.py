"""Random specs of mirrors, over all that their fields take, for the tests of layout and of sign-off."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from mirrorneuron.generators import catalog
from mirrorneuron.generators.cells.mirrors.parts.npn import NPN
from mirrorneuron.generators.cells.mirrors.parts.spec import WIDEST_UM, MirrorSpec
from mirrorneuron.pdk_sky130.devices import POLY_RESISTORS
from mirrorneuron.pdk_sky130.errors import SpecError

MIRRORS = [name for name in catalog.names() if name.startswith("mirror_")]
_UNITS = 40
_AREA = 1500.0
SMALL = 150.0
"""Gate area [um^2] of what is quick; more than `_AREA` only takes time."""
_DEVICES = 60
_ATTEMPTS = 4000


def draws(name: str, seed: int, area: float = _AREA) -> Iterator[tuple[MirrorSpec, SpecError | None]]:
    """Endless random specs of a mirror whose fields are right one by one, each with why it is refused, if it is."""
    draw = random.Random(f"{name} {seed}")
    limits = {row.field: row.limits for row in catalog.describe(name)}
    while True:
        given = [f"{field}={value}" for field, value in _fields(name, limits, draw).items()]
        try:
            spec = catalog.load(name, [*given, f"name=r{MIRRORS.index(name)}_{seed}"])
        except SpecError as error:  # an output of a Widlar mirror below 1 nA
            if not str(error).startswith("output"):
                raise
            continue
        try:
            circuit = catalog.circuit_of(spec)
        except SpecError as error:
            yield spec, error
        else:
            gates = sum(spec.ratios) * spec.w * spec.l if "w" in limits else 0.0
            if len(circuit.devices) < _DEVICES and gates < area:
                yield spec, None


def random_spec(name: str, seed: int, area: float = _AREA) -> MirrorSpec:
    """The first of `draws` that is not refused."""
    for _, (spec, refused) in zip(range(_ATTEMPTS), draws(name, seed, area), strict=False):
        if refused is None:
            return spec
    raise AssertionError(f"no spec of {name} in {_ATTEMPTS} attempts")


def _fields(name: str, limits: dict[str, str], draw: random.Random) -> dict[str, Any]:
    """A value for each field of a mirror."""

    def between(low: float, high: float, grid: float = 0.0) -> float:
        """Evenly over the logarithm."""
        value = math.exp(draw.uniform(math.log(low), math.log(high)))
        return round(round(value / grid) * grid, 3) if grid else float(f"{value:.4g}")

    ratios = [99]
    while sum(ratios) > _UNITS:
        ratios = [max(1, round(between(0.6, 12))) for _ in range(draw.randint(2, 5))]
    words = limits.get("device", "").split(" or ")
    device = draw.choice(words)
    polarity = "n" if device in NPN else draw.choice("np") if device == "auto" else device[0]
    chosen: dict[str, Any] = {
        "ratios": ratios,
        "polarity": polarity,
        "device": device,
        "w": between(0.84, WIDEST_UM, 0.01),
        "l": between(0.35 if device == "pfet_01v8_lvt" else 0.15, 20, 0.005),
        "current": between(1e-9, 1e-3),
        "supply": round(draw.uniform(1.0, 1.95), 3),
        "cascode_w": between(0.84, WIDEST_UM, 0.01),
        "cascode_l": between(0.15, 20, 0.005),
        "bias": between(10e-9, 2e-6),
        "reference": round(draw.uniform(0.1, 0.8), 3),
        "drop": between(0.01, 1),
        "resistor": draw.choice(list(POLY_RESISTORS)),
        "helper": draw.choice(("npn", "nfet")),
    }
    if name == "mirror_widlar":
        if draw.random() < 0.5:
            chosen["output"] = chosen["current"] / ratios[0] * between(1e-4, 1)
        else:
            chosen |= {"output": "null", "resistance": between(10, 100e6)}
        if device in NPN:
            del chosen["w"], chosen["l"]
    return {field: value for field, value in chosen.items() if field in limits}
