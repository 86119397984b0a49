"""The text of the continuous models, read once: subcircuits, bare models, parameters, corners, process statistics."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from mirrorneuron.pdk_sky130.models.device import ModelBin, ModelDevice, draw_name, read_device, with_draws
from mirrorneuron.pdk_sky130.spice import assignments, logical_lines, number

__all__ = ["FileStamp", "ModelIndex", "ProcessStatistic", "read_index"]

FileStamp: TypeAlias = tuple[Path, int, int]
"""A file with its modification time [ns] and size [bytes]: another stamp is another file."""

_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_STATISTIC: Final = re.compile(
    r"^\*\s*vary\s+(\w+)\s+dist=(gauss|lnorm)\s+std=([-+.\de]+)\*process_mc_factor(\s+percent=yes)?", re.MULTILINE
)


@dataclass(frozen=True)
class ProcessStatistic:
    """How the foundry lets a parameter of the process vary about its nominal value.

    ``kind`` is ``gauss`` (``std`` in the parameter's own unit), ``percent`` (``std`` is a part of the nominal value) or
    ``lnorm`` (``std`` of the natural logarithm).
    """

    kind: str
    std: float

    def value(self, nominal: float, z: float) -> float:
        """The parameter `z` standard deviations from its nominal value."""
        if self.kind == "lnorm":
            return nominal * math.exp(self.std * z)
        return nominal * (1 + self.std * z) if self.kind == "percent" else nominal + self.std * z


class ModelIndex:
    """The library's text, the same for all corners, by subcircuit, bare model and file.

    Attributes
    ----------
    digest
        Twelve digits of the SHA-256 of the files.
    blocks
        Text of the subcircuits by name.
    cards
        Cards outside of subcircuits by name.
    parameters
        Expressions by file and name.
    sections
        Lines of a corner by its name.
    statistics
        The foundry's statistics by parameter of the process.
    """

    def __init__(self, files: Mapping[str, str], digest: str) -> None:
        """Read the texts of the files, all in lower case."""
        self.digest = digest
        self.blocks: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.parameters: dict[str, dict[str, str]] = {}
        self.sections: dict[str, list[str]] = {}
        self.statistics: dict[str, ProcessStatistic] = {}
        self._devices: dict[str, ModelDevice] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._process_values: dict[str, dict[str, str]] = {}
        for name, text in files.items():
            for parameter, kind, std, percent in _STATISTIC.findall(text):
                statistic = ProcessStatistic(*("percent", float(std) / 100) if percent else (kind, float(std)))
                self.statistics[parameter] = statistic
            outside, blocks = _split(text)
            self.blocks.update((block.split(maxsplit=2)[1], block) for block in blocks)
            self.parameters[name] = self._read_outside(outside)

    def _read_outside(self, text: str) -> dict[str, str]:
        """Keep the corners and cards that stand outside of subcircuits; the parameters there."""
        parameters: dict[str, str] = {}
        section: list[str] | None = None
        for line in logical_lines(text):
            if line.startswith(".lib "):
                section = self.sections.setdefault(line.split()[1], [])
            elif line.startswith(".endl"):
                section = None
            elif section is not None:
                section.append(line)
            elif line.startswith(".param"):
                parameters.update(assignments(line))
            elif line.startswith(".model"):
                self.cards[line.split()[1]] = line
        return parameters

    def corner_parameters(self, corner: str) -> dict[str, str]:
        """Expressions of a corner's parameters; `KeyError` if there is no such corner."""
        texts: dict[str, str] = {}
        for line in self.sections[corner]:
            if line.startswith(".param"):
                texts.update(assignments(line))
            else:
                texts.update(self.parameters.get(line.split()[1].strip("\"'"), {}))
        return texts

    def device(self, name: str) -> ModelDevice:
        """A subcircuit as a device; `KeyError` if there is none."""
        if name not in self._devices:
            self._devices[name] = read_device(self.blocks[name])
        return self._devices[name]

    def text(self, name: str) -> str:
        """A subcircuit whose distributions are parameters of its own, 0 by default."""
        (head, *body), terms = with_draws(list(logical_lines(self.blocks[name])))
        return "\n".join([" ".join([head, *(f"{draw_name(term)}=0" for term in terms)]), *body])

    def words(self, text: str) -> frozenset[str]:
        """The names in a text."""
        if text not in self._words:
            self._words[text] = frozenset(_WORD.findall(text))
        return self._words[text]

    def process_values(self, card: ModelBin, texts: Mapping[str, str]) -> dict[str, str]:
        """Expressions of the values on a card that depend on the process (see `statistics`); `texts` as `closure`."""
        if card.text not in self._process_values:
            self._process_values[card.text] = {
                name: text
                for name, text in assignments(card.text).items()
                if number(text) is None and self.closure(texts, {text}) & self.statistics.keys()
            }
        return self._process_values[card.text]

    def closure(self, texts: Mapping[str, str], roots: set[str]) -> set[str]:
        """All names that the texts called `roots` refer to, directly or through other names.

        Parameters
        ----------
        texts
            Expressions of parameters by name.
        """
        pending = [word for root in roots for word in self.words(root)]
        words: set[str] = set()
        while pending:
            word = pending.pop()
            if word not in words:
                words.add(word)
                referred = (self.blocks.get(word), self.cards.get(word), texts.get(word))
                pending += [name for text in referred if text for name in self.words(text)]
        return words


def _split(text: str) -> tuple[str, list[str]]:
    """The text outside of subcircuits, and the subcircuits; string splitting, as regular expressions cost 60 ms."""
    outside, *blocks = ("\n" + text).split("\n.subckt")
    subcircuits: list[str] = []
    for block in blocks:
        body, _, rest = block.partition("\n.ends")
        subcircuits.append(f".subckt{body}\n.ends")
        outside += "\n" + rest.partition("\n")[2]
    return outside, subcircuits


@lru_cache(maxsize=2)
def read_index(stamps: tuple[FileStamp, ...]) -> ModelIndex:
    """Read the files of the library; kept, so that asking again costs nothing.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    digest = hashlib.sha256()
    files: dict[str, str] = {}
    for path, _, size in stamps:
        data = path.read_bytes()
        digest.update(f"{path.name} {size}\n".encode() + data)
        files[path.name] = data.decode("utf-8", "replace").lower()
    return ModelIndex(files, digest.hexdigest()[:12])
