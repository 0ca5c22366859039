r"""Make the images of docs/gallery.md from the demo.

    python tools/make_streets.py
    python run_experiments.py --seed 0 \
        --config configs/demo/streets_{source-only,fst-d}.py
    python tools/gallery.py

Runs the commands that docs/gallery.md shows beside each image, and writes
docs/gallery/*.webp. The report is photographed by Chromium; without it that
image stays as it is.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

from mmseg_fst.utils.messages import one_message

ROOT = Path(__file__).parents[1]
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
#: Images side by side; width of the page in pixels.
GAP, WIDTH = 8, 1400


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--out', type=Path, default=ROOT / 'docs' / 'gallery',
        help='folder to write to; default: docs/gallery')
    return parser.parse_args()


def run(*command: object) -> None:
    """Run a program of this repository.

    Args:
        *command (object): Path and arguments.

    Raises:
        ValueError: If it fails.
    """
    words = [sys.executable, *map(str, command)]
    if subprocess.run(words, cwd=ROOT).returncode:
        raise ValueError(f'{" ".join(words)} has failed, see above.')


def beside(paths: list[Path], columns: int) -> Image.Image:
    """Put images of one size into rows.

    Args:
        paths (list[Path]): The files, row by row.
        columns (int): Images of a row.

    Returns:
        Image.Image: On white.
    """
    images = [Image.open(path).convert('RGB') for path in paths]
    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new('RGB', (columns * (width + GAP) - GAP,
                              rows * (height + GAP) - GAP), 'white')
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(image.resize((width, height)),
                    (column * (width + GAP), row * (height + GAP)))
    return sheet


def folded(path: Path) -> Image.Image:
    """The two halves of a wide image, one below the other.

    Args:
        path (Path): The image.

    Returns:
        Image.Image: Half as wide, twice as high.
    """
    image = Image.open(path).convert('RGB')
    width, height = image.width // 2, image.height
    sheet = Image.new('RGB', (width, 2 * height + GAP), 'white')
    sheet.paste(image.crop((0, 0, width, height)))
    sheet.paste(image.crop((width, 0, 2 * width, height)), (0, height + GAP))
    return sheet


def save(image: Image.Image, path: Path, width: int = WIDTH) -> None:
    """Write an image, not wider than a page.

    Args:
        image (Image.Image): The image.
        path (Path): A WebP file.
        width (int): Largest width in pixels. Defaults to the page's.
    """
    if image.width > width:
        height = round(image.height * width / image.width)
        image = image.resize((width, height))
    image.convert('RGB').save(path, quality=80, method=6)
    print(f'{path}: {path.stat().st_size / 1000:.0f} kB')


def photograph(page: Path, out: Path, size: tuple[int, int]) -> bool:
    """Write what a browser shows of a page.

    Args:
        page (Path): An HTML file.
        out (Path): A PNG file.
        size (tuple[int, int]): Width and height of the window.

    Returns:
        bool: False if there is no browser.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    subprocess.run(
        [browser, '--headless', '--no-sandbox', '--hide-scrollbars',
         f'--screenshot={out}', f'--window-size={size[0]},{size[1]}',
         page.resolve().as_uri()], check=True, capture_output=True)
    return True


def first(folder: Path, pattern: str, count: int = 1) -> list[Path]:
    """Find files.

    Args:
        folder (Path): Where.
        pattern (str): As of :meth:`pathlib.Path.glob`.
        count (int): How many. Defaults to 1.

    Returns:
        list[Path]: The first ones by name.

    Raises:
        FileNotFoundError: If there are not as many.
    """
    found = sorted(folder.glob(pattern))[:count]
    if len(found) < count:
        raise FileNotFoundError(
            f'{folder}/{pattern} has {len(found)} files, not {count}; run '
            'the commands of `python tools/gallery.py --help` first.')
    return found


def show_data(streets: Path, out: Path) -> None:
    """Both domains of the demo, and the labels.

    Args:
        streets (Path): Folder of the data.
        out (Path): Folder to write to.
    """
    rendered = first(streets, 'rendered/leftImg8bit/train/*.jpg', 3)
    camera = first(streets, 'camera/leftImg8bit/train/*.jpg', 3)
    from mmseg_fst.datasets import StreetsDataset
    palette = [level for color in StreetsDataset.METAINFO['palette']
               for level in color]
    labels = []
    for path in rendered:
        name = path.stem.removesuffix('_leftImg8bit')
        mask, = first(streets, f'rendered/gtFine/train/{name}_*.png')
        label = Image.open(mask)
        label.putpalette(palette + [255] * (768 - len(palette)))
        labels.append(out / f'{path.stem}_label.png')
        label.convert('RGB').save(labels[-1])
    save(beside([*rendered, *labels, *camera], 3), out / 'data.webp', 800)
    for path in labels:
        path.unlink()


def main() -> None:
    """Run from the command line."""
    out = parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)  # the report shows its command
    runs, work = Path('work_dirs/demo'), Path('work_dirs/gallery')
    both = runs / 'streets_source-only', runs / 'streets_fst-d'
    trained, streets = both[1] / 'seed_0', Path('data/streets')
    shutil.rmtree(work, ignore_errors=True)
    photos = work / 'photos'
    photos.mkdir(parents=True)
    show_data(streets, out)
    mixed = first(trained, '*/vis_data/mixed/iter_000500.png')[0]
    save(folded(mixed), out / 'training_step.webp', 1000)
    images = first(streets, 'camera/leftImg8bit/val/*.jpg', 3)
    for path in images:
        shutil.copy(path, photos)
    run('tools/predict.py', trained, photos, '--out', work / 'labeled')
    overlays = first(work / 'labeled', 'overlays/*', 3)
    save(beside([*images, *overlays], 3), out / 'predictions.webp', 800)
    save(Image.open(work / 'labeled' / 'legend.png'), out / 'legend.webp')
    run('tools/test.py', trained, '--max-images', 3, '--show-dir',
        work / 'test')
    save(folded(first(work / 'test', '**/*.png')[0]), out / 'errors.webp')
    run('tools/plot_runs.py', *both, '--key', 'student/mIoU', '--out',
        work / 'curves.png')
    save(Image.open(work / 'curves.png'), out / 'curves.webp', 700)
    run('tools/report.py', *both, '--panels', 2, '--out',
        work / 'report.html')
    if photograph(work / 'report.html', work / 'page.png', (1200, 1500)):
        save(Image.open(work / 'page.png'), out / 'report.webp', 1000)
    else:
        print(f'No report.webp: none of {", ".join(BROWSERS)} was found.',
              file=sys.stderr)


if __name__ == '__main__':
    with one_message():
        main()
