"""SPICE text: lines, ``name=value`` pairs, numbers and expressions, as far as netlists and the models use them.

SPICE does not distinguish case: everything is lower case from `logical_lines` on.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import FileError, NetlistError

__all__ = ["Scope", "assignments", "logical_lines", "netlist_lines", "number"]

_SUFFIXES: Final = {
    "t": 1e12,
    "g": 1e9,
    "meg": 1e6,
    "k": 1e3,
    "mil": 25.4e-6,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "a": 1e-18,
}
_NUMBER: Final = re.compile(r"(?P<digits>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<suffix>meg|mil|[tgkmunpfa])?[a-z]*")
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<number>{_NUMBER.pattern})|(?P<word>[a-z_][a-z0-9_.]*)|(?P<sign>\*\*|[-+*/^(),]))"
)
_NAME: Final = re.compile(r"([a-z_][a-z0-9_]*)\s*=(?!=)\s*")
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")

_FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "abs": abs,
    "min": min,
    "max": max,
    "floor": math.floor,
    "pow": math.pow,
    "tanh": math.tanh,
    # A distribution stands for its nominal value: the mismatch and process switches of the library are off.
    "agauss": lambda nominal, *_: nominal,
    "gauss": lambda nominal, *_: nominal,
}


def netlist_lines(path: Path) -> list[str]:
    """The lines of a netlist file up to its ``.end``, as `logical_lines` gives them.

    Raises
    ------
    FileError
        There is no such file, it cannot be read, it is no text, or it is empty.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text file; give a SPICE netlist") from error
    except OSError as error:
        raise FileError(f"the netlist {path} cannot be read: {error.strerror}") from error
    if not text.strip():
        raise FileError(f"the netlist {path} is empty")
    return list(itertools.takewhile(lambda line: line.split()[0] != ".end", logical_lines(text)))


def logical_lines(text: str) -> Iterator[str]:
    """Lines in lower case, without comments, continuations joined."""
    current = ""
    for raw in text.lower().splitlines():
        line = raw.partition(";")[0].strip()
        if not line or line[0] == "*":
            continue  # a comment between continuations does not end the line
        if line[0] == "+":
            current += f" {line[1:].strip()}" if len(line) > 1 else ""
            continue
        if current:
            yield current
        current = line
    if current:
        yield current


def assignments(text: str) -> dict[str, str]:
    """The ``name = value`` pairs of a line, values as text; what stands before the first pair is passed over."""
    names = list(_NAME.finditer(text))
    ends = [*(name.start() for name in names[1:]), len(text)] if names else []
    return {name.group(1): text[name.end() : end].strip() for name, end in zip(names, ends, strict=True)}


def number(text: str) -> float | None:
    """The value of a SPICE number (``2.5``, ``1e-6``, ``150f``), or None if `text` is none."""
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    match = _NUMBER.fullmatch(digits.lower())
    return sign * _value(match) if match else None


def _value(match: re.Match[str]) -> float:
    return float(match["digits"]) * _SUFFIXES.get(match["suffix"] or "", 1.0)


class Scope:
    """Parameters by name, as text, evaluated when asked for; a child's hide its parent's.

    Parameters
    ----------
    texts
        Expressions by name; they may refer to each other and to the parent's.
    parent
        Where names that are not in `texts` are looked up.
    values
        Numbers by name; they win over `texts`.
    """

    def __init__(
        self, texts: Mapping[str, str], parent: Scope | None = None, values: Mapping[str, float] | None = None
    ) -> None:
        """Nothing is evaluated yet."""
        self._texts = texts
        self._parent = parent
        self._values = dict(values or {})
        self._open: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Whether a name has a value here or in a parent."""
        return name in self._values or name in self._texts or (self._parent is not None and name in self._parent)

    def __getitem__(self, name: str) -> float:
        """The value of a parameter; `NetlistError` if it has none."""
        if name in self._values:
            return self._values[name]
        if name not in self._texts:
            if self._parent is None:
                raise NetlistError(f"parameter {name} has no value")
            return self._parent[name]
        if name in self._open:
            raise NetlistError(f"parameter {name} depends on itself: {self._texts[name]}")
        self._open.add(name)
        try:
            self._values[name] = self.value(self._texts[name])
        finally:
            self._open.discard(name)
        return self._values[name]

    def value(self, text: str) -> float:
        """The value of an expression.

        Raises
        ------
        NetlistError
            It is no expression that is understood here, a name in it has no value, or it is not finite.
        """
        try:
            result = float(_compiled(text)(self))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise NetlistError(f"{text!r} cannot be evaluated: {error}") from error
        if not math.isfinite(result):
            raise NetlistError(f"{text!r} is {result}")
        return result


Getter = Callable[[Scope], float]


@lru_cache(maxsize=65536)
def _compiled(text: str) -> Getter:
    plain = _QUOTED.sub(r"(\1\2)", text.lower()).replace("{", "(").replace("}", ")").strip()
    tokens: list[re.Match[str]] = []
    position = 0
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if match is None:
            raise NetlistError(f"{text!r} is no expression that is understood here (at {plain[position:].strip()!r})")
        tokens.append(match)
        position = match.end()
    parser = _Parser(text, tokens)
    getter = parser.sum()
    if parser.sign() is not None or not parser.ended():
        raise NetlistError(f"{text!r} is no expression that is understood here")
    return getter


class _Parser:
    """Recursive descent: sum, product, sign, power, atom."""

    def __init__(self, text: str, tokens: list[re.Match[str]]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0

    def ended(self) -> bool:
        return self._at == len(self._tokens)

    def sign(self) -> str | None:
        """The operator or parenthesis that is next, if one is."""
        return None if self.ended() else self._tokens[self._at]["sign"]

    def _taken(self, *signs: str) -> str | None:
        sign = self.sign()
        if sign in signs:
            self._at += 1
            return sign
        return None

    def sum(self) -> Getter:
        left = self._product()
        while sign := self._taken("+", "-"):
            left = _add(left, self._product()) if sign == "+" else _subtract(left, self._product())
        return left

    def _product(self) -> Getter:
        left = self._signed()
        while sign := self._taken("*", "/"):
            left = _multiply(left, self._signed()) if sign == "*" else _divide(left, self._signed())
        return left

    def _signed(self) -> Getter:
        if self._taken("-"):
            operand = self._signed()
            return lambda scope: -operand(scope)
        if self._taken("+"):
            return self._signed()
        base = self._atom()
        if self._taken("**", "^"):
            exponent = self._signed()
            return lambda scope: math.pow(base(scope), exponent(scope))
        return base

    def _atom(self) -> Getter:
        if self._taken("("):
            inner = self.sum()
            self._close()
            return inner
        if self.ended() or self.sign() is not None:
            raise NetlistError(f"{self._text!r} is no expression that is understood here")
        token = self._tokens[self._at]
        self._at += 1
        if token["number"] is not None:
            value = _value(token)
            return lambda _: value
        name = token["word"]
        if not self._taken("("):
            return lambda scope: scope[name]
        function = _FUNCTIONS.get(name)
        if function is None:
            raise NetlistError(f"{self._text!r}: no function {name} is known here")
        arguments = [self.sum()]
        while self._taken(","):
            arguments.append(self.sum())
        self._close()
        return lambda scope: function(*(argument(scope) for argument in arguments))

    def _close(self) -> None:
        if not self._taken(")"):
            raise NetlistError(f"{self._text!r}: a parenthesis is not closed")


def _add(left: Getter, right: Getter) -> Getter:
    return lambda scope: left(scope) + right(scope)


def _subtract(left: Getter, right: Getter) -> Getter:
    return lambda scope: left(scope) - right(scope)


def _multiply(left: Getter, right: Getter) -> Getter:
    return lambda scope: left(scope) * right(scope)


def _divide(left: Getter, right: Getter) -> Getter:
    return lambda scope: left(scope) / right(scope)
