"""From the folder of a run to a model that predicts."""
import copy
from os import path as osp
from typing import Any, Optional

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor

from mmseg_fst.config.config_file import open_config
from mmseg_fst.config.run_folder import (
    drop_pretrained,
    find_checkpoint,
    find_config,
)
from mmseg_fst.registry import DATASETS, MODELS
from mmseg_fst.utils.checkpoint import load_weights

from .training_scale import NATIVE_SIZE, native_size

#: Weights of a folder in the layout of the Hugging Face Hub.
SAFETENSORS = 'model.safetensors'


def load_model(path: str,
               device: Optional[str] = None,
               network: Optional[str] = None,
               windows: Optional[tuple[int, int]] = None,
               config: Optional[str] = None,
               trust: bool = False) -> BaseSegmentor:
    """A trained model, ready for :func:`predict`.

    Weights are read as data only. A ``config.json`` in the folder is data
    too; without one, the ``.py`` in it is run.

    Args:
        path (str): Folder of a run, whose best checkpoint is taken, a
            checkpoint, or a folder of :func:`push_model`.
        device (str, optional): Such as ``'cuda:1'``. Defaults to None: what
            there is.
        network (str, optional): ``'student'``, ``'teacher'``, or of
            co-training the name of a student or ``'ensemble'``. Defaults to
            None: the config's ``predict_with``.
        windows (tuple[int, int], optional): Size and distance of square
            windows, whose logits are averaged, in pixels of an image at the
            scale of the training. Defaults to None: the config's protocol.
        config (str, optional): Its config. Defaults to None: the one in its
            folder.
        trust (bool): Whether to run code that the checkpoint asks for.
            Defaults to False.

    Returns:
        BaseSegmentor: In evaluation mode, with ``cfg``, its config, and
        ``dataset_meta``, a dict of ``classes`` and ``palette``, as
        MMSegmentation calls them, and ``rgb_channels`` if the data set has
        them, ``checkpoint``, the path of its weights, and ``windows``.

    Raises:
        FileNotFoundError: If there is no such folder, checkpoint or config.
        ValueError: If checkpoint and config do not fit, there is no such
            network, or windows leave gaps.
    """
    path = osp.expanduser(path)
    folder = path if osp.isdir(path) else osp.dirname(path)
    checkpoint = path
    if osp.isdir(path):
        checkpoint = osp.join(path, SAFETENSORS)
        if not osp.isfile(checkpoint):
            checkpoint = find_checkpoint(path)
    elif not osp.isfile(path):
        raise FileNotFoundError(f'There is no folder or checkpoint {path}.')
    cfg = open_config(config or find_config(folder or osp.curdir))
    if windows is not None:
        set_windows(cfg.model, *windows)
    model = load_network(cfg, checkpoint, trust, network, device)
    model.windows = windows
    return model


def load_network(cfg: Config,
                 checkpoint: str,
                 trust: bool = False,
                 network: Optional[str] = None,
                 device: Optional[str] = None) -> BaseSegmentor:
    """The model of a run, ready to predict.

    Args:
        cfg (Config): Config of the run.
        checkpoint (str): One of its checkpoints.
        trust (bool): Whether to run code that it asks for. Defaults to False.
        network (str, optional): Which one predicts. Defaults to None: the
            config's ``predict_with``, or else the student, or the ensemble of
            co-training.
        device (str, optional): Defaults to None: what there is.

    Returns:
        BaseSegmentor: As of :func:`load_model`.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it does not fit, or there is no such network.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg_fst'))
    cfg = copy.deepcopy(cfg)
    drop_pretrained(cfg.model)  # all weights come from the checkpoint
    if network is not None:
        cfg.model.predict_with = network
    model = MODELS.build(cfg.model)
    content = load_weights(model, checkpoint, trust)
    size = native_size(cfg)
    if size is not None:  # so that no prediction reads it again
        cfg[NATIVE_SIZE] = size
    model.cfg = cfg
    model.checkpoint = checkpoint
    model.windows = None
    model.dataset_meta = dataset_meta(cfg, content)
    return model.to(device or get_device()).eval()


def dataset_meta(cfg: Config, checkpoint: dict[str, Any]) -> dict[str, Any]:
    """What the checkpoint, or else the config, says of the data set.

    Args:
        cfg (Config): Config of a run.
        checkpoint (dict): One of its checkpoints, or an empty dict.

    Returns:
        dict: ``classes``, ``palette`` and, if known, ``rgb_channels``.

    Raises:
        ValueError: If neither names and paints the classes.
    """
    meta = checkpoint.get('meta', {}).get('dataset_meta') or cfg.get(
        'dataset_meta')
    if not meta:
        dataset = cfg.test_dataloader.dataset
        meta = {
            **getattr(DATASETS.get(dataset.type), 'METAINFO', {}),
            **dataset.get('metainfo', {})
        }
    if 'classes' not in meta or 'palette' not in meta:
        raise ValueError(
            'Neither the checkpoint nor its config says what the classes are '
            'called and painted like; give the config '
            'dataset_meta=dict(classes=[...], palette=[[R, G, B], ...]).')
    found = dict(
        classes=list(meta['classes']),
        palette=[list(color) for color in meta['palette']])
    if meta.get('rgb_channels'):
        found['rgb_channels'] = list(meta['rgb_channels'])
    return found


def set_windows(model_cfg: ConfigDict, size: int, stride: int) -> None:
    """Let a model see square windows, and average their logits.

    Args:
        model_cfg (ConfigDict): Config of a model; changed in place.
        size (int): Height and width of a window.
        stride (int): Distance of their starts.

    Raises:
        ValueError: If they leave gaps.
    """
    if not 0 < stride <= size:
        raise ValueError(f'Windows of {size} pixels at a distance of {stride}'
                         ' leave gaps, or do not move; give a distance from '
                         f'1 to {size}.')
    if model_cfg.get('protocol'):
        model_cfg.protocol = ConfigDict(
            type='SlidingWindows',
            crop_size=size,
            stride=stride,
            last='shift',
            merge='logits')
        return
    # Without a protocol images may be resized before, and these windows are
    # taken after.
    students = model_cfg.get('students') or dict(student=model_cfg.segmentor)
    for segmentor in students.values():
        segmentor.test_cfg = ConfigDict(
            mode='slide', crop_size=(size, size), stride=(stride, stride))
