"""Compare time, passes and memory of training steps.

    python tools/benchmark.py step
    python tools/benchmark.py step --network resnet50 --levers
    python tools/benchmark.py step --configs A.py B.py
    python tools/benchmark.py step --beside other/checkout script.py

The rows run interleaved, so that a busy machine slows all of them; median and
range of paired ratios are printed. A first round, in which the process
allocates its memory, is not counted. Images are random, so neither a data set
nor pretrained weights are needed.

`fast` is bfloat16, NHWC and, where there is attention, fused attention.

`arithmetic` is the sum of the bare passes of the same networks, timed before
and after each step: S is the forward and backward pass of the labeled images
with the feature distance, M that of the mixed images, T the forward pass of
the teacher and I that of the pretrained encoder. `overhead` is the remaining
time of a step: mixing, augmentation, pseudo-labels, snapshots of FST, EMA,
optimizer. `outside networks` measures the same without the passes, whose time
varies between calls.
"""
import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Optional

import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import nn

from mmseg_fst.apis import read_config
from mmseg_fst.models.losses import heads_of

from .random_run import use_random_images
from .step_rows import LEVERS, METHODS, Row
from .step_table import print_table
from .stepper import PassClock, Stepper, peak_megabytes, seconds_of

ROOT = Path(__file__).parents[2]
#: Small networks with the methods of the paper: config and changed options.
NETWORKS = {
    'mit-b1': ('gta2cityscapes_mit-b5-daformer_daformer.py',
               dict(num_layers=[2, 2, 2, 2])),
    'resnet50': ('gta2cityscapes_resnet50-deeplabv2_daformer.py', {}),
}


class BarePasses:
    """The forward and backward passes of a step without anything else.

    Args:
        step (Stepper): A step of any method.
    """

    def __init__(self, step: Stepper) -> None:
        self.model = step.runner.model
        data = self.model.data_preprocessor(step.batch, True)
        self.image = data['inputs']['labeled']
        self.label = torch.stack([
            sample.gt_sem_seg.data[0]
            for sample in data['data_samples']['labeled']
        ])
        self.weight = torch.ones(self.label.shape, device=self.image.device)
        self.weights = [
            weight for weight in self.model.student.parameters()
            if weight.requires_grad
        ]
        with torch.no_grad():
            self.pretrained = self.model.pretrained_encoder(self.image)[-1]

    def seconds(self) -> dict[str, tuple[float, float]]:
        """Time each pass once.

        Returns:
            dict[str, tuple[float, float]]: For each name of :class:`Row` the
            seconds, and the part of them outside networks.
        """
        times = {'S': self._seconds_of(self._labeled)}
        loss = []
        forward = self._seconds_of(lambda: loss.append(self._mixed()))
        times['B'] = self._seconds_of(lambda: self._backward(loss.pop()))
        times['M'] = tuple(map(sum, zip(forward, times['B'])))
        with torch.no_grad():
            times['T'] = self._seconds_of(
                lambda: self.model.teacher(self.image))
            times['I'] = self._seconds_of(
                lambda: self.model.pretrained_encoder(self.image))
        return times

    def _seconds_of(self, work: Callable[[], Any]) -> tuple[float, float]:
        return seconds_and_outside(work, self.model)

    def _backward(self, loss: torch.Tensor) -> None:
        torch.autograd.grad(loss, self.weights, allow_unused=True)

    def _pixels(self, stages: tuple) -> list[torch.Tensor]:
        """Compute the cross-entropy of each head at each pixel."""
        return [
            F.cross_entropy(
                F.interpolate(
                    head(stages), self.label.shape[1:], mode='bilinear'),
                self.label, ignore_index=255, reduction='none')
            for head in heads_of(self.model.student).values()
        ]

    def _labeled(self) -> None:
        stages = self.model.student.backbone(self.image)
        distance = (stages[-1] - self.pretrained).norm(dim=1).mean()
        self._backward(
            sum(loss.mean() for loss in self._pixels(stages)) + distance)

    def _mixed(self) -> torch.Tensor:
        stages = self.model.student.backbone(self.image)
        return sum(
            (loss * self.weight).mean() for loss in self._pixels(stages))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        '--network', choices=sorted(NETWORKS), default='mit-b1',
        help='network; default: mit-b1')
    parser.add_argument(
        '--levers', action='store_true',
        help='compare the options that make FST-D faster, separately and '
        'combined, instead of the methods')
    parser.add_argument(
        '--only', nargs='+', metavar='WORDS',
        help='the first row, and rows whose name contains one of these')
    parser.add_argument(
        '--configs', nargs='+', metavar='CONFIG', default=[],
        help='compare these config files instead')
    parser.add_argument(
        '--beside', nargs='+', metavar='PATH', default=[],
        help='other checkouts of mmseg_fst, to time their step of the first '
        'row, or scripts that print a line of JSON, {"seconds": [...]}')
    parser.add_argument(
        '--batch-size', type=int, default=2,
        help='number of pairs; default: 2')
    parser.add_argument(
        '--crop', type=int, default=256,
        help='side length of the images; default: 256')
    parser.add_argument(
        '--rounds', type=int, default=5,
        help='interleaved rounds; default: 5')
    parser.add_argument(
        '--no-memory', action='store_true',
        help='do not run each row again in a separate process for its peak '
        'memory')
    parser.add_argument('--alone', help=argparse.SUPPRESS)


def rows_of(args: argparse.Namespace) -> list[Row]:
    """Return the selected rows."""
    if args.configs:
        return [Row(path, {}, {}) for path in args.configs]
    rows = LEVERS if args.levers else METHODS
    if args.network == 'resnet50':
        rows = [row for row in rows
                if 'attention' not in row.name and 'dilated' not in row.name]
    selected = args.only or ['']
    return rows[:1] + [
        row for row in rows[1:] if any(text in row.name for text in selected)
    ]


def config_of(row: Row, args: argparse.Namespace) -> Config:
    """Return the config of a row, on random images."""
    if args.configs:
        cfg = read_config(row.name)
    else:
        name, changes = NETWORKS[args.network]
        cfg = read_config(str(ROOT / 'configs/uda' / name))
        cfg.custom_hooks = [row.hook]
        cfg.merge_from_dict({
            **{f'model.segmentor.backbone.{key}': value
               for key, value in changes.items()}, **row.changes
        })
        if args.network == 'resnet50':
            cfg.pop('fused_attention', None)  # ResNet has no attention
    use_random_images(cfg, args.batch_size, 10**6, args.crop)
    return cfg


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Args:
        args (Namespace): See :func:`add_arguments`.
    """
    rows = rows_of(args)
    if args.alone:
        row = next(row for row in rows if row.name == args.alone)
        print(json.dumps(measure_memory(row, args)))
        return
    torch.manual_seed(0)
    steps = [Stepper(config_of(row, args)) for row in rows]
    without = args.configs or args.levers
    bares = [None if without else BarePasses(step) for step in steps]
    passes = [step.passes() for step in steps]
    times: list[list[float]] = [[] for _ in rows]
    outside: list[list[float]] = [[] for _ in rows]
    # The bare passes of each round and row are timed before and after the
    # step, since the speed of a machine drifts, and with the networks of that
    # row, since the speed also depends on the memory layout.
    parts: list[list[list[dict[str, tuple[float, float]]]]] = []
    for number in range(1 + args.rounds):
        parts.append([])
        for seconds, rest, step, bare in zip(times, outside, steps, bares):
            around = [bare.seconds()] if bare else []
            measured = seconds_and_outside(step, step.runner.model)
            around += [bare.seconds()] if bare else []
            parts[-1].append(around)
            for values, value in zip((seconds, rest), measured):
                values.append(value)
        print(f'round {number} of {args.rounds}' if number else 'warm-up',
              file=sys.stderr)
    # The process allocates its memory in the first round.
    for values in (parts, *times, *outside):
        del values[0]
    first = steps[0] if args.beside else None
    del steps, step, bares, bare  # free memory for the processes below
    memory = [None if args.no_memory else memory_of(row, args) for row in rows]
    print_table(rows, times, outside, parts, passes, memory)
    for path in args.beside:
        print_beside(path, times[0], first, args)


def seconds_and_outside(work: Callable[[], Any],
                        model: nn.Module) -> tuple[float, float]:
    """Time a call, and the part of it outside the networks of a model."""
    with PassClock(model) as clock:
        seconds = seconds_of(work)
    return seconds, seconds - clock.seconds


def measure_memory(row: Row, args: argparse.Namespace) -> dict[str, Any]:
    """Measure peak memory and seconds of a row in this process."""
    step = Stepper(config_of(row, args))
    seconds = [seconds_of(step) for _ in range(args.rounds)]
    return dict(megabytes=peak_megabytes(), seconds=seconds[1:])


def command_of(row: Row, rounds: int, args: argparse.Namespace,
               root: Path = ROOT) -> list[str]:
    """Return the command line that measures one row."""
    command = [
        sys.executable, str(root / 'tools/benchmark.py'), 'step', '--network',
        args.network, '--alone', row.name, '--crop', str(args.crop),
        '--batch-size', str(args.batch_size), '--rounds', str(rounds)
    ]
    if args.configs:
        command += ['--configs', *args.configs]
    return command + ['--levers'] * args.levers


def read_json(command: list[str], cwd: Optional[Path] = None) -> dict:
    """Run a command and parse the last line of its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=cwd)
    if done.returncode:
        sys.exit(f'{" ".join(command)} failed, see the message above.')
    return json.loads(done.stdout.splitlines()[-1])


def memory_of(row: Row, args: argparse.Namespace) -> dict:
    """Measure the peak memory of three iterations in a separate process."""
    return read_json(command_of(row, 3, args))


def print_beside(path: str, before: list[float], step: Stepper,
                 args: argparse.Namespace) -> None:
    """Time another checkout or script, then the first row once more."""
    target = Path(path).resolve()
    if target.is_dir():
        row = rows_of(args)[0]
        command = command_of(row, args.rounds + 1, args, target)
        seconds = read_json(command, target)['seconds']
    else:
        seconds = read_json([sys.executable, str(target)])['seconds']
    after = [seconds_of(step) for _ in range(args.rounds)]
    print(f'{path}: {median(seconds):.3f} s '
          f'({min(seconds):.3f}-{max(seconds):.3f}), '
          f'{median(seconds) / median(before):.2f} times the first row '
          f'measured before it, {median(seconds) / median(after):.2f} times '
          'the first row measured after it.')
