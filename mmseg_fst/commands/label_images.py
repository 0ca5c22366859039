"""Write the pseudo-labels of a run's network for unlabeled images.

    mmseg-fst label-images work_dirs/ssl/NAME/seed_0 --out FOLDER
    mmseg-fst label-images RUN --list FILE.txt --out FOLDER

The images are the unlabeled images of the run's config, or the images of a
list. Each line of a list is a path in the image folder without the extension.
Labels are paletted PNGs of class ids, at the size of the image. Existing
labels are not written again, so an interrupted run can be continued with the
same command. Use a separate folder for each network.
"""
import argparse

from mmseg_fst.utils.arguments import add_network, add_trust


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('run', help='folder of the run')
    parser.add_argument('--out', required=True, help='folder of the labels')
    parser.add_argument('--list', help='list of images')
    parser.add_argument(
        '--best',
        action='store_true',
        help='use the best checkpoint of the run, not the last')
    add_network(parser)
    add_trust(parser)


def run(args: argparse.Namespace) -> None:
    """Write the labels.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.apis import (
        UnlabeledImages,
        find_checkpoint,
        find_config,
        label_images,
        load_network,
        open_config,
    )

    cfg = open_config(find_config(args.run))
    checkpoint = find_checkpoint(args.run, 'best' if args.best else 'last')
    images = UnlabeledImages(cfg, args.list)
    model = load_network(cfg, checkpoint, args.trust, args.network)
    count = label_images(model, images, args.out)
    print(f'{count} of {len(images.names)} labels written to {args.out}, the '
          f'others existed already; checkpoint: {checkpoint}.')
