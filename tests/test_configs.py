"""Every config loads, and everything in it builds."""
from pathlib import Path

import numpy as np
import pytest
import torch
from cells import CO_TRAINED, cells_of, is_similar, is_twin, read_cell
from helpers import REPOSITORY, build_model, save_pair
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from slim import segmentors_of, slim_segmentor, without_weights

from mmseg_fst.apis import check_config
from mmseg_fst.config import check_config as check_module
from mmseg_fst.datasets.known_data import KNOWN_DATA
from mmseg_fst.datasets.samplers import PairIndex
from mmseg_fst.engine import MeanTeacherHook
from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.methods import Supervised
from mmseg_fst.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOOPS,
    PARAM_SCHEDULERS,
)
from mmseg_fst.utils.files import count_pixels, save_class_stats, save_lines

CONFIGS = [
    f'{path.name}/{name}'
    for path in sorted((REPOSITORY / 'configs').iterdir())
    # `own` holds tasks of whoever works here.
    if path.is_dir() and path.name not in ('_base_', 'own')
    for name in cells_of(path.name)
]

# The others are trained, scaled down, in test_uda_configs; stages find their
# labels in test_apis/test_stages, and a training its teachers.
CPU_SIZED = [
    name for name in CONFIGS
    if ('streets' in name or 'camvid' in name) and 'stpp' not in name
    and 'dsbn' not in name and 'supervised-' not in name
    and 'distill' not in name
    and not ('budget' in name and is_twin(name.partition('/')[2]))
]


def load(name):
    """A config, its network made slim."""
    cfg = read_cell(name)
    for segmentor in segmentors_of(cfg.model):
        slim_segmentor(segmentor)
    return cfg


def marks_of(name):
    """Twins are loaded where numbers are compared, and tried by hand."""
    folder, stem = name.split('/')
    twin = dict(ssl=is_twin(stem), co_training=stem not in CO_TRAINED,
                uda=is_similar(stem) or 'budget' in stem and is_twin(stem))
    return [pytest.mark.twins] if twin.get(folder) else []


@pytest.fixture(params=[
    pytest.param(name, marks=marks_of(name)) for name in CONFIGS])
def name(request):
    return request.param


@pytest.fixture
def cfg(name):
    return load(name)


def test_there_are_configs():
    assert len(CONFIGS) >= 12
    assert {name.split('/')[0] for name in CONFIGS} >= {'demo', 'uda'}


def test_no_key_is_unknown(cfg, monkeypatch):
    """As if all files were there."""
    monkeypatch.setattr(check_module.osp, 'isfile', lambda path: True)
    monkeypatch.setattr(check_module.osp, 'isdir', lambda path: True)
    check_config(cfg)


def test_a_misspelt_key_is_named(cfg):
    cfg.train_dataloader.dataset['labled'] = 1
    with pytest.raises(ValueError, match='labled.*labeled'):
        check_config(cfg)


def test_parts_fit_together(cfg):
    """Model, hooks, optimizer, schedulers, sampler, loops, metrics."""
    model = build_model(without_weights(cfg.model))
    hooks = [
        HOOKS.build(hook) for hook in
        [*cfg.default_hooks.values(), *cfg.get('custom_hooks', [])]
    ]
    moves_teacher = [isinstance(hook, MeanTeacherHook) for hook in hooks]
    assert sum(moves_teacher) == (model.teacher is not None)
    sides = cfg.train_dataloader.dataset.sides
    assert (sides.unlabeled is not None) != isinstance(model, Supervised)

    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    trained = {
        id(weight)
        for single in wrappers_of(wrapper)
        for group in single.param_groups for weight in group['params']
        if weight.requires_grad
    }
    assert trained == {id(weight) for weight in model.trained_parameters()}
    for scheduler in cfg.param_scheduler:
        for single in wrappers_of(wrapper):
            PARAM_SCHEDULERS.build(scheduler, default_args=dict(
                optimizer=single))
    # mmengine comes to the end one iteration before it.
    end = max(entry.end for entry in cfg.param_scheduler)
    assert end - (cfg.get('epochs') or {}).get('lag', 0) in (
        cfg.train_cfg.max_iters, cfg.train_cfg.max_iters + 1)
    assert cfg.train_cfg.max_iters % cfg.train_cfg.val_interval == 0

    assert cfg.train_dataloader.sampler.type == 'PairedSampler'
    assert DATA_SAMPLERS.get('PairedSampler') is not None
    for loop in (cfg.val_cfg, cfg.test_cfg):
        assert LOOPS.get(loop.type) is not None
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        Evaluator(evaluator)
    assert cfg.test_dataloader == cfg.val_dataloader


def sides_of(cfg):
    """Configs of all data sets in a config."""
    sides = cfg.train_dataloader.dataset.sides
    others = [side for name, side in sides.items()
              if name != 'labeled' and side is not None]
    return [sides.labeled, cfg.val_dataloader.dataset, *others]


def write_images(side, root):
    """Write two images in the layout of a side, and point the side there."""
    # It collects garbage for half a second.
    side.update(data_root=str(root), serialize_data=False)
    data = DATASETS.build({**side, 'lazy_init': True})
    rng = np.random.default_rng(0)
    pixels = {}
    for name in ('a', 'b'):
        image, label = (
            data.data_prefix.get(key) and
            f'{data.data_prefix[key]}/{name}{suffix}'
            for key, suffix in (('img_path', data.img_suffix),
                                ('seg_map_path', data.seg_map_suffix)))
        written = save_pair(
            rng, image, label, num_classes=len(data.METAINFO['classes']))
        pixels[Path(image).stem] = count_pixels(written, 255)
    if data.ann_file:
        save_lines(data.ann_file, ('a', 'b'))
    if side.get('extra_ann_file'):
        save_lines(root / side.extra_ann_file, ())
    return data.metainfo['classes'], pixels


def move_to_tiny_data(cfg, root):
    """Point each data set of a config to a tiny one of its layout."""
    for index, side in enumerate(sides_of(cfg)[1:]):
        write_images(side, root / f'{index}')
    dataset = cfg.train_dataloader.dataset
    dataset.pop('expected', None)
    classes, pixels = write_images(dataset.sides.labeled, root / 'labeled')
    if 'rare_class_sampling' in dataset:
        stats = str(root / 'class_stats.json')
        save_class_stats(stats, classes, pixels)
        dataset.rare_class_sampling.update(stats=stats, min_pixels=10)


@pytest.mark.parametrize('name', CPU_SIZED)
def test_data_load_and_fit_the_model(cfg, tmp_path):
    """On tiny data, from the loader's index to the loss."""
    move_to_tiny_data(cfg, tmp_path)
    check_config(Config(dict(data=cfg.train_dataloader)))
    data = DATASETS.build(cfg.train_dataloader.dataset)
    assert DATASETS.get('PairedDataset') is type(data)
    images = dict(zip(data.sides, (0, 1, 0)))
    items = [data[PairIndex(images, seed)] for seed in range(2)]
    branches = {
        side: dict(
            inputs=[item[side]['inputs'] for item in items],
            data_samples=[item[side]['data_samples'] for item in items])
        for side in items[0]
    }
    val = DATASETS.build(cfg.val_dataloader.dataset)
    classes = data.metainfo['classes']
    assert tuple(val.metainfo['classes']) == tuple(classes)
    assert len(data.metainfo['palette']) == len(classes)
    sample = val[0]['data_samples'].gt_sem_seg.data
    assert set(np.unique(sample)) <= {*range(len(classes)), 255}

    model = build_model(without_weights(cfg.model)).train()
    networks = [model.student] if 'segmentor' in cfg.model else (
        model.student.values())
    for network in networks:
        assert network.decode_head.num_classes == len(classes)
    batch = model.data_preprocessor(branches, True)
    height, width = cfg.crop_size
    dataset = cfg.train_dataloader.dataset
    again = dataset.get('again') or {}
    for side, images in batch['inputs'].items():
        # Two crops of an image are one above the other.
        crops = 1 + ('OverlappingCrops' in str(
            dataset.sides[again.get(side, side)].get('pipeline')))
        assert tuple(images.shape[2:]) == (crops * height, width)
    with torch.no_grad():
        losses = model(**batch, mode='loss')
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_folders_come_from_the_environment(name, monkeypatch):
    for word in KNOWN_DATA:
        monkeypatch.setenv(f'{word.upper()}_ROOT', f'/somewhere/{word}')
    for side in sides_of(load(name)):
        assert side.data_root.startswith('/somewhere/'), side.data_root


def test_pipelines_build(cfg):
    for side in sides_of(cfg):
        pipeline = Compose(side.pipeline)
        names = [type(entry).__name__ for entry in pipeline.transforms]
        assert names[0] == 'LoadWholeImage'
        assert names[-1] in ('PackByteInputs', 'PackSegInputs')
        labeled = 'seg_map_path' in side.data_prefix
        assert ('LoadAnnotations' in names) == labeled


@pytest.mark.parametrize('folder, stem', [
    ('demo', 'streets_mean-teacher'),
    ('uda', 'streetgen2camvid_mean-teacher'),
    ('uda', 'gta2cityscapes_resnet101-deeplabv2_daformer'),
    ('uda', 'gta2cityscapes_swin-b-upernet_daformer'),
    ('uda', 'gta2cityscapes_mit-b5-daformer_daformer')])
def test_methods_differ_in_one_hook_alone(folder, stem):
    """FST is one hook swapped in a config."""
    base = load(f'{folder}/{stem}').to_dict()
    task = stem.rpartition('_')[0]
    for method in ('fst', 'fst-d', 'fst-w'):
        other = load(f'{folder}/{task}_{method}').to_dict()
        assert {key for key in base if base[key] != other[key]} == {
            'custom_hooks'
        }
        assert set(base) == set(other)
        decays = [
            cfg['custom_hooks'][0].get('decay', 0.999) for cfg in (base, other)
        ]
        assert decays[0] == decays[1] and len(other['custom_hooks']) == 1
