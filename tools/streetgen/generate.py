"""Render street scenes with exact labels of the 11 classes of CamVid.

    pip install moderngl                            # and, on Debian:
    apt-get install libegl1 libgl1-mesa-dri
    python tools/streetgen/generate.py data/streetgen

Frame i depends only on the seed and i. Run the same command again to continue
an interrupted run. Several machines can share the work with --start and
--frames; a final run over all frames writes splits/*.txt, meta.json and
class_stats_train.json.
"""
import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmseg_fst.utils.files import (
    IGNORE,
    atomic_write,
    count_pixels,
    parallel_map,
    save_class_stats,
    save_json,
    save_label,
    save_lines,
    summarize_split,
)

# Python is started with this file, so it must find its package.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from streetgen.camera import develop  # noqa: E402
from streetgen.labels import CLASSES, PALETTE  # noqa: E402
from streetgen.render import Renderer  # noqa: E402
from streetgen.scene import sample_scene  # noqa: E402

JPEG_QUALITY = 92


def frame_paths(out: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of a frame.

    Args:
        out: The output folder.
        name: The id of the frame.

    Returns:
        The image and the label map.
    """
    return out / 'images' / f'{name}.jpg', out / 'labels' / f'{name}.png'


def render_frame(renderer: Renderer, seed: int,
                 index: int) -> tuple[np.ndarray, np.ndarray]:
    """Render one frame.

    Args:
        renderer: The OpenGL context.
        seed: Seed of the data set.
        index: Number of the frame.

    Returns:
        RGB of shape (H, W, 3) and class ids of shape (H, W), both uint8.
    """
    rng = np.random.default_rng([seed, index])
    radiance, label = renderer.render(*sample_scene(rng))
    return develop(radiance, rng), label


def render_missing(out: Path, seed: int, indices: range) -> None:
    """Render the missing frames.

    Args:
        out: The output folder.
        seed: Seed of the data set.
        indices: Numbers of the frames.
    """
    missing = [
        i for i in indices
        if not all(path.is_file() for path in frame_paths(out, f'{i:05d}'))
    ]
    if not missing:
        return
    renderer = Renderer()
    for i in tqdm(missing, desc='Rendering'):
        image, label = render_frame(renderer, seed, i)
        image_path, label_path = frame_paths(out, f'{i:05d}')
        with atomic_write(image_path) as temporary:
            Image.fromarray(image).save(
                temporary, quality=JPEG_QUALITY, optimize=True)
        save_label(label_path, label, PALETTE)


def check_seed(out: Path, seed: int) -> None:
    """Record the seed of a folder, or compare it with the recorded seed.

    Args:
        out: The output folder.
        seed: Seed of the data set.

    Raises:
        ValueError: If the folder was started with another seed.
    """
    path = out / 'seed.txt'
    if not path.is_file():
        save_lines(path, [str(seed)])
    elif path.read_text().strip() != str(seed):
        raise ValueError(
            f'{out} was started with seed {path.read_text().strip()}, not '
            f'{seed}. Give that seed, or another output folder')


def write_summary(out: Path, splits: dict[str, list[str]], seed: int) -> None:
    """Count the pixels of all frames, and write lists and statistics.

    Args:
        out: The output folder, with all frames in it.
        splits: The ids of each split.
        seed: Seed of the data set.
    """

    def count(name: str) -> tuple[dict[str, int], int]:
        label = np.asarray(Image.open(frame_paths(out, name)[1]))
        return count_pixels(label, len(CLASSES)), label.size

    stats = {}
    for split, names in splits.items():
        save_lines(out / 'splits' / f'{split}.txt', names)
        results = parallel_map(count, names, description=f'Counting {split}')
        pixels = [counts for counts, _ in results]
        stats[split] = summarize_split(CLASSES, pixels,
                                       sum(size for _, size in results))
        if split == 'train':
            save_class_stats(out / 'class_stats_train.json', CLASSES,
                             dict(zip(names, pixels)))
    generator = f'tools/streetgen/generate.py OUT --seed {seed}'
    # Written last, so that its presence means that all files are complete.
    save_json(
        out / 'meta.json',
        dict(
            classes=CLASSES,
            palette=PALETTE,
            ignore=IGNORE,
            generator=generator,
            stats=stats))


def generate(out: Path, start: int, end: int, num_val: int, seed: int) -> None:
    """Generate a complete data set.

    Args:
        out: The output folder.
        start: Number of the first frame.
        end: Number after the last frame.
        num_val: Number of validation frames, which are the last frames.
        seed: Seed of the data set.

    Raises:
        ValueError: If no frame is left for training.
    """
    if not 0 <= num_val < end - start:
        raise ValueError(
            f'{num_val} validation frames of {end - start} leave none for '
            'training. Lower --split-val or raise --frames')
    check_seed(out, seed)
    render_missing(out, seed, range(start, end))
    names = [f'{i:05d}' for i in range(start, end)]
    num_train = len(names) - num_val
    write_summary(out, dict(train=names[:num_train], val=names[num_train:]),
                  seed)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=Path, help='output folder')
    parser.add_argument(
        '--frames',
        type=int,
        default=700,
        help='number after the last frame (default: 700)')
    parser.add_argument(
        '--start',
        type=int,
        default=0,
        help='number of the first frame (default: 0)')
    parser.add_argument(
        '--seed', type=int, default=0,
        help='seed of the data set (default: 0)')
    parser.add_argument(
        '--split-val',
        type=int,
        default=100,
        help='number of last frames for validation (default: 100)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run from the command line.

    Args:
        argv: The arguments. Defaults to ``sys.argv[1:]``.
    """
    args = parse_args(argv)
    try:
        generate(args.out, args.start, args.frames, args.split_val, args.seed)
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f'error: {error}') from error
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
