"""HTML pages from the templates: self-contained, the same bytes for the same results."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

__all__ = ["number", "render"]

_LEAST: Final = 1e-4  # below it, the digits of our values mean nothing
_TEMPLATES: Final = Path(__file__).with_name("templates")


def render(template: str, **values: Any) -> str:
    """A page from a template and all the values that it names; a missing one raises."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment


def number(value: Any) -> str:
    """A value as a page shows it: four digits, the empty text for None."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or value == 0:
        return f"{value:g}"
    if abs(value) < _LEAST:
        return "< 0.0001" if value > 0 else "> -0.0001"
    return f"{value:.4g}"
