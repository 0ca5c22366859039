"""Measure speed and memory as ratios.

    python tools/benchmark.py step            self-training methods
    python tools/benchmark.py step --levers   options that make FST-D faster
    python tools/benchmark.py loader          data pipelines
    python tools/benchmark.py deploy RUN ...  finished runs, side by side
    python tools/benchmark.py --help          all commands

Each command measures its variants in one process, in interleaved runs.
"""
import argparse
import importlib

from mmseg_fst.utils.messages import one_message

#: Commands, named after their modules, and what they measure.
COMMANDS = dict(
    step='time, passes and memory of the training step',
    evaluation='time and memory of scoring images, compared with '
    'MMSegmentation',
    loader='images per second of data pipelines',
    deploy='size, time on a CPU and score of finished runs'
)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f'benchmarks.{name}')
        command = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    with one_message():
        main()
