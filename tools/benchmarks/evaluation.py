"""Compare time and memory of scoring images with MMSegmentation.

    python tools/benchmark.py evaluation
    python tools/benchmark.py evaluation --size 1024 512 --windows 1 4

The same network, windows and images go through MMSegmentation (val_step of an
EncoderDecoder, which keeps the logits at full size, and IoUMetric) and through
the validation of mmseg_fst (labels only, and a confusion matrix on the
device). The variants run interleaved; median and range of paired ratios are
printed. Seconds are device time on a GPU and process time on a CPU, so other
programs do not count. `overhead` is the time beyond the bare forward passes,
which are timed in the same rounds. Peak memory is measured in a separate
process for each variant; the next column subtracts the memory used before the
first image.

Images are random patches of color, and only the last layer of the network is
fitted to them: the mIoU is meaningless, but it must agree to 4 decimals,
otherwise the command fails.
"""
import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import torch

from .scoring import Bench, Variant
from .step import ROOT, read_json
from .step_table import spread
from .stepper import peak_megabytes, seconds_of, wait


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        '--network', default='mobilenetv2_segformer', metavar='NAME',
        help='file of configs/_base_/models without its extension; default: '
        'mobilenetv2_segformer')
    parser.add_argument(
        '--size', nargs=2, type=int, default=[2048, 1024],
        metavar=('WIDTH', 'HEIGHT'),
        help='size of the images; default: 2048 1024')
    parser.add_argument(
        '--classes', type=int, default=19,
        help='number of classes; default: 19')
    parser.add_argument(
        '--crop', type=int, default=769,
        help='side length of the windows; default: 769')
    parser.add_argument(
        '--stride', type=int, default=513,
        help='distance of the windows; default: 513')
    parser.add_argument(
        '--windows', nargs='+', type=int, default=[1, 2], metavar='N',
        help='batch sizes of windows in mmseg_fst; default: 1 2')
    parser.add_argument(
        '--images', type=int, default=3,
        help='number of images; default: 3')
    parser.add_argument(
        '--rounds', type=int, default=5,
        help='interleaved rounds; default: 5')
    parser.add_argument(
        '--no-memory', action='store_true',
        help='do not run each variant again in a separate process for its '
        'peak memory')
    parser.add_argument('--alone', help=argparse.SUPPRESS)


def variants_of(args: argparse.Namespace) -> list[Variant]:
    """Return the selected variants, MMSegmentation first in each mode."""
    return [
        Variant('windows', None),
        *(Variant('windows', count) for count in args.windows),
        Variant('whole image', None), Variant('whole image', 1)
    ]


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Args:
        args (Namespace): See :func:`add_arguments`.
    """
    variants = variants_of(args)
    if args.alone:
        variant = next(
            variant for variant in variants if variant.name == args.alone)
        print(json.dumps(measure_memory(variant, args)))
        return
    bench = Bench(args)
    for variant in variants:  # to warm up
        bench.score(variant, 0)
    bench.reset()
    times: dict[Variant, list[float]] = {variant: [] for variant in variants}
    bare: dict[str, list[float]] = {variant.mode: [] for variant in variants}
    for number in range(args.rounds):
        index = number % args.images
        for mode, seconds in bare.items():
            seconds.append(process_seconds(bench.bare(mode, index)))
        for variant, seconds in times.items():
            seconds.append(
                process_seconds(partial(bench.score, variant, index)))
        print(f'round {number + 1} of {args.rounds}', file=sys.stderr)
    scores = {variant: bench.mean_iou(variant) for variant in variants}
    del bench
    memory = {} if args.no_memory else {
        variant: read_json(command_of(variant, args))
        for variant in variants
    }
    print_table(times, bare, scores, memory)
    check_scores(scores)


def check_scores(scores: dict[Variant, float]) -> None:
    """Exit if mmseg_fst and MMSegmentation disagree."""
    for variant, score in scores.items():
        reference = scores[Variant(variant.mode, None)]
        if variant.windows == 1 and f'{score:.4f}' != f'{reference:.4f}':
            sys.exit(f'{variant.name}: mIoU {score:.4f} differs from '
                     f'MMSegmentation, {reference:.4f}.')


def process_seconds(work: Callable[[], None]) -> float:
    """Return the device time or process time of a call."""
    if torch.cuda.is_available():
        return seconds_of(work)
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_memory(variant: Variant,
                   args: argparse.Namespace) -> dict[str, float]:
    """Measure the peak memory of a variant in this process."""
    args.images = 2
    bench = Bench(args)
    before = peak_megabytes()
    for index in range(args.images):
        bench.score(variant, index)
    wait()
    return dict(megabytes=peak_megabytes(), before=before)


def command_of(variant: Variant, args: argparse.Namespace) -> list[str]:
    """Return the command line that measures the memory of a variant."""
    options = dict(
        network=[args.network], size=args.size, classes=[args.classes],
        crop=[args.crop], stride=[args.stride], windows=args.windows,
        alone=[variant.name])
    command = [sys.executable, str(ROOT / 'tools/benchmark.py'), 'evaluation']
    for name, values in options.items():
        command += [f'--{name}', *map(str, values)]
    return command


def print_table(times: dict[Variant, list[float]],
                bare: dict[str, list[float]], scores: dict[Variant, float],
                memory: dict[Variant, dict]) -> None:
    """Print ratios to MMSegmentation as a Markdown table."""
    device = (torch.cuda.get_device_name() if torch.cuda.is_available() else
              f'{torch.get_num_threads()} CPU threads')
    passes = ', '.join(f'{mode} {median(seconds):.3f}'
                       for mode, seconds in bare.items())
    print(f'Bare forward passes, seconds per image: {passes}; {device}')
    print('| scoring | seconds per image | ratio to MMSegmentation | '
          'overhead | ratio | peak MB | increase | ratio | mIoU |\n'
          '|---|---|---|---|---|---|---|---|---|')
    for variant, seconds in times.items():
        baseline = Variant(variant.mode, None)
        overhead, baseline_overhead = (
            [total - network
             for total, network in zip(times[key], bare[variant.mode])]
            for key in (variant, baseline))
        cells = [variant.name, f'{median(seconds):.3f}',
                 paired_ratios(seconds, times[baseline]),
                 f'{median(overhead):.3f}',
                 paired_ratios(overhead, baseline_overhead)]
        if memory:
            increase, baseline_increase = (
                memory[key]['megabytes'] - memory[key]['before']
                for key in (variant, baseline))
            cells += [
                f'{memory[variant]["megabytes"]:.0f}', f'{increase:.0f}',
                f'{increase / baseline_increase:.2f}'
                if baseline_increase else ''
            ]
        else:
            cells += [''] * 3
        print('| ' + ' | '.join([*cells, f'{scores[variant]:.4f}']) + ' |')


def paired_ratios(values: list[float], baseline: list[float]) -> str:
    """Format median and range of the ratios of paired values."""
    return spread([value / base for value, base in zip(values, baseline)])


def main() -> None:
    """Run from the command line: python -m tools.benchmarks.evaluation."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    run(parser.parse_args())


if __name__ == '__main__':
    main()
