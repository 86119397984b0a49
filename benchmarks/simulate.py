"""CPU time of an operating point, compared with the usual way of reading the whole model library for each.

::

    benchmarks/simulate.py                 a table
    benchmarks/simulate.py --json          the same for machines
    benchmarks/simulate.py --quick         the mirror only, few repeats

Two circuits: a cascode mirror of 20 transistors, and the extracted reference neuron. Times are CPU times (user and
system) of ngspice and, separately, of our Python; the least of the repeats counts, as other load only adds.
``process_ratio``: the continuous library in a process per operating point, over our deck in a process per operating
point. ``sample_ratio``: the same over a further sample in one process, altered sources or mismatch, whichever costs
more.

All ways must give the same voltages, or there is no result.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import Condition, Result, rawfile, run
from mirrorneuron.flows.simulate.bench import (
    CLAMP_A_PER_V2,
    Bench,
    CurrentInput,
    Points,
    Source,
    Voltage,
    random_points,
)
from mirrorneuron.flows.simulate.circuit import flat_elements
from mirrorneuron.flows.variation.sampling import Variation, sample
from mirrorneuron.generators import catalog
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import EvidenceError, MirrorneuronError
from mirrorneuron.pdk_sky130.models import library
from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parent.parent
SEED: Final = 1
AGREE_V: Final = 1e-5
OUTPUTS: Final = 9
# The options that `run` gives ngspice.
OPTIONS: Final = ".option gmin=1e-15 abstol=1e-16 vntol=1e-8 chgtol=1e-17 reltol=1e-5"


@dataclass(frozen=True)
class Effort:
    """Repeats of each measurement (of our deck: for each repeat of the library), and the number of further samples."""

    library: int = 5
    process: int = 4
    fresh: int = 3
    sampled: int = 4
    samples: int = 400


QUICK: Final = Effort(library=1, process=2, fresh=1, sampled=1, samples=40)


@dataclass(frozen=True)
class Cost:
    """CPU time [ms] of the programs that were called, and of Python."""

    ngspice: float
    python: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.ngspice + self.python


def cost(action: Callable[[], object]) -> Cost:
    """CPU time of an action."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    action()
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(1e3 * children, 1e3 * (ended - started))


def least(costs: Iterable[Cost]) -> Cost:
    """The least of each kind."""
    ngspice, python = zip(*((cost.ngspice, cost.python) for cost in costs), strict=True)
    return Cost(min(ngspice), min(python))


def mirror(folder: Path) -> Bench:
    """A cascode mirror of 20 transistors: a reference and nine outputs of one, two and three fingers."""
    outputs = [f"out{k}" for k in range(OUTPUTS)]
    lines = [
        f".subckt mirror in {' '.join(outputs)} vss",
        "xcr in in g vss sky130_fd_pr__nfet_01v8 w=2 l=1",
        "xmr g g vss vss sky130_fd_pr__nfet_01v8 w=2 l=4",
    ]
    for k, output in enumerate(outputs):
        fingers = 1 + k % 3
        size = f"w={2 * fingers} nf={fingers}"
        lines += [
            f"xc{k} {output} in s{k} vss sky130_fd_pr__nfet_01v8 {size} l=1",
            f"xm{k} s{k} g vss vss sky130_fd_pr__nfet_01v8 {size} l=4",
        ]
    netlist = folder / "mirror.spice"
    netlist.write_text("\n".join([*lines, ".ends"]) + "\n")
    sources: list[Source] = [Voltage("vdd", 1.8), Voltage("vss", 0.0), *(Voltage(pin, 1.2) for pin in outputs)]
    return Bench(netlist, "mirror", [*sources, CurrentInput("in", 1e-6)], {"op": Points()})


def neuron() -> Bench:
    """The released neuron, extracted from its layout."""
    spec: Any = catalog.load(str(ROOT / "examples" / "neuron4.yaml"))
    held = {"vdd": spec.supply, "vss": 0.0, "vref": spec.vref, "iout": spec.vref}
    sources: list[Source] = [Voltage(pin, volt) for pin, volt in held.items()]
    sources += [CurrentInput(f"iin{k}", spec.full_scale_current / 2) for k in range(len(spec.weights))]
    netlist = ROOT / "gds_out" / "neuron4" / "neuron4.pex.spice"
    return Bench(netlist, spec.name, [*sources, CurrentInput("ibias", 1e-6)], {"op": Points()})


def by_library(bench: Bench, models: Path, folder: Path) -> dict[str, float]:
    """The operating point in a process of ngspice that reads a whole library; voltages by pin."""
    lines = [f"* {bench.top}", OPTIONS, f".lib {models} tt", f".include {bench.netlist}"]
    lines.append(f"xtop {' '.join(bench.pins)} {bench.top}")
    for source in bench.sources:
        pin = source.pin
        if isinstance(source, Voltage):
            lines.append(f"v{pin} {pin} 0 {source.volt!r}")
            continue
        above, below = f"uramp(v({pin})-v({source.high}))", f"uramp(v({source.low})-v({pin}))"
        lines.append(f"i{pin} 0 {pin} {source.ampere!r}")
        lines.append(f"b{pin} {pin} 0 i={CLAMP_A_PER_V2!r}*({above}*{above}-{below}*{below})")
    lines += [".control", "optran 1 1 1 0 0 0", "op", "write out.raw", "quit", ".endc", ".end"]
    folder.mkdir(exist_ok=True)
    (folder / ".spiceinit").write_text("set ngbehavior=spe\nset ng_nomodcheck\nset num_threads=1\n")
    (folder / "deck.cir").write_text("\n".join(lines) + "\n")
    raw = folder / "out.raw"
    raw.unlink(missing_ok=True)
    tools.run("ngspice", ["-b", "deck.cir"], cwd=folder, log=folder / "log", timeout_s=600, env={"HOME": str(folder)})
    vectors = rawfile.read(raw)[-1].vectors
    return {source.pin: float(np.real(vectors[f"v({source.pin})"][0])) for source in bench.sources}


def _agree(volts: dict[str, float], ours: Result, way: str) -> float:
    """The largest difference of voltages by pin from our result [V]."""
    worst = max(abs(volt - float(ours["op"].v(pin)[0])) for pin, volt in volts.items())
    if not worst <= AGREE_V:
        raise EvidenceError(f"{way}: {ours.top} differs by {worst:.3g} V; at most {AGREE_V:g} V is the same result")
    return worst


def devices(bench: Bench) -> int:
    """How many devices of the PDK the circuit holds."""
    models = library(install.locate().continuous, "tt")
    flat = flat_elements(bench.circuit, bench.top, models.is_device, models.is_model)
    return sum(element.letter == "x" for element in flat)


def first_run(bench: Bench) -> Cost:
    """The cost in a new process of Python, which must read and index the models first."""
    tools.version("ngspice")
    return cost(lambda: run(bench))


def measure(bench: Bench, vary: tuple[str, ...], highest: float, effort: Effort, folder: Path) -> dict[str, Any]:
    """All ways for one circuit; times in ms. Further samples alter the inputs `vary` up to `highest` [A]."""
    pdk = install.locate()
    tools.version("ngspice")
    ours = run(bench, pdk=pdk)
    continuous = pdk.continuous / "sky130.lib.spice"
    binned = pdk.continuous.parent / "sky130.lib.spice"
    volts: dict[str, dict[str, float]] = {}

    def whole_library() -> None:
        volts["continuous"] = by_library(bench, continuous, folder / "continuous")

    def binned_library() -> None:
        volts["binned"] = by_library(bench, binned, folder / "binned")

    # In turns, so that all see the machine under the same load.
    wholes: list[Cost] = []
    owns: list[Cost] = []
    for _ in range(effort.library):
        wholes.append(cost(whole_library))
        owns += [cost(lambda: run(bench, pdk=pdk)) for _ in range(effort.process)]
    whole, own = least(wholes), least(owns)
    worst = _agree(volts["continuous"], ours, "continuous library")
    peers = cost(binned_library).ngspice if binned.is_file() and effort.library > 1 else None
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        first = least(pool.submit(first_run, bench).result() for _ in range(effort.fresh))
    ranges = dict.fromkeys(vary, (0.1 * highest, highest))

    def altered(count: int) -> None:
        run(replace(bench, analyses={"op": random_points(ranges, count, SEED)}), pdk=pdk)

    def mismatched(count: int) -> None:
        sample(bench, Condition(), Variation(count, SEED))

    source, mismatch = (further(action, effort) for action in (altered, mismatched))
    dearer = max(source.ngspice, mismatch.ngspice)
    return {
        "devices": devices(bench),
        "library_ms": whole.ngspice,
        "binned_library_ms": peers,
        "process_ms": own.ngspice,
        "python_first_ms": first.python,
        "python_ms": own.python,
        "first_total_ms": first.total,
        "total_ms": own.total,
        "source_sample_ms": source.ngspice,
        "source_sample_total_ms": source.total,
        "mismatch_sample_ms": mismatch.ngspice,
        "mismatch_sample_total_ms": mismatch.total,
        "process_ratio": whole.ngspice / own.ngspice,
        "process_ratio_with_python": whole.ngspice / own.total,
        "binned_process_ratio": peers and peers / own.ngspice,
        "sample_ratio": whole.ngspice / dearer,
        "source_sample_ratio": whole.ngspice / source.ngspice,
        "mismatch_sample_ratio": whole.ngspice / mismatch.ngspice,
        "samples_per_second_per_core": 1e3 / mismatch.total,
        "source_samples_per_second_per_core": 1e3 / source.total,
        "largest_difference_v": worst,
    }


def further(action: Callable[[int], None], effort: Effort) -> Cost:
    """The cost of one more sample in a process that solves many."""
    few = max(2, effort.samples // 10)
    costs = [(cost(lambda: action(few)), cost(lambda: action(few + effort.samples))) for _ in range(effort.sampled)]
    base, full = (least(kind) for kind in zip(*costs, strict=True))
    return Cost(
        max(full.ngspice - base.ngspice, 1e-3) / effort.samples, max(full.python - base.python, 0.0) / effort.samples
    )


def table(results: dict[str, dict[str, Any]]) -> Table:
    """The results as a table."""
    shown = Table(title="Operating point, CPU time in ms")
    shown.add_column("")
    for name, values in results.items():
        shown.add_column(f"{name}, {values['devices']} devices", justify="right")
    rows = (
        ("continuous library, a process each", "library_ms", "{:.0f}"),
        ("binned library, a process each", "binned_library_ms", "{:.0f}"),
        ("our deck, a process each: ngspice", "process_ms", "{:.2f}"),
        ("  our Python beside it, models read already", "python_ms", "{:.2f}"),
        ("  both", "total_ms", "{:.2f}"),
        ("  both, the first in a new Python", "first_total_ms", "{:.1f}"),
        ("a further point, sources altered: ngspice", "source_sample_ms", "{:.3f}"),
        ("  with our Python", "source_sample_total_ms", "{:.3f}"),
        ("a further mismatch sample: ngspice", "mismatch_sample_ms", "{:.3f}"),
        ("  with our Python", "mismatch_sample_total_ms", "{:.3f}"),
        ("[bold]process_ratio[/bold]", "process_ratio", "{:.0f}"),
        ("  with our Python", "process_ratio_with_python", "{:.0f}"),
        ("  to the binned library", "binned_process_ratio", "{:.0f}"),
        ("[bold]sample_ratio[/bold], the dearer kind", "sample_ratio", "{:.0f}"),
        ("  sources altered", "source_sample_ratio", "{:.0f}"),
        ("mismatch samples a second, a core", "samples_per_second_per_core", "{:.0f}"),
        ("points a second, a core", "source_samples_per_second_per_core", "{:.0f}"),
        ("largest difference to the library, V", "largest_difference_v", "{:.1e}"),
    )
    for label, key, form in rows:
        cells = ["left out" if values[key] is None else form.format(values[key]) for values in results.values()]
        shown.add_row(label, *cells)
    return shown


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, and nothing else there")
    parser.add_argument("--quick", action="store_true", help="the mirror only, few repeats, no binned library")
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else Effort()
    results: dict[str, dict[str, Any]] = {}
    try:
        with tempfile.TemporaryDirectory(prefix="mirrorneuron-") as name:
            folder = Path(name)
            results["mirror"] = measure(mirror(folder), ("in",), 1e-6, effort, folder)
            if not options.quick:
                extracted = neuron()
                inputs = tuple(source.pin for source in extracted.sources if source.pin.startswith("iin"))
                results["neuron"] = measure(extracted, inputs, 1e-6, effort, folder)
        about = {"ngspice": tools.version("ngspice"), "pdk": install.locate().version}
    except MirrorneuronError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    if options.json:
        ratios = {
            key: results["mirror"][key] for key in ("process_ratio", "sample_ratio", "samples_per_second_per_core")
        }
        print(json.dumps({**ratios, **results, **about}, indent=2))
    else:
        Console().print(table(results), f"ngspice {about['ngspice']}, models {about['pdk']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
