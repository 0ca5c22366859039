"""Self-training in stages, with pseudo-labels on disk: ST++."""
import copy
import glob
import shutil
from collections.abc import Mapping
from os import path as osp
from pathlib import Path
from typing import Optional

from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process

from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.run_folder import find_checkpoint, sorted_checkpoints
from mmseg_fst.datasets.sides import LABELED, UNLABELED, single_config
from mmseg_fst.use.label_images import (
    UnlabeledImages,
    label_images,
    rank_images,
)
from mmseg_fst.use.load import load_network
from mmseg_fst.utils.files import save_json, save_lines

from .launch import join_processes, wait_for_all
from .resumed_settings import finished_note
from .score_files import FINISHED, state_of
from .train_once import train_once

# What the first stage, which learns from labels alone, has of the model.
_LABELS_ONLY = ('segmentor', 'data_preprocessor', 'protocol')


def train_stages(cfg: Config,
                 resume: bool = False,
                 trust: bool = False) -> str:
    """Train all stages of a config with ``stages``.

    ``stages`` holds ``checkpoints``, the number that is compared,
    ``reliable``, the share of images kept for the second stage, 1 for all
    without a ranking, ``label_by``, the checkpoint that labels, ``'last'`` or
    ``'best'``, ``label_protocol``, the config of the :class:`Protocol` by
    which it labels, by default ``model.protocol``, ``second_labels``, which
    images the second stage labels for the third: ``'all'``, the default, or
    ``'unreliable'``, so that reliable ones keep their labels, as in the
    release of ST++; ``start_from``, the weights of the later stages,
    ``'config'``, the default, as in the config, or ``'labeler'``, the network
    that has labeled for the stage, ``transforms`` of pseudo-labeled images
    before they are packed, and ``first`` and ``second``, in what the config of
    these stages differs, such as ``dict(train_cfg=dict(max_iters=100))``; a
    number as text is a place in a list. Several processes train each stage
    together;
    one ranks and labels while the others wait, so that all have to see the
    work folder.

    Args:
        cfg (Config): Config of :func:`load_config`.
        resume (bool): See :func:`train_once`. Defaults to False.
        trust (bool): See :func:`train_once`. Defaults to False.

    Returns:
        str: The work folder.

    Raises:
        UnsafeCheckpoint: See :func:`train_once`.
        ValueError: See :func:`train_once`; if ``second_labels`` or
            ``start_from`` has none of these values.
    """
    second_labels = cfg.stages.get('second_labels', 'all')
    if second_labels not in ('all', 'unreliable'):
        raise ValueError("stages.second_labels must be 'all' or "
                         f"'unreliable', got {second_labels!r}.")
    start = cfg.stages.get('start_from', 'config')
    if start not in ('config', 'labeler'):
        raise ValueError("stages.start_from must be 'config' or 'labeler', "
                         f'got {start!r}.')
    join_processes(cfg)
    if not resume and is_main_process():
        _forget(cfg.work_dir)
    first = labels_only(cfg)
    _train_stage(first, resume, trust)
    ranking = _rank(cfg, first, trust)
    second = retrain(cfg, 2, osp.join(ranking, 'reliable.txt'))
    _label(second, first, cfg.stages, trust)
    _train_stage(second, resume, trust)
    third = retrain(cfg, 3, osp.join(ranking, 'all.txt'))
    keep = _labels_of(second) if second_labels == 'unreliable' else None
    _label(third, second, cfg.stages, trust, keep)
    return _train_stage(third, resume, trust)


def _forget(work_dir: str) -> None:
    """Remove what networks of an earlier run have written for later ones."""
    for kind in ('labels', 'ranking'):
        pattern = osp.join(glob.escape(work_dir), 'stage_*', f'{kind}_*')
        for folder in glob.glob(pattern):
            shutil.rmtree(folder)


def _stage(cfg: Config, number: int) -> Config:
    """A copy of the config for one stage; the last is the run itself."""
    stage = copy.deepcopy(cfg)
    name = cfg.get('experiment_name') or '_'.join(
        filter(None, (Path(cfg.filename).stem, cfg.get('partition'))))
    stage.experiment_name = f'{name}_stage-{number}'
    if number < 3:
        stage.work_dir = osp.join(cfg.work_dir, f'stage_{number}')
        key = ('first', 'second')[number - 1]
        stage.merge_from_dict(cfg.stages.get(key, {}))
    stage.pop('stages')
    return stage


def _train_stage(cfg: Config, resume: bool, trust: bool) -> str:
    """Train a stage, unless it is finished; all it writes is there then."""
    say = print if is_main_process() else (lambda text: None)
    say(f'\n{cfg.experiment_name}: {cfg.work_dir}')
    if resume and state_of(cfg.work_dir,
                           cfg.train_cfg.max_iters) == FINISHED:
        say(f'It is finished. {finished_note(cfg)}')
    else:
        check_config(cfg)
        train_once(cfg, resume, trust)
    wait_for_all()
    return cfg.work_dir


def labels_only(cfg: Config) -> Config:
    """The first stage: labels alone, several checkpoints kept.

    Args:
        cfg (Config): Config with ``stages``.

    Returns:
        Config: A config without.
    """
    stage, count = _stage(cfg, 1), cfg.stages.checkpoints
    shared = {key: stage.model[key] for key in _LABELS_ONLY
              if key in stage.model}
    stage.model = ConfigDict(type='Supervised', **shared)
    dataset = stage.train_dataloader.dataset
    dataset.disjoint = False
    for name in dataset.sides.keys() - {LABELED}:
        dataset.sides[name] = None
    stage.default_hooks.checkpoint.update(
        interval=-(-stage.train_cfg.max_iters // count), max_keep_ckpts=count)
    return stage


def retrain(cfg: Config, number: int, list_file: str) -> Config:
    """A later stage, which learns from pseudo-labels, too.

    Args:
        cfg (Config): Config with ``stages``.
        number (int): The stage, 2 or 3.
        list_file (str): List of the images that have pseudo-labels.

    Returns:
        Config: A config without; ``seg_map_path`` of its unlabeled side is
        still to be filled in.
    """
    stage = _stage(cfg, number)
    dataset = stage.train_dataloader.dataset
    side = single_config(UNLABELED, dataset.sides.unlabeled, 'ST++')
    side.ann_file = osp.abspath(list_file)
    side.pop('extra_ann_file', None)  # the list has them all
    load, *augment, pack = side.pipeline
    side.pipeline = [
        load,
        dict(type='LoadAnnotations'), *augment,
        *cfg.stages.get('transforms', ()), pack
    ]
    if 'expected' in dataset:
        count = len(Path(list_file).read_text().split('\n')) - 1
        dataset.expected.unlabeled = count
    return stage


def _rank(cfg: Config, first: Config, trust: bool) -> str:
    """Rank the unlabeled images by the first stage; returns the folder.

    Where all images are used, none is ranked; they keep their order.
    """
    checkpoints = sorted_checkpoints(first.work_dir)[-cfg.stages.checkpoints:]
    folder = osp.join(first.work_dir, f'ranking_{Path(checkpoints[-1]).stem}')
    is_done = osp.isfile(osp.join(folder, 'ranking.json'))
    if is_main_process() and not is_done:
        images, reliable = UnlabeledImages(cfg), cfg.stages.reliable
        if reliable == 1:
            write_ranking(folder, dict.fromkeys(images.names), [], reliable)
        else:
            models = [
                load_network(first, path, trust) for path in checkpoints
            ]
            write_ranking(
                folder, rank_images(models, images), checkpoints, reliable)
    wait_for_all()
    return folder


def write_ranking(folder: str, scores: Mapping[str, Optional[float]],
                  checkpoints: list[str], reliable: float) -> None:
    """Write the lists and, last, the scores of a ranking.

    Args:
        folder (str): Gets ``reliable.txt``, ``unreliable.txt``, ``all.txt``
            and ``ranking.json``.
        scores (Mapping[str, float | None]): Of :func:`rank_images`, or None
            for images that were not ranked.
        checkpoints (list[str]): What was compared.
        reliable (float): Share of reliable images, in (0, 1].

    Raises:
        ValueError: If no image would be reliable.
    """
    names = list(scores)
    count = int(reliable * len(names))
    if not 0 < count <= len(names):
        raise ValueError(f'A share of {reliable} of {len(names)} images is '
                         f'{count} images; give a number in (0, 1].')
    lists = dict(
        reliable=names[:count], unreliable=names[count:], all=names)
    for name, lines in lists.items():
        save_lines(osp.join(folder, f'{name}.txt'), lines)
    save_json(
        osp.join(folder, 'ranking.json'),
        dict(checkpoints=checkpoints, reliable=count, scores=scores))


def _labels_of(stage: Config) -> str:
    """Folder of the pseudo-labels of a stage."""
    return stage.train_dataloader.dataset.sides.unlabeled.data_prefix[
        'seg_map_path']


def _label(stage: Config, teacher: Config, rules: ConfigDict, trust: bool,
           keep: Optional[str] = None) -> None:
    """Fill in the pseudo-labels of a stage, by the one before.

    Labels in the folder ``keep`` are taken from there. If so configured, the
    first weights are filled in, too.
    """
    checkpoint = find_checkpoint(teacher.work_dir, rules.label_by)
    folder = osp.join(teacher.work_dir, f'labels_{Path(checkpoint).stem}')
    if is_main_process():
        labeler = copy.deepcopy(teacher)
        if 'label_protocol' in rules:
            labeler.model.protocol = rules.label_protocol
        if keep is not None:  # what is there is not labeled again
            shutil.copytree(keep, folder, dirs_exist_ok=True)
        label_images(
            load_network(labeler, checkpoint, trust), UnlabeledImages(stage),
            folder)
    wait_for_all()
    side = stage.train_dataloader.dataset.sides.unlabeled
    side.data_prefix['seg_map_path'] = osp.abspath(folder)
    if rules.get('start_from') == 'labeler':
        stage.load_from = checkpoint
