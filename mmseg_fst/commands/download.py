"""Download pretrained weights, or published splits of labeled images.

    mmseg-fst download checkpoints               for the CPU tasks of the
                                                 README
    mmseg-fst download checkpoints mit_b5 dinov2_small
    mmseg-fst download checkpoints --list
    mmseg-fst download splits                    both families
    mmseg-fst download splits u2pl               splits of U2PL, used by FST
    mmseg-fst download splits stpp               splits of UniMatch (partly
                                                 from ST++) and of Diverse
                                                 Co-training

Existing files are not downloaded again, and interrupted downloads of weights
continue. HTTPS_PROXY is respected. The exit status is 1 if something is
missing at the end.
"""
import argparse
import sys
from pathlib import Path

from mmseg_fst.utils.arguments import WrongOptions

_CHECKPOINTS = """\
Download pretrained weights to checkpoints/ and convert their keys.

The checkpoints of the authors of FST, DAFormer and U2PL and the ResNets of
U2PL, UniMatch and Diverse Co-training are in Google Drive or OneDrive, DINOv3
is behind a form: for these, instructions are printed.
"""
_SPLITS = """\
Download the published splits of Pascal VOC and Cityscapes.

Written to splits/FAMILY/LABELLED/{labeled,unlabeled}.txt in data/VOC2012 and
data/cityscapes (or VOC2012_ROOT, CITYSCAPES_ROOT), one id on each line. The
families contain different images: the 662, 1323 and 2646 labeled images of
U2PL on Pascal VOC prefer high-quality labels, while the lists of ST++ sample
from all labels. Scores of the two families are not comparable and must not
appear in one table.

Each list is checked for its length, against its counterpart, and against the
images of the other lists. Existing lists are not downloaded again. Lists that
were copied there by hand, as published, are checked and converted to ids.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    kinds = parser.add_subparsers(
        dest='kind', required=True, help='what to download')
    for name, text, add in (('checkpoints', _CHECKPOINTS, _add_checkpoints),
                            ('splits', _SPLITS, _add_splits)):
        kind = kinds.add_parser(
            name, help=text.partition('\n')[0], description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        add(kind.add_argument)
        kind.add_argument(
            '--mirror', metavar='URL',
            help='replaces https://HOST in all addresses')


def _add_checkpoints(add) -> None:
    """Add the options of the checkpoints."""
    add('names', nargs='*', metavar='NAME', help='weights to download')
    add('--only', nargs='+', default=[], metavar='NAME', help='same as NAME')
    add('--all', action='store_true',
        help='all weights that can be downloaded without a browser, 4 GB')
    add('--list', action='store_true',
        help='list all weights, download nothing')
    add('--folder', type=Path, default=Path('checkpoints'),
        help='folder to write to; default: checkpoints')


def _add_splits(add) -> None:
    """Add the options of the splits."""
    add('families', nargs='*', metavar='FAMILY',
        help='u2pl or stpp; default: both')
    add('--root', type=Path, default=Path('data'),
        help='folder of all data sets; default: data')


def run(args: argparse.Namespace) -> int:
    """Download.

    Args:
        args (Namespace): The options.

    Returns:
        int: 1 if some weights are missing at the end, else 0.

    Raises:
        WrongOptions: If a name is not known.
    """
    return (_checkpoints if args.kind == 'checkpoints' else _splits)(args)


def _check_known(names, known, what: str) -> None:
    """Raise unless all names are known."""
    for name in names:
        if name not in known:
            raise WrongOptions(f'unknown {what} {name!r}; choose from: '
                               f'{", ".join(known)}')


def _checkpoints(args: argparse.Namespace) -> int:
    """Download weights, or list them."""
    from mmseg_fst.downloads.checkpoints import by_hand, get, print_table
    from mmseg_fst.downloads.table import DEFAULT, WEIGHTS

    names = [*args.names, *args.only]
    _check_known(names, WEIGHTS, 'weights')
    if args.list:
        print_table(names or list(WEIGHTS), args.folder)
        return 0
    names = names or [*DEFAULT]
    if args.all:
        names = [name for name in WEIGHTS if not WEIGHTS[name].is_by_hand]
    missing = []
    for name in dict.fromkeys(names):
        try:
            get(name, args.folder, args.mirror)
        except (OSError, ValueError) as error:
            missing.append(name)
            print(f'{name}: {error}. By hand:\n{by_hand(name, args.folder)}',
                  file=sys.stderr)
    if missing:
        print(f'Missing: {", ".join(missing)}', file=sys.stderr)
    return int(bool(missing))


def _splits(args: argparse.Namespace) -> int:
    """Download splits."""
    from mmseg_fst.downloads.splits import SPLITS, get_splits

    _check_known(args.families, SPLITS, 'family')
    get_splits(args.families or list(SPLITS), args.root, args.mirror)
    return 0
