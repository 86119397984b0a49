"""SPICE expressions, and the scopes in which their parameters have values."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice.text import NUMBER, value_of

__all__ = ["DEPTH_MAX", "Scope"]

DEPTH_MAX: Final = 100
"""Deepest nesting of parentheses, signs and powers."""

_SHOWN_MAX: Final = 120
_TOKEN: Final = re.compile(rf"\s*(?:(?P<number>{NUMBER})|(?P<word>[a-z_][a-z0-9_.]*)|(?P<sign>\*\*|[-+*/^(),]))")
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
    "ceil": math.ceil,
    "int": math.trunc,
    "pow": math.pow,
    "tanh": math.tanh,
    # A distribution stands for its nominal value: the mismatch and process switches of the library are off.
    "agauss": lambda nominal, *_: nominal,
    "gauss": lambda nominal, *_: nominal,
}
_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


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
            raise NetlistError(f"parameter {name} depends on itself: {_shown(self._texts[name])}")
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
            The text is no expression of this language, is nested too deeply, a name in it has no value, or its value is
            not finite.
        """
        try:
            result = float(_compiled(text)(self))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise NetlistError(f"{_shown(text)} cannot be evaluated: {error}") from error
        except RecursionError as error:
            raise NetlistError(f"{_shown(text)} depends on too long a chain of parameters") from error
        if not math.isfinite(result):
            raise NetlistError(f"{_shown(text)} is {result}")
        return result


Getter = Callable[[Scope], float]


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")


@lru_cache(maxsize=65536)
def _compiled(text: str) -> Getter:
    plain = _QUOTED.sub(r"(\1\2)", text.lower()).replace("{", "(").replace("}", ")").strip()
    tokens: list[re.Match[str]] = []
    position = 0
    while position < len(plain):
        match = _TOKEN.match(plain, position)
        if match is None:
            rest = plain[position:].strip()[:_SHOWN_MAX]
            raise NetlistError(f"{_shown(text)} is not understood as a number or an expression (at {rest!r})")
        tokens.append(match)
        position = match.end()
    return _Parser(text, tokens).expression()


class _Parser:
    """Recursive descent: sum, product, factor, atom. Sums and products of any length are one level of nesting."""

    def __init__(self, text: str, tokens: list[re.Match[str]]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def expression(self) -> Getter:
        """All of the text."""
        getter = self._sum()
        if self._at != len(self._tokens):
            raise self._error()
        return getter

    def _error(self, reason: str = "") -> NetlistError:
        return NetlistError(f"{_shown(self._text)} {reason or 'is not understood as a number or an expression'}")

    def _sign(self) -> str | None:
        """The operator or parenthesis at the present token, if it is one."""
        return None if self._at == len(self._tokens) else self._tokens[self._at]["sign"]

    def _take(self, *signs: str) -> str | None:
        sign = self._sign()
        if sign in signs:
            self._at += 1
            return sign
        return None

    def _sum(self) -> Getter:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Getter:
        return self._chain(self._factor, "*", "/")

    def _chain(self, operand: Callable[[], Getter], *signs: str) -> Getter:
        """Operands from left to right."""
        first = operand()
        rest: list[tuple[Callable[[float, float], float], Getter]] = []
        while sign := self._take(*signs):
            rest.append((_OPERATORS[sign], operand()))
        if not rest:
            return first

        def getter(scope: Scope) -> float:
            value = first(scope)
            for operate, other in rest:
                value = operate(value, other(scope))
            return value

        return getter

    def _factor(self) -> Getter:
        """An atom with its signs and its exponent: ``-2**2`` is -4."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._error(f"is nested more than {DEPTH_MAX} deep; simplify it")
        try:
            if self._take("-"):
                operand = self._factor()
                return lambda scope: -operand(scope)
            if self._take("+"):
                return self._factor()
            base = self._atom()
            if self._take("**", "^"):
                exponent = self._factor()
                return lambda scope: math.pow(base(scope), exponent(scope))
            return base
        finally:
            self._depth -= 1

    def _atom(self) -> Getter:
        if self._take("("):
            inner = self._sum()
            self._close()
            return inner
        if self._at == len(self._tokens) or self._sign() is not None:
            raise self._error()
        token = self._tokens[self._at]
        self._at += 1
        if token["number"] is not None:
            value = value_of(token)
            return lambda _: value
        name = token["word"]
        return self._call(name) if self._take("(") else lambda scope: scope[name]

    def _call(self, name: str) -> Getter:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise self._error(f"calls an unknown function {name}; known are {', '.join(_FUNCTIONS)}")
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._close()
        return lambda scope: function(*(argument(scope) for argument in arguments))

    def _close(self) -> None:
        if not self._take(")"):
            raise self._error("has a parenthesis that is not closed")
