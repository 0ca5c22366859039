r"""Write one HTML page about runs: scores, curves, classes, images, configs.

    python tools/report.py work_dirs/demo/streets_mean-teacher \
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
import shlex
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
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
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow a checkpoint to run code with your permissions; use only '
        'for checkpoints from a source that you trust')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    from mmseg_fst.report import choose_folders, find_methods, write_report
    from mmseg_fst.utils.messages import one_message

    with one_message():
        for name in args.imports:
            importlib.import_module(name)
        folders, notes = choose_folders(args.runs)
        for note in notes:
            print(note, file=sys.stderr)
        missing = write_report(args.out, find_methods(folders),
                               shlex.join(['python', *sys.argv]), args.panels,
                               args.trust)
    for sentence in missing:
        print(f'No images of {sentence}', file=sys.stderr)
    size = args.out.stat().st_size / 2**20
    print(f'Written: {args.out} ({size:.1f} MiB)')


if __name__ == '__main__':
    main()
