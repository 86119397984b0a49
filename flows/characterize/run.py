"""How a cell spreads: over corners, temperatures and supplies, and from sample to sample where its devices vary.

::

    spec --> testbench's Spread --> corners: a task for each condition ---------.
                                `-> samples: a task for each block of them ------+--> executor --> statistics --> limits
                                    (sampling)           kept in a folder (sweep)

What is measured is the testbench's `Spread`. Limits are data, in the ``spread`` list of a targets file::

    spread:
      - value: ratio_worst      # a key of the spread's quantities
        max: 5                  # and, or, min
        yield: 0.99             # of the samples; proven if the lower end of its confidence interval is there

A yield is passed only if its confidence interval says so; too few samples prove nothing.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np
from mirrorneuron.flows import judge, simulate
from mirrorneuron.flows.compute.executor import Executor, LocalExecutor, Task
from mirrorneuron.flows.compute.sweep import Sweep, blocks
from mirrorneuron.flows.reports import console
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.simulate import Condition, Result
from mirrorneuron.flows.testbench import Quantity, Spread
from mirrorneuron.flows.testbenches import registry
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.flows.variation import sampling, statistics
from mirrorneuron.flows.variation.sampling import Samples, Variation
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import InputError, SpecError
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

if TYPE_CHECKING:
    from mirrorneuron.flows.signoff import Watcher

__all__ = ["Characterization", "SpreadLimit", "characterize", "conditions_of", "limits_of", "lines", "quantities_of"]

_TYPICAL: Final = Condition()
_BLOCK: Final = 50  # samples of a task; part of its key, so it stays
_SHOWN: Final = 8  # devices
_TOLD: Final = 4
_LEAST: Final = 4  # samples, or samples of a replicate
_REPLICATES: Final = 8  # of samples that are not independent of each other

Floats: TypeAlias = NDArray[np.float64]
R = TypeVar("R")


class SpreadLimit(BaseModel):
    """What a part of the samples must keep: `minimum`, `maximum` or both, in the quantity's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    value: str
    minimum: float | None = Field(None, alias="min", strict=True, allow_inf_nan=False)
    maximum: float | None = Field(None, alias="max", strict=True, allow_inf_nan=False)
    fraction: float = Field(alias="yield", gt=0, lt=1, strict=True)

    @model_validator(mode="after")
    def _some_limit(self) -> SpreadLimit:
        given = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        if not given or given != sorted(given):
            raise ValueError(f"{self.value} needs min, max, or both with min below max")
        return self

    @property
    def limits(self) -> statistics.Limits:
        """For one sample."""
        return statistics.Limits(self.minimum, self.maximum)


def limits_of(path: Path | None, quantities: Mapping[str, Quantity]) -> list[SpreadLimit]:
    """The ``spread`` list of a targets file; none without a file or a list.

    Raises
    ------
    FileError
        The file cannot be read.
    SpecError
        It is no YAML, or a limit is wrong.
    """
    if path is None:
        return []
    content = judge.read(path)
    entries = content.get("spread", []) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise SpecError(f"{path}: spread must be a list of limits, each with value, min or max, and yield")
    found: list[SpreadLimit] = []
    for number, entry in enumerate(entries, 1):
        where = f"{path}: spread {number}"
        if not isinstance(entry, dict):
            raise SpecError(f"{where} is {entry!r}; it must have value, min or max, and yield")
        try:
            limit = SpreadLimit(**{str(key): value for key, value in entry.items()})
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in error.errors())
            raise SpecError(f"{where}: {told}") from None
        if limit.value not in quantities:
            raise SpecError(f"{where}: there is no value {limit.value}; there are {', '.join(quantities)}")
        found.append(limit)
    return found


def conditions_of(
    corners: Sequence[str], temperatures_c: Sequence[float], supplies: Sequence[float] = (), pin: str = "vdd"
) -> list[Condition]:
    """Every corner at every temperature and, if any are given, every supply voltage on a pin [V]."""
    volts: list[dict[str, float]] = [{pin: volt} for volt in supplies] or [{}]
    return [
        Condition(corner, temperature, volt) for corner in corners for temperature in temperatures_c for volt in volts
    ]


@dataclass(frozen=True, kw_only=True)
class Characterization:
    """What was found on one netlist.

    Attributes
    ----------
    name
        The cell's.
    quantities
        What was measured.
    conditions
        Where, without variation.
    corners
        By condition, each quantity's number; without variation.
    samples
        What was drawn and found, at `condition`; several where a method needs replicates, none if nothing was to vary.
    drawn
        Each quantity's samples, shape (samples,).
    summaries, contributions
        By quantity: statistics, and which devices the spread comes from.
    checks
        What the limits say.
    ways
        How the operating points were reached, and how many by each: see `solver`.
    versions
        What it was measured with.
    """

    name: str
    netlist: Path
    quantities: Mapping[str, Quantity]
    conditions: Sequence[Condition]
    corners: Mapping[str, Mapping[str, float]]
    condition: Condition
    samples: tuple[Samples, ...]
    drawn: Mapping[str, Floats]
    summaries: Mapping[str, statistics.Summary]
    contributions: Mapping[str, statistics.Contributions]
    limits: Sequence[SpreadLimit]
    yields: Mapping[str, statistics.Yield]
    checks: Sequence[Check]
    ways: Mapping[str, int]
    versions: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every limit is kept; without limits, whether everything was measured."""
        return all(check.passed for check in self.checks)

    @property
    def guard_band(self) -> float:
        """How many times the samples' mismatch that of the binned models is, at most; 1 without samples."""
        return max((term.guard_band for one in self.samples for term in one.terms), default=1.0)

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        first = self.samples[0] if self.samples else None
        return {
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "netlist": str(self.netlist),
            "versions": dict(self.versions),
            "ways": dict(self.ways),
            "quantities": {key: {"what": one.text, "unit": one.unit} for key, one in self.quantities.items()},
            "corners": {at: dict(numbers) for at, numbers in self.corners.items()},
            "mismatch": None
            if first is None
            else {
                "condition": str(self.condition),
                "samples": sum(map(len, self.samples)),
                "replicates": len(self.samples),
                "seeds": [one.variation.seed for one in self.samples],
                "method": first.variation.method,
                "mismatch": first.variation.mismatch,
                "process": first.variation.process,
                "terms": len(first.terms),
                "guard_band": self.guard_band,
                "statistics": {key: one.as_json() for key, one in self.summaries.items()},
                "yields": {key: one.as_json() for key, one in self.yields.items()},
                "contributions": {
                    key: {
                        "devices": [
                            {"device": part.name, "share": part.share, "error": part.error}
                            for part in one.parts[:_SHOWN]
                        ],
                        "unexplained": one.unexplained.share,
                    }
                    for key, one in self.contributions.items()
                },
            },
            "files": dict(self.files),
        }


def characterize(
    spec: CellSpec,
    netlist: Path,
    *,
    conditions: Sequence[Condition] = (_TYPICAL,),
    variation: Variation | None = None,
    limits: Sequence[SpreadLimit] = (),
    executor: Executor | None = None,
    folder: Path | None = None,
    watcher: Watcher | None = None,
) -> Characterization:
    """Measure a cell's spread on one netlist.

    Parameters
    ----------
    conditions
        Where it is measured without variation; samples are drawn at the first one.
    limits
        For the samples.
    folder
        Where results are kept, so that an interrupted run goes on; also ``samples.npz``,
        ``characterization.json`` and ``characterization.html``.

    Raises
    ------
    InputError
        The cell has no testbench with a spread, or spec, netlist, condition or variation cannot be used.
    ToolError
        ngspice or the workers broke, or there is no solution; what was computed stays in `folder`.
    """
    spread = _spread_of(spec)
    quantities = spread.quantities(spec)
    if not conditions:
        raise SpecError("no condition is given: at least one corner and temperature are needed")
    if limits and variation is None:
        raise SpecError("there are limits for samples, but none are drawn; give --mismatch N")
    parts = _parts(variation) if variation is not None else []
    executor = executor or LocalExecutor()
    work = folder / "sweep" if folder is not None else None
    # The benches are made here, with the netlist in them: workers need no file of this machine.
    benches = [spread.bench(spec, netlist, one) for one in conditions]
    tasks = [Task(str(one), (bench, one)) for bench, one in zip(benches, conditions, strict=True)]
    corners = _swept("corners", simulate.run, tasks, work, executor, watcher)
    numbers = {
        str(one): {key: float(value) for key, value in spread.numbers(spec, found.data).items()}
        for one, found in zip(conditions, corners, strict=True)
    }
    checks = [Check("characterize", "conditions measured", True, len(numbers))]
    samples: tuple[Samples, ...] = ()
    drawn: dict[str, Floats] = {}
    if variation is not None:
        tasks = [
            Task(f"samples {part.seed}: {block.start} to {block.stop - 1}", (part,), {"which": block})
            for part in parts
            for block in blocks(part.count, _BLOCK)
        ]
        done = _swept("samples", partial(sampling.sample, benches[0], conditions[0]), tasks, work, executor, watcher)
        samples = tuple(Samples.join([block for block in done if block.variation == part]) for part in parts)
        each = [spread.numbers(spec, one.data) for one in samples]
        drawn = {key: np.concatenate([np.asarray(one[key]) for one in each]) for key in quantities}
        count = sum(map(len, samples))
        checks.append(Check("characterize", "samples drawn", count == variation.count, count, variation.count))
    replicates = max(1, len(samples))
    summaries = {key: statistics.summarise(values, replicates=replicates) for key, values in drawn.items()}
    contributions = {
        key: statistics.contributions(
            np.concatenate([one.drawn for one in samples]), samples[0].names, values
        ).by_device()
        for key, values in drawn.items()
    }
    yields = {
        limit.value: statistics.yield_of(drawn[limit.value], limit.limits, replicates=replicates) for limit in limits
    }
    checks += [_judged(limit, yields[limit.value], quantities[limit.value]) for limit in limits]
    found = Characterization(
        name=spec.name,
        netlist=netlist,
        quantities=quantities,
        conditions=conditions,
        corners=numbers,
        condition=conditions[0],
        samples=samples,
        drawn=drawn,
        summaries=summaries,
        contributions=contributions,
        limits=limits,
        yields=yields,
        checks=checks,
        ways=_ways([*corners, *samples]),
        versions={
            "mirrorneuron": package_version("mirrorneuron"),
            "ngspice": corners[0].ngspice,
            "Models": corners[0].models,
        },
    )
    if folder is not None:
        _write(found, folder)
    return found


def quantities_of(spec: CellSpec) -> Mapping[str, Quantity]:
    """What can be measured of a cell's spread, by key; raises as `characterize` does."""
    return _spread_of(spec).quantities(spec)


def lines(found: Characterization) -> list[str]:
    """What was found, for people: the corners' extremes, the samples' spread, and where it comes from."""
    told: list[str] = []
    width = max(len(one.text) for one in found.quantities.values())
    for key, quantity in found.quantities.items():
        values = {at: numbers[key] for at, numbers in found.corners.items()}
        low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        told.append(
            f"{quantity.text:{width}}  {_short(values[low])} ({low}) to {_short(values[high])} ({high}) {quantity.unit}"
        )
    if found.samples:
        count = sum(map(len, found.samples))
        guard = max(term.guard_band for one in found.samples for term in one.terms)
        told.append(f"{count} samples at {found.condition}; the binned models' mismatch is up to {guard:g} times this")
    for key, summary in found.summaries.items():
        quantity, interval = found.quantities[key], summary.sigma_interval_any
        told.append(
            f"{quantity.text:{width}}  mean {_short(summary.mean)}, sigma {_short(summary.sigma)} "
            f"({_short(interval.low)} to {_short(interval.high)}) {quantity.unit}"
        )
        parts = [part for part in found.contributions[key].parts[:_TOLD] if part.share > 2 * part.error]
        if parts:
            shares = ", ".join(f"{part.name} {part.share:.0%}" for part in parts)
            told.append(f"{'':{width}}  from {shares}")
    return [*told, *console.checks([check.as_json() for check in found.checks])]


def _short(value: float) -> str:
    return f"{value:.3g}"


def _ways(found: Iterable[Result | Samples]) -> dict[str, int]:
    ways: Counter[str] = Counter()
    for one in found:
        for data in one.data.values():
            ways.update(data.ways)
    return dict(ways)


def _judged(limit: SpreadLimit, found: statistics.Yield, quantity: Quantity) -> Check:
    between = " and ".join(
        f"{word} {value:g} {quantity.unit}".rstrip()
        for word, value in (("at least", limit.minimum), ("at most", limit.maximum))
        if value is not None
    )
    low, high = found.interval.low, found.interval.high
    return Check(
        "characterize",
        f"Yield of {quantity.text.lower()}",
        low >= limit.fraction,
        found.fraction,
        limit.fraction,
        "",
        f"{between}; {found.passed} of {found.count} samples; {low:.4f} to {high:.4f} ({found.interval.method})",
    )


def _swept(
    name: str,
    function: Callable[..., R],
    tasks: Sequence[Task],
    work: Path | None,
    executor: Executor,
    watcher: Watcher | None,
) -> list[R]:
    """What a function gives for tasks, kept in a folder of their own."""
    started = time.monotonic()
    if watcher is not None:
        watcher.started(name)

    def told(done: int, of: int, _: str) -> None:
        if watcher is not None:
            watcher.advanced(name, done, of)

    passed = False
    try:
        found = Sweep(function, tasks, work / name if work is not None else None).run(executor, progress=told).values
        passed = True
    finally:
        if watcher is not None:
            watcher.ended(name, passed, time.monotonic() - started)
    return found


def _parts(variation: Variation) -> list[Variation]:
    """The variation, or replicates of it where samples are not independent: only among those an interval is seen."""
    least = _LEAST * (1 if variation.method == "random" else _REPLICATES)
    if variation.count < least:
        raise SpecError(
            f"{variation.count} samples by {variation.method}: at least {least} are needed for a spread; more for one "
            "that tells anything"
        )
    if variation.method == "random":
        return [variation]
    if variation.count % _REPLICATES:
        raise SpecError(
            f"{variation.count} samples by {variation.method}: these are drawn in {_REPLICATES} replicates, whose "
            f"spread gives the confidence intervals; give a multiple of {_REPLICATES}"
        )
    count = variation.count // _REPLICATES
    return [replace(variation, count=count, seed=variation.seed * _REPLICATES + k) for k in range(_REPLICATES)]


def _spread_of(spec: CellSpec) -> Spread[Any]:
    bench = registry.needed(spec)
    if bench.spread is None:
        raise InputError(f"the testbench of {spec.cell} has no spread to characterize; simulate and signoff can do it")
    return bench.spread


def _write(found: Characterization, folder: Path) -> None:
    for number, one in enumerate(found.samples):
        name = f"samples{number}" if len(found.samples) > 1 else "samples"
        path = folder / f"{name}.npz"
        one.save(path)
        found.files[name] = str(path)
    path = folder / "characterization.json"
    found.files["json"] = str(path)
    store(path, json.dumps(found.as_json(), indent=2) + "\n")
    from mirrorneuron.flows.characterize import page as characterize_report  # matplotlib, as slow as all else to import

    path = folder / "characterization.html"
    found.files["report"] = str(path)
    store(path, characterize_report.render(found))
