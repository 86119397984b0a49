"""HTML pages from the templates: self-contained, the same bytes for the same results."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from mirrorneuron.generators.spec import CellSpec
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["inline_png", "number", "render", "spec_rows"]

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


def inline_png(path: Path) -> str:
    """A PNG as a data URL, so that the page needs no other file.

    Raises
    ------
    EvidenceError
        The picture cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"the picture {path} is missing ({error.strerror}); the page must show it") from error
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def spec_rows(spec: CellSpec) -> list[tuple[str, str, str]]:
    """The fields of a spec that are set: name, value with its unit, description."""
    values = dict(line.split(": ", 1) for line in spec.lines())
    return [
        (row.field, f"{values[row.field]} {row.unit if row.unit == 'um' else ''}".strip(), row.description)
        for row in type(spec).field_rows()
        if row.field in values
    ]
