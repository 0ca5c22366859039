"""Images per second of data pipelines, beside MMSegmentation's.

    python tools/benchmark.py loader
    python tools/benchmark.py loader --only source target
    python tools/benchmark.py loader --config CONFIG

Every row makes crops of the same images by the same random numbers:

stock        as MMSegmentation has it: LoadImageFromFile, LoadAnnotations,
             Resize, RandomCrop, RandomFlip, PackSegInputs
distorted    stock with PhotoMetricDistortion; here colors are changed in the
             batch, on the device
config       as our configs have it
reduce_to    config, JPEG decoded at a part of their size
scale_crops  config, only what a crop shows is scaled
packed       config, decoded and resized once and for all
both         scale_crops of what is packed

and where rare classes are sampled, and crops drawn until one shows the class:

reloaded     config, the image loaded for each crop, as DAFormer does it
rare         config, the image loaded once
rare packed  the same of what is packed

One thread of one process works. The rows take turns in each of the rounds.
Seconds are those of the processor, as other programs may run; files come from
the memory of the system, no disk is measured. A ratio is of two rates of one
round: median and range of all rounds. The megabytes are those of an item on
its way from a worker to the device.

Without --config, streets are drawn, enlarged and made noisy, so that the files
are about as large as those of GTA, Cityscapes and Pascal VOC.
"""
import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import cv2
import torch
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope

from mmseg_fst.datasets.cropping import scale_crops_alone
from mmseg_fst.datasets.packing import Pack
from mmseg_fst.datasets.rare_class import RareClassSampling
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.randomness import seeded

from .loader_jobs import (
    Job,
    config_jobs,
    made_jobs,
    reduced_pipeline,
    stock_pipeline,
)
from .step_table import spread

Draw = Callable[[int], dict]


class Reloaded:
    """A data set that shows no pipeline, and so loads for each crop.

    Args:
        dataset (BaseDataset): The data set.
    """

    def __init__(self, dataset: BaseDataset) -> None:
        self.dataset = dataset
        self.metainfo = dataset.metainfo
        self.get_data_info = dataset.get_data_info

    def __len__(self) -> int:
        """Number of images."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        """An item."""
        return self.dataset[index]


def rows_of(job: Job, folder: str) -> dict[str, Draw]:
    """What is measured of a job.

    Args:
        job (Job): The job.
        folder (str): Folder for packs.

    Returns:
        dict[str, Draw]: By name a function that makes the item of a number.
    """
    config = job.dataset['pipeline']
    stock = stock_pipeline(config)
    pipelines = dict(
        stock=stock,
        distorted=[*stock[:-1], dict(type='PhotoMetricDistortion'), stock[-1]],
        config=config,
        packed=config)
    if 'PhotoMetricDistortion' in (step['type'] for step in config):
        del pipelines['distorted']
    first = DATASETS.build(dict(job.dataset, pipeline=[])).get_data_info(0)
    if first['img_path'].lower().endswith(('.jpg', '.jpeg')):
        pipelines['reduce_to'] = reduced_pipeline(config)
    if any(step.get('backend') == 'pillow' for step in config):
        pipelines['scale_crops'] = pipelines['both'] = scale_crops_alone(
            config)
    sides = {
        name: DATASETS.build(dict(job.dataset, pipeline=pipeline))
        for name, pipeline in pipelines.items() if pipeline
    }
    for name in {'packed', 'both'} & set(sides):
        pack = Pack('images', sides[name], pipelines[name], folder)
        if pack.problem():
            pack.write()
        pack.install()
    rows = {name: draw_index(side) for name, side in sides.items()}
    if job.rare_class_sampling:
        rare = dict(reloaded=Reloaded(sides['config']), rare=sides['config'])
        rare['rare packed'] = sides['packed']
        for name, side in rare.items():
            rows[name] = draw_rare(
                RareClassSampling(side, **job.rare_class_sampling))
    return rows


def draw_index(side: BaseDataset) -> Draw:
    """Make the item of a number by the index."""
    return lambda number: side[number % len(side)]


def draw_rare(sampling: RareClassSampling) -> Draw:
    """Make it by sampling rare classes."""
    return lambda number: sampling.draw()


def measure(rows: Mapping[str, Draw], items: int,
            rounds: int) -> dict[str, list[float]]:
    """Time all rows in turns.

    Args:
        rows (Mapping[str, Draw]): The result of :func:`rows_of`.
        items (int): Items of a row in each round.
        rounds (int): Number of rounds, after one that is not counted.

    Returns:
        dict[str, list[float]]: Items in a second of the processor, by row
        and round.
    """
    rates = {name: [] for name in rows}
    for _ in range(rounds + 1):
        for name, draw in rows.items():
            start = time.process_time()
            for number in range(items):
                with seeded(number):
                    draw(number)
            rates[name].append(items / (time.process_time() - start))
    return {name: rates[name][1:] for name in rows}


def megabytes(item: dict) -> float:
    """Size of the tensors of an item."""
    tensors = [item['inputs']]
    if 'gt_sem_seg' in item['data_samples']:
        tensors.append(item['data_samples'].gt_sem_seg.data)
    return sum(one.nbytes for one in tensors) / 1e6


def print_table(job: Job, rows: Mapping[str, Draw],
                rates: Mapping[str, list[float]]) -> None:
    """Print what was measured of a job, in Markdown.

    Args:
        job (Job): The job.
        rows (Mapping[str, Draw]): The result of :func:`rows_of`.
        rates (Mapping[str, list[float]]): The result of :func:`measure`.
    """
    print(f'\n{job.name}\n\n| pipeline | images per second of a core | ratio '
          '| to | megabytes |\n|---|---|---|---|---|')
    for name, own in rates.items():
        base = 'reloaded' if 'rare' in name else 'stock'
        ratios = [one / other for one, other in zip(own, rates[base])]
        with seeded(0):
            size = megabytes(rows[name](0))
        print(f'| {name} | {median(own):.1f} | {spread(ratios)} | {base} | '
              f'{size:.2f} |', flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark.

    Args:
        parser (ArgumentParser): The parser to add them to.
    """
    parser.add_argument(
        '--config', help='config with a PairedDataset; default: made data')
    parser.add_argument(
        '--only', nargs='+', metavar='WORD', default=[''],
        help='jobs in whose name one of these words stands; default: all')
    parser.add_argument(
        '--images', type=int, default=4, help='files of a kind; default: 4')
    parser.add_argument(
        '--items',
        type=int,
        default=8,
        help='crops of each row in a round; default: 8')
    parser.add_argument(
        '--rounds', type=int, default=5, help='rounds; default: 5')


def run(args: argparse.Namespace) -> None:
    """Measure and print a table for each job.

    Args:
        args (Namespace): The options of :func:`add_arguments`.
    """
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as folder:
        jobs = (config_jobs(args.config, args.images) if args.config else
                made_jobs(Path(folder), args.images))
        for job in jobs:
            if any(word in job.name for word in args.only):
                rows = rows_of(job, f'{folder}/packs')
                print_table(job, rows,
                            measure(rows, args.items, args.rounds))
