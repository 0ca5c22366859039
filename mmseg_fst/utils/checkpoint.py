"""Reading checkpoints without running the code they may contain."""
import errno
import os
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from os import path as osp
from typing import Any, Optional

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import CheckpointLoader
from numpy._core import multiarray
from safetensors import SafetensorError
from safetensors.torch import load_file

# PyTorch reads this variable at each load; it overrides `weights_only`.
_FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'


class UnsafeCheckpoint(ValueError):
    """A file that is damaged, or that contains more than data."""


class ForeignCheckpoint(ValueError):
    """An intact checkpoint that does not fit the run to be resumed."""


def _statistic(owner: type, name: str) -> Callable:
    """Replace ``getattr`` in a checkpoint; allows four attributes only."""
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current',
                                                  'mean'):
        raise pickle.UnpicklingError(f'it asks for {name!r} of {owner!r}')
    return getattr(owner, name)


# mmengine stores logged values in a checkpoint besides tensors. The names of
# NumPy 1 and 2 are both listed, so that files of either version load.
_HARMLESS = [
    (_statistic, 'builtins.getattr'),
    HistoryBuffer, np.ndarray, np.dtype,
    (multiarray._reconstruct, 'numpy._core.multiarray._reconstruct'),
    (multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
    (multiarray.scalar, 'numpy._core.multiarray.scalar'),
    (multiarray.scalar, 'numpy.core.multiarray.scalar'),
    *(type(np.dtype(name)) for name in ('float64', 'float32', 'int64',
                                        'int32', 'uint64', 'bool'))
]


def read_checkpoint(path: str,
                    trust: bool = False,
                    map_location: Any = 'cpu',
                    mmap: bool = False) -> dict[str, Any]:
    """Load a checkpoint with ``weights_only=True``.

    Tensors, plain values, NumPy numbers and the logged values of mmengine
    are allowed. A pickle can call any other function while it loads; such a
    file is refused unless ``trust`` is given. Without ``trust`` the
    ``config`` entry of MMCV 1 is dropped as well, because it is Python text
    that mmengine executes when a run is resumed.

    Args:
        path (str): Checkpoint of mmengine, or file of a state dict, which
            may be ``.safetensors``.
        trust (bool): Whether the file may run code. Defaults to False.
        map_location: Device for the tensors, as in ``torch.load``. Defaults
            to ``'cpu'``.
        mmap (bool): Whether tensors stay in the file until they are used,
            which only files of ``torch.save`` support. Defaults to False.

    Returns:
        dict: The checkpoint; the weights are under ``'state_dict'``.

    Raises:
        FileNotFoundError: If there is no such file.
        UnsafeCheckpoint: If the file is damaged, or contains more than data.
        ValueError: If the file contains no weights.
        OSError: If the file cannot be read; its content may be intact.

    Example:
        >>> weights = read_checkpoint('run/iter_400.pth')['state_dict']
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    if path.endswith('.safetensors'):
        try:
            return dict(state_dict=load_file(path, str(map_location or 'cpu')))
        except SafetensorError as error:
            raise UnsafeCheckpoint(_refusal(path, error, trust)) from error
    try:
        with torch.serialization.safe_globals(_HARMLESS):
            checkpoint = torch.load(
                path, map_location=map_location, weights_only=not trust,
                mmap=mmap)
    except Exception as error:
        if not _is_damage(error):
            raise
        raise UnsafeCheckpoint(_refusal(path, error, trust)) from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'{path} contains a {type(checkpoint).__name__} '
                         'instead of weights.')
    if 'state_dict' in checkpoint:
        if not trust and isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        return dict(checkpoint)
    # Files of Microsoft and timm have `model`; others are a plain dict.
    inner = checkpoint.get('model')
    return dict(state_dict=inner if isinstance(inner, Mapping) else checkpoint)


def iteration_of(path: str) -> Optional[int]:
    """Parse the iteration from the file name of a checkpoint.

    Args:
        path (str): Path such as ``run/iter_400.pth`` or
            ``run/best_student_mIoU_iter_400.pth``.

    Returns:
        int | None: The iteration; None if the file is named differently.
    """
    found = re.fullmatch(r'(?:best_.+_)?iter_(\d+)\.pth', osp.basename(path))
    return int(found.group(1)) if found else None


def damage_of(path: str) -> Optional[str]:
    """Check the checksums of a checkpoint.

    PyTorch writes a checksum of each tensor but does not verify it when it
    loads. A full disk or a power failure can leave a file of the right size
    with wrong content.

    Args:
        path (str): File written by ``torch.save``.

    Returns:
        str | None: Description of the damage; None if the file is intact.

    Raises:
        OSError: If the file cannot be read; its content may be intact.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = archive.testzip()
    except Exception as error:
        if not _is_damage(error):
            raise
        return str(error) or type(error).__name__
    return name and f'the checksum of {name} does not match'


def _is_damage(error: Exception) -> bool:
    """Whether an error was caused by the content of a file.

    Damaged content can raise nearly any error. An ``OSError`` with an error
    number comes from the disk, the network or the system instead, except for
    ``EINVAL``: damaged content can ask to seek before the start of the file.
    """
    if isinstance(error, OSError):
        return error.errno in (None, errno.EINVAL)
    return not isinstance(error, MemoryError)


def _refusal(path: str, error: Exception, trust: bool) -> str:
    """Message for a file that could not be loaded."""
    # torch advises to load the file unsafely; that advice is cut off.
    reason = str(error).partition('WeightsUnpickler error:')[2]
    reason = (reason or str(error) or 'it ends too early').strip()
    reason = reason.splitlines()[0].partition(' Please use')[0]
    if reason.isdecimal():  # of a KeyError
        reason = 'it is not a checkpoint'
    if trust:
        return (f'{path} cannot be loaded, although it is trusted: it is '
                'damaged, or needs classes that are not installed here '
                f'({reason}).')
    return (f'{path} was not loaded: it is damaged, or would run code when '
            f'loaded ({reason}). Copy it again, or use another checkpoint; '
            'if you trust its source, add --trust, which lets its code run.')


def guard_loading(trust: bool = False) -> None:
    """Make this process load checkpoints as data only.

    By default mmengine tries ``weights_only=True``, then warns and loads the
    file without it, and torch.hub never uses it: code in a file is executed.
    This function makes PyTorch load data only, wherever a file comes from.
    Local files (``load_from``, resuming, pretrained weights) go through
    :func:`read_checkpoint`, which reports what is wrong with a file.

    Args:
        trust (bool): Whether files may run code. Defaults to False.
    """

    def load_from_local(filename: str, map_location: Any = None) -> dict:
        """Load a local file; mmengine logs the name of this function."""
        return read_checkpoint(
            osp.expanduser(filename), trust, map_location)

    CheckpointLoader.register_scheme('', load_from_local, force=True)
    torch.serialization.add_safe_globals(_HARMLESS)
    os.environ.pop(_FORCE, None)
    if not trust:
        os.environ[_FORCE] = '1'


def load_weights(model: torch.nn.Module,
                 path: str,
                 trust: bool = False) -> dict[str, Any]:
    """Load a checkpoint into a model; every weight must be present.

    Args:
        model (nn.Module): The model; its weights are changed in place.
        path (str): File of the checkpoint.
        trust (bool): Whether the file may run code. Defaults to False.

    Returns:
        dict: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or was saved from another model.
    """
    checkpoint = read_checkpoint(path, trust)
    try:
        model.load_state_dict(checkpoint['state_dict'])
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError(
            f'{path} contains the weights of another model: '
            f'{lines[min(1, len(lines) - 1)].strip()[:300]} Use the config '
            'that it was trained with.') from error
    return checkpoint
