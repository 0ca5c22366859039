"""Command-line options shared by several programs."""
from argparse import ArgumentParser


def add_run_options(parser: ArgumentParser) -> None:
    """Add the options that choose a network of a run.

    Their values are passed to :func:`mmseg_fst.apis.load_model`.

    Args:
        parser (ArgumentParser): Receives ``--network``, ``--config`` and
            ``--trust``.
    """
    parser.add_argument(
        '--network',
        help='student, teacher, or of co-training the name of a student or '
        "ensemble; default: the config's, the student or the ensemble")
    parser.add_argument(
        '--config', help='config file; default: the one in the folder')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow the checkpoint to run code, with all of your rights; use '
        'it only if you trust the source of the file')
