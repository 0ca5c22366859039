"""Cells of co-training: what the papers say of them, and short runs."""
from pathlib import Path

import pytest
from cells import CO_TRAINED, cells_of, read_cell, roots, run  # noqa: F401
from helpers import REPOSITORY
from mmengine.registry import init_default_scope
from slim import segmentors_of, without_weights

from mmseg_fst.apis import load_config, read_grid
from mmseg_fst.registry import MODELS
from mmseg_fst.run import run_config

FOLDER = REPOSITORY / 'configs' / 'co_training'
CELLS = cells_of('co_training')
FULL = [name for name in CELLS if '-stpp_' in name and '_cps' not in name]
CPS = [name for name in CELLS if '-stpp_' in name and '_cps' in name]
# One list of each table; the others are read by hand.
READ = [
    pytest.param(
        name, marks=[] if name.endswith(('@92', '@331', '@100')) else [
            pytest.mark.twins]) for name in FULL
]
# Iterations of an epoch of the published runs, by the number of labels.
EPOCHS = dict(
    voc={92: 655, 183: 650, 366: 638, 732: 615, 1464: 570, 331: 640,
         662: 620, 1323: 578, 2646: 496},
    cityscapes={100: 360, 186: 349, 372: 326, 744: 279})


@pytest.mark.slow
@pytest.mark.parametrize('name', [
    pytest.param(name, marks=[] if name in CO_TRAINED else [pytest.mark.twins])
    for name in CELLS
])
def test_cell_trains_resumes_and_is_scored(name, roots,  # noqa: F811
                                           tmp_path):
    run(f'co_training/{name}', tmp_path)


def parts_of(name):
    """Data set, labels, crop, size of the networks and method."""
    config, labels = name.split('@')
    lists, crop, size, method = config.split('_')
    return lists.split('-')[0], int(labels), int(crop), size, method


@pytest.mark.parametrize('name', READ)
def test_numbers_of_the_paper(name):
    data, labels, crop, size, method = parts_of(name)
    cfg = read_cell(f'co_training/{name}')
    is_voc = data == 'voc'
    # Epochs of Cityscapes are counted as on 8 GPUs.
    processes = 4 if crop == 321 else 8
    batch = cfg.train_dataloader.batch_size
    if not is_voc:
        batch //= 2
    epochs = 80 if is_voc else 240
    dataset = cfg.train_dataloader.dataset
    assert dataset.sides.labeled.ann_file == (
        f'splits/stpp/{labels}/labeled.txt')
    assert dataset.expected.labeled == labels
    if 'cps' in method:
        assert batch * processes == (16 if is_voc else 8)
        total = 10582 if is_voc else 2975
        length = -(-(total - labels) // processes) // batch
        if processes == (4 if is_voc else 8):  # as the logs are
            assert length == EPOCHS[data][labels]
        assert dataset.sides.unlabeled.ann_file == (
            f'splits/stpp/{labels}/unlabeled.txt')
        assert dataset.expected.unlabeled == total - labels
        assert cfg.train_cfg.val_interval == length
        assert cfg.default_hooks.checkpoint.interval == length
    else:  # of labels alone in twice the batch
        assert batch * processes == (32 if is_voc else 16)
        length = -(-labels // processes) // batch
        assert dataset.sides.unlabeled is None
        assert cfg.train_cfg.val_interval == 10 * length
    assert cfg.train_cfg.max_iters == epochs * length
    scheduler, = cfg.param_scheduler
    assert scheduler.type == 'PolyLR' and scheduler.power == .9
    # As in the release, it lags by an iteration, unless labels are alone.
    lag = int('cps' in method)
    assert (scheduler.begin, scheduler.end) == (
        lag, epochs * length + 1 + lag)
    optimizer = cfg.optim_wrapper.optimizer
    assert optimizer == dict(
        type='SGD', lr=.002 if is_voc else .005, momentum=.9,
        weight_decay=1e-4)
    factor = cfg.optim_wrapper.paramwise_cfg.custom_keys['head'].lr_mult
    assert factor == (10 if is_voc else 1)
    assert cfg.crop_size == (crop, crop)
    for side in ('labeled', 'unlabeled'):
        crops = [entry for entry in cfg[f'{side}_pipeline']
                 if entry['type'] == 'RandomCrop']
        assert [entry.crop_size for entry in crops] == [(crop, crop)]
    if dataset.sides.unlabeled:
        assert dataset.sides.unlabeled.pipeline == cfg.unlabeled_pipeline
    assert dataset.sides.labeled.pipeline == cfg.labeled_pipeline
    protocol = cfg.model.protocol
    if is_voc:
        assert protocol == dict(type='WholeImage')
    else:
        assert protocol == dict(
            type='SlidingWindows', crop_size=769, stride=512,
            last='truncate', merge='softmax')


@pytest.mark.parametrize('name', READ)
def test_students_of_the_paper(name):
    data, _, _, size, method = parts_of(name)
    model = read_cell(f'co_training/{name}').model
    depth, letter = {'r50-b2': (50, 'b2'), 'r101-b3': (101, 'b3')}[size]
    init_default_scope('mmseg_fst')
    students = list(model.get('students', {}))
    assert students == {
        '2-cps': ['mit', 'dct'], '3-cps': ['mit', 'dct', 'rgb']
    }.get(method, [])
    for segmentor in segmentors_of(model):
        head, backbone = segmentor.decode_head, segmentor.backbone
        assert head.num_classes == (21 if data == 'voc' else 19)
        assert head.align_corners and head.loss_decode.avg_non_ignore
        sampler = dict(type='OHEMPixelSampler', thresh=.7, min_kept=100000)
        assert head.get('sampler') == (None if data == 'voc' else sampler)
        inner = backbone.get('backbone', backbone)
        if 'depth' in inner:
            assert inner.depth == depth
            assert tuple(inner.strides) == (
                (1, 2, 2, 1) if data == 'voc' else (1, 2, 1, 1))
            assert tuple(head.dilations) == (
                (1, 6, 12, 18) if data == 'voc' else (1, 12, 24, 36))
        else:
            assert inner.init_cfg.checkpoint == (
                f'checkpoints/mit_{letter}.pth')
    if not students:
        assert ('backbone' in model.segmentor.backbone) == (
            method == 'supervised-dct')
        return
    assert model.pseudo_labeler == dict(type='Threshold', threshold=0.)
    mixer = MODELS.build(model.mixer)
    assert (mixer.prob, mixer.area) == (.5, (.02, .4))
    assert mixer.max_ratio == pytest.approx(1 / .3)
    assert mixer.source == 'other'  # never with itself, as it may there
    strong = model.photometric
    assert (strong.jitter_prob, strong.jitter_strength, strong.hue,
            strong.gray_prob, strong.blur_prob, strong.blur_sigma) == (
                .8, .5, .25, .2, .5, (.1, 2.))


@pytest.mark.parametrize('cell, millions', [
    ('voc-stpp_513_r50-b2', dict(mit=24.7, dct=40.3, rgb=40.5)),
    ('cityscapes-stpp_769_r101-b3', dict(mit=44.6, dct=59.3, rgb=59.5))])
def test_sizes_that_were_logged(cell, millions):
    """RGB and SegFormer are in the logs; DCT lacks the stem alone."""
    init_default_scope('mmseg_fst')
    cfg = read_cell(f'co_training/{cell}_3-cps')
    without_weights(cfg._cfg_dict)
    sizes = {
        name: sum(entry.numel() for entry in MODELS.build(config).parameters())
        for name, config in cfg.model.students.items()
    }
    assert {name: size / 1e6 for name, size in sizes.items()
            } == pytest.approx(millions, abs=.06)


def test_tables_name_every_config_and_no_cell_twice():
    named = [(Path(cell.config).stem, cell.partition)
             for path in FOLDER.glob('table_*.py')
             for cell in read_grid(str(path)).cells
             if '..' not in cell.config]
    assert {stem for stem, _ in named} == {
        name.partition('@')[0] for name in CELLS}
    # CPS has a separate table.
    assert {cell[0] for cell in named if named.count(cell) > 1} == {
        'voc-stpp_512_r101_cps-cutmix'}


def test_tables_have_all_lists_of_each_config():
    """Nine lists of Pascal VOC, four of Cityscapes."""
    expected = {
        f'{path.stem}@{labels}'
        for data, lengths in EPOCHS.items() for labels in lengths
        for path in FOLDER.glob(f'{data}-stpp_*_*_*.py')
        if '_cps' not in path.stem
    }
    assert set(FULL) == expected and len(FULL) == 176


def test_the_second_student_of_cps_is_sampled_separately(monkeypatch):
    monkeypatch.setattr(run_config, 'check_config', lambda *_: None)
    cfg = load_config(
        str(FOLDER / 'camvid-1_16_supervised-second.py'), seed=2)
    assert cfg.randomness.seed == 1002
    assert cfg.work_dir.endswith('camvid-1_16_supervised-second/seed_2')


# Iterations of CPS in all: epochs by list times batches of one of them, as
# its `config.py` counts them.
LENGTHS = dict(
    voc={662: (32, 1240), 1323: (34, 1157), 2646: (40, 992)},
    cityscapes={186: (128, 348), 372: (137, 325), 744: (160, 279)})


@pytest.mark.parametrize('name', CPS)
def test_numbers_of_cps(name):
    data, labels, crop, depth, method = parts_of(name)
    cfg = read_cell(f'co_training/{name}')
    is_voc, mixed = data == 'voc', method == 'cps-cutmix'
    epochs, length = LENGTHS[data][labels]
    assert cfg.train_cfg.max_iters == epochs * length
    assert cfg.train_cfg.val_interval == length
    assert cfg.param_scheduler[0].end == epochs * length + 1
    assert cfg.crop_size == (crop, crop) == ((512, 512) if is_voc else
                                             (800, 800))
    assert cfg.train_dataloader.batch_size == 2  # on 4 GPUs
    sides = cfg.train_dataloader.dataset.sides
    assert set(sides) == {'labeled', 'unlabeled'} | (
        {'partner'} if mixed else set())
    assert all(f'splits/stpp/{labels}/' in side.ann_file
               for side in sides.values())
    if mixed:
        assert sides.partner == sides.unlabeled
    # The learning rate of its program over the number of its GPUs.
    gpus, rate = (4, .01) if is_voc else (8, .02)
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=pytest.approx(rate / gpus), momentum=.9,
        weight_decay=pytest.approx(1e-4 * gpus))
    assert cfg.optim_wrapper.paramwise_cfg == dict(
        norm_decay_mult=0., bias_decay_mult=0.)
    model = cfg.model
    assert model.type == ('CutMixCPS' if mixed else 'CPS')
    assert model.loss_weights.cross == {
        ('voc', 'cps'): 1.5, ('voc', 'cps-cutmix'): 1,
        ('cityscapes', 'cps'): 6, ('cityscapes', 'cps-cutmix'): 5
    }[data, method]
    for network in model.students.values():
        assert network.backbone.depth == int(depth.removeprefix('r'))
        assert tuple(network.backbone.multi_grid) == (2, 4, 8)
        assert tuple(network.decode_head.dilations) == (1, 6, 12, 18)
        assert network.decode_head.num_classes == (21 if is_voc else 19)
        assert network.decode_head.get('sampler') == (None if is_voc else dict(
            type='OHEMPixelSampler', thresh=.7, min_kept=50000))
    assert model.protocol == (dict(type='WholeImage') if is_voc else dict(
        type='SlidingWindows', crop_size=800, stride=534, last='shift',
        merge='logits'))
    assert cfg.default_hooks.checkpoint.save_best == 'first/mIoU'
    assert cfg.sync_bn == 'torch'
    # Padding lies around the image, and students label it.
    for side in sides.values():
        assert side.pipeline[-2] == dict(type='PadToCrop', size=(crop, crop))
    assert cfg.model.data_preprocessor.padding == 'mean'
