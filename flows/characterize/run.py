"""Measuring how a cell spreads: over corners, temperatures and supplies, and from sample to sample.

::

    spec --> testbench's Spread --> corners: a task for each condition ---------.
                                `-> samples: a task for each block of them ------+--> executor --> statistics --> limits
                                    (sampling)           kept in a folder (sweep)

What is measured is the testbench's `Spread`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from mirrorneuron.flows import simulate
from mirrorneuron.flows.characterize import page
from mirrorneuron.flows.characterize.limits import SpreadLimit
from mirrorneuron.flows.characterize.result import Characterization, Floats, SampleSet
from mirrorneuron.flows.characterize.study import Study, spread_of
from mirrorneuron.flows.compute.executor import Executor, LocalExecutor, Task
from mirrorneuron.flows.compute.sweep import Sweep, blocks
from mirrorneuron.flows.results.check import Check
from mirrorneuron.flows.results.watch import Watcher, watched
from mirrorneuron.flows.simulate import Result
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.testbench import Quantity, Spread
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.flows.variation import sampling, statistics
from mirrorneuron.flows.variation.sampling import Samples, Variation
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["characterize"]

_BLOCK: Final = 50  # samples of a task; part of the task's key, so it stays
_LEAST: Final = 4  # samples, or samples of a replicate
_REPLICATES: Final = 8  # of samples that are not independent of each other

R = TypeVar("R")


@dataclass(frozen=True)
class _Sweeps:
    """Where and how tasks run; results are kept in `folder`, if there is one."""

    executor: Executor
    folder: Path | None
    watcher: Watcher | None

    def run(self, name: str, function: Callable[..., R], tasks: Sequence[Task]) -> list[R]:
        """The function's values for tasks, kept in a folder of their own."""
        kept = self.folder / "sweep" / name if self.folder is not None else None
        with watched(self.watcher, name) as task:
            return Sweep(function, tasks, kept).run(self.executor, progress=task.progress).values


def characterize(
    spec: CellSpec,
    netlist: Path,
    study: Study | None = None,
    *,
    executor: Executor | None = None,
    folder: Path | None = None,
    watcher: Watcher | None = None,
) -> Characterization:
    """Measure a cell's spread on one netlist.

    Parameters
    ----------
    study
        Conditions, variation and limits; by default tt and 27 C alone.
    executor
        Where tasks run; by default in this process.
    folder
        Where results are kept, so that an interrupted run continues; also ``samples.npz``,
        ``characterization.json`` and ``characterization.html``.

    Raises
    ------
    InputError
        The cell has no testbench with a spread, or spec, netlist, condition or variation cannot be used.
    ToolError
        ngspice or the workers broke, or there is no solution; what was computed stays in `folder`.
    """
    study = study or Study()
    spread = spread_of(spec)
    quantities = spread.quantities(spec)
    variations = _replicates(study.variation) if study.variation is not None else []
    sweeps = _Sweeps(executor or LocalExecutor(), folder, watcher)
    # The benches are made here, with the netlist in them: workers need no file of this machine.
    benches = [spread.bench(spec, netlist, condition) for condition in study.conditions]
    results = _at_conditions(study, benches, sweeps)
    corners = {
        str(condition): {key: float(value) for key, value in spread.numbers(spec, result.data).items()}
        for condition, result in zip(study.conditions, results, strict=True)
    }
    samples = _samples(study, benches[0], variations, sweeps)
    mismatch = _sample_set(samples, _drawn(spec, spread, samples), study.limits)
    result = Characterization(
        name=spec.name,
        netlist=netlist,
        quantities=quantities,
        study=study,
        corners=corners,
        mismatch=mismatch,
        checks=_checks(study, len(corners), mismatch, quantities),
        ways=_ways([*results, *samples]),
        versions=_versions(results[0]),
    )
    if folder is not None:
        _write(result, folder)
    return result


def _at_conditions(study: Study, benches: Sequence[Bench], sweeps: _Sweeps) -> list[Result]:
    """The results at each condition, without variation."""
    pairs = zip(benches, study.conditions, strict=True)
    tasks = [Task(str(condition), (bench, condition)) for bench, condition in pairs]
    return sweeps.run("corners", simulate.run, tasks)


def _samples(study: Study, bench: Bench, variations: Sequence[Variation], sweeps: _Sweeps) -> tuple[Samples, ...]:
    """The samples of each variation, at the first condition."""
    if not variations:
        return ()
    tasks = [
        Task(f"samples {variation.seed}: {block.start} to {block.stop - 1}", (variation,), {"which": block})
        for variation in variations
        for block in blocks(variation.count, _BLOCK)
    ]
    sample = partial(sampling.sample, bench, study.conditions[0])
    parts = sweeps.run("samples", sample, tasks)
    return tuple(Samples.join([part for part in parts if part.variation == variation]) for variation in variations)


def _drawn(spec: CellSpec, spread: Spread[Any], samples: Sequence[Samples]) -> dict[str, Floats]:
    """Each quantity's values, over all samples."""
    if not samples:
        return {}
    numbers = [spread.numbers(spec, part.data) for part in samples]
    return {key: np.concatenate([np.asarray(part[key]) for part in numbers]) for key in spread.quantities(spec)}


def _sample_set(samples: tuple[Samples, ...], drawn: Mapping[str, Floats], limits: Sequence[SpreadLimit]) -> SampleSet:
    """Samples with their statistics."""
    if not samples:
        return SampleSet()
    terms, replicates = np.concatenate([part.drawn for part in samples]), len(samples)
    return SampleSet(
        samples=samples,
        drawn=drawn,
        summaries={key: statistics.summarise(values, replicates=replicates) for key, values in drawn.items()},
        contributions={
            key: statistics.contributions(terms, samples[0].names, values).by_device() for key, values in drawn.items()
        },
        yields={
            limit.value: statistics.yield_of(drawn[limit.value], limit.limits, replicates=replicates)
            for limit in limits
        },
    )


def _checks(study: Study, conditions: int, mismatch: SampleSet, quantities: Mapping[str, Quantity]) -> list[Check]:
    checks = [Check("characterize", "conditions measured", True, conditions)]
    if study.variation is not None:
        count, wanted = sum(map(len, mismatch.samples)), study.variation.count
        checks.append(Check("characterize", "samples drawn", count == wanted, count, wanted))
    return checks + [_judged(limit, mismatch.yields[limit.value], quantities[limit.value]) for limit in study.limits]


def _judged(limit: SpreadLimit, result: statistics.Yield, quantity: Quantity) -> Check:
    between = " and ".join(
        f"{word} {value:g} {quantity.unit}".rstrip()
        for word, value in (("at least", limit.minimum), ("at most", limit.maximum))
        if value is not None
    )
    low, high = result.interval.low, result.interval.high
    return Check(
        "characterize",
        f"Yield of {quantity.text.lower()}",
        low >= limit.fraction,
        result.fraction,
        limit.fraction,
        "",
        f"{between}; {result.passed} of {result.count} samples; {low:.4f} to {high:.4f} ({result.interval.method})",
    )


def _replicates(variation: Variation) -> list[Variation]:
    """The variation, or replicates of it where samples depend on each other: an interval needs independent ones."""
    least = _LEAST * (1 if variation.method == "random" else _REPLICATES)
    if variation.count < least:
        raise SpecError(
            f"{variation.count} samples by {variation.method}: at least {least} are needed for a spread, and more for "
            "a narrow confidence interval"
        )
    if variation.method == "random":
        return [variation]
    if variation.count % _REPLICATES:
        raise SpecError(
            f"{variation.count} samples by {variation.method}: these are drawn in {_REPLICATES} replicates, whose "
            f"spread gives the confidence intervals; the number must be a multiple of {_REPLICATES}"
        )
    count = variation.count // _REPLICATES
    return [replace(variation, count=count, seed=variation.seed * _REPLICATES + k) for k in range(_REPLICATES)]


def _ways(results: Iterable[Result | Samples]) -> dict[str, int]:
    ways: Counter[str] = Counter()
    for result in results:
        for data in result.data.values():
            ways.update(data.ways)
    return dict(ways)


def _versions(result: Result) -> dict[str, str]:
    return {"mirrorneuron": package_version("mirrorneuron"), "ngspice": result.ngspice, "Models": result.models}


def _write(result: Characterization, folder: Path) -> None:
    for number, samples in enumerate(result.samples):
        name = f"samples{number}" if len(result.samples) > 1 else "samples"
        path = folder / f"{name}.npz"
        samples.save(path)
        result.files[name] = str(path)
    record, html = folder / "characterization.json", folder / "characterization.html"
    result.files["json"] = str(record)
    store(record, json.dumps(result.as_json(), indent=2) + "\n")
    result.files["report"] = str(html)
    store(html, page.render(result))
