"""What varies in silicon: from one device to the next (mismatch), and from one wafer to the next (process).

**Mismatch.** The models say how much: a transistor's threshold has a standard deviation of

::

    sw_mm_vth0_<device> * mismatch_factor / sqrt(l * w * mult)      l, w in um

(for some devices times a factor of its size), resistors, MIM capacitors and bipolars have distributions of their own.
They are evaluated here as the library writes them, and a number is drawn for each term of each device. Equal devices in
parallel (``m``, fingers) vary as their mean, with the deviation of one over the square root of their number; this is
exact to first order in the deviations. What is lost is the second order, by which the mean of their currents rises:
``(sigma / (n kT/q))**2 / 2`` in weak inversion, 0.2 % at 2 mV.

**Process.** The library's own section for this, ``mc``, cannot be used: it leaves the thresholds and the oxide where
they are, varies what is stated in percent about 0, and adds 1 to what is log-normal. The foundry's statistics stand
beside it, as comments, one standard deviation a parameter: those are read and taken. The parameters are independent of
each other and act on all devices that refer to them, so n and p are correlated by what they share (drawn lengths and
widths), and not by their thresholds. In the continuous models the oxide acts on overlap capacitances alone; mobility
and saturation velocity do not vary, in the corners neither. The corners are no points of this distribution; they lie
about 3 standard deviations out, 1 to 6 by device and corner (``docs/simulation.md``).

**Guard band.** The older, binned models of the same process have other mismatch. The ratio is reported beside the
results, and never enters them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130.devices import MODEL_PREFIX
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models.device import Instance
from mirrorneuron.pdk_sky130.models.library import Library

__all__ = ["GUARD_BAND", "Term", "mismatch_terms", "process_terms", "process_values"]

TYPICAL: Final = "tt"

GUARD_BAND: Final[Mapping[str, float]] = {
    "nfet_01v8": 2.1,
    "nfet_01v8_lvt": 1.0,
    "pfet_01v8": 1.0,
    "pfet_01v8_hvt": 1.0,
    "pfet_01v8_lvt": 1.6,
}
"""Ratio of the binned models' deviation of a 1:1 mirror's current to that of these, by device: the largest of 2/2 at
1 uA, 2/2 at 100 nA and 1/0.5 at 1 uA, from 200 mirrors of either library's section ``tt_mm`` each, to 7 %. No smaller
than 1."""

_PREFIX: Final = "process."


@dataclass(frozen=True)
class Term:
    """A quantity that varies: ``<instance>.<term>``, or ``process.<name>``.

    Attributes
    ----------
    sigma
        Its standard deviation; of a process parameter that is log-normal, that of its logarithm.
    unit
        Of `sigma`; empty if it is a part of the quantity.
    guard_band
        Ratio of the binned models' deviation to this one; 1 where they have no figure.
    """

    name: str
    sigma: float
    unit: str
    guard_band: float = 1.0


def mismatch_terms(models: Library, instances: Mapping[str, Instance]) -> list[Term]:
    """The mismatch terms of instances.

    Parameters
    ----------
    instances
        By the name that stands before the point in the terms' names.

    Raises
    ------
    NetlistError
        As `Library.terms`.
    """
    terms: list[Term] = []
    for name, instance in instances.items():
        for term, sigma in models.terms(instance).items():
            guard = GUARD_BAND.get(instance.device.removeprefix(MODEL_PREFIX), 1.0) if term == "vth" else 1.0
            terms.append(Term(f"{name}.{term}", sigma, "V" if term == "vth" else "", guard))
    return terms


def process_terms(models: Library, instances: Iterable[Instance], bare: Iterable[str] = ()) -> list[Term]:
    """The parameters of the process on which the models of `instances` and the `bare` models depend.

    Raises
    ------
    SpecError
        The models are those of a corner: it would be counted twice.
    """
    if models.corner != TYPICAL:
        raise SpecError(
            f"process variation starts from corner {TYPICAL}, not from {models.corner}, which is an extreme of the "
            "process itself; mismatch can be had at any corner"
        )
    reached = models.reached(instances, bare)
    statistics = {name: statistic for name, statistic in models.statistics.items() if name in reached}
    return [
        Term(_PREFIX + _short(name), statistic.std, "" if statistic.kind == "percent" else _unit(name))
        for name, statistic in sorted(statistics.items())
    ]


def process_values(models: Library, z: Mapping[str, float]) -> dict[str, float]:
    """Values of the library's parameters for `Library.shifted`.

    Parameters
    ----------
    z
        Deviations [sigma] by the names of the terms (`process_terms`).
    """
    parameters = {_PREFIX + _short(name): name for name in models.statistics}
    values: dict[str, float] = {}
    for term, deviation in z.items():
        name = parameters[term]
        values[name] = models.statistics[name].value(models.parameter(name), deviation)
    return values


def _short(name: str) -> str:
    return re.sub(rf"^sw_|{MODEL_PREFIX}|_mc$", "", name)


def _unit(name: str) -> str:
    if "vth0" in name:
        return "V"
    return "m" if re.search(r"tox|cd$|dw$", name) else ""
