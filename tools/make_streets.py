"""Generate the embedded data set 'streets'.

Renders random street scenes with exact labels of 11 classes in two domains:
'rendered' resembles a simple video game and serves as labeled source domain,
'camera' resembles photographs and serves as target domain.
"""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.dirname(osp.dirname(osp.abspath(__file__))))

from mmseg_fst.streets.scenes import DOMAINS, make_streets  # noqa: E402


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        The arguments of ``make_streets``.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Complete images in OUT are not written again, so an '
        'interrupted run can be\ncontinued. The same seed and size give the '
        'same files for any number of\nworkers.',
        formatter_class=argparse.RawDescriptionHelpFormatter)
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
    return parser.parse_args()


def main() -> None:
    """Write the missing files of the data set."""
    try:
        make_streets(**vars(parse_args()))
    except ValueError as error:
        sys.exit(f'make_streets.py: {error}')


if __name__ == '__main__':
    main()
