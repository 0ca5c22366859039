r"""Write one HTML page about runs: scores, curves, classes, images, configs.

    mmseg-fst report work_dirs/demo/streets_mean-teacher \
        work_dirs/demo/streets_fst --out report.html

Each folder is a run folder with seed_* folders, or a single seed, finished or
not. One that only has a debug run is left out, unless FOLDER/debug is named.
The page is self-contained: it opens offline and can be sent. For the
images, the best checkpoints predict some images of the validation set, and the
worst of them are shown. The configs of older runs without config.json are
executed as Python for that. Call it from the folder where the runs were
started, since configs name their data by relative paths; --panels 0 leaves the
images out. Name the modules of custom network classes with --imports. The
quality of pseudo-labels is shown for runs with a PseudoLabelQualityHook.
"""
import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmseg_fst.utils.arguments import add_trust, command_line

if TYPE_CHECKING:
    from mmseg_fst.report.runs import Method


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    parser.add_argument(
        '--out', type=Path, default='report.html', help='page to write')
    parser.add_argument(
        '--panels',
        type=int,
        default=4,
        help='number of images to show, the worst of four times as many; '
        'default: 4, 0 loads no checkpoint')
    parser.add_argument(
        '--imports',
        nargs='+',
        default=[],
        metavar='MODULE',
        help='modules of custom classes, as in custom_imports')
    add_trust(parser)


def run(args: argparse.Namespace) -> None:
    """Write the page.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.report import choose_folders, find_methods

    for name in args.imports:
        importlib.import_module(name)
    folders, notes = choose_folders(args.runs)
    for note in notes:
        print(note, file=sys.stderr)
    write(args.out, find_methods(folders), args.panels, args.trust)


def write(path: Path, methods: 'list[Method]', num_panels: int = 4,
          trust: bool = False) -> None:
    """Write the page, and print where it is and what it lacks.

    Args:
        path (Path): See :func:`mmseg_fst.report.write_report`.
        methods (list[Method]): See :func:`mmseg_fst.report.write_report`.
        num_panels (int): See :func:`mmseg_fst.report.write_report`. Defaults
            to 4.
        trust (bool): See :func:`mmseg_fst.report.write_report`. Defaults to
            False.
    """
    from mmseg_fst.report import write_report

    missing = write_report(path, methods, command_line(), num_panels, trust)
    for sentence in missing:
        print(f'No images of {sentence}', file=sys.stderr)
    size = path.stat().st_size / 2**20
    print(f'Written: {path} ({size:.1f} MiB)')
