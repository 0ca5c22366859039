"""Print a Markdown table of finished runs: last and best mIoU over seeds.

    mmseg-fst summarize work_dirs/demo/* [--metric mIoU] [--csv FILE]
    mmseg-fst summarize work_dirs/own/tiles/* --classes [Dice]

Prints one table for each evaluation protocol, because scores of different
protocols are not comparable. A row shows the mean and the sample standard
deviation over the seeds of a run folder. Each random split of the labeled
images (--split-seed of mmseg-fst train) has a separate row. Minutes are the
median step time of the logs times the iterations, so pauses of a run do not
count. Classes with an IoU of 0.0 are named beside the last score. --classes
also prints tables by class: IoU, Dice, precision or recall after the last
iteration, or the shares of the class, labeled and predicted.
"""
import argparse
import sys
from pathlib import Path

from mmseg_fst.run.table_scores import CLASS_SCORES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    parser.add_argument(
        '--metric', default='mIoU', help='the score; default: mIoU')
    parser.add_argument('--csv', help='also write the rows to this file')
    parser.add_argument(
        '--classes', nargs='?', const='IoU', choices=CLASS_SCORES,
        help='also print tables by class of this score; default: IoU')


def run(args: argparse.Namespace) -> None:
    """Print the tables.

    Args:
        args (Namespace): The options.

    Raises:
        ValueError: If no run has been validated.
    """
    from mmseg_fst.run.run_config import debug_note
    from mmseg_fst.run.tables import (
        format_classes,
        format_markdown,
        rows_of,
        write_csv,
    )

    for note in filter(None, map(debug_note, args.runs)):
        print(note, file=sys.stderr)
    rows = [row for folder in args.runs
            for row in rows_of(folder, args.metric)]
    if not rows:
        raise ValueError(
            f'No run in {", ".join(map(str, args.runs))} has been validated; '
            'name folders that contain seed_*, such as work_dirs/demo/*.')
    print(format_markdown(rows))
    if args.classes:
        print(format_classes(rows, args.classes))
    if args.csv:
        write_csv(args.csv, rows)
