"""How fast it is, in ratios.

    python tools/benchmark.py step            methods of self-training
    python tools/benchmark.py step --levers   what makes FST-D faster
    python tools/benchmark.py loader          pipelines of data
    python tools/benchmark.py --help          all of them

Each command measures what it compares in one run, in turns.
"""
import argparse
import importlib

#: Name of a command: its module, and what it measures.
COMMANDS = dict(
    step='time, passes and memory of the training step',
    evaluation='time and memory of scoring images, against MMSegmentation',
    loader='images per second of data pipelines'
)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name, words in COMMANDS.items():
        module = importlib.import_module(f'benchmarks.{name}')
        command = commands.add_parser(
            name,
            help=words,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    main()
