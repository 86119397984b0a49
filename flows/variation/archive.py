"""Files of named arrays with a record of what they are: ``.npz`` (NumPy alone reads it) or ``.h5`` (HDF5, by h5py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias
from zipfile import BadZipFile

import numpy as np
from mirrorneuron.flows.tools.folders import store
from mirrorneuron.pdk_sky130.errors import FileError
from numpy.typing import NDArray

__all__ = ["read", "under", "write"]

Array: TypeAlias = NDArray[Any]

_ABOUT: Final = "about"


def under(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin with a prefix, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def write(path: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Write arrays and their record.

    Raises
    ------
    FileError
        The name ends differently, h5py is missing, or the file cannot be written.
    """
    text = json.dumps(about)

    def npz(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, **{**arrays, _ABOUT: np.array(text)})  # type: ignore[arg-type]

    def hdf5(part: Path) -> None:
        with _hdf5(path).File(part, "w") as file:
            file.attrs[_ABOUT] = text
            for name, array in arrays.items():
                file.create_dataset(name, data=array).attrs["unit"] = _unit(name, about)

    store(path, npz if path.suffix == ".npz" else hdf5)


def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and their record.

    Raises
    ------
    FileError
        The file is missing, or not written by `write`.
    """
    arrays: dict[str, Array] = {}
    try:
        if path.suffix == ".npz":
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            text = str(arrays.pop(_ABOUT))
        else:
            with _hdf5(path).File(path, "r") as file:
                text = file.attrs[_ABOUT]
                file.visititems(lambda name, item: arrays.update({name: item[()]}) if hasattr(item, "shape") else None)
        about = json.loads(text)
    except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
        raise FileError(f"{path} cannot be read as samples: {error}") from error
    return arrays, about


def _hdf5(path: Path) -> Any:
    """The module h5py, for a file whose name ends with ``.h5``."""
    if path.suffix != ".h5":
        raise FileError(f"{path}: samples are kept in files whose names end with .npz or .h5")
    try:
        return import_module("h5py")
    except ImportError as error:
        raise FileError(f"{path}: HDF5 needs h5py (pip install h5py); .npz does not") from error


def _unit(name: str, about: Mapping[str, Any]) -> str:
    """The unit of an array by its name."""
    if name == "drawn":
        return "sigma"
    for part, unit in (("/volts/", "V"), ("/amps/", "A")):
        if part in name:
            return unit
    return str(about["analyses"][name.removesuffix("/x")]["x_unit"]) if name.endswith("/x") else ""
