"""Runs ngspice on a deck and decides what its result proves: the only place where the simulation meets the program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from mirrorneuron.flows import tools
from mirrorneuron.flows.simulate import rawfile
from mirrorneuron.flows.simulate.course import Course
from mirrorneuron.flows.simulate.deck import Setup
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.simulate.sources import Pwl, Voltage, own_value
from mirrorneuron.pdk_sky130.errors import EvidenceError, ToolFailedError, ToolTimeoutError
from mirrorneuron.pdk_sky130.spice.netlist import GROUND
from numpy.typing import NDArray

__all__ = ["DC", "LOG", "TRAN", "Process", "UnsolvedError", "spiceinit"]

Array: TypeAlias = NDArray[Any]

# Currents of nanoamperes: the default abstol of 1 pA and gmin of 1e-12 S would show in them.
_ACCURACY: Final = ".option gmin=1e-15 abstol=1e-16 vntol=1e-8 chgtol=1e-17"
DC: Final = ".option reltol=1e-5"
TRAN: Final = ".option reltol=1e-4"
"""Options of operating points, and of transients."""
LOG: Final = "ngspice.log"
_SPICEINIT: Final = """\
* nf>1 takes the wrong model bin without hsa or spe
set ngbehavior={}
set ng_nomodcheck
set num_threads=1
set filetype=binary
"""
# A device in a subcircuit with a number of copies of its own.
_COPIES: Final = re.compile(r"^(?![.*]).*\sm\s*=", re.I)

_REFUSED: Final = re.compile(
    r"^.*\b(?:error|fatal|unknown|unrecognized|no such|not found|can't find)\b.*$", re.I | re.M
)
# "out of range for": a resistor's law far from the solution; the next help of ngspice may still find the point.
_UNSOLVED: Final = re.compile(
    r"^.*(?:abort|singular|convergence|timestep too small|iteration limit|solution failed|point failed|can't occur"
    r"|not available or has zero length|out of range for).*$",
    re.I | re.M,
)
# The bipolar models of the library hold parameters that ngspice does not know.
_IGNORED: Final = re.compile(r"unrecognized parameter \((\w+)\) - ignored", re.I)
_BRANCH: Final = re.compile(r"^i\((.*)\)$")
_BREAK: Final = re.compile(r".{400,}?[, ](?=.{400})", re.DOTALL)
_HELP: Final = {
    "Dynamic gmin stepping completed": "gmin stepping",
    "True gmin stepping completed": "gmin stepping",
    "Source stepping completed": "source stepping",
}


class UnsolvedError(Exception):
    """This way led to no solution; the next one may."""


class Process:
    """Runs decks of a setup in a folder.

    Attributes
    ----------
    where
        What messages call it.
    vectors
        The vectors that are kept of a result, as ngspice names them: nodes by name, and the currents of voltage sources
        as ``i(pin)``.
    voltages
        The nodes among them.
    ways
        How often each way, and each help that ngspice gave itself, led to a solution.
    complaints
        Why ways led to none.
    """

    def __init__(self, setup: Setup, where: str, folder: Path, timeout_s: float) -> None:
        """Nothing is run yet."""
        self.setup = setup
        self.sources = setup.sources
        self.folder = folder
        self.where = where
        self.ways: Counter[str] = Counter()
        self.complaints: list[str] = []
        self._timeout_s = timeout_s
        self.vectors = {node: f"v({name})" for node, name in setup.nodes.items() if node != GROUND}
        self.voltages = tuple(self.vectors)
        self.vectors.update({f"i({s.pin})": f"i(v{k})" for k, s in enumerate(self.sources) if isinstance(s, Voltage)})

    def own_values(self) -> dict[str, float]:
        """The constant values of all sources by pin."""
        return {source.pin: own_value(source) for source in self.sources}

    def still(self, values: Mapping[str, float], waves: Mapping[str, Pwl] | None = None, ac: str = "") -> list[str]:
        """Lines of sources at constant `values`, or with waveforms; the source on the pin `ac` has amplitude 1."""
        lines: list[str] = []
        for k, source in enumerate(self.sources):
            line = f"{self._ends(k)} dc {decimal(values[source.pin])}"
            if source.pin == ac:
                line += " ac 1"
            wave = (waves or {}).get(source.pin)
            if wave is not None:
                line += f" pwl({' '.join(f'{decimal(time)} {decimal(value)}' for time, value in wave.points)})"
            lines.append(line)
        return lines

    def moving(self, course: Course) -> list[str]:
        """Lines of sources that follow ``sel`` through a course, and the line of ``sel``."""
        lines = ["vsel sel 0 1", DC]
        moving = course.moving()
        for k, source in enumerate(self.sources):
            node = self.setup.nodes[source.pin]
            expression = moving.get(source.pin)
            if expression is None:
                lines.append(f"{self._ends(k)} dc {decimal(course.values[source.pin][0])}")
            elif isinstance(source, Voltage):
                lines += [f"b{k} drive{k} 0 v={expression}", f"v{k} {node} drive{k} dc 0"]
            else:
                lines.append(f"b{k} 0 {node} i={expression}")
        return lines

    def nodesets(self, guess: Mapping[str, float]) -> list[str]:
        """Lines that start the search for an operating point at guessed voltages of nodes [V]."""
        return [f".nodeset {self.vectors[node]}={decimal(volt)}" for node, volt in guess.items()]

    def label(self, pin: str) -> str:
        """The name in the deck of the source on a pin."""
        return self._ends(next(k for k, source in enumerate(self.sources) if source.pin == pin)).split()[0]

    def _ends(self, k: int) -> str:
        """Name and nodes of a source in the deck."""
        source = self.sources[k]
        node = self.setup.nodes[source.pin]
        return f"v{k} {node} 0" if isinstance(source, Voltage) else f"i{k} 0 {node}"

    def execute(
        self, way: str, lines: Sequence[str], commands: Sequence[str], marks: Sequence[str] = ("v(sel)",)
    ) -> list[rawfile.RawPlot]:
        """Run a deck and read the results, of which an aborted analysis leaves only a part.

        `vectors` are saved, and `marks`, which tell the results apart.

        Raises
        ------
        UnsolvedError
            ngspice wrote no result.
        ToolError
            ngspice is missing, refused the deck, or exceeded its time.
        """
        deck = self._deck(way, lines, commands, marks)
        (self.folder / ".spiceinit").write_text(spiceinit(deck))
        (self.folder / f"{way}.cir").write_text("\n".join(_folded(line) for line in deck) + "\n")
        raw = self.folder / "out.raw"
        raw.unlink(missing_ok=True)
        self._judge(way, self._run(way))
        if not raw.exists():
            raise UnsolvedError("ngspice left no result")
        try:
            return rawfile.read(raw)
        except EvidenceError as error:
            raise EvidenceError(f"{self.where}: {error} (in {self.folder})") from error

    def _deck(self, way: str, lines: Sequence[str], commands: Sequence[str], marks: Sequence[str]) -> list[str]:
        title = f"* {self.where}, {way}".replace("\n", " ")
        saved = [*self.vectors.values(), *marks]
        return [
            title,
            f".temp {decimal(self.setup.condition.temperature_c)}",
            _ACCURACY,
            *self.setup.body,
            *lines,
            ".control",
            "optran 1 1 1 0 0 0",
            *("save " + _BRANCH.sub(r"\1#branch", vector) for vector in saved),
            *commands,
            "quit",
            ".endc",
            ".end",
        ]

    def _run(self, way: str) -> tools.Completed:
        try:
            return tools.run(
                "ngspice",
                ["-b", f"{way}.cir"],
                cwd=self.folder,
                log=self.folder / LOG,
                timeout_s=self._timeout_s,
                env={"HOME": str(self.folder)},
                ok_codes=None,
            )
        except (ToolFailedError, ToolTimeoutError) as error:
            raise type(error)(f"{self.where}: {error}") from error

    def _judge(self, way: str, done: tools.Completed) -> None:
        """Count the help that ngspice gave itself, note its complaints, and raise if it refused the deck."""
        output = f"{done.stderr}\n{done.stdout}"
        for note, help_ in _HELP.items():
            if note in output:
                self.ways[help_] += output.count(note)
        unsolved = _UNSOLVED.search(output)
        refused = next((line for line in _REFUSED.findall(output) if not self._harmless(line)), None)
        if refused or (done.returncode and not unsolved):
            words = (refused or f"it ended with status {done.returncode}").strip()
            log = self.folder / LOG
            raise ToolFailedError(f"{self.where}: ngspice refused the deck: {words} (log: {log}.err, {log})")
        if unsolved:
            self.complain(way, f"ngspice: {unsolved.group(0).strip()}")

    def _harmless(self, line: str) -> bool:
        """Whether a line that reads like an error only reports a missing solution, or a parameter of the library."""
        ignored = _IGNORED.search(line)
        if ignored is None:
            return _UNSOLVED.search(line) is not None
        own = self.setup.bench.circuit.models.values()
        return not any(re.search(rf"\b{ignored.group(1)}\s*=", text) for text in own)

    def vector(self, plot: rawfile.RawPlot, vector: str) -> Array:
        """A vector of a result by the name of ngspice; raises `EvidenceError` if it is missing."""
        try:
            return plot.vectors[vector]
        except KeyError:
            raise EvidenceError(f"{self.where}: ngspice's result lacks {vector} (in {self.folder})") from None

    def named(self, plot: rawfile.RawPlot, name: str) -> Array:
        """One of `vectors` by our name."""
        return self.vector(plot, self.vectors[name])

    def complain(self, way: str, complaint: object) -> None:
        """Note why a way led to no solution."""
        self.complaints.append(f"{way}: {complaint}")


def spiceinit(deck: Iterable[str]) -> str:
    """The ``.spiceinit`` for the lines of a deck.

    Both behaviours choose a model's bin by W / nf and take the scale of the sizes from the options. Under hsa ngspice
    from 42 on begins every point of a dc sweep anew (``newcompat.hs`` in its dctrcurv.c): forty times as slow. Under
    spe it takes the copies of a call for those of a device inside, and forgets the device's own (its inpcom.c). So only
    a deck with such a device asks for hsa: the parasitic diodes of the 16 V transistors.
    """
    inside = own_copies = False
    for line in "\n".join(deck).replace("\n+", " ").splitlines():
        word = line.split(maxsplit=1)[0].lower() if line.strip() else ""
        inside = (inside or word == ".subckt") and word != ".ends"
        own_copies = own_copies or (inside and _COPIES.match(line) is not None)
    return _SPICEINIT.format("hsa" if own_copies else "spe")


def _folded(line: str) -> str:
    """A line broken into continuation lines, as the reader of ngspice limits their length."""
    if len(line) < 2000:
        return line
    return _BREAK.sub(lambda match: f"{match.group(0)}\n+ ", line)
