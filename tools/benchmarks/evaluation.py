"""Time and memory of scoring images, against MMSegmentation, in one run.

    python tools/benchmark.py evaluation
    python tools/benchmark.py evaluation --size 1024 512 --windows 1 4

The same network, windows and images go through MMSegmentation (val_step of an
EncoderDecoder, whose logits stay at full size, and IoUMetric) and through the
validation of mmseg_fst (labels alone, and a confusion matrix on the device).
The ways take turns; ratios are those of the same turn, their median and range
are printed. Seconds are those of the device, or, on a CPU, of this process
alone, whatever else is running. `beyond the network` is what a way takes
longer than the bare forward passes, which are timed in the same turns. Peaks
of memory are those of a process for each way; what the process held before it
is subtracted in the next column.

Images are random patches of color, and of the network only the last layer is
fitted to them: mIoU says nothing, but has to be the same to 4 decimals, or the
command fails.
"""
import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median

import torch

from .scoring import Bench, Way
from .step import ROOT, read_json
from .step_table import spread
from .stepper import peak_megabytes, seconds_of, wait


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for.

    Args:
        parser (ArgumentParser): Of the command.
    """
    parser.add_argument(
        '--network', default='mobilenetv2_segformer', metavar='NAME',
        help='file of configs/_base_/models without its ending; default: '
        'mobilenetv2_segformer')
    parser.add_argument(
        '--size', nargs=2, type=int, default=[2048, 1024],
        metavar=('WIDTH', 'HEIGHT'), help='of the images; default: 2048 1024')
    parser.add_argument(
        '--classes', type=int, default=19, help='default: 19')
    parser.add_argument(
        '--crop', type=int, default=769,
        help='side of the windows; default: 769')
    parser.add_argument(
        '--stride', type=int, default=513,
        help='distance of the windows; default: 513')
    parser.add_argument(
        '--windows', nargs='+', type=int, default=[1, 2], metavar='N',
        help='windows that we put through the network at once; default: 1 2')
    parser.add_argument(
        '--images', type=int, default=3, help='default: 3')
    parser.add_argument(
        '--rounds', type=int, default=5, help='turns of each; default: 5')
    parser.add_argument(
        '--no-memory', action='store_true',
        help='skip the peaks of memory, for which each way runs again, alone')
    parser.add_argument('--alone', help=argparse.SUPPRESS)


def ways_of(args: argparse.Namespace) -> list[Way]:
    """The ways that are asked for, MMSegmentation first in each mode."""
    return [
        Way('windows', None), *(Way('windows', count)
                                for count in args.windows),
        Way('whole image', None), Way('whole image', 1)
    ]


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Args:
        args (Namespace): See :func:`add_arguments`.
    """
    ways = ways_of(args)
    if args.alone:
        way = next(way for way in ways if way.name == args.alone)
        print(json.dumps(alone(way, args)))
        return
    bench = Bench(args)
    for way in ways:  # to warm up
        bench.score(way, 0)
    bench.start_anew()
    turns: dict[Way, list[float]] = {way: [] for way in ways}
    bare: dict[str, list[float]] = {way.mode: [] for way in ways}
    for turn in range(args.rounds):
        index = turn % args.images
        for mode, seconds in bare.items():
            seconds.append(work_of(bench.bare(mode, index)))
        for way, seconds in turns.items():
            seconds.append(work_of(lambda: bench.score(way, index)))
        print(f'turn {turn + 1} of {args.rounds}', file=sys.stderr)
    scores = {way: bench.mean_iou(way) for way in ways}
    del bench
    memory = {} if args.no_memory else {
        way: read_json(command_of(way, args))
        for way in ways
    }
    print_table(turns, bare, scores, memory)
    for way in ways:
        ours, theirs = scores[way], scores[Way(way.mode, None)]
        if way.windows == 1 and f'{ours:.4f}' != f'{theirs:.4f}':
            sys.exit(f'{way.name}: mIoU {ours:.4f} is not {theirs:.4f}.')


def work_of(work: Callable[[], None]) -> float:
    """Seconds that some work takes, without those of other processes."""
    if torch.cuda.is_available():
        return seconds_of(work)
    start = time.process_time()
    work()
    return time.process_time() - start


def alone(way: Way, args: argparse.Namespace) -> dict[str, float]:
    """Peak of memory of a way in a process of its own."""
    args.images = 2
    bench = Bench(args)
    before = peak_megabytes()
    for index in range(args.images):
        bench.score(way, index)
    wait()
    return dict(megabytes=peak_megabytes(), before=before)


def command_of(way: Way, args: argparse.Namespace) -> list[str]:
    """The command line that measures the memory of one way."""
    options = dict(
        network=[args.network], size=args.size, classes=[args.classes],
        crop=[args.crop], stride=[args.stride], windows=args.windows,
        alone=[way.name])
    command = [sys.executable, str(ROOT / 'tools/benchmark.py'), 'evaluation']
    for name, values in options.items():
        command += [f'--{name}', *map(str, values)]
    return command


def print_table(turns: dict[Way, list[float]], bare: dict[str, list[float]],
                scores: dict[Way, float], memory: dict[Way, dict]) -> None:
    """Print ratios to MMSegmentation, as a table in Markdown."""
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'{torch.get_num_threads()} CPU threads')
    passes = ', '.join(f'{mode} {median(seconds):.3f}'
                       for mode, seconds in bare.items())
    print(f'Bare forward passes, seconds per image: {passes}; {device}')
    print('| scoring | seconds per image | of MMSegmentation | '
          'beyond the network | of it | peak MB | beyond the process | of it '
          '| mIoU |\n|---|---|---|---|---|---|---|---|---|')
    for way, seconds in turns.items():
        first = Way(way.mode, None)
        beyond, others = (
            [one - least for one, least in zip(turns[each], bare[way.mode])]
            for each in (way, first))
        cells = [way.name, f'{median(seconds):.3f}',
                 spread([one / other
                         for one, other in zip(seconds, turns[first])]),
                 f'{median(beyond):.3f}',
                 spread([one / other for one, other in zip(beyond, others)])]
        if memory:
            rise, theirs = (
                memory[each]['megabytes'] - memory[each]['before']
                for each in (way, first))
            cells += [f'{memory[way]["megabytes"]:.0f}', f'{rise:.0f}',
                      f'{rise / theirs:.2f}' if theirs else '']
        else:
            cells += [''] * 3
        print('| ' + ' | '.join([*cells, f'{scores[way]:.4f}']) + ' |')


def main() -> None:
    """Run from the command line: python -m tools.benchmarks.evaluation."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == '__main__':
    main()
