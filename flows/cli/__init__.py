"""The command ``mirrorneuron``."""

from mirrorneuron.flows.cli.main import Outcome, app, main

__all__ = ["Outcome", "app", "main"]
