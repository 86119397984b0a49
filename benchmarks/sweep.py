"""How sweeps scale with workers: the overhead of a task, on this machine and through Dask.

::

    benchmarks/sweep.py                 tables
    benchmarks/sweep.py --json          the same for machines

All measurements use real processes: empty tasks, simulations of a mirror in a process each, and blocks of its mismatch
samples. ``docs/sweeps.md`` draws the conclusions for a cluster of hundreds of workers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mirrorneuron.flows.compute.dask import DaskExecutor
from mirrorneuron.flows.compute.executor import Executor, LocalExecutor, Task
from mirrorneuron.flows.compute.sweep import blocks
from mirrorneuron.flows.simulate import Condition, run
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Points, Voltage
from mirrorneuron.flows.variation.sampling import Samples, Variation, sample
from mirrorneuron.pdk_sky130.errors import MirrorneuronError, ToolFailedError

HERE = str(Path(__file__).parent)
MIRROR = """\
.subckt top in out vss
xref in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
xunit out in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2
.ends
"""


def nothing(k: int) -> int:
    """An empty task."""
    return k


def simulated(bench: Bench, k: int) -> float:
    """Output current [A] of a mirror, in a process of ngspice of its own."""
    return float(run(bench, Condition(volts={"out": 0.9 + 1e-5 * k}))["op"].i("out")[0])


def sampled(bench: Bench, variation: Variation, which: range) -> Samples:
    """A block of mismatch samples of a mirror."""
    return sample(bench, Condition(), variation, which=which)


def asleep(seconds: float) -> None:
    """Wait without using the processor, as for a task on another machine."""
    time.sleep(seconds)


def large(size: int, k: int) -> bytes:
    """Return `size` bytes."""
    return bytes([k % 256]) * size


def _numbered(count: int) -> list[Task]:
    return [Task(str(k), (k,)) for k in range(count)]


class _Times(NamedTuple):
    each_s: float
    first_s: float
    processor_s: float


def _kinds(folder: Path, runs: int, block: int) -> dict[str, tuple[Callable[..., Any], list[Task]]]:
    """Kinds of tasks: the function, and the tasks of one repeat."""
    netlist = folder / "mirror.spice"
    netlist.write_text(MIRROR)
    sources = [Voltage("out", 0.9), Voltage("vss", 0.0), Voltage("vdd", 1.8), CurrentInput("in", 1e-6)]
    bench = Bench(netlist, "top", sources, {"op": Points()})
    count = block * max(runs // 10, 8)
    every = [Task(str(samples), (samples,)) for samples in blocks(count, block)]
    return {
        "nothing": (nothing, _numbered(20 * runs)),
        "simulation": (partial(simulated, bench), _numbered(runs)),
        "block": (partial(sampled, bench, Variation(count, 1)), every),
    }


def _processor_s(others: Collection[int]) -> float:
    """Processor time [s] of this process and its children, past and present, without the children `others`."""
    import psutil  # comes with distributed

    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(usage.ru_utime + usage.ru_stime for usage in own)
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(child.cpu_times()[:4]) if child.pid not in others else 0.0
    return total


def _run(executor: Executor, others: Collection[int], function: Callable[..., Any], tasks: Sequence[Task]) -> _Times:
    """Times of a task in the second half, when all workers have started; and the time until the first task ended."""
    started = time.monotonic()
    first = half = processor = 0.0
    for done, finished in enumerate(executor.stream(function, tasks), 1):
        if finished.failure is not None:
            raise finished.failure.error()
        if done == 1:
            first = time.monotonic() - started
        if done == len(tasks) // 2:
            half, processor = time.monotonic(), _processor_s(others)
    ended, left = time.monotonic(), len(tasks) - len(tasks) // 2
    return _Times((ended - half) / left, first, (_processor_s(others) - processor) / left)


@contextlib.contextmanager
def _cluster(folder: Path, workers: int, threads: int = 1) -> Iterator[tuple[str, list[int], float]]:
    """A scheduler and workers, each a process: address, process numbers, seconds until all had connected."""
    from distributed import Client

    file = folder / f"scheduler{workers}x{threads}.json"
    started = time.monotonic()
    common = ["--no-dashboard", "--scheduler-file", str(file)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))}
    commands = [["scheduler", "--host", "127.0.0.1", "--port", "0"]]
    commands += [["worker", "--nthreads", str(threads), "--no-nanny", "--local-directory", str(folder)]] * workers
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for role, *options in commands:
            command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *options, *common]
            with (folder / f"{role}.log").open("ab") as log:
                processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=env))
            while not (file.exists() and file.read_text()):
                if time.monotonic() - started > 60:
                    raise ToolFailedError(f"the Dask scheduler did not start: {folder / role}.log")
                time.sleep(0.01)
        address = json.loads(file.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, [process.pid for process in processes], time.monotonic() - started
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()
        file.unlink(missing_ok=True)


def _costs(address: str, scheduler: int, function: Callable[..., Any], count: int) -> dict[str, float]:
    """The overhead of a task that is a chunk of its own: processor time at the scheduler and here, elapsed time [s]."""
    import psutil

    process = psutil.Process(scheduler)
    executor = DaskExecutor(address, chunk_s=0)
    before, own, started = process.cpu_times(), time.process_time(), time.monotonic()
    executor.run(function, _numbered(count))
    after = process.cpu_times()
    return {
        "scheduler_s": (after.user + after.system - before.user - before.system) / count,
        "caller_s": (time.process_time() - own) / count,
        "each_s": (time.monotonic() - started) / count,
    }


def _asleep(folder: Path, slots: int, rounds: int = 10) -> dict[str, float]:
    """Sleeping tasks of a second on `slots` threads: efficiency, and the load of scheduler and caller.

    The first two and the last two rounds do not count: workers still import, or have no more work.
    """
    import psutil

    with _cluster(folder, 2, slots // 2) as (address, pids, _):
        scheduler, seen = psutil.Process(pids[0]), []
        tasks = [Task(str(k), (1.0,)) for k in range(rounds * slots)]
        for done, finished in enumerate(DaskExecutor(address).stream(asleep, tasks), 1):
            if finished.failure is not None:
                raise finished.failure.error()
            if done in (2 * slots, (rounds - 2) * slots):
                seen.append((time.monotonic(), sum(scheduler.cpu_times()[:2]), time.process_time()))
    elapsed, at_scheduler, here = (after - before for before, after in zip(*seen, strict=True))
    return {
        "slots": slots,
        "efficiency": (rounds - 4) / elapsed,
        "scheduler": at_scheduler / elapsed,
        "caller": here / elapsed,
    }


def measure(workers: Sequence[int], slots: Sequence[int], runs: int, block: int, repeats: int) -> dict[str, Any]:
    """All numbers; times in seconds."""
    with tempfile.TemporaryDirectory(prefix="mirrorneuron-") as text, contextlib.ExitStack() as stack:
        folder = Path(text)
        kinds = _kinds(folder, runs, block)
        clusters = {n: stack.enter_context(_cluster(folder, n)) for n in workers}
        every = {pid for _, pids, _ in clusters.values() for pid in pids}
        places: list[tuple[str, int, Executor, set[int]]] = [("local", n, LocalExecutor(n), every) for n in workers]
        places += [("dask", n, DaskExecutor(address), every - {*pids}) for n, (address, pids, _) in clusters.items()]
        measured: dict[tuple[str, str, int], list[_Times]] = {}
        # Repeats are the outer loop, so that a busy moment of the machine does not fall on one number alone.
        for _ in range(repeats):
            for where, n, executor, others in places:
                for name, (function, tasks) in kinds.items():
                    measured.setdefault((name, where, n), []).append(_run(executor, others, function, tasks))
        address, pids, _ = clusters[workers[-1]]
        chunks = {
            f"{size} bytes": _costs(address, pids[0], partial(large, size), count)
            for size, count in ((1, 10 * runs), (10_000, 2 * runs), (1_000_000, runs))
        }
        return {
            "cores": os.cpu_count(),
            "load": os.getloadavg()[1],
            "block": block,
            "times": [_row(*key, times) for key, times in sorted(measured.items())],
            "cluster_start_s": {n: seconds for n, (_, _, seconds) in clusters.items()},
            "chunks": chunks,
            "asleep": [_asleep(folder, count) for count in slots],
        }


def _row(name: str, where: str, workers: int, times: Sequence[_Times]) -> dict[str, Any]:
    return {
        "task": name,
        "where": where,
        "workers": workers,
        "processor_s": min(run.processor_s for run in times),
        "each_s": min(run.each_s for run in times),
        "first_s": min(run.first_s for run in times),
    }


def _table(result: dict[str, Any]) -> str:
    alone = {row["task"]: row for row in result["times"] if (row["where"], row["workers"]) == ("local", 1)}
    lines = [
        f"{result['cores']} cores, load {result['load']:.1f}, blocks of {result['block']} samples, times in ms",
        f"{'task':12}{'where':8}{'workers':>8}{'processor':>12}{'elapsed':>12}{'of ideal':>10}{'first':>10}",
    ]
    for row in result["times"]:
        # More workers than cores cannot be quicker.
        ideal = alone[row["task"]]["each_s"] / min(row["workers"], result["cores"]) if row["task"] in alone else 0.0
        part = "-" if row["task"] == "nothing" or not ideal else f"{100 * ideal / row['each_s']:.0f} %"
        processor, each, first = (1e3 * row[key] for key in ("processor_s", "each_s", "first_s"))
        lines.append(
            f"{row['task']:12}{row['where']:8}{row['workers']:8}{processor:12.3f}{each:12.3f}{part:>10}{first:10.0f}"
        )
    starts = ", ".join(f"{1e3 * seconds:.0f} ({n})" for n, seconds in result["cluster_start_s"].items())
    lines.append(f"until all workers have come: {starts}")
    lines.append(f"{'a chunk of its own':20}{'scheduler':>12}{'caller':>12}{'elapsed':>12}")
    for name, cost in result["chunks"].items():
        lines.append(f"{name:20}" + "".join(f"{1e3 * seconds:12.3f}" for seconds in cost.values()))
    lines.append(f"{'tasks of 1 s, asleep':24}{'efficiency':>12}{'scheduler':>12}{'caller':>12}")
    for row in result["asleep"]:
        cells = "".join(f"{100 * row[key]:10.0f} %" for key in ("efficiency", "scheduler", "caller"))
        lines.append(f"{row['slots']:12} at a time  {cells}")
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="the numbers as JSON, in seconds")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="numbers of workers")
    parser.add_argument("--slots", type=int, nargs="*", default=[32, 128, 512], help="sleeping tasks at a time")
    parser.add_argument("--runs", type=int, default=100, help="simulations in a repeat")
    parser.add_argument("--block", type=int, default=500, help="samples in a block")
    parser.add_argument("--repeats", type=int, default=5, help="of which the quickest counts")
    options = parser.parse_args()
    least = min(*options.workers, options.block, options.repeats)
    if least < 1 or min(*options.slots, options.runs, 2) < 2:
        parser.error("all numbers must be at least 1, those of --runs and --slots at least 2")
    try:
        result = measure(options.workers, options.slots, options.runs, options.block, options.repeats)
    except MirrorneuronError as error:
        print(f"sweep: {error}", file=sys.stderr)
        return error.exit_status
    except ModuleNotFoundError as error:
        print(f"sweep: {error}. Install it: pip install 'mirrorneuron[dask]'", file=sys.stderr)
        return ToolFailedError.exit_status
    print(json.dumps(result, indent=2) if options.json else _table(result))
    return 0


if __name__ == "__main__":
    # The workers must find this module's functions under a name.
    sys.path.insert(0, HERE)
    import sweep as module

    sys.exit(module.main())
