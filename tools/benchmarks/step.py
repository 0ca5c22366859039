"""Time, passes and memory of the training step, side by side in one run.

    python tools/benchmark.py step
    python tools/benchmark.py step --network resnet50 --levers
    python tools/benchmark.py step --configs A.py B.py
    python tools/benchmark.py step --beside other/checkout script.py

The rows take turns, so that a machine that is busy slows all of them; ratios
are those of the same turn, their median and range are printed. A turn before
the first one is not counted: memory is got from the system in it. No data set
and no pretrained weights are needed: images are random.

`fast` is bfloat16, NHWC and, where there is attention, fused attention.

`arithmetic` adds up bare forward-backwards of the same networks, timed before
and after: S of the labeled images with the feature distance, M of the mixed
ones, T the teacher's forward, I that of the pretrained encoder. What a step
takes beyond it is everything else: mixing, augmentation, pseudo-labels, the
look-ahead's copies, the moving average, the optimizer. `outside of networks`
is the same, found without the time that forward and backward take, which is
not quite the same twice.
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
#: Small networks with the methods of the paper, by name.
NETWORKS = {
    'mit-b1': ('gta2cityscapes_mit-b5-daformer_daformer.py',
               dict(num_layers=[2, 2, 2, 2])),
    'resnet50': ('gta2cityscapes_resnet50-deeplabv2_daformer.py', {}),
}


class BarePasses:
    """Forward-backwards and nothing else, of the networks of a step.

    Args:
        step (Stepper): The step; its method does not matter.
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
            one for one in self.model.student.parameters()
            if one.requires_grad
        ]
        with torch.no_grad():
            self.pretrained = self.model.pretrained_encoder(self.image)[-1]

    def seconds(self) -> dict[str, tuple[float, float]]:
        """Time each once.

        Returns:
            dict[str, tuple[float, float]]: Seconds by name, see
            :class:`Row`, and how many of them are outside of networks.
        """
        found = {'S': self._seconds_of(self._labeled)}
        loss = []
        forward = self._seconds_of(lambda: loss.append(self._mixed()))
        found['B'] = self._seconds_of(lambda: self._backward(loss.pop()))
        found['M'] = tuple(map(sum, zip(forward, found['B'])))
        with torch.no_grad():
            found['T'] = self._seconds_of(
                lambda: self.model.teacher(self.image))
            found['I'] = self._seconds_of(
                lambda: self.model.pretrained_encoder(self.image))
        return found

    def _seconds_of(self, work: Callable[[], Any]) -> tuple[float, float]:
        return seconds_and_rest(work, self.model)

    def _backward(self, loss: torch.Tensor) -> None:
        torch.autograd.grad(loss, self.weights, allow_unused=True)

    def _pixels(self, stages: tuple) -> list[torch.Tensor]:
        """Cross entropy of each head at each pixel."""
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
            sum(one.mean() for one in self._pixels(stages)) + distance)

    def _mixed(self) -> torch.Tensor:
        stages = self.model.student.backbone(self.image)
        return sum(
            (one * self.weight).mean() for one in self._pixels(stages))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for.

    Args:
        parser (ArgumentParser): Of the command.
    """
    parser.add_argument(
        '--network', choices=sorted(NETWORKS), default='mit-b1',
        help='default: mit-b1')
    parser.add_argument(
        '--levers', action='store_true',
        help='what makes FST-D faster, each alone and all together, instead '
        'of the methods')
    parser.add_argument(
        '--only', nargs='+', metavar='WORDS',
        help='rows whose name contains one of these, and the first')
    parser.add_argument(
        '--configs', nargs='+', metavar='CONFIG', default=[],
        help='compare these config files instead')
    parser.add_argument(
        '--beside', nargs='+', metavar='PATH', default=[],
        help='other checkouts of mmseg_fst, whose step of the first row is '
        'timed, or scripts: each prints a line of JSON, {"seconds": [...]}')
    parser.add_argument(
        '--batch-size', type=int, default=2, help='pairs; default: 2')
    parser.add_argument(
        '--crop', type=int, default=256,
        help='side of the images; default: 256')
    parser.add_argument(
        '--rounds', type=int, default=5, help='turns of each; default: 5')
    parser.add_argument(
        '--no-memory', action='store_true',
        help='skip the peak of memory, for which each row runs again, alone')
    parser.add_argument('--alone', help=argparse.SUPPRESS)


def rows_of(args: argparse.Namespace) -> list[Row]:
    """The rows that are asked for."""
    if args.configs:
        return [Row(path, {}, {}) for path in args.configs]
    rows = LEVERS if args.levers else METHODS
    if args.network == 'resnet50':
        rows = [row for row in rows
                if 'attention' not in row.name and 'dilated' not in row.name]
    wanted = args.only or ['']
    return rows[:1] + [
        row for row in rows[1:] if any(words in row.name for words in wanted)
    ]


def config_of(row: Row, args: argparse.Namespace) -> Config:
    """The config of a row, on random images."""
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
            cfg.pop('fused_attention', None)  # it has none
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
        print(json.dumps(alone(row, args)))
        return
    torch.manual_seed(0)
    steps = [Stepper(config_of(row, args)) for row in rows]
    without = args.configs or args.levers
    bares = [None if without else BarePasses(step) for step in steps]
    passes = [step.passes() for step in steps]
    turns: list[list[float]] = [[] for _ in rows]
    rests: list[list[float]] = [[] for _ in rows]
    # Of each turn and row: before and after the step, because machines get
    # slower and faster, and of its own networks, because memory does as well.
    parts: list[list[list[dict[str, tuple[float, float]]]]] = []
    for turn in range(1 + args.rounds):
        parts.append([])
        for seconds, rest, step, bare in zip(turns, rests, steps, bares):
            around = [bare.seconds()] if bare else []
            measured = seconds_and_rest(step, step.runner.model)
            around += [bare.seconds()] if bare else []
            parts[-1].append(around)
            for values, one in zip((seconds, rest), measured):
                values.append(one)
        print(f'turn {turn} of {args.rounds}' if turn else 'warm',
              file=sys.stderr)
    # The process gets its memory from the system in the first turn.
    for values in (parts, *turns, *rests):
        del values[0]
    first = steps[0] if args.beside else None
    del steps, step, bares, bare  # room for the processes below
    memory = [None if args.no_memory else memory_of(row, args) for row in rows]
    print_table(rows, turns, rests, parts, passes, memory)
    for path in args.beside:
        print_beside(path, turns[0], first, args)


def seconds_and_rest(work: Callable[[], Any],
                     model: nn.Module) -> tuple[float, float]:
    """Time some work, and what of it is outside of a model's networks."""
    with PassClock(model) as clock:
        seconds = seconds_of(work)
    return seconds, seconds - clock.seconds


def alone(row: Row, args: argparse.Namespace) -> dict[str, Any]:
    """Peak of memory and seconds of a row in a process of its own."""
    step = Stepper(config_of(row, args))
    seconds = [seconds_of(step) for _ in range(args.rounds)]
    return dict(megabytes=peak_megabytes(), seconds=seconds[1:])


def command_of(row: Row, rounds: int, args: argparse.Namespace,
               root: Path = ROOT) -> list[str]:
    """The command line that measures one row alone."""
    command = [
        sys.executable, str(root / 'tools/benchmark.py'), 'step', '--network',
        args.network, '--alone', row.name, '--crop', str(args.crop),
        '--batch-size', str(args.batch_size), '--rounds', str(rounds)
    ]
    if args.configs:
        command += ['--configs', *args.configs]
    return command + ['--levers'] * args.levers


def read_json(command: list[str], cwd: Optional[Path] = None) -> dict:
    """Run a command; read the last line that it prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=cwd)
    if done.returncode:
        sys.exit(f'{" ".join(command)} failed, see above.')
    return json.loads(done.stdout.splitlines()[-1])


def memory_of(row: Row, args: argparse.Namespace) -> dict:
    """Peak of memory of a row, by three iterations of its own."""
    return read_json(command_of(row, 3, args))


def print_beside(path: str, before: list[float], step: Stepper,
                 args: argparse.Namespace) -> None:
    """Time another checkout or script, then our first row once more."""
    place = Path(path).resolve()
    if place.is_dir():
        row = rows_of(args)[0]
        command = command_of(row, args.rounds + 1, args, place)
        its = read_json(command, place)['seconds']
    else:
        its = read_json([sys.executable, str(place)])['seconds']
    after = [seconds_of(step) for _ in range(args.rounds)]
    print(f'{path}: {median(its):.3f} s ({min(its):.3f}-{max(its):.3f}), '
          f'{median(its) / median(before):.2f} times our first row before it, '
          f'{median(its) / median(after):.2f} times that after it.')
