"""VFM-UDA: what it adds to MIC, under hooks and with masked tokens."""
import pytest
import torch
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.registry import init_default_scope
from test_engine.toy import (
    NUM_CLASSES,
    SIZE,
    assert_equal,
    make_runner,
    model_config,
    prepare,
    trained,
)

from mmseg_fst.methods import Batch
from mmseg_fst.models.losses import resize_logits

SGD = dict(type='SGD', lr=.05, momentum=.9)
MEAN_TEACHER = dict(type='MeanTeacherHook', decay=.9)
WEAK = dict(type='StrongPhotometric', jitter_prob=1., blur_prob=0.)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


def transformer():
    """A tiny transformer, of whose layers the mask token is the last."""
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='TIMMVisionTransformer', model_name='test_vit',
                      out_indices=[1], mask_token=True),
        decode_head=dict(
            type='DeconvHead', in_channels=64, in_index=0, channels=16,
            num_classes=NUM_CLASSES, align_corners=False,
            loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
        test_cfg=dict(mode='whole'))


def config(**changes):
    return model_config(**{
        'type': 'VFMUDA', 'weak': WEAK, 'segmentor': transformer(),
        'regularizer': None, 'mask': dict(type='TokenMask', block_size=16,
                                          ratio=.5), **changes})


def ready(tmp_path, **changes):
    model = config(**changes)
    runner = make_runner(tmp_path, [MEAN_TEACHER], SGD, model=model)
    data = runner.model.data_preprocessor(prepare(runner), True)
    return runner.model, data, Batch(**data)


@torch.no_grad()
def test_labels_are_the_mean_of_both_images(tmp_path):
    model, _, batch = ready(tmp_path, pseudo_labeler=dict(
        type='Threshold', threshold=.3))
    for weight in model.teacher.parameters():
        weight.add_(torch.randn_like(weight) * .1)
    image = batch.unlabeled.image
    probabilities = [
        resize_logits(model.teacher(view), (SIZE, SIZE), False).softmax(1)
        for view in (image, image.flip(3))]
    mean = (probabilities[0] + probabilities[1].flip(3)) / 2
    assert not torch.allclose(probabilities[0], mean, atol=1e-3)
    label, weight = model.pseudo_labels(batch.unlabeled)
    confidence, expected = mean.max(1)
    assert torch.equal(label, expected)
    assert torch.equal(weight, (confidence >= .3).float())
    assert 0 < weight.mean() < 1


def test_colors_of_labeled_and_of_mixed_images(tmp_path):
    """Mixed images contain labeled ones as they are."""
    model, _, batch = ready(tmp_path, photometric=None,
                            mixer=dict(type='NoMix'))
    labeled, unlabeled = batch.labeled.image, batch.unlabeled.image
    target = model.pseudo_labels(batch.unlabeled)
    taken = []
    model.student.backbone.register_forward_pre_hook(
        lambda module, inputs: taken.append(inputs[0]))
    mixed = []
    for seed in (0, 0):
        torch.manual_seed(seed)
        mixed.append(model.strong_view(batch, target).image)
    assert torch.equal(*mixed) and not torch.allclose(mixed[0], unlabeled)
    torch.manual_seed(0)
    assert torch.equal(model.jitter(unlabeled), mixed[0])
    torch.manual_seed(0)
    model.supervised(batch.labeled)
    torch.manual_seed(0)
    assert torch.equal(taken[0], model.jitter(labeled))
    assert not torch.allclose(taken[0], labeled)


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=1, match_release=True),
    dict(type='FSTHook', depth=3, match_release=True)])
def test_look_ahead_changes_the_run_and_trains_the_token(tmp_path, hook):
    fst, _ = trained(tmp_path / 'fst', hook, SGD, model=config())
    plain, _ = trained(tmp_path / 'plain', MEAN_TEACHER, SGD, model=config())
    for state in (fst, plain):
        assert state['student.backbone.mask_token'].any()
    assert any(not torch.equal(fst[name], plain[name])
               for name in fst if name.startswith('student'))


def test_depth_zero_is_the_mean_teacher_hook_bit_for_bit(tmp_path):
    hook = dict(type='FSTHook', depth=0, restore='all', decay=.9)
    fst, _ = trained(tmp_path / 'fst', hook, SGD, model=config())
    plain, _ = trained(tmp_path / 'plain', MEAN_TEACHER, SGD, model=config())
    assert_equal(fst, plain)


def load(name):
    return Config.fromfile(REPOSITORY / 'configs' / f'{name}.py').to_dict()


@pytest.mark.parametrize('task', [
    *(f'gta2cityscapes_dinov2-{size}' for size in 'sbl'),
    'synthia2cityscapes_dinov2-b'])
def test_fst_is_another_hook_alone(task):
    base = load(f'uda/{task}-deconv_vfm-uda')
    for name, depth in (('fst', 1), ('fst-d', 3)):
        fst = load(f'uda/{task}-deconv_vfm-uda_{name}')
        assert set(base) == set(fst)
        assert {key for key in base if base[key] != fst[key]
                } == {'custom_hooks'}
        assert [(hook['type'], hook['depth'])
                for hook in fst['custom_hooks']] == [('FSTHook', depth)]


def test_the_cell_has_the_numbers_of_the_release():
    """uda_vit_vanilla.yaml and the defaults of the classes it names."""
    cell = load('uda/gta2cityscapes_dinov2-b-deconv_vfm-uda')
    model, data = cell['model'], cell['train_dataloader']
    assert model['mask'] == dict(
        type='TokenMask', block_size=1024 / 80, ratio=.7)
    assert model['pseudo_labeler'] == dict(
        type='ConfidentRatio', threshold=.968)
    assert 'regularizer' not in model
    assert model['loss_weights'] == dict(labeled=1., mixed=1., masked=1.)
    assert model['weak']['brightness'] == 32 / 255
    assert model['weak']['hue'] == 18 / 360
    hook, = cell['custom_hooks']
    assert hook == dict(type='MeanTeacherHook', decay=.999)
    assert data['batch_size'] == 8 and cell['crop_size'] == (1024, 1024)
    sampling = data['dataset']['rare_class_sampling']
    assert (sampling['temperature'], sampling['min_pixels'],
            sampling['min_crop_ratio']) == (.05, 3000, 2.)
    assert cell['train_cfg']['max_iters'] == 40000
    assert cell['warmup']['end'] - 1 == 1500
    assert cell['optim_wrapper']['paramwise_cfg'] == dict(
        layer_decay=1., custom_keys=dict(head=dict(lr_mult=10.)))
    for side, short in (('labeled', 1440), ('unlabeled', 1024)):
        resize, = [
            step for step in data['dataset']['sides'][side]['pipeline']
            if step['type'] == 'RandomResize']
        assert resize['scale'][1] == short
        assert resize['ratio_range'] == (.9, 1.1)
