"""Samples of a variation: the arrays that a bench gave; joined from parts, saved and loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.variation import archive
from mirrorneuron.flows.variation.draw import METHODS, Variation
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError
from mirrorneuron.pdk_sky130.models.variation import Term
from numpy.typing import NDArray

__all__ = ["METHODS", "Samples", "Variation"]

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """The results of a bench in the samples of a variation.

    Attributes
    ----------
    numbers
        The numbers of the samples, rising.
    terms
        The terms that varied (see `mirrorneuron.pdk_sky130.models.variation.Term`).
    drawn
        A row for each sample, a column for each term [sigma].
    data
        By the name of the analysis, with arrays (samples, points): voltages of the pins and of the requested nodes, and
        currents into the pins.
    """

    top: str
    netlist: Path
    condition: Condition
    variation: Variation
    numbers: NDArray[np.intp]
    terms: tuple[Term, ...]
    drawn: Floats
    data: Mapping[str, Data]
    ngspice: str
    models: str
    seconds: float

    def __getitem__(self, analysis: str) -> Data:
        """The data of an analysis by its name."""
        return self.data[analysis]

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the terms."""
        return tuple(term.name for term in self.terms)

    @property
    def guard_band_sigma(self) -> Floats:
        """The standard deviations of the terms with their guard bands; the samples were drawn without."""
        return np.array([term.sigma * term.guard_band for term in self.terms])

    @classmethod
    def join(cls, parts: Sequence[Samples]) -> Samples:
        """The samples of several parts of one variation, in the order of their numbers.

        Raises
        ------
        EvidenceError
            There is no part, a sample is in two parts, or the parts differ in netlist, condition, variation, models or
            version of ngspice.
        """
        if not parts:
            raise EvidenceError("there are no samples to join")
        first = parts[0]
        for name in ("top", "netlist", "condition", "variation", "terms", "ngspice", "models"):
            values = {str(getattr(part, name)) for part in parts}
            if len(values) > 1:
                raise EvidenceError(f"samples of different {name} cannot be joined: {'; '.join(sorted(values)[:3])}")
        numbers = np.concatenate([part.numbers for part in parts])
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        twice = numbers[1:][np.diff(numbers) == 0]
        if len(twice):
            raise EvidenceError(f"sample {twice[0]} is in more than one part")
        data = {name: _joined([part.data[name] for part in parts], order) for name in first.data}
        return replace(
            first,
            numbers=numbers,
            drawn=np.concatenate([part.drawn for part in parts])[order],
            data=data,
            seconds=sum(part.seconds for part in parts),
        )

    def save(self, path: Path) -> None:
        """Write a file that `load` reads, ``.npz`` or ``.h5`` (see `archive`).

        Raises
        ------
        FileError
            The name ends differently, h5py is missing, or the file cannot be written.
        """
        arrays: dict[str, Array] = {"numbers": self.numbers, "drawn": self.drawn}
        about: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("top", "ngspice", "models", "seconds")},
            "netlist": str(self.netlist),
            "condition": {**asdict(self.condition)},
            "variation": asdict(self.variation),
            "terms": [asdict(term) for term in self.terms],
            "analyses": {},
        }
        for name, data in self.data.items():
            about["analyses"][name] = {
                "x_unit": data.x_unit,
                "ways": dict(data.ways),
                "limited": list(data.limited),
                "seed": data.seed,
            }
            arrays[f"{name}/x"] = data.x
            arrays.update({f"{name}/volts/{node}": array for node, array in data.volts.items()})
            arrays.update({f"{name}/amps/{pin}": array for pin, array in data.amps.items()})
        archive.write(path, arrays, about)

    @classmethod
    def load(cls, path: Path) -> Samples:
        """Read what `save` wrote.

        Raises
        ------
        FileError
            The file is missing, or holds no samples.
        """
        arrays, about = archive.read(path)
        try:
            data = {
                name: Data(
                    x=arrays[f"{name}/x"],
                    x_unit=facts["x_unit"],
                    volts=archive.under(arrays, f"{name}/volts/"),
                    amps=archive.under(arrays, f"{name}/amps/"),
                    ways=facts["ways"],
                    limited=tuple(facts["limited"]),
                    seed=facts["seed"],
                )
                for name, facts in about["analyses"].items()
            }
            return cls(
                top=about["top"],
                netlist=Path(about["netlist"]),
                condition=Condition(**about["condition"]),
                variation=Variation(**about["variation"]),
                numbers=arrays["numbers"],
                terms=tuple(Term(**term) for term in about["terms"]),
                drawn=arrays["drawn"],
                data=data,
                ngspice=about["ngspice"],
                models=about["models"],
                seconds=about["seconds"],
            )
        except (KeyError, TypeError) as error:
            raise FileError(f"{path} does not hold samples: {error} is missing or unknown") from error


def _joined(parts: Sequence[Data], order: NDArray[np.intp]) -> Data:
    first = parts[0]
    if any(not np.array_equal(part.x, first.x) or part.volts.keys() != first.volts.keys() for part in parts):
        raise EvidenceError("samples of different points or nodes cannot be joined")
    ways: Counter[str] = Counter()
    for part in parts:
        ways.update(part.ways)
    return replace(
        first,
        volts={name: np.concatenate([part.volts[name] for part in parts])[order] for name in first.volts},
        amps={name: np.concatenate([part.amps[name] for part in parts])[order] for name in first.amps},
        ways=dict(ways),
        limited=tuple(dict.fromkeys(name for part in parts for name in part.limited)),
    )
