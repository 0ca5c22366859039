"""Makes labels of GTA with the 19 train ids of Cityscapes.

    python tools/dataset_converters/gta.py data/gta

The folder is that of https://download.visinf.tu-darmstadt.de/data/from_games,
with all ten packages unpacked: images/ID.png and labels/ID.png, 24966 each.
Written beside them: labels/ID_labelTrainIds.png (0..18, 255 = ignore) and
class_stats_train.json. Labels that differ in size from their image are scaled
to it and named at the end. A stopped run goes on where it stopped when the
command is given again.
"""
from collections.abc import Sequence

from mmseg_fst.prepare.conversion import CITYSCAPES_TRAIN_IDS, Conversion, run

# 34 is the licence plate.
GTA = Conversion('gta', CITYSCAPES_TRAIN_IDS, num_ids=35, fit_size=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Converts GTA as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    run(GTA, __doc__, argv)


if __name__ == '__main__':
    main()
