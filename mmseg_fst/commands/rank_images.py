"""Rank unlabeled images by the stability of a run's predictions (ST++).

    mmseg-fst rank-images work_dirs/ssl/NAME/seed_0 --out FOLDER
    mmseg-fst rank-images RUN --list FILE.txt --out FOLDER

Compares the last checkpoint with the earlier checkpoints of the run (set
max_keep_ckpts of its CheckpointHook): the score of an image is the mean IoU of
the earlier predictions with the last prediction. FOLDER gets reliable.txt and
unreliable.txt, all.txt with both, and ranking.json with the scores, the most
stable image first.
"""
import argparse

from mmseg_fst.utils.arguments import add_trust


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('run', help='folder of the run')
    parser.add_argument('--out', required=True, help='folder of the lists')
    parser.add_argument('--list', help="list of images; default: the run's")
    parser.add_argument(
        '--reliable',
        type=float,
        default=0.5,
        help='share of reliable images; default: 0.5')
    parser.add_argument(
        '--checkpoints',
        type=int,
        default=3,
        help='maximum number of checkpoints, counted from the last; '
        'default: 3')
    add_trust(parser)


def run(args: argparse.Namespace) -> None:
    """Write the ranking and the lists.

    Args:
        args (Namespace): The options.
    """
    from mmseg_fst.apis import (
        UnlabeledImages,
        find_config,
        load_network,
        open_config,
        rank_images,
        sorted_checkpoints,
        write_ranking,
    )

    cfg = open_config(find_config(args.run))
    checkpoints = sorted_checkpoints(args.run)[-args.checkpoints:]
    models = [load_network(cfg, path, args.trust) for path in checkpoints]
    scores = rank_images(models, UnlabeledImages(cfg, args.list))
    write_ranking(args.out, scores, checkpoints, args.reliable)
    print(f'{len(scores)} images ranked in {args.out} by: ' +
          ', '.join(checkpoints))
