"""What the converters have in common: the command line, writing."""
import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.files import atomic_write

from .network import Converter, Weights, convert_encoder, without_prefix


def save(weights: Weights, out: Path, **meta: Any) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        weights (dict[str, Tensor]): The weights.
        out (Path): File to write.
        **meta: What to note beside them.
    """
    # A view would bring the whole of its storage into the file.
    weights = {name: tensor.clone() for name, tensor in weights.items()}
    with atomic_write(out) as path:
        torch.save(dict(meta=meta, state_dict=weights), path)


def base_parser(description: str, out: str) -> argparse.ArgumentParser:
    """The arguments that all converters take.

    Args:
        description (str): The converter's docstring.
        out (str): Help for ``out``.

    Returns:
        ArgumentParser: The parser; more can be added.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='file to convert')
    parser.add_argument('out', type=Path, help=out)
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run code that the file asks for; it can do all that you can, '
        'so only if you trust who made it')
    return parser


@contextmanager
def clear_errors(source: Path) -> Iterator[None]:
    """End the program with the file's name and the fault, no traceback.

    Args:
        source (Path): The file that is converted.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        message = str(error)
        sys.exit(message if str(source) in message else f'{source}: {message}')


def run(description: str, converter: Converter) -> None:
    """Convert a file as the command line says.

    Args:
        description (str): The converter's docstring.
        converter (Converter): How to rename the weights.
    """
    args = base_parser(description, 'file to write').parse_args()
    with clear_errors(args.source):
        weights = read_checkpoint(str(args.source), args.trust)['state_dict']
        weights = without_prefix(weights, ('module.', 'backbone.'))
        save(
            convert_encoder(weights, converter),
            args.out,
            source=args.source.name)
    print(f'{args.out}: done')
