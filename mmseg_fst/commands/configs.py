"""List the configs of the package.

    mmseg-fst configs
    mmseg-fst configs camvid
    mmseg-fst configs 'uda/gta*_fst'

The names can be used wherever a command expects a config: mmseg-fst train
uda/streetgen2camvid_fst. A file of that name in the current folder, or in its
folder configs, is used instead.
"""
import argparse
import sys

from mmseg_fst.utils.counts import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'pattern', nargs='?', default='', metavar='PATTERN',
        help='part of the names, * matches any text; default: all')
    parser.add_argument(
        '--paths', action='store_true', help='print the paths of the files')


def run(args: argparse.Namespace) -> None:
    """Print the names.

    Args:
        args (Namespace): The options.

    Raises:
        ValueError: If no config has such a name.
    """
    from mmseg_fst.config.packaged import config_root, list_configs

    names = list_configs(args.pattern)
    if not names:
        raise ValueError(f'No config has {args.pattern!r} in its name; list '
                         'all with: mmseg-fst configs')
    for name in names:
        print(config_root() / f'{name}.py' if args.paths else name)
    print(f'{counted(len(names), "config")} in {config_root()}',
          file=sys.stderr)
