"""Runs cells of tables on fake data in the folders of the real ones.

A cell is a config and, where it has several, one of its partitions. A name
such as ``'ssl/voc_pspnet_fst@662'`` has both.
"""
import json
import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import torch
from fake_data import MAKERS
from fake_run import make_run
from fake_ssl import make_camvid_ssl
from helpers import REPOSITORY, model_cfg
from mmengine.registry import init_default_scope
from slim import (
    segmentors_of,
    slim_data,
    slim_run,
    slim_segmentor,
    without_weights,
)

from mmseg_fst.apis import check_config, read_config, read_grid, train
from mmseg_fst.apis import test as score
from mmseg_fst.datasets import CamVidDataset
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checkpoint import read_checkpoint

# On CamVid: each method, and FST on some.
_METHODS = (
    'supervised', 'mean-teacher_fst', 'cutmix', 'fixmatch', 'unimatch',
    'unimatch-v2_fst', 'u2pl_fst', 'stpp', 'ael', 'dsbn', 'eln', 'cct-ema_fst',
    'ps-mt_fst', 'reco', 'ctt', 'cac', 'gct', 'prevmatch', 'corrmatch',
    'allspark', 'distill')
# The others differ from one of these by a list, a length or a width, or put
# together what these have.
_TESTED = [
    # Semi-supervision: each method, network and data set.
    *(f'camvid-1_16_{method}' for method in _METHODS),
    'ccp-1_8_cutmix_fst', 'voc_pspnet_mean-teacher@662',
    'voc_deeplabv2_fst@662', 'voc_deeplabv3plus_u2pl@662',
    'voc_deeplabv3plus_supervised@662', 'cityscapes_*_mean-teacher@186',
    'cityscapes_*_u2pl_fst@186', 'voc-stpp_resnet101-*_unimatch@92',
    'voc-stpp_dinov2-s-*_fst@92', 'voc-stpp_resnet50-*_stpp@92',
    'cityscapes-stpp_dinov2-s-*_unimatch-v2@186', 'voc_*_ael@662',
    'voc-stpp_resnet50-pspnet_cct@1464',
    # Adaptation: each method with MiT-B5, each network and data set.
    'gta2cityscapes_mit-b5-daformer_dacs',
    'gta2cityscapes_mit-b5-daformer_fst',
    'gta2cityscapes_mit-b5-daformer_fst-d_clean',
    'gta2cityscapes_mit-b5-daformer_fst-w',
    'gta2cityscapes_mit-b5-daformer_mic*', 'gta2cityscapes_*_source-only',
    'gta2cityscapes_*_fst-d', 'cityscapes2*-daformer_daformer',
    'cityscapes2darkzurich_mit-b5-hrda_daformer', 'gta2bdd100k_*_fst-d',
    'gta2mapillary_*_daformer', 'synthia2cityscapes_*-daformer_daformer',
    'synthia2cityscapes_*-daformer_fst-d',
    # Label budgets: without labels of the target, with them, without others.
    'streetgen2camvid-budget_mean-teacher@[05]',
    'streetgen2camvid-budget_unimatch-v2@5',
    'streetgen2camvid-budget_finetune@5',
    'labelmefacade2camvid-budget_mean-teacher@5'
]

# These differ from a tested cell by the size of the encoder, or by a hook.
_SIMILAR = ('gta2cityscapes_dinov2-[bl]-deconv_*',
            'gta2cityscapes_dinov2-s-deconv_*_fst',
            'synthia2cityscapes_dinov2-b-deconv_*_fst*')

#: Cells of co-training that are trained; the others are read.
CO_TRAINED = [
    'voc-stpp_512_r50_cps@1323', 'cityscapes-stpp_800_r50_cps-cutmix@186',
    'voc-stpp_321_r50-b2_supervised-dct@92', 'voc-stpp_321_r50-b2_3-cps@92',
    'cityscapes-stpp_769_r50-b2_2-cps@100', 'camvid-1_16_cps',
    'camvid-1_16_2-cps-dct_self-look-ahead', 'camvid-1_16_3-cps'
]


CONFIGS = REPOSITORY / 'configs'


def cells_of(folder):
    """All cells of a folder of configs, without its name, sorted.

    The tables name the partitions; a config that is in none of them has the
    partition in its file.
    """
    named = {}
    for table in CONFIGS.glob('*/table_*.py'):
        for cell in read_grid(str(table)).cells:
            named.setdefault(Path(cell.config).resolve(), set()).add(
                cell.partition)
    return sorted(
        f'{path.stem}@{partition}' if partition else path.stem
        for path in (CONFIGS / folder).glob('*.py')
        if not path.stem.startswith('table_')
        for partition in named.get(path.resolve(), ['']))


def read_cell(name):
    """The config of a cell; its partition is filled in."""
    config, _, partition = name.partition('@')
    return read_config(str(CONFIGS / f'{config}.py'),
                       partition=partition or None)


def is_similar(name):
    """Whether a cell need not even be built."""
    return any(fnmatchcase(name, pattern) for pattern in _SIMILAR)


def is_twin(name):
    """Whether a cell is covered by a tested one."""
    return is_similar(name) or not any(
        fnmatchcase(name, pattern) for pattern in _TESTED)


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """One tiny data set of each kind; the configs read it."""
    folder = tmp_path_factory.mktemp('data')
    patch = pytest.MonkeyPatch()
    for name, make in {**MAKERS, 'camvid': make_camvid_ssl}.items():
        patch.setenv(f'{name.upper()}_ROOT', str(make(folder / name)))
    yield folder
    patch.undo()


def load(name, work_dir, full_width=False):
    """The config of a cell for the fake data."""
    cfg = read_cell(name)
    init_default_scope('mmseg_fst')
    without_weights(cfg._cfg_dict)
    cfg.load_from = None
    if not full_width:
        for segmentor in segmentors_of(cfg.model):
            slim_segmentor(segmentor)
    slim_data(cfg, factor=8 if max(cfg.crop_size) > 300 else 4)
    slim_run(cfg)
    if 'vfm-uda' in name:  # batches of 8
        cfg.train_dataloader.batch_size = 2
    sampling = cfg.train_dataloader.dataset.get('rare_class_sampling')
    if sampling is not None:
        sampling.min_pixels = 100
    cfg.work_dir = str(work_dir)
    if 'teachers' in cfg.model:
        cfg.model.teachers = [str(make_run(
            work_dir / 'teacher', model_cfg(labels_only=True),
            [dict(cfg.val_dataloader.dataset.pipeline[1])],
            meta=CamVidDataset.METAINFO))]
    stem = name.rpartition('/')[2].replace('@', '_')
    cfg.experiment_name = f'{stem}_{os.urandom(4).hex()}'
    cfg.log_level = 'ERROR'
    return cfg


def networks_of(model):
    """Names of the networks that are scored."""
    if 'students' in model:
        return [*model.students, 'ensemble']
    has_teacher = (model.get('label_with') == 'teacher'
                   or MODELS.get(model.type).with_teacher)
    return ['student', 'teacher'] if has_teacher else ['student']


def run(name, work_dir, full_width=False):
    """Train two iterations, resume for two more, test."""
    cfg = load(name, work_dir, full_width)
    check_config(cfg)
    train(cfg)
    results = json.loads((work_dir / 'results.json').read_text())
    networks = set(networks_of(cfg.model))
    assert {key.split('/')[0] for key in results['iterations']['2']
            } == networks
    first = read_checkpoint(str(work_dir / 'iter_2.pth'))

    cfg = load(name, work_dir, full_width)
    slim_run(cfg, max_iters=4)
    train(cfg, resume=True)
    second = read_checkpoint(str(work_dir / 'iter_4.pth'))
    assert second['meta']['iter'] == 4
    states = first['state_dict'], second['state_dict']
    for network in networks - {'ensemble'}:
        place = f'student.{network}.' if 'students' in cfg.model else (
            f'{network}.')
        moved = [
            not torch.equal(states[0][key], states[1][key])
            for key in states[0] if key.startswith(place)
        ]
        assert sum(moved) > len(moved) / 4, network

    scores = score(
        load(name, work_dir, full_width), str(work_dir / 'iter_4.pth'))
    results = json.loads((work_dir / 'results.json').read_text())
    trained = results['iterations']['4']
    for network in networks:
        assert scores[f'{network}/mIoU'] == pytest.approx(
            trained[f'{network}/mIoU'], abs=1e-6)
    if 'synthia' in name:
        assert 'student/mIoU16' in scores and 'student/mIoU13' in scores
