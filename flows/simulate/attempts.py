"""What all ways to a solution share: the job, a guess of the operating point, the check of a solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate.analyses import Analysis
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.ngspice import TRAN, Process, UnsolvedError
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.simulate.result import Floats
from mirrorneuron.flows.simulate.sources import Pwl, Voltage
from mirrorneuron.pdk_sky130.errors import ToolFailedError

__all__ = ["Attempts", "SolverJob", "outside"]

_RAMP_S: Final = 50e-6
_SETTLED_S: Final = 200e-6


@dataclass(frozen=True)
class SolverJob:
    """What is to be solved, and where: analyses of a setup in a folder, each process of ngspice within `timeout_s` [s].

    ``guess`` holds approximate voltages of the nodes at the operating points [V].
    """

    setup: Setup
    analyses: Mapping[str, Analysis]
    folder: Path
    timeout_s: float
    guess: Mapping[str, float] | None = None


class Attempts(Process):
    """What all ways share: a guess of the operating point, the check of a solution, and the message of failure."""

    def __init__(self, job: SolverJob) -> None:
        """Nothing is run yet."""
        super().__init__(job.setup, f"{job.setup.name}, {', '.join(job.analyses)}", job.folder, job.timeout_s)
        self.guess: dict[str, float] = dict(job.guess or {})

    def ramp(self, values: Mapping[str, float]) -> None:
        """Replace the guess by the end of a transient in which all sources rise to `values`."""
        waves = {pin: Pwl(((0.0, 0.0), (_RAMP_S, value))) for pin, value in values.items()}
        deck = [*self.still(values, waves), "vsel sel 0 0", f"{TRAN} method=gear"]
        command = f"tran {decimal(_RAMP_S / 50)} {decimal(_SETTLED_S)} 0 {decimal(_RAMP_S / 25)} uic"
        plot = self.execute("ramp", deck, [command, "write out.raw"])[-1]
        guess = {node: float(np.real(self.named(plot, node)[-1])) for node in self.voltages}
        if not np.isfinite(list(guess.values())).all():
            raise UnsolvedError("the ramp ended in a value that is not finite")
        self.guess = guess

    def check(self, arrays: Mapping[str, Floats], applied: Mapping[str, Floats] | None) -> None:
        """Reject arrays that are not finite, or nodes outside the voltages of the sources (`applied`, by pin).

        Raises
        ------
        UnsolvedError
            The solution is rejected.
        """
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise UnsolvedError(f"{name} is not finite")
        if applied is None:
            return
        held = [applied[source.pin] for source in self.sources if isinstance(source, Voltage)]
        volts = np.concatenate([*held, np.zeros(1)])
        margin = self.setup.bench.rail_margin_v
        low, high = float(volts.min()) - margin, float(volts.max()) + margin
        for name in self.voltages:
            for extreme in (float(arrays[name].min()), float(arrays[name].max())):
                if not low <= extreme <= high:
                    raise UnsolvedError(outside(name, extreme, low, high))

    def failure(self, unsolved: str) -> ToolFailedError:
        """The error that no way solved `unsolved`, with the complaints of all ways."""
        complaints = "; ".join(dict.fromkeys(self.complaints)) or "ngspice gave no reason"
        return ToolFailedError(f"{self.where}: no solution for {unsolved} in any way. {complaints} (in {self.folder})")


def outside(node: str, volt: float, low: float, high: float) -> str:
    """The message that a node lies outside the applied voltages."""
    return f"a false solution: node {node} at {volt:.4g} V, outside of {low:.4g} to {high:.4g} V"
