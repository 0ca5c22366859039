"""Arguments that several programs take."""
from argparse import ArgumentParser


def add_run_options(parser: ArgumentParser) -> None:
    """Let a program choose a network of a run.

    What they say is for :func:`mmseg_fst.apis.load_model`.

    Args:
        parser (ArgumentParser): Gets ``--network``, ``--config`` and
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
        help='run code that the checkpoint asks for; it can do all that you '
        'can, so only if you trust who made it')
