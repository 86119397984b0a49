"""YAML as specs, targets and all files of ours are written in: plain values, no tags, no aliases, no key twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from mirrorneuron.pdk_sky130.errors import FileError, SpecError

__all__ = ["parse", "read", "read_fields"]

_LARGEST = 1_000_000
"""Largest YAML file [bytes]; a spec has some hundred."""


def read_fields(path: str) -> dict[str, Any]:
    """The fields of a spec file.

    Raises
    ------
    FileNotFoundError
        There is no such file: the catalog, which knows the cells' names, says what the argument may have meant.
    FileError
        The file cannot be read, is too large, or is not UTF-8 text.
    SpecError
        The text is no YAML mapping of field names.
    """
    fields = parse(_text(path), path)
    if fields is None:
        raise SpecError(f"{path} is empty; it must hold field: value lines, the first cell: NAME")
    if not isinstance(fields, dict):
        raise SpecError(f"{path} holds no field: value lines, but a {type(fields).__name__}")
    for key in fields:
        if not isinstance(key, str):
            raise SpecError(f"{path}: {key!r} is no field's name")
    return fields


def read(path: Path) -> Any:
    """The value of a YAML file.

    Raises
    ------
    FileError
        The file is missing, cannot be read, is too large, or is not UTF-8 text.
    SpecError
        As `parse`.
    """
    try:
        return parse(_text(str(path)), str(path))
    except FileNotFoundError:
        raise FileError(f"{path} cannot be read (there is no such file); give a YAML file") from None


def parse(text: str, source: str) -> Any:
    """The value of a YAML text; messages begin with `source`.

    Raises
    ------
    SpecError
        The text is no YAML, or has a tag, an alias (a few lines of them stand for gigabytes), a key twice, or too many
        levels.
    """
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SpecError(f"{source}: {where}{error.problem or error.context} (YAML)") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{source}: {' '.join(str(error).split())} (YAML)") from None
    except RecursionError:
        raise SpecError(f"{source}: nested too deeply; a file has a few levels (YAML)") from None
    except ValueError as error:
        raise SpecError(f"{source}: {error} (YAML)") from None


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise FileError(f"{path} is a folder; give a YAML file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid path"
        raise FileError(f"{path!r} cannot be read ({reason}); give a YAML file") from None
    if len(data) > _LARGEST:
        raise FileError(f"{path} is larger than {_LARGEST} bytes; a file of ours has some hundred")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text: byte {error.start} is not UTF-8; give a YAML file") from None


class _Loader(yaml.SafeLoader):
    """Plain values as YAML 1.2 reads them (``1e-6`` is a number; ``no``, ``010``, ``1:30`` are text); no tags, no
    aliases, no repeated keys."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as the base class has it

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse tags and aliases."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            problem = f"the alias *{event.anchor} is not allowed; write the value out"
            mark: Any = event.start_mark
            raise yaml.composer.ComposerError(None, None, problem, mark)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise yaml.composer.ComposerError(None, None, f"the tag {tag} is not allowed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen if isinstance(key, yaml.ScalarNode) else False:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))
