"""Curves over time and frequency: transients, small signals, noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from mirrorneuron.flows.simulate.analyses import Ac, Noise, Tran
from mirrorneuron.flows.simulate.attempts import Attempts
from mirrorneuron.flows.simulate.ngspice import DC, UnsolvedError
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.simulate.result import Array, Data, Floats
from mirrorneuron.flows.simulate.solution import Solution, assembled

__all__ = ["SmallSignals", "Transient"]

# All that a noise analysis gives: ngspice calls it an error if a part is not saved.
_NOISES: Final = ("onoise_spectrum", "inoise_spectrum", "onoise_total", "inoise_total")


class Transient(Attempts):
    """Solves a transient."""

    def data(self, analysis: Tran) -> Data:
        """Try one way after the other; raises as `OperatingPoints.data`."""
        # Where the first way fails, the start is to blame more often than the method, which may then take minutes.
        for way, method in (("trap", "trap"), ("ramp", "gear"), ("gear", "gear")):
            try:
                solution = self._solution(analysis, way, method)
            except UnsolvedError as error:
                self.complain(way, error)
                continue
            self.ways[way] += 1
            return assembled(self.setup, solution, self.ways)
        raise self.failure("it")

    def _solution(self, analysis: Tran, way: str, method: str) -> Solution:
        values = self.own_values()
        if way == "ramp":
            starts = {pin: float(wave.at(0.0)) for pin, wave in analysis.waves.items()}
            self.ramp({**values, **starts})
        deck = [
            *self.still(values, analysis.waves),
            "vsel sel 0 0",
            *self.nodesets(self.guess),
            f".option reltol={decimal(analysis.reltol)} method={method}",
        ]
        step = decimal(analysis.longest_step_s)
        commands = [f"tran {step} {decimal(analysis.stop_s)} 0 {step}", "write out.raw"]
        plot = self.execute(way, deck, commands)[-1]
        time = np.real(self.vector(plot, "time"))
        if not len(time) or time[-1] < analysis.stop_s * (1 - 1e-9):
            raise UnsolvedError(f"it ended at {time[-1] if len(time) else 0:g} s of {analysis.stop_s:g} s")
        arrays = {name: np.real(self.named(plot, name)) for name in self.vectors}
        applied: dict[str, Floats] = {pin: np.full(len(time), value) for pin, value in values.items()}
        applied.update({pin: wave.at(time) for pin, wave in analysis.waves.items()})
        self.check(arrays, applied)
        return Solution(x=time, unit="s", arrays=arrays, applied=applied)


@dataclass(frozen=True)
class _Request:
    """How a small-signal analysis is put to ngspice: source with amplitude 1, further lines, commands, and vectors.

    ``kept`` are the vectors of the result by our names, ``marks`` those that are saved beside the circuit's.
    """

    source: str
    lines: Sequence[str]
    commands: Sequence[str]
    kept: Mapping[str, str]
    marks: Sequence[str]


class SmallSignals(Attempts):
    """Solves small signals or noise, and the operating point that they are about, which must be a true one."""

    def data(self, analysis: Ac | Noise) -> Data:
        """Try one way after the other; raises as `OperatingPoints.data`."""
        for way in ("ac", "ramp"):
            try:
                frequency, arrays = self._spectrum(analysis, way)
            except UnsolvedError as error:
                self.complain(way, error)
                continue
            self.ways[way] += 1
            if isinstance(analysis, Noise):
                return Data(frequency, "Hz", {}, arrays, dict(self.ways))
            ones = {s.pin: np.full(len(frequency), float(s.pin == analysis.source)) for s in self.sources}
            solution = Solution(x=frequency, unit="Hz", arrays=arrays, applied=ones)
            return assembled(self.setup, solution, self.ways)
        raise self.failure("it")

    def _spectrum(self, analysis: Ac | Noise, way: str) -> tuple[Floats, dict[str, Array]]:
        """Frequencies [Hz], and the vectors along them by our names."""
        values = self.own_values()
        if way == "ramp":
            self.ramp(values)
        request = self._request(analysis)
        sources = [*self.still(values, ac=request.source), *request.lines, "vsel sel 0 0"]
        deck = [*sources, *self.nodesets(self.guess), DC]
        commands = ["set appendwrite", "op", "write out.raw", *request.commands]
        plots = self.execute(way, deck, commands, ("v(sel)", *request.marks))
        if len(plots) != 2:
            raise UnsolvedError(f"ngspice wrote {len(plots)} of 2 results")
        point = {name: np.real(self.named(plots[0], name)) for name in self.vectors}
        self.check(point, {pin: np.full(1, value) for pin, value in values.items()})
        frequency = np.real(self.vector(plots[1], "frequency"))
        if frequency[-1] < analysis.stop_hz * 10 ** (-1.001 / analysis.per_decade):
            raise UnsolvedError(f"it ended at {frequency[-1]:g} Hz of {analysis.stop_hz:g} Hz")
        arrays = {name: self.vector(plots[1], vector) for name, vector in request.kept.items()}
        self.check({name: np.abs(array) for name, array in arrays.items()}, None)
        return frequency, arrays

    def _request(self, analysis: Ac | Noise) -> _Request:
        span = f"dec {analysis.per_decade} {decimal(analysis.start_hz)} {decimal(analysis.stop_hz)}"
        if isinstance(analysis, Ac):
            return _Request(analysis.source, (), [f"ac {span}", "write out.raw"], self.vectors, ())
        # ngspice measures the noise of a voltage: a source of 1 V/A makes one of the output current.
        source = self.label(analysis.source)
        return _Request(
            source=analysis.source,
            lines=[f"hnoise noise 0 {self.label(analysis.output)} 1"],
            commands=[f"noise v(noise) {source} {span}", "setplot noise1", "write out.raw"],
            kept={analysis.output: "onoise_spectrum"},
            marks=_NOISES,
        )
