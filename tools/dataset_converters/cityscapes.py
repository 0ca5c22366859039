"""Makes labels of Cityscapes with its 19 train ids.

    python tools/dataset_converters/cityscapes.py data/cityscapes

The folder holds leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip of
https://www.cityscapes-dataset.com/downloads, unpacked. From each
gtFine/SPLIT/CITY/*_gtFine_labelIds.png of train and val (2975 and 500) it
writes *_gtFine_labelTrainIds.png beside it (0..18, 255 = ignore), without the
package cityscapesscripts, and class_stats_train.json of the training split. A
stopped run goes on where it stopped when the command is given again.
"""
from collections.abc import Sequence

from mmseg_fst.prepare.conversion import CITYSCAPES_TRAIN_IDS, Conversion, run

# Licence plates have no id in these files.
CITYSCAPES = Conversion('cityscapes', CITYSCAPES_TRAIN_IDS, num_ids=34)


def main(argv: Sequence[str] | None = None) -> None:
    """Converts Cityscapes as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    run(CITYSCAPES, __doc__, argv)


if __name__ == '__main__':
    main()
