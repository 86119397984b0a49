"""What is drawn for samples, and the arrays that they give; saved, loaded, joined from parts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias
from zipfile import BadZipFile

import numpy as np
from mirrorneuron.flows.simulate import Condition, Data
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.pdk_sky130.errors import EvidenceError, FileError, SpecError
from mirrorneuron.pdk_sky130.models.variation import Term
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["METHODS", "Samples", "Variation"]

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]

METHODS: Final = ("random", "lhs", "sobol")
"""Plain Monte Carlo, Latin hypercube, scrambled Sobol sequence."""

_ABOUT: Final = "about"


@dataclass(frozen=True)
class Variation:
    """What is drawn, how often, and by which method.

    Parameters
    ----------
    count
        Samples; a power of two for ``sobol``, whose points are even only then.
    seed
        0 or more; the same seed gives the same samples.
    mismatch, process
        Whether devices vary one by one, and all together (from corner tt only).
    method
        ``random``: the numbers of a term depend on the seed, the sample's number and the term's name, and on nothing
        else. ``lhs`` (Latin hypercube): on `count` as well. ``sobol``: also on which other terms there are.
    expand
        Draw for each of the copies of a device (``m``) and for each equal parallel device, where they are otherwise
        drawn for together.
    """

    count: int
    seed: int
    mismatch: bool = True
    process: bool = False
    method: str = "random"
    expand: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.method not in METHODS:
            raise SpecError(f"method {self.method!r} does not exist; choose one of {', '.join(METHODS)}")
        if self.count < 1:
            raise SpecError(f"count={self.count}: at least one sample is needed")
        if not 0 <= self.seed < 2**64:
            raise SpecError(f"seed={self.seed} must be from 0 to 2**64 - 1")
        if not (self.mismatch or self.process):
            raise SpecError("neither mismatch nor process varies: there is nothing to draw")
        if self.method == "sobol" and self.count & (self.count - 1):
            below = 1 << (self.count.bit_length() - 1)
            raise SpecError(f"count={self.count}: sobol needs a power of two, such as {below} or {2 * below}")

    def draw(self, names: Sequence[str], which: Sequence[int]) -> Floats:
        """Standard normal numbers: a row for each sample of `which`, a column for each name."""
        numbers = np.asarray(which, dtype=np.intp)
        if not len(names):
            return np.zeros((len(numbers), 0))
        if self.method == "sobol":
            from scipy.stats import qmc  # costs every worker a second

            engine = qmc.Sobol(len(names), seed=np.random.default_rng(self.seed))
            uniform = engine.random_base2(self.count.bit_length() - 1)[numbers]
        else:
            column = self._stratum if self.method == "lhs" else self._column
            uniform = np.column_stack([column(name, numbers) for name in names])
        # All are multiples of 2**-53 below 1, or finer: half a step more leaves out 0, whose quantile is infinite.
        return np.asarray(ndtri(np.clip(uniform + 2.0**-54, 2.0**-54, 1 - 2.0**-53)))

    def _column(self, name: str, numbers: NDArray[np.intp]) -> Floats:
        # Philox is a function of a counter, of which each step gives four numbers.
        first = int(numbers.min()) // 4
        generator = np.random.Generator(np.random.Philox(key=[self.seed, _key(name)], counter=first))
        return generator.random(int(numbers.max()) + 1 - 4 * first)[numbers - 4 * first]

    def _stratum(self, name: str, numbers: NDArray[np.intp]) -> Floats:
        generator = np.random.default_rng([self.seed, _key(name), self.count])
        strata = generator.permutation(self.count)
        return (strata + generator.random(self.count))[numbers] / self.count


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False)
class Samples:
    """What a bench gave in samples of a variation.

    Attributes
    ----------
    numbers
        The samples' numbers, rising.
    terms
        What varied (see `mirrorneuron.pdk_sky130.models.variation.Term`).
    drawn
        A row for each sample, a column for each term [sigma].
    data
        By the analysis' name, with arrays (samples, points): voltages of the pins and of the nodes that were asked for,
        and currents into the pins.
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
        """How many samples."""
        return len(self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """The terms' names."""
        return tuple(term.name for term in self.terms)

    @property
    def guard_band_sigma(self) -> Floats:
        """The terms' standard deviations with their guard bands, beside those that were drawn with."""
        return np.array([term.sigma * term.guard_band for term in self.terms])

    @classmethod
    def join(cls, parts: Sequence[Samples]) -> Samples:
        """The samples of several parts of one variation, in the order of their numbers.

        Raises
        ------
        EvidenceError
            There is no part, a sample is in two, or the parts are not of the same netlist, condition, variation, models
            or program.
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
        """Write a file that `load` reads: ``.npz`` (NumPy alone reads it), or ``.h5`` (HDF5, by h5py).

        Raises
        ------
        FileError
            Another ending, no h5py, or the file cannot be written.
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
        _store(path, arrays, about)

    @classmethod
    def load(cls, path: Path) -> Samples:
        """Read what `save` wrote.

        Raises
        ------
        FileError
            The file is missing, or is none of samples.
        """
        arrays, about = _fetch(path)
        try:
            data = {
                name: Data(
                    x=arrays[f"{name}/x"],
                    x_unit=facts["x_unit"],
                    volts=_under(arrays, f"{name}/volts/"),
                    amps=_under(arrays, f"{name}/amps/"),
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


def _under(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _store(path: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    text = json.dumps(about)

    def npz(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, **{**arrays, _ABOUT: np.array(text)})  # type: ignore[arg-type]

    def hdf5(part: Path) -> None:
        with _hdf5(path).File(part, "w") as file:
            file.attrs[_ABOUT] = text
            for name, array in arrays.items():
                file.create_dataset(name, data=array).attrs["unit"] = _unit(name, about)

    store(path, npz if path.suffix == ".npz" else hdf5)


def _fetch(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    arrays: dict[str, Array] = {}
    try:
        if path.suffix == ".npz":
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            text = str(arrays.pop(_ABOUT))
        else:
            with _hdf5(path).File(path, "r") as file:
                text = file.attrs[_ABOUT]
                file.visititems(lambda name, item: arrays.update({name: item[()]}) if hasattr(item, "shape") else None)
        about = json.loads(text)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise FileError(f"{path} cannot be read as samples: {error}") from error
    return arrays, about


def _hdf5(path: Path) -> Any:
    """The module h5py, for a file that ends with ``.h5``."""
    if path.suffix != ".h5":
        raise FileError(f"{path}: samples are kept in files that end with .npz or .h5")
    try:
        return import_module("h5py")
    except ImportError as error:
        raise FileError(f"{path}: HDF5 needs h5py (pip install h5py); .npz does not") from error


def _unit(name: str, about: Mapping[str, Any]) -> str:
    if name == "drawn":
        return "sigma"
    for part, unit in (("/volts/", "V"), ("/amps/", "A")):
        if part in name:
            return unit
    return str(about["analyses"][name.removesuffix("/x")]["x_unit"]) if name.endswith("/x") else ""
