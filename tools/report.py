"""Write one HTML page about runs: scores, curves, classes, pictures, configs.

    python tools/report.py work_dirs/demo/streets_mean-teacher \\
        work_dirs/demo/streets_fst --out report.html

Folders are those of configs, with seed_* in them, or of single runs, finished
or not. The page holds all that it shows: it opens offline and can be sent. For
its pictures the best checkpoints predict some images of the validation set;
older runs, which have no config.json, have their config run for that, as
Python. Call it from where they were started, as configs name their data by
relative paths; --panels 0 does without pictures. Networks with classes of your
own need their modules named by --imports. How good pseudo-labels were
is shown of runs with a PseudoLabelQualityHook.
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
        '--out', type=Path, default='report.html', help='the page')
    parser.add_argument(
        '--panels',
        type=int,
        default=4,
        help='images to predict; default: 4, 0 loads no checkpoint')
    parser.add_argument(
        '--imports',
        nargs='+',
        default=[],
        metavar='MODULE',
        help='modules of classes of your own, as in custom_imports')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run code that a checkpoint asks for; it can do all that you '
        'can, so only if you trust who made it')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    from mmseg_fst.report import find_methods, write_report
    from mmseg_fst.utils.messages import one_message

    with one_message():
        for name in args.imports:
            importlib.import_module(name)
        missing = write_report(args.out, find_methods(args.runs),
                               shlex.join(['python', *sys.argv]), args.panels,
                               args.trust)
    for sentence in missing:
        print(f'No pictures of {sentence}', file=sys.stderr)
    size = args.out.stat().st_size / 2**20
    print(f'Written: {args.out} ({size:.1f} MiB)')


if __name__ == '__main__':
    main()
