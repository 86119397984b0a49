"""The program: its commands in the order in which ``--help`` lists them."""

from __future__ import annotations

import typer
from mirrorneuron.flows.cli.cells import build, list_cells, show
from mirrorneuron.flows.cli.checks import drc, extract, lvs, matching
from mirrorneuron.flows.cli.command import CheckingCommand, Command
from mirrorneuron.flows.cli.doctor import doctor
from mirrorneuron.flows.cli.measure import characterize, compare, simulate
from mirrorneuron.flows.cli.signoff import signoff

__all__ = ["app"]

app = typer.Typer(
    name="mirrorneuron",
    help="Weights into silicon: matched current-mirror neurons on SKY130, drawn, verified and simulated.",
    epilog="Exit status: 0 passed, 1 a check failed, 2 bad input, 3 a tool is missing or broke.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command(cls=Command)(doctor)
app.command("list", cls=Command)(list_cells)
for verb in (show, build, simulate, characterize, compare):
    app.command(cls=Command)(verb)
for check in (signoff, drc, lvs, matching):
    app.command(cls=CheckingCommand)(check)
app.command(cls=Command)(extract)
