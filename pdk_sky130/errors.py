"""Every exception that mirrorneuron raises on purpose.

::

    MirrorneuronError
    |-- InputError          exit 2   the user's input cannot be used
    |   |-- SpecError                  a field of a spec: value, limit, rule
    |   |-- FileError                  a file or folder: missing, unreadable, not what it should be, unwritable
    |   `-- NetlistError               a netlist or a layout without what the step needs
    `-- ToolError           exit 3   a program or the PDK is missing, or broke
        |-- MissingToolError           not installed; the message names the command that installs it
        |-- ToolFailedError            exit status, signal, or an error in its log
        |-- ToolTimeoutError           did not finish in time
        `-- EvidenceError              ran, but did not leave the report, number or device expected of it

A failed check is no exception: it is a result whose ``passed`` is false (exit 1).
"""

from __future__ import annotations

__all__ = [
    "EvidenceError",
    "FileError",
    "InputError",
    "MirrorneuronError",
    "MissingToolError",
    "NetlistError",
    "SpecError",
    "ToolError",
    "ToolFailedError",
    "ToolTimeoutError",
]


class MirrorneuronError(Exception):
    """Base of all. ``exit_status`` is the exit status of the command line."""

    exit_status = 1


class InputError(MirrorneuronError):
    """The user's input cannot be used; the message names the value, the limit and the remedy."""

    exit_status = 2


class SpecError(InputError):
    """A field of a spec is unknown, of the wrong type, or out of its limits."""


class FileError(InputError):
    """A file or folder is missing, unreadable, unwritable, or not of the kind it should be."""


class NetlistError(InputError):
    """A netlist or layout is readable but does not hold what the step needs (top cell, subcircuit, model)."""


class ToolError(MirrorneuronError):
    """A program or the PDK is missing or broke; nothing can be concluded about the design."""

    exit_status = 3


class MissingToolError(ToolError):
    """A program or PDK part is not installed; the message names the command that installs it."""


class ToolFailedError(ToolError):
    """A program crashed, or reported an error of its own."""


class ToolTimeoutError(ToolError):
    """A program did not finish within its time limit."""


class EvidenceError(ToolError):
    """A program ran, but the report, number or device expected of it is missing."""
