"""The spread of a cell over conditions and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from mirrorneuron.flows.characterize.study import Study
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.testbench import Quantity
from mirrorneuron.flows.variation import statistics
from mirrorneuron.flows.variation.sampling import Samples
from numpy.typing import NDArray

__all__ = ["Characterization", "Floats", "SampleSet"]

Floats: TypeAlias = NDArray[np.float64]

_DEVICES_SHOWN: Final = 8


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """What the samples show; empty if none were drawn.

    Attributes
    ----------
    samples
        The samples as drawn and simulated; several sets where a method needs replicates.
    drawn
        Each quantity's values, shape (samples,).
    summaries, contributions
        By quantity: statistics, and which devices the spread comes from.
    yields
        By quantity with a limit.
    """

    samples: tuple[Samples, ...] = ()
    drawn: Mapping[str, Floats] = field(default_factory=dict)
    summaries: Mapping[str, statistics.Summary] = field(default_factory=dict)
    contributions: Mapping[str, statistics.Contributions] = field(default_factory=dict)
    yields: Mapping[str, statistics.Yield] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Characterization:
    """The results on one netlist.

    Attributes
    ----------
    name
        The cell's.
    quantities
        What was measured.
    study
        Conditions, variation and limits.
    corners
        By condition, each quantity's number; without variation.
    mismatch
        What the samples show, at `condition`.
    checks
        Of conditions, samples and limits.
    ways
        How the operating points were found, and how many by each way: see `mirrorneuron.flows.simulate.solver`.
    versions
        Of the simulator and its models.
    files
        The files that were written, by kind.
    """

    name: str
    netlist: Path
    quantities: Mapping[str, Quantity]
    study: Study
    corners: Mapping[str, Mapping[str, float]]
    mismatch: SampleSet
    checks: Sequence[Check]
    ways: Mapping[str, int]
    versions: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def condition(self) -> Condition:
        """Where the samples were drawn."""
        return self.study.conditions[0]

    @property
    def samples(self) -> tuple[Samples, ...]:
        """The samples, in their sets."""
        return self.mismatch.samples

    @property
    def drawn(self) -> Mapping[str, Floats]:
        """Each quantity's values, shape (samples,)."""
        return self.mismatch.drawn

    @property
    def summaries(self) -> Mapping[str, statistics.Summary]:
        """Each quantity's statistics."""
        return self.mismatch.summaries

    @property
    def contributions(self) -> Mapping[str, statistics.Contributions]:
        """Which devices each quantity's spread comes from."""
        return self.mismatch.contributions

    @property
    def passed(self) -> bool:
        """Whether every limit is kept; without limits, whether everything was measured."""
        return all(check.passed for check in self.checks)

    @property
    def guard_band(self) -> float:
        """Largest mismatch of the binned models relative to that of the samples; 1 without samples."""
        return max((term.guard_band for samples in self.samples for term in samples.terms), default=1.0)

    def as_json(self) -> dict[str, Any]:
        """The results as a JSON object."""
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "netlist": str(self.netlist),
            "versions": dict(self.versions),
            "ways": dict(self.ways),
            "quantities": {key: {"what": each.text, "unit": each.unit} for key, each in self.quantities.items()},
            "corners": {at: dict(numbers) for at, numbers in self.corners.items()},
            "mismatch": self._mismatch_as_json() if self.samples else None,
            "files": dict(self.files),
        }

    def _mismatch_as_json(self) -> dict[str, Any]:
        first = self.samples[0]
        return {
            "condition": str(self.condition),
            "samples": sum(map(len, self.samples)),
            "replicates": len(self.samples),
            "seeds": [samples.variation.seed for samples in self.samples],
            "method": first.variation.method,
            "mismatch": first.variation.mismatch,
            "process": first.variation.process,
            "terms": len(first.terms),
            "guard_band": self.guard_band,
            "statistics": {key: summary.as_json() for key, summary in self.summaries.items()},
            "yields": {key: part.as_json() for key, part in self.mismatch.yields.items()},
            "contributions": {key: _contributions_as_json(parts) for key, parts in self.contributions.items()},
        }


def _contributions_as_json(contributions: statistics.Contributions) -> dict[str, Any]:
    return {
        "devices": [
            {"device": part.name, "share": part.share, "error": part.error}
            for part in contributions.parts[:_DEVICES_SHOWN]
        ],
        "unexplained": contributions.unexplained.share,
    }
