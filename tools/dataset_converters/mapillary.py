"""Convert the labels of Mapillary Vistas 1.2 to Cityscapes train ids.

    python tools/dataset_converters/mapillary.py data/mapillary

The folder is the unpacked download of
https://www.mapillary.com/dataset/vistas: SPLIT/images/ID.jpg and
SPLIT/v1.2/labels/ID.png, 18000 in training and 2000 in validation. If an older
download has SPLIT/labels, move that folder to SPLIT/v1.2/labels. Writes
ID_labelTrainIds.png (0..18, 255 = ignore) next to the labels, and
class_stats_train.json of the training split. Run the same command again to
continue an interrupted run.

BDD100K and Dark Zurich need no converter, because their labels are train ids.
So are the labels of ACDC; acdc.py only links them.
"""
from collections.abc import Sequence

from mmseg_fst.prepare.conversion import Conversion, run

# The mapping of tue-mps/benchmark-vfm-ss (Kerssies et al. 2024), among others;
# some mappings include more classes. All other classes are ignored.
MAPILLARY = Conversion(
    'mapillary', {
        13: 0,  # road
        24: 0,  # general lane marking
        41: 0,  # manhole
        2: 1,  # curb
        15: 1,  # sidewalk
        17: 2,  # building
        6: 3,  # wall
        3: 4,  # fence
        45: 5,  # pole
        47: 5,  # utility pole
        48: 6,  # traffic light
        50: 7,  # traffic sign, front
        30: 8,  # vegetation
        29: 9,  # terrain
        27: 10,  # sky
        19: 11,  # person
        20: 12,  # bicyclist
        21: 12,  # motorcyclist
        22: 12,  # other rider
        55: 13,  # car
        61: 14,  # truck
        54: 15,  # bus
        58: 16,  # on rails
        57: 17,  # motorcycle
        52: 18,  # bicycle
    },
    num_ids=66)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    run(MAPILLARY, __doc__, argv)


if __name__ == '__main__':
    main()
