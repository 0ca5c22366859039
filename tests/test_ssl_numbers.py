"""Semi-supervised cells of full size have the numbers of their papers.

From the configs that the authors of the methods have released; the lists of
ST++ from its program.
"""
import copy
import functools
import math
import re
from pathlib import Path
from typing import NamedTuple, Optional, Union

import pytest
import torch
from cells import cells_of, read_cell
from helpers import REPOSITORY
from mmengine.optim import build_optim_wrapper
from slim import segmentors_of, slim_segmentor, without_weights

from mmseg_fst.apis import check_config, read_grid
from mmseg_fst.config import check_config as check_module
from mmseg_fst.registry import MODELS, PARAM_SCHEDULERS
from mmseg_fst.run.stages import labels_only, retrain

FOLDER = REPOSITORY / 'configs' / 'ssl'
# Without the ablations, which no table names.
# CTT has two networks: test_ctt.
CELLS = [name for name in cells_of('ssl')
         if name.startswith(('voc', 'cityscapes')) and '@' in name
         and '_eln@' not in name  # by iterations
         and '_ctt' not in name]
TOTAL = dict(voc=10582, cityscapes=2975)


class Recipe(NamedTuple):
    """How the cells of a family train, on all of their GPUs."""
    crop: int
    gpus: int
    batch: int  # of one of them and one side
    # By the number of labels, or None: 20000 iterations, validated every 500.
    epochs: Optional[Union[int, dict[int, int]]]
    optimizer: str
    rate: float
    head: float
    decay: float
    protocol: Optional[str]


FST = Recipe(513, 4, 4, 40, 'SGD', 1e-3, 10, 1e-4, 'Canvas')
UNIMATCH = Recipe(321, 4, 2, 80, 'SGD', 1e-3, 10, 1e-4, 'WholeImage')
V2 = Recipe(518, 4, 4, 60, 'AdamW', 5e-6, 40, .01, 'WholeImage')
CITYSCAPES = Recipe(769, 8, 2, 80, 'SGD', .01, 10, 5e-4, 'SlidingWindows')
# A learning rate of 0.01 and a decay of 1e-4, whose losses are divided by the
# number of GPUs.
AEL = Recipe(513, 8, 2, 80, 'SGD', .01 / 8, 10, 8e-4, 'Canvas')
DSBN = Recipe(513, 8, 2, None, 'SGD', .002, 10, 0., 'Canvas')
PS_MT = Recipe(512, 4, 8, {
    **dict.fromkeys((92, 183, 366, 732, 1464, 662, 1323), 80), 2646: 200
}, 'SGD', .01, 1, 1e-4, 'WholeImage')
PS_MT_CITIES = Recipe(800, 2, 4, {372: 320, 744: 450}, 'SGD', .0045, 1, 1e-4,
                      'SlidingWindows')
RECO = UNIMATCH._replace(
    gpus=1, batch=10, epochs=200, rate=2.5e-3, head=1, decay=5e-4)
# By the beginning of a cell's name and by its method, the first that fits.
RECIPES = {
    r'voc_.*_ael': AEL,
    r'cityscapes_.*_ael': AEL._replace(
        crop=769, epochs=200, protocol='SlidingWindows'),
    r'voc_.*_dsbn': DSBN,
    r'cityscapes_.*_dsbn': DSBN._replace(
        crop=769, protocol='SlidingWindows'),
    r'voc_.*': FST,
    r'voc-stpp_.*_(fixmatch|unimatch|prevmatch)': UNIMATCH,
    r'voc-stpp_.*_allspark': UNIMATCH._replace(crop=513),
    r'voc-stpp_.*_corrmatch': UNIMATCH._replace(gpus=2, batch=4),
    r'voc-stpp_.*_unimatch-v2': V2,
    r'voc-stpp_.*_cct': UNIMATCH._replace(crop=320, gpus=1, batch=10),
    r'voc-stpp_.*_ps-mt(-original.*)?': PS_MT,
    r'voc-stpp_.*_u2pl': FST._replace(epochs=80),
    r'voc-stpp_.*_ael': AEL,
    r'voc-stpp_.*_stpp': UNIMATCH._replace(gpus=1, batch=8),
    r'voc-stpp_.*_gct': UNIMATCH._replace(epochs=20, decay=5e-4),
    r'voc-stpp_.*_reco': RECO,
    r'cityscapes-stpp_.*_stpp': UNIMATCH._replace(
        crop=721, gpus=1, batch=8, epochs=240, rate=.004),
    r'cityscapes-stpp_.*_reco': RECO._replace(
        crop=512, batch=2, protocol=None),
    r'cityscapes-stpp_resnet50-.*_ps-mt': PS_MT_CITIES,
    r'cityscapes-stpp_resnet101-.*_ps-mt': PS_MT_CITIES._replace(crop=720),
    r'cityscapes-stpp_.*_u2pl': CITYSCAPES._replace(epochs=200, head=1),
    r'voc-stpp_.*_cac': UNIMATCH._replace(crop=320, gpus=2, batch=4),
    r'cityscapes_.*_(fst|mean-teacher|mean-teacher-4x)': CITYSCAPES,
    r'cityscapes_.*': CITYSCAPES._replace(epochs=200, head=1),
    r'cityscapes-stpp_.*_(fixmatch|(uni|prev|corr)match|allspark)':
    UNIMATCH._replace(
        crop=801, epochs=240, rate=.005, head=1, protocol='SlidingWindows'),
    r'cityscapes-stpp_.*_unimatch-v2': V2._replace(
        crop=798, batch=2, epochs=180, protocol='SlidingWindows'),
}


@functools.cache
def load(name):
    """A cell; several tests share it and change nothing."""
    return read_cell(f'ssl/{name}')


def plain(name):
    """The cell that a cell with FST is the same as, but for the hook."""
    config, _, partition = name.partition('@')
    if not config.endswith('_fst'):
        return name
    base = f'{config.removesuffix("_fst")}@{partition}'
    return base if base in CELLS else base.replace('@', '_mean-teacher@')


def plain_config(name):
    """The config of that cell."""
    return plain(name).partition('@')[0]


def recipe_of(name):
    # The method of `voc_pspnet_fst` is FST, on a mean teacher.
    config = plain_config(name)
    recipe = next(recipe for pattern, recipe in RECIPES.items()
                  if re.fullmatch(pattern, config))
    if '_gct@2646' in name:
        return recipe._replace(epochs=30)
    return recipe


def iterations(name, recipe, total):
    """As a DistributedSampler and a loader that drops the rest count."""
    labeled = labels_of(name)
    unlabeled = total - labeled
    if '_stpp@' in name:
        # Labels are repeated until they are as many.
        return (-(-unlabeled // labeled) * labeled + unlabeled) // 16
    if '_reco@' in name or '_reco_fst@' in name:
        return 200
    if '_cac@' in name:
        return 1157
    return -(-unlabeled // recipe.gpus) // recipe.batch


def labels_of(name):
    return int(name.partition('@')[2])


def data_of(name):
    return re.match('voc|cityscapes', name)[0]


@pytest.mark.parametrize('name', CELLS)
def test_numbers(name, monkeypatch):
    cfg, recipe = load(name), recipe_of(name)
    monkeypatch.setattr(check_module.osp, 'isfile', lambda path: True)
    monkeypatch.setattr(check_module.osp, 'isdir', lambda path: True)
    check_config(cfg)
    data, labeled = data_of(name), labels_of(name)
    assert tuple(cfg.crop_size) == (recipe.crop, recipe.crop)
    assert cfg.train_dataloader.batch_size == recipe.batch
    dataset = cfg.train_dataloader.dataset
    sides = dataset.sides
    assert dataset.expected == dict(
        labeled=labeled, unlabeled=TOTAL[data] - labeled)
    family = 'stpp' if '-stpp_' in name else 'u2pl'
    folder = f'splits/{family}/{labeled}'
    assert sides.labeled.ann_file == f'{folder}/labeled.txt'
    if '_supervised@' in name:
        assert sides.unlabeled is None
    else:
        assert sides.unlabeled.ann_file == f'{folder}/unlabeled.txt'
    for segmentor in segmentors_of(cfg.model):
        assert segmentor.decode_head.num_classes == dict(
            voc=21, cityscapes=19)[data]

    epoch = iterations(name, recipe, TOTAL[data]) if recipe.epochs else 500
    longer = 4 if '-4x@' in name else 1
    epochs = recipe.epochs
    if isinstance(epochs, dict):
        epochs = epochs[labeled]
    assert cfg.train_cfg.val_interval == epoch
    assert cfg.train_cfg.max_iters == (
        longer * epochs * epoch if epochs else 20000)
    assert cfg.default_hooks.checkpoint.interval == epoch
    scheduler, = cfg.param_scheduler
    assert (scheduler.type, scheduler.power, scheduler.eta_min) == (
        'PolyLR', .9, 0)
    # In the releases of UniMatch it lags by an iteration.
    lag = int(bool(re.search('_((uni|fix|prev|corr)match|allspark)', name)))
    assert scheduler.begin == lag
    assert scheduler.end == cfg.train_cfg.max_iters + 1 + lag
    separate = 'dinov2' in name or re.search('_(cct|ctt|eln|reco|stpp)', name)
    assert cfg.get('sync_bn') == (None if separate else 'torch')
    # CAC, CCT and PS-MT pad with the mean color, and cells on U2PL's rules.
    black = family == 'stpp' and not re.search(
        '_(cac|cct|ps-mt|u2pl|ael)', name)
    assert cfg.model.data_preprocessor.get('padding', 'mean') == (
        'black' if black else 'mean')
    # ReCo scores images at half of their size, which no protocol has.
    protocol = cfg.model.get('protocol') or {}
    assert protocol.get('type') == recipe.protocol

    hooks = cfg.get('custom_hooks', [])
    network = cfg.model.predict_with if 'students' in cfg.model else (
        'teacher' if hooks and '_prevmatch' not in name else 'student')
    assert cfg.default_hooks.checkpoint.save_best == f'{network}/mIoU'
    # In the first epoch of U2PL and FST the teacher is the student.
    if hooks and family == 'u2pl' and '_ael' not in name:
        assert hooks[0].copy_iters == epoch


@pytest.mark.parametrize('name', [
    'voc_pspnet_fst@662', 'voc_deeplabv3plus_u2pl@662',
    'cityscapes_deeplabv3plus_mean-teacher@186',
    'cityscapes_deeplabv3plus_u2pl@186',
    'voc-stpp_resnet101-deeplabv3plus_unimatch@92',
    'cityscapes-stpp_resnet101-deeplabv3plus_unimatch@186',
    'voc-stpp_dinov2-s-dpt_unimatch-v2@92',
    'cityscapes-stpp_dinov2-s-dpt_unimatch-v2@186',
    'voc-stpp_resnet50-deeplabv3plus_stpp@92',
    'cityscapes_deeplabv3plus_ael@186', 'voc_deeplabv3plus_dsbn@1323',
    'voc-stpp_resnet101-deeplabv3plus_reco@92',
    'voc-stpp_resnet101-deeplabv3plus_cac@662',
    'voc-stpp_mit-b5-segformer_allspark@662',
    'cityscapes-stpp_mit-b5-segformer_allspark@186',
    'voc-stpp_resnet50-deeplabv3plus_u2pl@662',
    'cityscapes-stpp_resnet101-deeplabv3plus_reco@372',
    'voc-stpp_resnet101-deeplabv3plus_corrmatch@92'
])
def test_rates_of_encoder_and_heads(name):
    cfg, recipe = copy.deepcopy(load(name)), recipe_of(name)
    slim_segmentor(cfg.model.segmentor)
    model = MODELS.build(without_weights(cfg.model))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert type(wrapper.optimizer).__name__ == recipe.optimizer
    names = {id(weight): key for key, weight in model.named_parameters()}
    recorded = set()
    for group in wrapper.optimizer.param_groups:
        part = {names[id(weight)].split('.')[1] for weight in group['params']}
        factor = 1 if part == {'backbone'} else recipe.head
        assert group['lr'] == pytest.approx(recipe.rate * factor), part
        assert group['weight_decay'] == recipe.decay
        assert group.get('momentum', .9) == .9
        assert group.get('betas', (.9, .999)) == (.9, .999)
        recorded |= part
    # Those beside the student.
    recorded -= {'projection_head', 'correlation_head'}
    assert recorded == {'backbone', 'decode_head'} | {
        part for part in ('auxiliary_head', 'neck')
        if part in cfg.model.segmentor}


@pytest.mark.parametrize('name', [
    name for name in CELLS if plain(name) != name])
def test_fst_is_one_hook(name):
    cfg, base = load(name).to_dict(), load(plain(name)).to_dict()
    (hook, ), (mean, ) = cfg.pop('custom_hooks'), base.pop('custom_hooks')
    assert cfg == base
    assert (hook.pop('type'), hook.pop('depth')) == ('FSTHook', 3)
    assert mean.pop('type') == 'MeanTeacherHook' and hook == mean


@pytest.mark.parametrize('name, epochs', [
    ('voc-stpp_resnet50-pspnet_cct@1464', 8),
    ('voc-stpp_resnet101-deeplabv2_gct@1323', 3),
    ('voc-stpp_resnet101-deeplabv2_gct@2646', 3),
    ('voc-stpp_resnet101-deeplabv3plus_ps-mt@662', 12)
])
def test_ramps_end_after_epochs(name, epochs):
    cfg = load(name)
    assert cfg.model.ramp_iters == epochs * cfg.train_cfg.val_interval


@pytest.mark.parametrize('name', [
    'voc_deeplabv3plus_dsbn@1323', 'cityscapes_deeplabv3plus_dsbn@372'])
def test_how_dsbn_resizes_and_pads(name):
    cfg = load(name)
    for side in cfg.train_dataloader.dataset.sides.values():
        resize, = (step for step in side.pipeline
                   if step['type'] == 'RandomFactorResize')
        assert resize.ranges == ((.5, 2.), )
        padding = side.pipeline[-2]
        assert (padding.type, padding.size) == ('PadToCrop', cfg.crop_size)
        assert padding.pad_val == (0, 0, 0)


def test_ps_mt_trains_longer_on_a_quarter_of_the_labels():
    cfg = read_cell('ssl/voc-stpp_resnet101-deeplabv3plus_ps-mt@2646')
    assert cfg.train_cfg.max_iters == 200 * cfg.train_cfg.val_interval


def test_rates_of_unimatch_lag_by_an_iteration():
    """Set after an iteration, by its number; 4 iterations."""
    cfg = load('voc-stpp_resnet101-deeplabv3plus_unimatch@92')
    poly = dict(cfg.param_scheduler[0], begin=1, end=4 + 1 + 1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=.1)
    scheduler = PARAM_SCHEDULERS.build(dict(poly, optimizer=optimizer))
    found = []
    for _ in range(4):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    assert found == pytest.approx(
        [.1, .1, .1 * (1 - 1 / 4)**.9, .1 * (1 - 2 / 4)**.9])


METHODS = {
    r'(voc|cityscapes)_.*_supervised': dict(),
    r'voc_.*_(mean-teacher|mean-teacher-4x)': dict(
        percentile=80, mixer='NoMix'),
    r'voc_.*_cutmix': dict(percentile=80, mixer='HalfCutMix'),
    r'cityscapes_.*_(mean-teacher|mean-teacher-4x)': dict(
        percentile=100, mixer='NoMix'),
    r'cityscapes_.*_cutmix': dict(
        percentile=80, final=100, mixer='HalfCutMix'),
    r'(voc|cityscapes|cityscapes-stpp)_.*_u2pl': dict(
        percentile=80, final=100, mixer='HalfCutMix', contrast=256),
    r'voc-stpp_.*_u2pl': dict(
        percentile=80, final=100, epochs=80, mixer='HalfCutMix',
        contrast=256),
    r'voc-stpp_.*_(fixmatch|unimatch|unimatch-v2|prevmatch)|'
    'cityscapes-.*-v2': dict(
        threshold=.95, mixer='CutMix'),
    r'cityscapes-stpp_.*_(fixmatch|unimatch|prevmatch)': dict(
        threshold=0., mixer='CutMix'),
    r'(voc|cityscapes)-stpp_.*_allspark': dict(threshold=0.),
    r'.*_corrmatch': dict(threshold=None, mixer='CutMix'),
    r'.*_(stpp|dsbn)': dict(mixer='NoMix'),
    r'voc(-stpp)?_.*_ael': dict(threshold=.7, mixer='AdaptiveCutMix'),
    r'cityscapes_.*_ael': dict(threshold=0., mixer='AdaptiveCutMix'),
    r'.*_gct': dict(),
    r'.*_cct': dict(),
    r'voc-.*_ps-mt(-original.*)?': dict(threshold=.6, mixer='BetaCutMix'),
    r'cityscapes-.*_ps-mt': dict(threshold=.6, mixer='MultiBoxCutMix'),
    r'.*_cac': dict(contrast=128),
    r'.*_reco': dict(threshold=None, mixer='UnlabeledClassMix', contrast=256),
}


@pytest.mark.parametrize('name', CELLS)
def test_methods(name):
    model = load(name).model
    found = dict()
    if 'mixer' in model:
        found['mixer'] = model.mixer.type
    if 'pseudo_filter' in model:
        found.update(model.pseudo_filter)
        found.pop('type')
    elif 'pseudo_labeler' in model:
        found['threshold'] = model.pseudo_labeler.get('threshold')
    if 'contrast' in model:
        found['contrast'] = model.segmentor.decode_head.get(
            'representation_channels') or model.projection.channels
    assert found == next(
        expected for pattern, expected in METHODS.items()
        if re.fullmatch(pattern, plain_config(name)))


@pytest.mark.parametrize('path', [
    path for path in sorted(FOLDER.glob('table_*.py'))
    if path.stem.startswith(('table_voc', 'table_cityscapes'))
], ids=lambda path: path.stem)
def test_a_table_has_one_family_of_lists_and_one_protocol(path):
    """Other scores do not compare."""
    cells = [load(f'{Path(cell.config).stem}@{cell.partition}')
             for cell in read_grid(str(path)).cells]
    assert len({
        (cell.train_dataloader.dataset.sides.labeled.ann_file.split('/')[1],
         str(cell.model.get('protocol'))) for cell in cells
    }) == 1


@pytest.mark.parametrize('name, weight', [
    ('voc-stpp_resnet101-deeplabv3plus_ps-mt@2646', 1.5),
    ('voc-stpp_resnet50-deeplabv3plus_ps-mt@662', 1.5),
    ('voc-stpp_resnet101-deeplabv3plus_ps-mt-original@183', .6),
    ('voc-stpp_resnet101-deeplabv3plus_ps-mt-original-92@92', .06),
    ('cityscapes-stpp_resnet50-deeplabv3plus_ps-mt@372', 3.),
    ('cityscapes-stpp_resnet101-deeplabv3plus_ps-mt@744', 3.),
])
def test_numbers_of_ps_mt(name, weight):
    cfg = load(name)
    model = cfg.model
    assert model.loss_weights.mixed == weight
    epoch = cfg.train_cfg.val_interval
    assert (model.turn_iters, model.ramp_iters) == (epoch, 12 * epoch)
    depth = int(re.search(r'resnet(\d+)', name)[1])
    assert model.segmentor.backbone.depth == depth
    # OHEM in the comparison with CPS alone.
    sampler = dict(type='OHEMPixelSampler', thresh=.7, min_kept=50000)
    assert model.segmentor.decode_head.get('sampler') == (
        sampler if name.startswith('cityscapes') and depth == 50 else None)
    assert cfg.optim_wrapper.paramwise_cfg == dict(
        norm_decay_mult=0., bias_decay_mult=0.)


@pytest.mark.parametrize('name, crop, batch, iterations', [
    ('voc-stpp_resnet101-deeplabv3plus_ctt@662', (321, 321), 10, 160000),
    ('cityscapes-stpp_resnet101-deeplabv3plus_ctt@372', (256, 512), 2, 16000),
])
def test_numbers_of_ctt(name, crop, batch, iterations):
    cfg = load(name)
    assert tuple(cfg.crop_size) == crop
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.train_cfg == dict(
        type='IterBasedTrainLoop', max_iters=iterations, val_interval=1000)
    assert cfg.param_scheduler[0].end == iterations + 1
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=2.5e-4, momentum=.9, weight_decay=5e-4)
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult == 10
    classes = 21 if name.startswith('voc') else 19
    for network in cfg.model.students.values():
        assert network.decode_head.num_classes == classes
        assert network.decode_head.get('sampler') is None
        assert network.backbone.depth == 101
    assert 'RandomFlip' not in [
        entry.type
        for entry in cfg.train_dataloader.dataset.sides.labeled.pipeline]


@pytest.mark.parametrize('data, labels', [
    *(('voc', labels) for labels in (92, 183, 366, 732, 1464, 662, 1323,
                                     2646)),
    *(('cityscapes', labels) for labels in (100, 372, 744))
])
def test_stages_of_stpp(data, labels, tmp_path):
    """80 or 240 epochs each, of what a stage learns from, in batches of 16.
    """
    cfg = copy.deepcopy(
        load(f'{data}-stpp_resnet50-deeplabv3plus_stpp@{labels}'))
    epochs = dict(voc=80, cityscapes=240)[data]
    cfg.work_dir = str(tmp_path)
    names = tmp_path / 'list.txt'
    unlabeled = TOTAL[data] - labels
    names.write_text('a\n' * (unlabeled // 2))
    first, second = labels_only(cfg), retrain(cfg, 2, str(names))
    once = (2 * labels if labels < 200 else labels) // 16
    repeated = -(-(unlabeled // 2) // labels) * labels
    for stage, epoch, batch in (
            (first, once, 16),
            (second, (repeated + unlabeled // 2) // 16, 8)):
        assert stage.train_cfg.val_interval == epoch
        assert stage.train_cfg.max_iters == epochs * epoch
        assert stage.param_scheduler[0].end == epochs * epoch + 1
        assert stage.train_dataloader.batch_size == batch
    assert first.default_hooks.checkpoint.interval == -(-epochs * once // 3)
    assert retrain(cfg, 3, str(names)).train_cfg == cfg.train_cfg
    assert cfg.stages.label_by == 'best'
    assert cfg.stages.label_protocol == dict(type='MultiScale')
    assert cfg.stages.second_labels == 'unreliable'
    head = cfg.model.segmentor.decode_head
    assert (head.context_dropout_ratio, head.dropout_ratio) == (.5, .1)
    assert cfg.model.cut_out == dict(type='NoiseCutOut')
    assert cfg.model.get('passes', 'joint') == 'joint'


def test_as_released_and_without_its_traces():
    released, clean = (
        load(f'voc_deeplabv3plus_{name}@662')
        for name in ('u2pl_released', 'fst_clean'))
    epoch = iterations('voc@662', FST, TOTAL['voc'])
    assert released.train_cfg.max_iters == 80 * epoch
    assert released.param_scheduler[0].end == 80 * epoch + 1
    assert released.model.warmup_iters == epoch
    assert released.custom_hooks[0].copy_iters == 2 * epoch
    assert released.model.protocol.type == 'Canvas'
    assert released.model.teacher_dropout
    assert released.model.teacher_start == 'own'
    assert clean.train_cfg.max_iters == FST.epochs * epoch
    assert clean.model.protocol.type == 'WholeImage'
    hook, = clean.custom_hooks
    assert (hook.restore, hook.repeat, hook.get('copy_iters')) == (
        'all', False, None)


def test_decoders_of_eln_on_camvid_learn():
    """They start at ln(11), the student at a loss of 0.2."""
    cfg = load('camvid-1_16_eln')
    assert max(cfg.model.factors) * .2 < math.log(11)


@pytest.mark.parametrize('labeled', [1323, 2646])
def test_numbers_of_eln(labeled):
    """Epochs of 266 iterations, whatever the number of images."""
    cfg = load(f'voc-stpp_resnet101-deeplabv3plus_eln@{labeled}')
    model = cfg.model
    assert cfg.train_dataloader.dataset.expected == dict(
        labeled=labeled, unlabeled=10582 - labeled)
    assert (cfg.train_dataloader.batch_size, cfg.crop_size) == (6, (505, 505))
    assert cfg.train_cfg.max_iters == 500 * 266
    assert (model.supervised_iters, model.warmup_iters) == (18620, 31920)
    reset, mean = cfg.custom_hooks
    assert (reset.type, reset.interval) == ('StudentResetHook', 266)
    assert (mean.decay, mean.copy_iters) == (.995, model.warmup_iters)
    assert cfg.optim_wrapper.optimizer == dict(
        type='AdamW', lr=1e-4, weight_decay=1e-5)
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys == dict(
        backbone=dict(lr_mult=.1))
    assert tuple(model.factors) == (20, 50)
    assert (model.contrast.num_crops, model.contrast.crop_size,
            model.contrast.temperature) == (8, 32, .5)
    assert model.localizer.network.backbone.depth == 34
    # The optimizer of the release has the weights of batch normalization of
    # the localizer alone.
    for network, learns in ((model.segmentor, False),
                            (model.localizer.network, True)):
        for part in (network.backbone, network.decode_head):
            assert part.norm_cfg == dict(type='BN', requires_grad=learns)


@pytest.mark.parametrize('labeled', [662, 1323])
def test_crops_and_head_of_ctt(labeled):
    """As its DeepLabV2 is trained: factors of 0.5 to 1.6."""
    cfg = load(f'voc-stpp_resnet101-deeplabv3plus_ctt@{labeled}')
    assert cfg.model.data_preprocessor.padding == 'mean'
    for side in cfg.train_dataloader.dataset.sides.values():
        steps = {step.type: step for step in side.pipeline}
        assert list(steps['RandomFactorResize'].ranges) == [(.5, 1.6)]
    for network in cfg.model.students.values():
        assert tuple(network.backbone.multi_grid) == (2, 4, 8)
    assert cfg.custom_hooks[0].decay == .99


def test_head_and_crops_of_cac():
    cfg = load('voc-stpp_resnet101-deeplabv3plus_cac@1323')
    segmentor = cfg.model.segmentor
    assert tuple(segmentor.backbone.multi_grid) == (2, 4, 8)
    assert segmentor.decode_head.dropout_ratio == .1
    ratios = []
    for side in cfg.train_dataloader.dataset.sides.values():
        resize, = [step for step in side.pipeline
                   if step.type == 'RandomResize']
        assert resize.interpolation == 'bicubic'
        ratios.append(tuple(resize.ratio_range))
    assert ratios == [(.5, 2.), (.8, 2.)]


def test_labels_of_earlier_students_on_cityscapes():
    """The release sums up the mean confidences of 4 images."""
    cfg = load('cityscapes-stpp_resnet101-deeplabv3plus_prevmatch@186')
    weights = cfg.model.loss_weights
    for part in ('mixed', 'perturbed'):
        assert weights[f'{part}_previous'] == 4 * weights[part] == 2.
    assert cfg.model.segmentor.decode_head.sampler.min_kept == 200000 / 4


@pytest.mark.parametrize('name', [
    'voc-stpp_resnet50-deeplabv3plus_prevmatch@662',
    'voc-stpp_resnet101-deeplabv3plus_prevmatch@92',
    'cityscapes-stpp_resnet101-deeplabv3plus_prevmatch@186'
])
def test_where_boxes_of_prevmatch_come_from(name):
    """Its logs of Pascal VOC are of one GPU, which has no sampler."""
    dataset = load(name).train_dataloader.dataset
    if name.startswith('voc'):
        assert dataset.sides.unlabeled_again == dataset.sides.unlabeled
        assert not dataset.again
    else:
        assert list(dataset.sides) == ['labeled', 'unlabeled']
        assert dataset.again == dict(unlabeled_again='unlabeled')
