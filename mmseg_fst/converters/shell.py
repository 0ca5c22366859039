"""Common part of the converters: command line and writing."""
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
    """Write a checkpoint atomically.

    Args:
        weights (dict[str, Tensor]): The weights.
        out (Path): File to write.
        **meta: Metadata of the checkpoint.
    """
    # Saving a view would write its entire storage to the file.
    weights = {name: tensor.clone() for name, tensor in weights.items()}
    with atomic_write(out) as path:
        torch.save(dict(meta=meta, state_dict=weights), path)


def base_parser(description: str, out: str) -> argparse.ArgumentParser:
    """Make a parser with the common arguments of all converters.

    Args:
        description (str): Docstring of the converter.
        out (str): Help text of ``out``.

    Returns:
        ArgumentParser: The parser.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='file to convert')
    parser.add_argument('out', type=Path, help=out)
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow the file to run code with your permissions; use only for '
        'files from a source that you trust')
    return parser


@contextmanager
def clear_errors(source: Path) -> Iterator[None]:
    """Exit with the file name and the error message, without a traceback.

    Args:
        source (Path): The file to convert.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        message = str(error)
        sys.exit(message if str(source) in message else f'{source}: {message}')


def run(description: str, converter: Converter) -> None:
    """Run a converter from the command line.

    Args:
        description (str): Docstring of the converter.
        converter (Converter): The converter.
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
