"""Makes the labels of Pascal VOC 2012 with those of SBD, 10582 + 1449.

    python tools/dataset_converters/voc_aug.py data/VOC2012

The folder is VOCdevkit/VOC2012 of VOCtrainval_11-May-2012.tar
(http://host.robots.ox.ac.uk/pascal/VOC/voc2012). In it lies, or is named with
--sbd, benchmark_RELEASE of benchmark.tgz
(http://home.bharathh.info/pubs/codes/SBD).

Written: SegmentationClassAug/ID.png (0..20, 255 = ignore), from
SegmentationClass for the images that VOC itself labels and from
benchmark_RELEASE/dataset/cls/ID.mat for the others; splits/train_aug.txt, all
of these but VOC's validation images; class_stats_train.json. A stopped run
goes on where it stopped when the command is given again. Whoever has a ready
SegmentationClassAug needs none of this.
"""
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from mmseg.datasets import PascalVOCDataset
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from mmseg_fst.datasets.known_data import KNOWN_DATA
from mmseg_fst.prepare.conversion import (
    Conversion,
    Label,
    convert_label,
    make_parser,
)
from mmseg_fst.utils.files import (
    IGNORE,
    parallel_map,
    read_label,
    save_class_stats,
    save_lines,
)
from mmseg_fst.utils.messages import one_message

COUNTS = dict(train=10582, val=1449)
METAINFO = PascalVOCDataset.METAINFO
_VOID = len(METAINFO['classes'])


def read_ids(path: Path, cure: str) -> np.ndarray:
    """Reads a label map of either source.

    Args:
        path: A paletted PNG of VOC or a MATLAB file of SBD.
        cure: What to do if that fails; a sentence.

    Returns:
        Ids of shape (H, W), uint8; VOC's void is 21 instead of 255, so that
        all ids above it are unknown.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is broken or of another kind.
    """
    if path.suffix == '.png':
        ids = read_label(path, cure)
        return np.where(ids == IGNORE, _VOID, ids)
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {cure}')
    try:
        content = loadmat(path, simplify_cells=True)
        return content['GTcls']['Segmentation'].astype(np.uint8)
    except (AttributeError, IndexError, KeyError, MatReadError,
            NotImplementedError, OSError, TypeError, ValueError,
            zlib.error) as error:
        raise ValueError(f'{path} cannot be read as a label map of SBD '
                         f'({error}). {cure}') from error


VOC = Conversion(
    'VOC2012', {one: one for one in range(_VOID)},
    num_ids=_VOID + 1,
    read=read_ids,
    metainfo=METAINFO)


def read_list(root: Path, split: str, cure: str) -> list[str]:
    """Reads the ids of one of VOC's own splits.

    Args:
        root: Folder of VOC 2012.
        split: 'train' or 'val'.
        cure: What to do if the list is missing; a sentence.

    Returns:
        The ids.

    Raises:
        FileNotFoundError: If there is no such list.
    """
    path = root / 'ImageSets' / 'Segmentation' / f'{split}.txt'
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {cure}')
    return path.read_text().split()


def find_ids(root: Path, sbd: Path, allow_partial: bool, cure: str
             ) -> dict[str, dict[str, Path]]:
    """Finds the label of every image.

    Args:
        root: Folder of VOC 2012.
        sbd: Folder of SBD.
        allow_partial: Be content with the images and labels that are there.
        cure: What to do about missing files; a sentence.

    Returns:
        For 'train' and 'val' the source of the label by id, sorted.

    Raises:
        FileNotFoundError: If images or labels are missing, unless a part is
            allowed.
    """
    lists = {split: read_list(root, split, cure) for split in COUNTS}
    train = {path.stem: path for path in (sbd / 'dataset/cls').glob('*.mat')}
    own = {name: root / 'SegmentationClass' / f'{name}.png'
           for names in lists.values() for name in names}
    train.update({name: own[name] for name in lists['train']})
    found = dict(
        train={name: train[name] for name in sorted(set(train) -
                                                    set(lists['val']))},
        val={name: own[name] for name in sorted(lists['val'])})
    for split, labels in found.items():
        there = {
            name: label for name, label in labels.items()
            if label.is_file() and (root / f'JPEGImages/{name}.jpg').is_file()
        }
        if not allow_partial and not (
                len(there) == len(labels) == COUNTS[split]):
            raise FileNotFoundError(
                f'{split}: {len(there)} of {COUNTS[split]} images have a '
                f'label, in {root / "SegmentationClass"} or '
                f'{sbd / "dataset/cls"}, and a photo, in '
                f'{root / "JPEGImages"}. {cure}, or give --allow-partial')
        found[split] = there
    return found


def convert(root: Path,
            sbd: Path,
            workers: int = 2,
            allow_partial: bool = False) -> None:
    """Converts the whole data set.

    Args:
        root: Folder of VOC 2012.
        sbd: Folder of SBD.
        workers: Number of threads. Defaults to 2.
        allow_partial: Convert a part of the data set. Defaults to False.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If a file is broken or does not fit.
    """
    cure = f'Get {KNOWN_DATA["VOC2012"].source} into {root}'
    found = find_ids(root, sbd, allow_partial, cure)
    if not any(found.values()):
        raise FileNotFoundError(f'No image in {root} has a label. {cure}')
    pixels = {}
    for split, labels in found.items():
        files = [
            Label(root / 'JPEGImages' / f'{name}.jpg', label,
                  root / 'SegmentationClassAug' / f'{name}.png')
            for name, label in labels.items()
        ]
        results = parallel_map(
            partial(convert_label, conversion=VOC, hint=cure), files, workers,
            split)
        pixels[split] = {
            name: counts for name, (counts, _) in zip(labels, results)
        }
    save_lines(root / 'splits' / 'train_aug.txt', found['train'])
    # Written last: whoever finds it may rely on the rest.
    save_class_stats(root / 'class_stats_train.json', METAINFO['classes'],
                     pixels['train'])


def main(argv: Sequence[str] | None = None) -> None:
    """Converts SBD as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    parser = make_parser(__doc__, 'VOC2012')
    parser.add_argument(
        '--sbd', type=Path,
        help='folder of SBD (default: benchmark_RELEASE in root)')
    parser.add_argument(
        '--workers', type=int, default=2, help='threads (default: 2)')
    args = parser.parse_args(argv)
    with one_message():
        convert(args.root, args.sbd or args.root / 'benchmark_RELEASE',
                args.workers, args.allow_partial)
    print(f'{args.root} is converted')


if __name__ == '__main__':
    main()
