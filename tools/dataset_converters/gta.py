"""Convert the labels of GTA to the 19 train ids of Cityscapes.

    python tools/dataset_converters/gta.py data/gta

The folder contains the ten packages of
https://download.visinf.tu-darmstadt.de/data/from_games, unpacked:
images/ID.png and labels/ID.png, 24966 each. Writes
labels/ID_labelTrainIds.png (0..18, 255 = ignore) and class_stats_train.json.
Labels that differ in size from their image are resized and listed at the end.
Run the same command again to continue an interrupted run.
"""
from collections.abc import Sequence

from mmseg_fst.prepare.conversion import CITYSCAPES_TRAIN_IDS, Conversion, run

# 34 is the license plate.
GTA = Conversion('gta', CITYSCAPES_TRAIN_IDS, num_ids=35, fit_size=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    run(GTA, __doc__, argv)


if __name__ == '__main__':
    main()
