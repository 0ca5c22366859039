"""Compare finished runs for deployment: size, time on a CPU and score.

    python tools/benchmark.py deploy RUN [RUN ...]
    python tools/benchmark.py deploy RUN [RUN ...] --size 360 480

A RUN is the folder of a run, or a checkpoint. Its network that predicts is
measured, or all of an ensemble: parameters, megabytes (10^6) of its weights,
and milliseconds per image from normalized values to labels, at the size at
which its test pipeline reads the training images, by its evaluation protocol.
Times are process time of one thread of the CPU, the median of interleaved
rounds, so other programs hardly count. The score is that of the best
validation, whose checkpoint is loaded.
"""
import argparse
import time
from collections.abc import Sequence
from os import path as osp
from statistics import median
from typing import NamedTuple, Optional

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.apis import load_model, read_scores
from mmseg_fst.models.backbones import read_channels
from mmseg_fst.use.run_pipeline import RunPipeline, resize_factor
from mmseg_fst.use.training_scale import native_size


class Entry(NamedTuple):
    """A run in the table.

    Attributes:
        name (str): Path of the run.
        model (BaseSegmentor): Its model, on the CPU.
        image (Tensor): A random image, (1, C, H, W).
        times (list[float]): Seconds of each round.
    """
    name: str
    model: BaseSegmentor
    image: Tensor
    times: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'runs', nargs='+', help='folders of runs, or checkpoints')
    parser.add_argument(
        '--size', nargs=2, type=int, metavar=('HEIGHT', 'WIDTH'),
        help='size of the image of all networks; default: that of the test '
        'pipeline of each run')
    parser.add_argument(
        '--rounds', type=int, default=15,
        help='interleaved rounds; default: 15')


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Args:
        args (Namespace): See :func:`add_arguments`.

    Raises:
        ValueError: If a size is not given and not known.
    """
    torch.set_num_threads(1)
    entries = [make_entry(path, args.size) for path in args.runs]
    for entry in entries:  # to warm up
        seconds_of(entry)
    for _ in range(args.rounds):
        for entry in entries:
            entry.times.append(seconds_of(entry))
    print('| run | network | parameters | MB | image | ms per image | ratio | '
          'mIoU | protocol |\n|---|---|---|---|---|---|---|---|---|')
    for entry in entries:
        print(f'| {" | ".join(cells_of(entry, entries[0]))} |')


def make_entry(path: str, size: Optional[Sequence[int]]) -> Entry:
    """Load a run and make an image for it.

    Args:
        path (str): Folder of the run, or a checkpoint.
        size (Sequence[int], optional): Height and width of the image. None:
            that of its test pipeline.

    Returns:
        Entry: Not measured yet.

    Raises:
        ValueError: If the size is not given and not known.
    """
    model = load_model(path, 'cpu')
    first, *_ = networks_of(model)
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(
        1, read_channels(first), *(size or input_size(path, model)),
        generator=generator)
    return Entry(path, model, image, [])


def networks_of(model: BaseSegmentor) -> list[BaseSegmentor]:
    """The network that predicts, or all networks of an ensemble."""
    network = model.network()
    return [*network.values()] if isinstance(
        network, torch.nn.ModuleDict) else [network]


def input_size(path: str, model: BaseSegmentor) -> list[int]:
    """Height and width at which a run reads images like its own."""
    size = native_size(model.cfg)
    if size is None:
        raise ValueError(f'{path}: the size of its images is not known, '
                         'because they are not here; give --size.')
    resize = RunPipeline(model.cfg).resize
    factor = 1. if resize is None else resize_factor(resize, size)
    return [round(side * factor) for side in size]


@torch.no_grad()
def seconds_of(entry: Entry) -> float:
    """Process time of a prediction."""
    start = time.process_time()
    entry.model.score(entry.image).write_labels()
    return time.process_time() - start


def score_of(entry: Entry) -> str:
    """Best mIoU of the network that predicts, if it was validated."""
    folder = (entry.name if osp.isdir(entry.name) else
              osp.dirname(entry.name) or osp.curdir)
    if not osp.isfile(osp.join(folder, 'results.json')):
        return '-'
    return next((f'{score.best:.1f}' for score in read_scores(folder)
                 if score.network == entry.model.predict_with), '-')


def cells_of(entry: Entry, first: Entry) -> list[str]:
    """Cells of a row; the ratio is that of the times to the first run's."""
    networks = networks_of(entry.model)
    parameters = [weight for network in networks
                  for weight in network.parameters()]
    buffers = [value for network in networks for value in network.buffers()]
    size = sum(value.numel() * value.element_size()
               for value in (*parameters, *buffers))
    count = sum(weight.numel() for weight in parameters)
    height, width = entry.image.shape[2:]
    return [
        entry.name, entry.model.predict_with, f'{count / 1e6:.2f} M',
        f'{size / 1e6:.1f}', f'{height} x {width}',
        f'{1000 * median(entry.times):.1f}',
        f'{median(entry.times) / median(first.times):.2f}', score_of(entry),
        entry.model.protocol_name
    ]
