"""Reading checkpoints without running what is in them."""
import pickle
from collections.abc import Callable, Mapping
from os import path as osp
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer


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


def read_checkpoint(path: str) -> dict[str, Any]:
    """Load a checkpoint with ``weights_only=True``.

    Args:
        path (str): File of a checkpoint of mmengine, or of a state dict.

    Returns:
        dict: The checkpoint; the weights are under ``'state_dict'``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or holds more than data.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'There is no checkpoint {path}.')
    try:
        with torch.serialization.safe_globals(_HARMLESS):
            checkpoint = torch.load(
                path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        # torch's advice to load it unsafely is not passed on.
        reason = str(error).partition('WeightsUnpickler error:')[2]
        reason = (reason or str(error) or 'it ends too early').strip()
        reason = reason.splitlines()[0].partition(' Please use')[0]
        raise ValueError(
            f'{path} is not read: it is damaged, or would run code when '
            f'loaded ({reason}). Copy it again, or use another checkpoint.'
        ) from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(f'{path} holds no weights but a '
                         f'{type(checkpoint).__name__}.')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint)
    return checkpoint


def load_weights(model: torch.nn.Module, path: str) -> None:
    """Load the weights of a checkpoint, all of them.

    Args:
        model (nn.Module): The model; its weights are changed.
        path (str): File of the checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or its weights are those of
            another model.
    """
    weights = read_checkpoint(path)['state_dict']
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise ValueError(
            f'{path} holds the weights of another model: '
            f'{lines[min(1, len(lines) - 1)].strip()[:300]} Test it with the '
            'config that it was trained with.') from error
