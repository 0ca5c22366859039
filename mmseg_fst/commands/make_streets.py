"""Generate the demo data set 'streets'.

    mmseg-fst make-streets
    mmseg-fst make-streets data/large --size 512 256 --train 1000

Renders random street scenes with exact labels of 11 classes in two domains:
'rendered' resembles a simple video game and serves as labeled source domain,
'camera' resembles photographs and serves as target domain. Complete images in
OUT are not written again, so an interrupted run can be continued. The same
seed and size give the same files for any number of workers.
"""
import argparse

from mmseg_fst.streets import DOMAINS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'out', nargs='?', default='data/streets', metavar='OUT',
        help='folder to write to (default: %(default)s); images go to '
        'OUT/DOMAIN/leftImg8bit/SPLIT, labels to OUT/DOMAIN/gtFine/SPLIT')
    parser.add_argument(
        '--domains', nargs='+', choices=DOMAINS, default=list(DOMAINS),
        help='domains to render (default: both)')
    parser.add_argument(
        '--train', type=int, default=300, metavar='N',
        help='training images of each domain (default: %(default)s)')
    parser.add_argument(
        '--val', type=int, default=60, metavar='N',
        help='validation images of each domain (default: %(default)s)')
    parser.add_argument(
        '--size', type=int, nargs=2, default=(256, 128),
        metavar=('WIDTH', 'HEIGHT'),
        help='size of the images in pixels (default: 256 128)')
    parser.add_argument(
        '--seed', type=int, default=0, metavar='S',
        help='seed of all scenes (default: %(default)s)')
    parser.add_argument(
        '--workers', type=int, default=2, metavar='N',
        help='number of processes (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Write the missing files of the data set.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.streets.scenes import make_streets
    make_streets(**vars(args))
