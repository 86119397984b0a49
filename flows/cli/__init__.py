"""The command ``mirrorneuron``."""

from mirrorneuron.flows.cli.app import app
from mirrorneuron.flows.cli.main import execute, main
from mirrorneuron.flows.cli.outcome import Outcome

__all__ = ["Outcome", "app", "execute", "main"]
