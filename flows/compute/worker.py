"""What a worker process of this machine does: it reads tasks from a pipe and answers each."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from mirrorneuron.flows import tools
from mirrorneuron.flows.compute.attempt import attempt, packed
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["serve"]


def serve() -> None:
    """Read the path of modules, the function and tasks from the pipe, and answer each task."""
    threading.Thread(target=_end_with_caller, daemon=True).start()
    connection = Connection(int(sys.argv[1]))
    where = f"process {os.getpid()}"
    try:
        known = set(sys.path)
        sys.path += [path for path in pickle.loads(connection.recv_bytes()) if path not in known]
        call = connection.recv_bytes()
        function: Callable[..., Any] | None = None
        while True:
            data = connection.recv_bytes()
            try:
                function = function or pickle.loads(call)
                number, task = pickle.loads(data)
            except Exception as error:
                text = f"a worker process cannot load the function or its task: {type(error).__name__}: {error}"
                connection.send_bytes(pickle.dumps(SpecError(text)))
                continue
            connection.send_bytes(packed(attempt(function, number, task, where), task.name))
    except (EOFError, OSError):
        return


def _end_with_caller() -> None:
    """End this process and its programs when the caller's end of standard input closes."""
    while os.read(0, 1):
        pass
    tools.stop_all()
    os._exit(1)
