"""Write pseudo-labels of a run's network for images without labels.

    python tools/label_images.py work_dirs/ssl/NAME/seed_0 --out FOLDER
    python tools/label_images.py RUN --list FILE.txt --out FOLDER

The images are the unlabeled ones of the run's config, or those of a list:
lines are paths in the image folder without the ending. Labels are paletted
PNGs of class ids, at the size of the image. What is in the folder already is
kept, so the same command goes on where it was broken off; give each network
a folder of its own.
"""
import argparse

from mmseg_fst.apis import (
    UnlabeledImages,
    find_checkpoint,
    find_config,
    label_images,
    load_network,
    open_config,
)
from mmseg_fst.utils.messages import one_message


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run', help='folder of the run')
    parser.add_argument('--out', required=True, help='folder of the labels')
    parser.add_argument('--list', help='list of images')
    parser.add_argument(
        '--best',
        action='store_true',
        help='take the best checkpoint of the run, not the last')
    parser.add_argument(
        '--network',
        help='which one labels: student, teacher, or of co-training the name '
        "of a student or ensemble; default: the config's, the student or the "
        'ensemble')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run code that the checkpoint asks for; it can do all that you '
        'can, so only if you trust who made it')
    args = parser.parse_args()
    cfg = open_config(find_config(args.run))
    checkpoint = find_checkpoint(args.run, 'best' if args.best else 'last')
    images = UnlabeledImages(cfg, args.list)
    model = load_network(cfg, checkpoint, args.trust, args.network)
    count = label_images(model, images, args.out)
    print(f'{count} of {len(images.names)} labels written to {args.out}, the '
          f'others were there; by {checkpoint}.')


if __name__ == '__main__':
    with one_message():
        main()
