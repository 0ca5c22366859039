"""Every cell of the tables of domain adaptation trains, resumes, is scored.

On fake data in the folders of the real ones, with networks of a sixteenth of
the width, at an eighth of the size; ``-m twins`` runs the cells that put
together what others have, ``-m full`` all at full width.
"""
import pytest
import torch
from cells import cells_of, is_twin, read_cell, roots, run  # noqa: F401
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from slim import slim_segmentor, without_weights
from torch import nn

from mmseg_fst.registry import MODELS, PARAM_SCHEDULERS

# CamVid cells are CPU-sized and run in test_configs.
CELLS = [name for name in cells_of('uda')
         if '2' in name and 'camvid' not in name]


@pytest.mark.slow
@pytest.mark.parametrize('name', [
    pytest.param(name, marks=[pytest.mark.twins] if is_twin(name) else [])
    for name in CELLS])
def test_cell_trains_resumes_and_is_scored(name, roots,  # noqa: F811
                                           tmp_path):
    run(f'uda/{name}', tmp_path)


@pytest.mark.full
@pytest.mark.parametrize('name', CELLS)
def test_cell_of_full_width(name, roots, tmp_path):  # noqa: F811
    run(f'uda/{name}', tmp_path, full_width=True)


def rates_and_decays(name):
    """Learning rate and decay of each parameter of a cell's student."""
    cfg = read_cell(f'uda/{name}')
    cfg.model.segmentor = slim_segmentor(without_weights(cfg.model.segmentor))
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, cfg.optim_wrapper).param_groups
    by_parameter = {
        id(parameter): (group['lr'], group['weight_decay'])
        for group in groups for parameter in group['params']
    }
    return model.student, by_parameter


@pytest.mark.parametrize('name', [
    'gta2cityscapes_mit-b5-daformer_fst-d',
    'gta2cityscapes_swin-b-upernet_fst-d',
    'gta2cityscapes_resnet101-deeplabv2_fst-d'
])
def test_groups_of_the_optimizer_are_those_of_the_release(name):
    """Heads ten times as fast; no decay of an encoder's layer norms alone."""
    student, groups = rates_and_decays(name)
    norms = {
        id(parameter)
        for module in student.backbone.modules()
        if isinstance(module, nn.LayerNorm)
        for parameter in module.parameters()
    }
    assert bool(norms) == ('resnet' not in name)
    for key, parameter in student.named_parameters():
        rate, decay = groups[id(parameter)]
        assert rate == pytest.approx(6e-4 if 'head' in key else 6e-5), key
        assert decay == (0 if id(parameter) in norms else 0.01), key


@pytest.mark.parametrize('name, decay', [
    ('gta2cityscapes_dinov2-l-deconv_vfm-uda', 1.),
    ('synthia2cityscapes_dinov2-b-deconv_vfm-uda', .9)])
def test_groups_of_vfm_uda_are_those_of_its_releases(name, decay):
    """5e-5 times the root of 8 images, a tenth for encoders; all decays."""
    student, groups = rates_and_decays(name)
    for key, parameter in student.named_parameters():
        rate, weight_decay = groups[id(parameter)]
        expected = 5e-5 * 8**.5
        if key.startswith('backbone'):
            _, _, part, index, *_ = f'{key}..'.split('.')
            behind = 11 - int(index) if part == 'blocks' else 12
            if part == 'norm':
                behind = 0
            expected *= .1 * decay**behind
        assert rate == pytest.approx(expected), key
        assert weight_decay == .01, key


def test_rates_are_those_of_the_release():
    """Linear warm-up of a poly schedule, as mmcv 1.x multiplies them."""
    cfg = read_cell('uda/gta2cityscapes_mit-b5-daformer_fst-d')
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=6e-5)
    schedulers = [
        PARAM_SCHEDULERS.build(entry, default_args=dict(optimizer=optimizer))
        for entry in cfg.param_scheduler
    ]
    for iteration in range(cfg.train_cfg.max_iters):
        if iteration % 500 in (0, 1, 499):
            rate = 6e-5 * (1 - iteration / 40000)
            if iteration < 1500:
                rate *= 1 - (1 - iteration / 1500) * (1 - 1e-6)
            assert optimizer.param_groups[0]['lr'] == pytest.approx(
                rate, rel=1e-9), iteration
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()


@pytest.mark.parametrize('name', CELLS)
def test_network_is_that_of_its_name(name):
    """Whose size on the meta device test_architectures counts."""
    cell = read_cell(f'uda/{name}')
    backbone, _, decoder = name.split('_')[1].rpartition('-')
    base = Config.fromfile(REPOSITORY / 'configs' / '_base_' / 'models' /
                           f'{backbone}_{decoder}.py')
    assert cell.model.segmentor == base.segmentor


def test_source_only_jitters_colors_in_the_loader():
    """As in the release, which leaves it to the mixed batch elsewhere."""
    for name in CELLS:
        cell = read_cell(f'uda/{name}')
        pipeline = cell.train_dataloader.dataset.sides.labeled.pipeline
        kinds = [transform.type for transform in pipeline]
        assert ('PhotoMetricDistortion' in kinds) == ('source-only' in name)
        assert kinds[-1] == 'PackByteInputs'
