"""Simulates many samples of a bench in one run of ngspice: mismatch and process variation.

::

    Bench, Condition, Variation
       |  the terms that vary, and their deviations in each sample from the seed
       v
    one deck --> ngspice: alter what varies, solve all operating points, write; again for each sample
       |
       |  a sample that is missing or incomplete: a deck of its own, in all ways to a solution (`simulate.solver`)
       v
    Samples: arrays (samples, points)

A result belongs to the sample whose number it carries through the circuit, on the node ``sam``. Transients and small
signals take a run of ngspice for each sample, with its deviations in the deck.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import Condition
from mirrorneuron.flows.simulate.bench import Bench
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.variation.deviations import Deviations
from mirrorneuron.flows.variation.sampler import Sampler
from mirrorneuron.flows.variation.samples import METHODS, Samples, Variation
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.models import library

__all__ = ["METHODS", "Samples", "Variation", "sample"]


def sample(
    bench: Bench,
    condition: Condition,
    variation: Variation,
    *,
    which: Sequence[int] | None = None,
    nodes: Sequence[str] = (),
    folder: Path | None = None,
    timeout_s: float = 300.0,
) -> Samples:
    """Run all analyses of a bench for samples of a variation, with the installed PDK.

    Parameters
    ----------
    which
        The samples' numbers, from 0 to below ``variation.count``; all by default. The results do not depend on how the
        samples are divided among calls.
    nodes
        Inner nodes to keep beside the pins, by their dotted names.
    folder, timeout_s
        As `mirrorneuron.flows.simulate.run` takes them; one process within `timeout_s` solves all samples.

    Raises
    ------
    InputError
        The bench, its netlist, the condition or the variation cannot be used, or nothing in the circuit varies.
    ToolError
        ngspice is missing, broke, or found no solution for a sample; the message names the netlist, the condition, the
        sample and ngspice's own words.
    """
    started = time.monotonic()
    numbers = np.unique(np.asarray(range(variation.count) if which is None else which, dtype=np.intp))
    if not len(numbers) or numbers[0] < 0 or numbers[-1] >= variation.count:
        raise SpecError(f"which: samples from 0 to {variation.count - 1} are needed, and at least one")
    version = tools.version("ngspice")
    models = library(install.locate().continuous, condition.corner)
    with _place(folder) as place:
        setup = Setup(bench, condition, models, expand=variation.expand)
        deviations = Deviations.draw(setup, variation, numbers)
        data = Sampler(setup, deviations, place, timeout_s).data(nodes)
    return Samples(
        top=bench.top,
        netlist=Path(bench.netlist),
        condition=condition,
        variation=variation,
        numbers=numbers,
        terms=deviations.terms,
        drawn=deviations.drawn,
        data=data,
        ngspice=version,
        models=f"continuous {models.digest}",
        seconds=time.monotonic() - started,
    )


@contextlib.contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    """The folder, or a temporary one, which stays if something fails, as the message names its log."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    temporary = Path(tempfile.mkdtemp(prefix="mirrorneuron-"))
    yield temporary
    shutil.rmtree(temporary, ignore_errors=True)
