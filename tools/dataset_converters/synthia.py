"""Makes labels of SYNTHIA with the train ids of Cityscapes.

    python tools/dataset_converters/synthia.py data/synthia

The folder is SYNTHIA-RAND-CITYSCAPES of http://synthia-dataset.net/downloads,
unpacked: RGB/ID.png and GT/LABELS/ID.png, 9400 each. Written beside them:
GT/LABELS/ID_labelTrainIds.png (255 = ignore) and class_stats_train.json. The
ids are among 0..18; terrain, truck and train do not occur. A stopped run goes
on where it stopped when the command is given again.
"""
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmseg_fst.prepare.conversion import Conversion, run
from mmseg_fst.utils.files import read_bytes


def read_first_channel(path: Path, cure: str) -> np.ndarray:
    """Reads the class ids of a label map of SYNTHIA.

    Pillow would reduce the 16 bits of a channel to 8, which makes all ids 0.

    Args:
        path: A PNG with class ids in its first channel and objects in its
            second.
        cure: What to do if that fails; a sentence.

    Returns:
        Ids of shape (H, W), uint16 or uint8.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no PNG of several channels, or cut short.
    """
    content = np.frombuffer(read_bytes(path, cure), np.uint8)
    try:
        channels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    except cv2.error:  # an empty file
        channels = None
    if channels is None or channels.ndim != 3:
        shape = None if channels is None else channels.shape
        raise ValueError(f'{path} cannot be read as class ids in the first of '
                         f'several channels: shape {shape}. {cure}')
    return channels[..., 2]  # OpenCV has red last


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
    """Converts SYNTHIA as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    run(SYNTHIA, __doc__, argv)


if __name__ == '__main__':
    main()
