"""Models in a folder as the Hugging Face Hub has them, and on the Hub."""
import glob
import os
from os import path as osp
from typing import Any, Optional

import huggingface_hub
from mmengine.config import Config
from mmseg.models.segmentors import BaseSegmentor
from safetensors.torch import save
from torch import Tensor

from mmseg_fst.config.config_file import CONFIG_JSON, save_config
from mmseg_fst.methods import ENSEMBLE
from mmseg_fst.models import MeanNetwork
from mmseg_fst.utils.files import atomic_write

from .load import SAFETENSORS, load_model
from .model_card import write_card
from .training_scale import native_size


def push_model(model: BaseSegmentor,
               folder: str,
               repository: Optional[str] = None,
               private: bool = True) -> str:
    """Write the network that predicts to a folder, and maybe to the Hub.

    The folder gets ``model.safetensors``, ``config.json`` and a model card,
    ``README.md``, if there is none yet. Of student and teacher the one that
    predicts is written, of an ensemble all students.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        folder (str): Where to.
        repository (str, optional): ``OWNER/NAME`` on the Hugging Face Hub;
            it is made if there is none. ``huggingface-cli login`` has to be
            done before. Defaults to None: the folder alone.
        private (bool): Whether a new repository is private.
            Defaults to True.

    Returns:
        str: The folder, or the address on the Hub.

    Raises:
        TypeError: If the config holds objects, see :func:`save_config`.
        ValueError: If the folder is that of a run, whose config would be
            replaced.
        huggingface_hub.errors.HfHubHTTPError: If the Hub refuses it.
    """
    _check_no_run(folder)
    model_cfg, state = _what_predicts(model)
    os.makedirs(folder, exist_ok=True)
    # Views of other layouts are refused.
    content = save({
        key: value.detach().cpu().contiguous()
        for key, value in state.items()
    })
    with atomic_write(osp.join(folder, SAFETENSORS)) as temporary:
        temporary.write_bytes(content)
    pipeline = model.cfg.test_dataloader.dataset.pipeline
    save_config(
        Config(
            dict(
                default_scope=model.cfg.get('default_scope', 'mmseg_fst'),
                model=model_cfg,
                test_dataloader=dict(dataset=dict(pipeline=pipeline)),
                native_size=native_size(model.cfg),
                dataset_meta=model.dataset_meta)), folder)
    _write_card(model, folder, repository)
    if repository is None:
        return folder
    api = huggingface_hub.HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    return str(api.upload_folder(
        repo_id=repository,
        folder_path=folder,
        allow_patterns=[CONFIG_JSON, SAFETENSORS, 'README.md']))


def pull_model(place: str,
               device: Optional[str] = None,
               revision: Optional[str] = None) -> BaseSegmentor:
    """The model of a folder of :func:`push_model`, or of the Hub.

    Nothing but data is downloaded or read.

    Args:
        place (str): The folder, or ``OWNER/NAME`` on the Hugging Face Hub.
        device (str, optional): See :func:`load_model`. Defaults to None.
        revision (str, optional): Branch, tag or commit on the Hub. Defaults
            to None: the newest.

    Returns:
        BaseSegmentor: Ready for :func:`predict`.

    Raises:
        FileNotFoundError: If the folder lacks one of the files.
        huggingface_hub.errors.HfHubHTTPError: If the Hub has no such model.
        ValueError: See :func:`load_model`.
    """
    folder = place
    if not osp.isdir(place):
        folder = huggingface_hub.snapshot_download(
            place,
            revision=revision,
            allow_patterns=[CONFIG_JSON, SAFETENSORS])
    for name in (CONFIG_JSON, SAFETENSORS):
        if not osp.isfile(osp.join(folder, name)):
            raise FileNotFoundError(
                f'{place} has no {name}; give a folder of tools/push.py, or '
                'load the folder of a run by load_model.')
    return load_model(folder, device)


def _check_no_run(folder: str) -> None:
    """Raise if a run has left its files in a folder."""
    for pattern in ('iter_*.pth', 'best_*.pth', 'results.json'):
        found = glob.glob(osp.join(glob.escape(folder), pattern))
        if found:
            raise ValueError(
                f'{folder} is the folder of a run ({found[0]}); its '
                f'{CONFIG_JSON} would be replaced. Give another folder.')


def _what_predicts(
        model: BaseSegmentor) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Config and weights of a model of nothing but what predicts."""
    cfg, name = model.cfg.model.to_dict(), model.predict_with
    if name == ENSEMBLE or isinstance(model.network(), MeanNetwork):
        return cfg, model.state_dict()
    segmentor = (
        cfg['students'][name] if 'students' in cfg else cfg['segmentor'])
    alone = dict(
        type='Supervised',
        segmentor=segmentor,
        data_preprocessor=cfg['data_preprocessor'])
    if cfg.get('protocol'):
        alone['protocol'] = cfg['protocol']
    weights = model.network().state_dict()
    return alone, {f'student.{key}': value for key, value in weights.items()}


def _write_card(model: BaseSegmentor, folder: str,
                repository: Optional[str]) -> None:
    """Write a README.md, unless somebody has written one."""
    path = osp.join(folder, 'README.md')
    if osp.isfile(path):
        return
    text = write_card(
        model, repository or osp.basename(osp.abspath(folder)))
    with atomic_write(path) as temporary:
        temporary.write_text(text)
