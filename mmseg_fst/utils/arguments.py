"""Command-line options shared by several programs; imports no PyTorch."""
import argparse
import shlex
import sys
from argparse import ArgumentParser
from os import path as osp
from typing import Any, Optional


class WrongOptions(Exception):
    """Options that do not fit together: exit status 2, with the usage.

    Its text names the options and says what to do.
    """


class KeyValues(argparse.Action):
    """Collects ``KEY=VALUE`` in a dict, as ``DictAction`` of mmengine does.

    mmengine is imported when the option is used, since it imports PyTorch.
    """

    def __call__(self,
                 parser: ArgumentParser,
                 namespace: argparse.Namespace,
                 values: Any,
                 option_string: Optional[str] = None) -> None:
        """Parse the values of the option, see :class:`argparse.Action`."""
        from mmengine.config import DictAction
        action = DictAction(self.option_strings, self.dest, nargs=self.nargs)
        try:
            action(parser, namespace, values, option_string)
        except ValueError as error:
            parser.error(f'{option_string} takes KEY=VALUE, without spaces '
                         f'around the equals sign ({error}).')


def add_run(parser: ArgumentParser) -> None:
    """Add the positional argument ``run``.

    Args:
        parser (ArgumentParser): Receives it.
    """
    parser.add_argument('run', help='folder of a run, or a checkpoint')


def add_run_options(parser: ArgumentParser) -> None:
    """Add the options that choose a network of a run.

    Their values are passed to :func:`mmseg_fst.apis.load_model`.

    Args:
        parser (ArgumentParser): Receives ``--network``, ``--config`` and
            ``--trust``.
    """
    add_network(parser)
    parser.add_argument(
        '--config', help='config file; default: the one in the folder')
    add_trust(parser)


def add_network(parser: ArgumentParser) -> None:
    """Add the option that chooses a network of a run.

    Args:
        parser (ArgumentParser): Receives ``--network``.
    """
    parser.add_argument(
        '--network',
        help='student, teacher, or of co-training the name of a student or '
        "ensemble; default: the config's, the student or the ensemble")


def add_trust(parser: ArgumentParser, what: str = 'checkpoint') -> None:
    """Add the option that lets a file run code.

    Args:
        parser (ArgumentParser): Receives ``--trust``.
        what (str): Kind of file. Defaults to ``'checkpoint'``.
    """
    parser.add_argument(
        '--trust',
        action='store_true',
        help=f'allow a {what} to run code, with all of your rights; use it '
        'only if you trust the source of the file')


def add_cfg_options(parser: ArgumentParser) -> None:
    """Add the option that overrides values of the config.

    Args:
        parser (ArgumentParser): Receives ``--cfg-options``.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        help='override values of the config, such as '
        'train_dataloader.batch_size=2 custom_hooks.0.depth=2')


def add_launcher(parser: ArgumentParser) -> None:
    """Add the options for several processes.

    Args:
        parser (ArgumentParser): Receives ``--launcher`` and, hidden,
            ``--local_rank``, which torch.distributed.launch passes; torchrun
            sets LOCAL_RANK instead.
    """
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what has started the processes; default: none')
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)


def add_device(parser: ArgumentParser, default: Optional[str] = None) -> None:
    """Add the option that chooses a device.

    Args:
        parser (ArgumentParser): Receives ``--device``.
        default (str, optional): The device. Defaults to None: a GPU if there
            is one.
    """
    parser.add_argument(
        '--device', default=default,
        help=f'such as cuda:1; default: {default or "a GPU if available"}')


def command_line() -> str:
    """The command that was started, for the record of what it writes.

    Returns:
        str: Such as ``'mmseg-fst report work_dirs/demo'``, or, of a script,
        ``'python tools/report.py work_dirs/demo'``.
    """
    program, *words = sys.argv
    start = ['python', program]
    if osp.basename(program) == 'mmseg-fst':
        start = ['mmseg-fst']
    return shlex.join([*start, *words])
