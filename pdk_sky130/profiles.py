"""What each shuttle checks, from ``drc/profiles.yaml`` beside this file, its only source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from mirrorneuron.pdk_sky130.layers import Layer

__all__ = ["FULL", "PROFILES", "PROFILES_YAML", "Forbidden", "Profile"]

PROFILES_YAML: Final = Path(__file__).with_name("drc") / "profiles.yaml"

FULL: Final = "full"
"""The profile that is the default: every deck, every group."""


@dataclass(frozen=True)
class Forbidden:
    """Layers that a shuttle does not take in top cells of a name (a pattern, ``*`` for any)."""

    cells: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A set of checks; ``drc/profiles.yaml`` says what the fields mean.

    Attributes
    ----------
    version, source
        The shuttle's release of its checks, and where it is published; empty for a profile of our own.
    release
        Release of the official deck that the shuttle runs; empty if any will do.
    """

    name: str
    decks: tuple[str, ...]
    switches: Mapping[str, str]
    side_checks: tuple[str, ...]
    version: str = ""
    source: str = ""
    release: str = ""
    precheck: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()
    chip_checks: tuple[str, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    not_checked: tuple[str, ...] = ()


_LISTS: Final = ("decks", "side_checks", "precheck", "chips", "chip_checks", "not_checked")


def _profile(name: str, data: Mapping[str, Any]) -> Profile:
    forbidden = tuple(
        Forbidden(row["cells"], tuple(Layer(*pair) for pair in row["layers"])) for row in data.get("forbidden", ())
    )
    lists: dict[str, Any] = {key: tuple(data.get(key, ())) for key in _LISTS}
    texts: dict[str, Any] = {key: str(data.get(key, "")) for key in ("version", "source", "release")}
    switches = {key: "true" if on else "false" for key, on in data["switches"].items()}
    return Profile(name=name, switches=switches, forbidden=forbidden, **lists, **texts)


PROFILES: Final[Mapping[str, Profile]] = {
    name: _profile(name, data) for name, data in yaml.safe_load(PROFILES_YAML.read_text(encoding="utf-8")).items()
}
"""By name."""
