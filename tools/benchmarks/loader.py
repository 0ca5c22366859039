"""Compare the throughput of data pipelines with MMSegmentation.

    python tools/benchmark.py loader
    python tools/benchmark.py loader --only source target
    python tools/benchmark.py loader --config CONFIG

Every row makes crops of the same images with the same random numbers:

stock        the steps of MMSegmentation: LoadImageFromFile, LoadAnnotations,
             Resize, RandomCrop, RandomFlip, PackSegInputs
distorted    stock with PhotoMetricDistortion, which mmseg_fst replaces by
             color augmentation of the batch on the device
config       the steps of the configs of mmseg_fst
reduce_to    config, JPEG decoded at reduced size
scale_crops  config, scaling only the region of the crop
packed       config, decoded and resized in advance
both         scale_crops on packed images

With rare-class sampling, crops are sampled until one shows the class:

reloaded     config, loading the image for each crop, as in DAFormer
rare         config, loading the image once
rare packed  rare on packed images

A single thread runs all rows, interleaved in each round. Time is process time,
so other programs do not count. Files are in the page cache, so the disk is not
measured. Ratios are paired within a round; median and range are printed. The
megabytes are the size of an item on its way from a worker to the device.

Without --config, generated streets are enlarged and made noisy, so that the
files are about as large as the files of GTA, Cityscapes and Pascal VOC.
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
    generated_jobs,
    reduced_pipeline,
    stock_pipeline,
)
from .step_table import spread

Sampler = Callable[[int], dict]


class Reloaded:
    """A data set without a public pipeline, which reloads for each crop.

    Args:
        dataset (BaseDataset): The data set.
    """

    def __init__(self, dataset: BaseDataset) -> None:
        self.dataset = dataset
        self.metainfo = dataset.metainfo
        self.get_data_info = dataset.get_data_info

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        """Return an item."""
        return self.dataset[index]


def rows_of(job: Job, folder: str) -> dict[str, Sampler]:
    """Build the rows of a job.

    Args:
        job (Job): The job.
        folder (str): Folder for packs.

    Returns:
        dict[str, Sampler]: By name, functions from a number to an item.
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
    rows = {name: sample_by_index(side) for name, side in sides.items()}
    if job.rare_class_sampling:
        rare = dict(reloaded=Reloaded(sides['config']), rare=sides['config'])
        rare['rare packed'] = sides['packed']
        for name, side in rare.items():
            rows[name] = sample_rare(
                RareClassSampling(side, **job.rare_class_sampling))
    return rows


def sample_by_index(side: BaseDataset) -> Sampler:
    """Return a function that makes items by their index."""
    return lambda number: side[number % len(side)]


def sample_rare(sampling: RareClassSampling) -> Sampler:
    """Return a function that makes items by rare-class sampling."""
    return lambda number: sampling.sample()


def measure(rows: Mapping[str, Sampler], items: int,
            rounds: int) -> dict[str, list[float]]:
    """Time all rows in interleaved rounds.

    Args:
        rows (Mapping[str, Sampler]): The result of :func:`rows_of`.
        items (int): Number of items of a row in each round.
        rounds (int): Number of rounds after a warm-up round.

    Returns:
        dict[str, list[float]]: Items per second of process time, by row and
        round.
    """
    throughput = {name: [] for name in rows}
    for _ in range(rounds + 1):
        for name, sample in rows.items():
            start = time.process_time()
            for number in range(items):
                with seeded(number):
                    sample(number)
            throughput[name].append(items / (time.process_time() - start))
    return {name: throughput[name][1:] for name in rows}


def megabytes(item: dict) -> float:
    """Return the size of the tensors of an item."""
    tensors = [item['inputs']]
    if 'gt_sem_seg' in item['data_samples']:
        tensors.append(item['data_samples'].gt_sem_seg.data)
    return sum(tensor.nbytes for tensor in tensors) / 1e6


def print_table(job: Job, rows: Mapping[str, Sampler],
                throughput: Mapping[str, list[float]]) -> None:
    """Print the results of a job as a Markdown table.

    Args:
        job (Job): The job.
        rows (Mapping[str, Sampler]): The result of :func:`rows_of`.
        throughput (Mapping[str, list[float]]): The result of :func:`measure`.
    """
    print(f'\n{job.name}\n\n| pipeline | images per second of a core | ratio '
          '| to | megabytes |\n|---|---|---|---|---|')
    for name, values in throughput.items():
        base = 'reloaded' if 'rare' in name else 'stock'
        ratios = [value / reference
                  for value, reference in zip(values, throughput[base])]
        with seeded(0):
            size = megabytes(rows[name](0))
        print(f'| {name} | {median(values):.1f} | {spread(ratios)} | {base} '
              f'| {size:.2f} |', flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): The parser to add them to.
    """
    parser.add_argument(
        '--config',
        help='config with a PairedDataset; default: generated data')
    parser.add_argument(
        '--only', nargs='+', metavar='WORD', default=[''],
        help='jobs whose name contains one of these words; default: all')
    parser.add_argument(
        '--images', type=int, default=4,
        help='number of files of each kind; default: 4')
    parser.add_argument(
        '--items',
        type=int,
        default=8,
        help='number of crops of each row in a round; default: 8')
    parser.add_argument(
        '--rounds', type=int, default=5,
        help='interleaved rounds; default: 5')


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
                generated_jobs(Path(folder), args.images))
        for job in jobs:
            if any(word in job.name for word in args.only):
                rows = rows_of(job, f'{folder}/packs')
                print_table(job, rows,
                            measure(rows, args.items, args.rounds))
