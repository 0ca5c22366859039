"""Reading checkpoints without running what is in them."""
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
from safetensors import SafetensorError
from safetensors.torch import load_file

# PyTorch reads it at each load; it wins over what the caller asks for.
_FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'


class UnsafeCheckpoint(ValueError):
    """A file that is damaged, or that holds more than data."""


class ForeignCheckpoint(ValueError):
    """A checkpoint that a run cannot go on from, though it is whole."""


def _statistic(owner: type, name: str) -> Callable:
    """Stands for ``getattr`` in a checkpoint; knows four attributes."""
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current',
                                                  'mean'):
        raise pickle.UnpicklingError(f'it asks for {name!r} of {owner!r}')
    return getattr(owner, name)


# What mmengine puts into a checkpoint besides tensors: logged values.
_HARMLESS = [
    (_statistic, 'builtins.getattr'),
    HistoryBuffer, np.ndarray, np.dtype,
    (np._core.multiarray._reconstruct, 'numpy._core.multiarray._reconstruct'),
    (np._core.multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
    (np._core.multiarray.scalar, 'numpy._core.multiarray.scalar'),
    (np._core.multiarray.scalar, 'numpy.core.multiarray.scalar'),
    *(type(np.dtype(name)) for name in ('float64', 'float32', 'int64',
                                        'int32', 'uint64', 'bool'))
]


def read_checkpoint(path: str,
                    trust: bool = False,
                    map_location: Any = 'cpu') -> dict[str, Any]:
    """Load a checkpoint with ``weights_only=True``.

    Tensors, plain values, NumPy's numbers and the logged values of mmengine
    are read. A pickle may ask for any function to be called beside; such a
    file is refused unless ``trust`` is given. The ``config`` of MMCV 1, text
    in Python that mmengine runs when it resumes, is left out without it.

    Args:
        path (str): File of a checkpoint of mmengine, or of a state dict,
            which may be ``.safetensors``.
        trust (bool): Whether to run what the file asks for. Defaults to
            False.
        map_location: Where to put tensors, as of ``torch.load``. Defaults to
            ``'cpu'``.

    Returns:
        dict: The checkpoint; the weights are under ``'state_dict'``.

    Raises:
        FileNotFoundError: If there is no such file.
        UnsafeCheckpoint: If the file is damaged, or holds more than data.
        ValueError: If it holds no weights.
        OSError: If it cannot be read, which says nothing of its content.
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
                path, map_location=map_location, weights_only=not trust)
    except Exception as error:
        if not _is_damage(error):
            raise
        raise UnsafeCheckpoint(_refusal(path, error, trust)) from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'{path} holds no weights but a '
                         f'{type(checkpoint).__name__}.')
    if 'state_dict' in checkpoint:
        if not trust and isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        return checkpoint
    # Microsoft's files and timm's have `model`, others are a plain dict.
    inner = checkpoint.get('model')
    return dict(state_dict=inner if isinstance(inner, Mapping) else checkpoint)


def iteration_of(path: str) -> Optional[int]:
    """Iteration in the name of a checkpoint of a run.

    Args:
        path (str): Such as ``run/iter_400.pth`` or
            ``run/best_student_mIoU_iter_400.pth``.

    Returns:
        int | None: The number; None if it has another name.
    """
    found = re.fullmatch(r'(?:best_.+_)?iter_(\d+)\.pth', osp.basename(path))
    return int(found.group(1)) if found else None


def damage_of(path: str) -> Optional[str]:
    """Look for damage in a checkpoint, byte by byte.

    PyTorch writes a checksum of each tensor and does not compare it when it
    loads; a disk that was full or lost power may leave a file of the right
    size with other content.

    Args:
        path (str): File that ``torch.save`` has written.

    Returns:
        str | None: What is wrong with it; None if it is whole.

    Raises:
        OSError: If it cannot be read, which says nothing of its content.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = archive.testzip()
    except Exception as error:
        if not _is_damage(error):
            raise
        return str(error) or type(error).__name__
    return name and f'the checksum of {name} is another one'


def _is_damage(error: Exception) -> bool:
    """Whether it is the content of a file that an error comes from.

    Damaged content can end in nearly any error, but not in one of the disk,
    the network or the system, save that of a place before the file's start.
    """
    if isinstance(error, OSError):
        return error.errno in (None, errno.EINVAL)
    return not isinstance(error, MemoryError)


def _refusal(path: str, error: Exception, trust: bool) -> str:
    """What to say of a file that could not be read."""
    # torch's advice to load it unsafely is not passed on.
    reason = str(error).partition('WeightsUnpickler error:')[2]
    reason = (reason or str(error) or 'it ends too early').strip()
    reason = reason.splitlines()[0].partition(' Please use')[0]
    if trust:
        return (f'{path} is not read, although it is trusted: it is damaged, '
                f'or made of classes that are not installed here ({reason}).')
    return (f'{path} is not read: it is damaged, or would run code when '
            f'loaded ({reason}). Copy it again, or use another checkpoint; '
            'if you know who made it, add --trust, which lets its code run.')


def guard_loading(trust: bool = False) -> None:
    """Have this process read checkpoints as data only.

    By itself mmengine tries ``weights_only=True`` and then, with a warning,
    does without, and torch.hub does not ask for it: whatever a file asks for
    is run. PyTorch is therefore told to read data only, wherever a file comes
    from; local files, of ``load_from``, resuming and pretrained weights, go
    through :func:`read_checkpoint`, which says what is wrong with one.

    Args:
        trust (bool): Whether to run what a file asks for. Defaults to False.
    """

    def load_from_local(filename: str, map_location: Any = None) -> dict:
        """Named as mmengine's own, because it logs the name."""
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
    """Load the weights of a checkpoint, all of them.

    Args:
        model (nn.Module): The model; its weights are changed.
        path (str): File of the checkpoint.
        trust (bool): Whether to run what the file asks for. Defaults to
            False.

    Returns:
        dict: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or its weights are those of
            another model.
    """
    checkpoint = read_checkpoint(path, trust)
    try:
        model.load_state_dict(checkpoint['state_dict'])
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError(
            f'{path} holds the weights of another model: '
            f'{lines[min(1, len(lines) - 1)].strip()[:300]} Test it with the '
            'config that it was trained with.') from error
    return checkpoint
