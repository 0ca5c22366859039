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

from mmseg_fst.utils.arguments import add_trust, command_line


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
    from mmseg_fst.report import choose_folders, find_methods, write_report

    for name in args.imports:
        importlib.import_module(name)
    folders, notes = choose_folders(args.runs)
    for note in notes:
        print(note, file=sys.stderr)
    missing = write_report(args.out, find_methods(folders), command_line(),
                           args.panels, args.trust)
    for sentence in missing:
        print(f'No images of {sentence}', file=sys.stderr)
    size = args.out.stat().st_size / 2**20
    print(f'Written: {args.out} ({size:.1f} MiB)')
