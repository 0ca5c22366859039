"""The command ``mmseg-fst`` and its subcommands.

A subcommand is one entry of :data:`COMMANDS` and one module of this package,
called like it, with underscores. The module has a docstring, which is the
help and shows examples, and these functions:

* ``add_arguments(parser)`` adds its options. Neither it nor the import of the
  module imports PyTorch.
* ``check(args)``, if any, raises :class:`.WrongOptions`.
* ``run(args)`` does the work. It returns None, or the exit status.

Exit statuses: 0, done; 1, a file, a setting or a value is wrong, or a part of
the work has failed, with one message; 2, wrong command line; 130, interrupted
by Ctrl-C. A traceback means a bug of the program.

The scripts of ``tools/`` and ``run_experiments.py`` call :func:`start`.
"""
import argparse
import difflib
import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Optional

from mmseg_fst.utils.arguments import WrongOptions
from mmseg_fst.version import __version__

#: Name of the command.
PROGRAM = 'mmseg-fst'
#: Subcommands, with what they do.
COMMANDS = {
    'new-task': 'create a task from your own images: lists and configs',
    'train': 'train configs, one run for each seed, or the grid of a table',
    'test': 'score the networks of a run, and show their predictions',
    'predict': 'predict images and videos with the network of a run',
    'report': 'write one HTML page about runs',
    'view': 'try runs on photos, videos and a webcam in the browser',
    'summarize': 'print a table of finished runs',
    'plot-runs': 'plot logged values of runs over their iterations',
    'export': 'export the network of a run to ONNX or torch.export',
    'push': 'write the network of a run for the Hugging Face Hub',
    'label-images': "write a network's pseudo-labels of unlabeled images",
    'rank-images': 'rank unlabeled images by the stability of predictions',
    'replay': 'replay a training step that was not finite',
    'configs': 'list the configs of the package',
    'check-data': 'show which data sets are complete, or check all files',
    'make-streets': "generate the demo data set 'streets'",
    'download': 'download pretrained weights, or published splits',
    'completion': 'print a script for tab completion in a shell',
}
STATUSES = ('exit status: 0 done, 1 wrong input or a part failed, 2 wrong '
            'command line')
INTERRUPTED = 130


def module_of(name: str) -> ModuleType:
    """Import the module of a subcommand.

    Args:
        name (str): Key of :data:`COMMANDS`.

    Returns:
        ModuleType: The module.
    """
    return importlib.import_module(f'{__name__}.{name.replace("-", "_")}')


def make_parser(name: str, program: Optional[str] = None
                ) -> argparse.ArgumentParser:
    """Make the parser of a subcommand.

    Args:
        name (str): Key of :data:`COMMANDS`.
        program (str, optional): Name of the program in the help. Defaults to
            None: that of the process.

    Returns:
        ArgumentParser: The parser.
    """
    module = module_of(name)
    parser = argparse.ArgumentParser(
        prog=program,
        description=module.__doc__,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    return parser


def run_command(name: str,
                argv: Optional[Sequence[str]] = None,
                program: Optional[str] = None,
                import_package: Callable[[], object] = lambda: None) -> int:
    """Read the words of a subcommand and run it.

    Args:
        name (str): Key of :data:`COMMANDS`.
        argv (Sequence[str], optional): Its words. Defaults to None: the words
            of the process.
        program (str, optional): See :func:`make_parser`. Defaults to None.
        import_package (Callable): Called between both, see
            :func:`mmseg_fst_command.defer_package`. Defaults to nothing.

    Returns:
        int: The exit status.

    Raises:
        SystemExit: With one message, hence exit status 1, if the input is
            wrong; with status 2, if the words are.
    """
    module = module_of(name)
    parser = make_parser(name, program)
    args = parser.parse_args(argv)
    try:
        if hasattr(module, 'check'):
            module.check(args)
        import_package()
        from mmseg_fst.utils.messages import one_message
        with one_message():
            return module.run(args) or 0
    except WrongOptions as error:
        parser.error(str(error))


def start(name: str, argv: Optional[Sequence[str]] = None) -> None:
    """Run a subcommand, as a script does.

    Args:
        name (str): Key of :data:`COMMANDS`.
        argv (Sequence[str], optional): See :func:`run_command`. Defaults to
            None.

    Raises:
        SystemExit: If the exit status is not 0.
    """
    status = run_command(name, argv)
    if status:
        sys.exit(status)


def known_command(name: str) -> str:
    """Check the name of a subcommand.

    Args:
        name (str): The name.

    Returns:
        str: The same.

    Raises:
        ArgumentTypeError: If there is no such subcommand.
    """
    if name in COMMANDS:
        return name
    close = difflib.get_close_matches(name, COMMANDS, n=2)
    hint = f'did you mean {" or ".join(close)}?' if close else (
        f'see {PROGRAM} --help')
    raise argparse.ArgumentTypeError(f'there is no command {name!r}; {hint}')


def main_parser() -> argparse.ArgumentParser:
    """Make the parser of the command; it reads the name of a subcommand.

    Returns:
        ArgumentParser: The parser.
    """
    width = max(map(len, COMMANDS))
    listed = '\n'.join(f'  {name:{width}}  {summary}'
                       for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f'{PROGRAM} COMMAND ...',
        description='Self-training semantic segmentation.\n\n'
        f'commands:\n{listed}\n\n'
        f'{PROGRAM} COMMAND --help shows options and examples.',
        epilog=f'{STATUSES}, {INTERRUPTED} interrupted',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('command', type=known_command, metavar='COMMAND',
                        help=argparse.SUPPRESS)
    parser.add_argument('--version', action='version', version=__version__)
    return parser


def main(argv: Optional[Sequence[str]] = None,
         import_package: Callable[[], object] = lambda: None) -> int:
    """Run the command.

    Args:
        argv (Sequence[str], optional): Its words. Defaults to None: the words
            of the process.
        import_package (Callable): See :func:`run_command`. Defaults to
            nothing.

    Returns:
        int: The exit status.

    Raises:
        SystemExit: See :func:`run_command`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    name = main_parser().parse_args(words[:1]).command
    try:
        return run_command(name, words[1:], f'{PROGRAM} {name}',
                           import_package)
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        return INTERRUPTED
