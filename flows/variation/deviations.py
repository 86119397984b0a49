"""The deviations of samples: which terms of a circuit vary, and by how much in each sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.variation.samples import Variation
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import Library
from mirrorneuron.pdk_sky130.models.variation import Term, mismatch_terms, process_terms, process_values
from numpy.typing import NDArray

__all__ = ["Deviations"]

Floats: TypeAlias = NDArray[np.float64]

_CAPACITOR: Final = re.compile(r"__cap_")  # carries no direct current


@dataclass(frozen=True, eq=False, kw_only=True)
class Deviations:
    """What varies in a setup, and the deviations of its samples.

    Attributes
    ----------
    numbers
        The numbers of the samples.
    mismatch, process
        The terms that vary device by device, and those that vary for all devices together.
    drawn
        A row for each sample, a column for each term, mismatch first [sigma].
    """

    setup: Setup
    numbers: NDArray[np.intp]
    mismatch: Sequence[Term]
    process: Sequence[Term]
    drawn: Floats

    @classmethod
    def draw(cls, setup: Setup, variation: Variation, numbers: NDArray[np.intp]) -> Deviations:
        """Draw the deviations of samples.

        Raises
        ------
        SpecError
            Nothing in the circuit varies.
        """
        mismatch: list[Term] = []
        process: list[Term] = []
        if variation.mismatch:
            mismatch = mismatch_terms(setup.library, setup.instances)
        if variation.process:
            process = process_terms(setup.library, setup.instances.values(), setup.bare)
        terms = (*mismatch, *process)
        if not terms:
            raise SpecError(f"{setup.name}: nothing in it varies")
        drawn = variation.draw([term.name for term in terms], numbers.tolist())
        return cls(setup=setup, numbers=numbers, mismatch=mismatch, process=process, drawn=drawn)

    @property
    def terms(self) -> tuple[Term, ...]:
        """All terms, in the order of the columns."""
        return (*self.mismatch, *self.process)

    def alterable(self) -> bool:
        """Whether ngspice can alter all varying terms that an operating point depends on."""
        models = self.setup.library
        instances = self.setup.instances.values()
        fixed = [i for i in instances if not (models.is_transistor(i) or _CAPACITOR.search(i.device))]
        if self.process:
            return not fixed and not self.setup.bare
        return not any(models.terms(instance) for instance in fixed)

    def alterations(self) -> Iterator[list[str]]:
        """For each sample the commands of ngspice that turn the circuit into this sample."""
        setup, models = self.setup, self.setup.library
        named = [name for name, instance in setup.instances.items() if models.is_transistor(instance)]
        transistors = [setup.instances[name] for name in named]
        column = {term.name: k for k, term in enumerate(self.mismatch)}
        own = [column[f"{name}.vth"] for name in named] if column else []
        sigmas = np.array([self.mismatch[k].sigma for k in own])
        threshold = np.array([models.threshold(instance) for instance in transistors])
        shifts = [f"alter @m{instance.name}[delvto]=" for instance in transistors]
        cards = models.cards(transistors) if self.process else {}
        for drawn in self.drawn:
            commands: list[str] = []
            if self.process:
                shifted = self._models(drawn)
                for card, instance in cards.items():
                    varying = shifted.varying(instance).items()
                    commands += [f"altermod {card} {key}={decimal(value)}" for key, value in varying]
                threshold = np.array([shifted.threshold(instance) for instance in transistors])
            values = threshold + sigmas * drawn[own] if own else threshold
            yield commands + [f"{text}{value:.12g}" for text, value in zip(shifts, values.tolist(), strict=True)]

    def alone(self, row: int) -> Setup:
        """The setup of one sample, with its deviations in the deck."""
        drawn = self.drawn[row]
        draws: dict[str, dict[str, float]] = {}
        for term, deviation in zip(self.mismatch, drawn.tolist(), strict=False):
            name, _, key = term.name.rpartition(".")
            draws.setdefault(name, {})[key] = deviation
        return self.setup.drawn(f"sample {self.numbers[row]}", self._models(drawn), draws)

    def _models(self, drawn: Floats) -> Library:
        """The models at the process of a sample."""
        models = self.setup.library
        if not self.process:
            return models
        names = [term.name for term in self.process]
        deviations = dict(zip(names, drawn[len(self.mismatch) :].tolist(), strict=True))
        return models.shifted(process_values(models, deviations))
