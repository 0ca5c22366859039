"""Convert the labels of SYNTHIA to the train ids of Cityscapes.

    python tools/dataset_converters/synthia.py data/synthia

The folder is SYNTHIA-RAND-CITYSCAPES of http://synthia-dataset.net/downloads,
unpacked: RGB/ID.png and GT/LABELS/ID.png, 9400 each. Writes
GT/LABELS/ID_labelTrainIds.png (255 = ignore) and class_stats_train.json. The
ids are in 0..18; terrain, truck and train do not occur. Run the same command
again to continue an interrupted run.
"""
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmseg_fst.prepare.conversion import Conversion, run
from mmseg_fst.utils.files import read_bytes


def read_first_channel(path: Path, hint: str) -> np.ndarray:
    """Read the class ids of a label map of SYNTHIA.

    Pillow would reduce the 16 bits of a channel to 8, which makes all ids 0.

    Args:
        path: A PNG with class ids in its first channel and instance ids in
            its second.
        hint: Sentence that ends an error message: how to fix it.

    Returns:
        Ids of shape (H, W), uint16 or uint8.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is truncated or not a PNG of several channels.
    """
    content = np.frombuffer(read_bytes(path, hint), np.uint8)
    try:
        channels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    except cv2.error:  # an empty file
        channels = None
    if channels is None or channels.ndim != 3:
        shape = None if channels is None else channels.shape
        raise ValueError(f'{path} cannot be read as class ids in the first of '
                         f'several channels: shape {shape}. {hint}')
    return channels[..., 2]  # red is the last channel in OpenCV


# Parking, roadwork and lane marking (13, 14, 22) have no train id, and no
# pixel is terrain, truck or train (16, 18, 20).
SYNTHIA = Conversion(
    'synthia', {
        3: 0,  # road
        4: 1,  # sidewalk
        2: 2,  # building
        21: 3,  # wall
        5: 4,  # fence
        7: 5,  # pole
        15: 6,  # traffic light
        9: 7,  # traffic sign
        6: 8,  # vegetation
        16: 9,  # terrain
        1: 10,  # sky
        10: 11,  # pedestrian
        17: 12,  # rider
        8: 13,  # car
        18: 14,  # truck
        19: 15,  # bus
        20: 16,  # train
        12: 17,  # motorcycle
        11: 18,  # bicycle
    },
    num_ids=23,
    read=read_first_channel)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    run(SYNTHIA, __doc__, argv)


if __name__ == '__main__':
    main()
