"""Processes that train together, forked from one that has imported all.

To start interpreters and to import takes ten times as long as a run of a
small model. The server imports once, without GPUs; it computes nothing, since
a process cannot be forked after a backward pass of PyTorch.
"""
import multiprocessing
import os
import traceback
import warnings
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from helpers import plain_configs
from torch import distributed

#: Limit of a run; the processes of a case that hangs are then killed.
SECONDS = 150


class Group(NamedTuple):
    """Processes that call a function together.

    Attributes:
        count (int): How many.
        function (Callable): A function of a module; returns what
            :func:`torch.save` can write.
        arguments (tuple): Its arguments.
    """
    count: int
    function: Callable[..., Any]
    arguments: tuple

    def result(self, folder: Path, rank: int) -> Path:
        """The file to which a process writes its result."""
        return folder / f'{self.count}_{rank}.pt'


class ProcessServer:
    """Starts groups of processes, one call after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context('spawn')
        self.connection, other = context.Pipe()
        self.server = context.Process(target=_serve, args=(other, ))
        with mock.patch.dict(os.environ, CUDA_VISIBLE_DEVICES='',
                             OMP_NUM_THREADS='1'):
            self.server.start()
        other.close()

    def run(self, folder: Path, *groups: Group) -> list[list[Any]]:
        """Let groups of different sizes compute side by side.

        Args:
            folder (Path): A folder without earlier results.
            *groups (Group): The groups.

        Returns:
            list[list]: Of each group, the results of its processes.

        Raises:
            AssertionError: If processes fail; names them, with tracebacks.
        """
        folder.mkdir(exist_ok=True)
        self.connection.send((folder, groups))
        self.connection.recv()
        written = [[_read(group.result(folder, rank))
                    for rank in range(group.count)] for group in groups]
        # A process whose peer has failed may fail of that, so all are shown.
        errors = [
            f'process {rank} of {len(each)} has failed:\n{part["error"]}'
            for each in written for rank, part in enumerate(each)
            if 'error' in part
        ]
        assert not errors, '\n'.join(errors)
        return [[part['result'] for part in each] for each in written]

    def close(self) -> None:
        """End the server, which is idle."""
        self.server.kill()
        self.server.join()


def _read(path: Path) -> dict[str, Any]:
    """What a process has written: its ``result``, or its ``error``."""
    if not path.is_file():
        return dict(error='It was killed, or has not ended in '
                    f'{SECONDS} seconds.')
    return torch.load(path, weights_only=True)


def _serve(connection: Connection) -> None:
    """Fork processes until the other end of the connection is closed."""
    context = multiprocessing.get_context('fork')
    import_module('matplotlib.backends.backend_agg')  # by every runner
    warnings.simplefilter('ignore', FutureWarning)  # as pytest.ini does
    with plain_configs():
        while True:
            try:
                folder, groups = connection.recv()
            except EOFError:
                return
            processes = [
                context.Process(target=_work, args=(group, folder, rank))
                for group in groups for rank in range(group.count)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join(SECONDS)
                process.kill()
            connection.send('done')


def _work(group: Group, folder: Path, rank: int) -> None:
    """Join the group, call its function, and write what it returns."""
    torch.set_num_threads(1)
    os.environ.update(  # as by torchrun
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(group.count))
    try:
        distributed.init_process_group(
            'gloo', init_method=f'file://{folder}/{group.count}_store',
            rank=rank, world_size=group.count,
            timeout=timedelta(seconds=SECONDS))
        written = dict(result=group.function(*group.arguments))
    except BaseException:
        written = dict(error=traceback.format_exc())
    torch.save(written, group.result(folder, rank))
