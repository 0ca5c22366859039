"""Convert the labels of Cityscapes to its 19 train ids.

    python tools/dataset_converters/cityscapes.py data/cityscapes

The folder contains leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip of
https://www.cityscapes-dataset.com/downloads, unpacked. Each
gtFine/SPLIT/CITY/*_gtFine_labelIds.png of train and val (2975 and 500) is
converted to *_gtFine_labelTrainIds.png in the same folder (0..18, 255 =
ignore). Also writes class_stats_train.json of the training split. The package
cityscapesscripts is not needed. Run the same command again to continue an
interrupted run.
"""
from collections.abc import Sequence

from mmseg_fst.prepare.conversion import CITYSCAPES_TRAIN_IDS, Conversion, run

# License plates have no id in these files.
CITYSCAPES = Conversion('cityscapes', CITYSCAPES_TRAIN_IDS, num_ids=34)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    run(CITYSCAPES, __doc__, argv)


if __name__ == '__main__':
    main()
