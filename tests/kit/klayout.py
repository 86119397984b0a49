"""A KLayout that is started once a process of tests: of the 1.2 s that a small deck takes, 1.1 s are KLayout's start.

Decks run in forks of it (``klayout_server.rb``), and get the same layout, variables, working directory and output as
from a KLayout of their own. ``--fresh-klayout`` starts one for each run, as a user does; so does `make test-long`.
"""

from __future__ import annotations

import select
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mirrorneuron.flows import tools

from tests.kit import cpu

_SERVER: Final = Path(__file__).with_name("klayout_server.rb")
_CLIENT: Final = Path(__file__).with_name("klayout_client.py")


class _Server:
    """Listens at once, and starts KLayout when the first deck comes."""

    def __init__(self, klayout: Path, socket_path: Path) -> None:
        self.klayout = klayout
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(socket_path))
        self.listening.listen(64)
        self.process: subprocess.Popen[bytes] | None = None
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._start_when_asked, daemon=True)
        self._thread.start()

    def _start_when_asked(self) -> None:
        ready, _, _ = select.select([self.listening, self._wake], [], [])
        if self._wake in ready:
            return
        descriptor = self.listening.fileno()
        command = [self.klayout, "-b", "-r", _SERVER, "-rd", f"socket={descriptor}"]
        self.process = subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.PIPE)
        cpu.RUNNING.add(self.process.pid)

    def close(self) -> None:
        """End KLayout, so that its time counts as this process's."""
        self._waker.close()
        self._thread.join()
        self._wake.close()
        self.listening.close()
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            cpu.RUNNING.discard(self.process.pid)
            self.process.wait(timeout=60)


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """A program for ``MIRRORNEURON_KLAYOUT`` that hands its decks to one running KLayout; its files are in `folder`."""
    klayout = tools.find("klayout")
    socket_path = folder / "klayout.socket"
    server = _Server(klayout, socket_path)
    program = folder / "klayout"
    words = [sys.executable, "-I", "-S", _CLIENT, klayout, socket_path]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    program.chmod(0o755)
    try:
        yield program
    finally:
        server.close()
