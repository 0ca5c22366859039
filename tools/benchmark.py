"""Time and memory of the training step of configs, side by side.

    python tools/benchmark.py configs/uda/gta2cityscapes_*_fst-d.py

Each config runs in a process of its own, on random images of its crop size:
the whole step with its hooks, without loading data, validation or
checkpoints. No data set and no pretrained weights are needed.
"""
import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmseg_fst.apis import build_runner, drop_pretrained, read_config
from mmseg_fst.registry import DATASETS


@DATASETS.register_module()
class RandomPairs(Dataset):
    """Random images with labels in blocks, and without.

    Args:
        size (tuple[int, int]): Height and width.
        num_classes (int): Number of classes.
    """

    num_labeled = num_unlabeled = 64

    def __init__(self, size: tuple[int, int], num_classes: int) -> None:
        self.size = size
        self.metainfo = dict(
            classes=tuple(f'class {i}' for i in range(num_classes)))

    def __len__(self) -> int:
        """Number of pairs."""
        return self.num_labeled

    def __getitem__(self, index: tuple) -> dict:
        """A pair; the index of :class:`PairedSampler` seeds it."""
        generator = torch.Generator().manual_seed(int(index[-1]))
        return dict(
            labeled=self._side(generator, True),
            unlabeled=self._side(generator, False))

    def _side(self, generator: torch.Generator, labeled: bool) -> dict:
        """Image of shape (3, H, W), uint8, and its sample."""
        height, width = self.size
        image = torch.randint(
            0, 256, (3, height, width), dtype=torch.uint8,
            generator=generator)
        sample = SegDataSample(metainfo=dict(img_shape=self.size))
        if labeled:
            blocks = torch.randint(
                0, len(self.metainfo['classes']), (1, -(-height // 32),
                                                   -(-width // 32)),
                generator=generator)
            label = blocks.repeat_interleave(32, 1).repeat_interleave(32, 2)
            sample.gt_sem_seg = PixelData(data=label[:, :height, :width])
        return dict(inputs=image, data_samples=sample)


class StepTimer(Hook):
    """Times each iteration, the work of all other hooks included."""

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def before_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        """Start the clock."""
        self._wait()
        self.start = time.perf_counter()

    def after_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        """Stop it."""
        self._wait()
        self.seconds.append(time.perf_counter() - self.start)

    @staticmethod
    def _wait() -> None:
        """Wait for what the device still has to do."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def prepare(path: str, batch_size: int, iterations: int,
            crop: Optional[int]) -> Config:
    """The config of a run on random images.

    Args:
        path (str): Config file.
        batch_size (int): Labelled images, and unlabelled ones.
        iterations (int): Iterations to run.
        crop (int, optional): Side of the images. Defaults to None: the
            config's.

    Returns:
        Config: For :func:`build_runner`.
    """
    cfg = read_config(path)
    size = (crop, crop) if crop else tuple(cfg.crop_size)
    drop_pretrained(cfg.model)
    cfg.model.data_preprocessor.size = size
    for key in ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg',
                'test_dataloader', 'test_evaluator'):
        cfg[key] = None
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations)
    network = cfg.model.get('segmentor') or next(
        iter(cfg.model.students.values()))
    num_classes = network.decode_head.num_classes
    cfg.train_dataloader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='PairedSampler'),
        dataset=dict(
            type='RandomPairs', size=size, num_classes=num_classes))
    cfg.default_hooks = dict(checkpoint=None, logger=None)
    cfg.visualizer = dict(type='Visualizer')
    cfg.log_level = 'ERROR'
    return cfg


def measure(path: str, batch_size: int, iterations: int,
            crop: Optional[int]) -> dict:
    """Run one config in this process.

    Returns:
        dict: ``seconds`` of each iteration and ``megabytes``, the peak of
        the device's memory, or of the process's on a CPU.
    """
    cfg = prepare(path, batch_size, iterations, crop)
    init_default_scope('mmseg_fst')
    with tempfile.TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        runner = build_runner(cfg)
        timer = StepTimer()
        runner.register_hook(timer)
        runner.train()
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return dict(seconds=timer.seconds, megabytes=peak)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='config files')
    parser.add_argument(
        '--batch-size', type=int, default=2, help='pairs; default: 2')
    parser.add_argument(
        '--iterations',
        type=int,
        default=4,
        help='iterations to run, at least 2: the first is not counted')
    parser.add_argument(
        '--crop', type=int, help="side of the images; default: the config's")
    parser.add_argument('--here', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    if args.iterations < 2:
        sys.exit('--iterations must be at least 2: the first only warms up.')
    if args.here:
        print(json.dumps(measure(args.configs[0], args.batch_size,
                                 args.iterations, args.crop)))
        return
    print('| config | seconds per iteration, fastest | slowest | peak MB |\n'
          '|---|---|---|---|', flush=True)
    for path in args.configs:
        options = ['--batch-size', str(args.batch_size), '--iterations',
                   str(args.iterations), '--here']
        if args.crop:
            options += ['--crop', str(args.crop)]
        done = subprocess.run(
            [sys.executable, __file__, path, *options],
            stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f'{path} failed, see above.')
        result = json.loads(done.stdout.splitlines()[-1])
        seconds = result['seconds'][1:]
        name = path.rpartition('/')[2].removesuffix('.py')
        print(f'| {name} | {min(seconds):.2f} | {max(seconds):.2f} | '
              f'{result["megabytes"]:.0f} |', flush=True)


if __name__ == '__main__':
    main()
