"""Two scales: features, boxes, losses, errors, and every method on them."""
import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from mmseg_fst.models.losses import (
    DETAIL,
    DETAIL_BOX,
    all_logits,
    labeled_losses,
    rows_of,
)
from mmseg_fst.ops import Box, average_windows, insert_window, scale_box
from mmseg_fst.registry import MODELS
from mmseg_fst.run.launch import speed_up
from tests.test_engine.toy import (
    make_runner,
    model_config,
    multi_scale_config,
    prepare,
)

FST = dict(type='FSTHook', depth=1)
ADAMW = dict(type='AdamW', lr=1e-3)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(ConfigDict(multi_scale_config(**changes)))


def test_windows_are_averaged_and_inserted():
    window = torch.ones(1, 1, 2, 2)
    boxes = [Box(0, 2, 0, 2), Box(0, 2, 1, 3)]
    found = average_windows(torch.cat([window, 3 * window]), boxes, (2, 3))
    assert found[0, 0].tolist() == [[1, 2, 3]] * 2
    placed = insert_window(window, Box(1, 3, 0, 2), (3, 4))
    assert placed[0, 0].tolist() == [[0] * 4, [1, 1, 0, 0], [1, 1, 0, 0]]
    assert scale_box(Box(8, 24, 0, 16), 1 / 4) == (2, 6, 0, 4)


def test_windows_overlap_by_half_and_cover_the_image():
    network = build()
    windows = network.windows((32, 40))
    assert [(box.top, box.left) for box in windows] == [
        (top, left) for top in (0, 8, 16) for left in (0, 8, 16, 24)]
    assert {(box.bottom - box.top, box.right - box.left)
            for box in windows} == {(16, 16)}
    assert network.windows((8, 16)) == [(0, 8, 0, 16)]


def test_a_student_sees_a_crop_and_everyone_else_windows():
    network, image = build(), torch.rand(2, 3, 32, 32)
    features = network.train().extract_feat(image)
    assert [len(each) for each in features] == [2] * 8
    assert network.decode_head.placement.is_crop
    features = network.eval().extract_feat(image)
    assert [len(each) for each in features] == [2] * 4 + [2 * 9] * 4
    assert not network.decode_head.placement.is_crop


def test_boxes_are_aligned_and_of_the_generator_of_the_cpu():
    network = build()
    torch.manual_seed(1)
    boxes = [network.sample_box((32, 48)) for _ in range(60)]
    assert {box.top for box in boxes} == {0, 8}
    assert {box.left for box in boxes} == {0, 8, 16, 24}
    torch.manual_seed(1)
    assert boxes == [network.sample_box((32, 48)) for _ in range(60)]


def test_detail_counts_within_its_box_alone():
    network, image = build().train(), torch.rand(2, 3, 32, 32)
    logits = all_logits(network, network.extract_feat(image), (32, 32))
    top, bottom, left, right = logits[DETAIL_BOX][0].tolist()
    assert logits[DETAIL].shape == (2, 5, 16, 16)
    outside = torch.full((2, 32, 32), 255)
    outside[:, 0, 0] = 1 if top or left else 255
    outside[:, 31, 31] = 1 if bottom < 32 or right < 32 else 255
    losses = labeled_losses(network, logits, outside)
    assert losses['detail.loss_ce'] == 0 < losses['decode.loss_ce']
    inside = torch.full((2, 32, 32), 255)
    inside[:, top:bottom, left:right] = 1
    losses = labeled_losses(network, logits, inside)
    mean = -logits[DETAIL].log_softmax(1)[:, 1].mean()
    torch.testing.assert_close(losses['detail.loss_ce'], .1 * mean)
    first = labeled_losses(network, rows_of(logits, stop=1), inside[:1])
    assert first['detail.loss_ce'] != losses['detail.loss_ce']


def test_context_alone_decides_outside_of_the_crop():
    network, image = build(dropout=0.).train(), torch.rand(1, 3, 32, 32)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
    network.sample_box = lambda size: Box(0, 16, 0, 16)
    head = network.decode_head
    features = network.extract_feat(image)
    fused = head(features)
    changed = [*features[:4], *(each + 1 for each in features[4:])]
    difference = (head(changed) - fused).abs().amax(1)[0]
    inside = difference[:4, :4]
    assert inside.min() > 0
    difference[:4, :4] = 0
    assert not difference.any()


def test_images_of_any_size_are_predicted():
    network = build().eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 37, 45)).shape == (1, 5, 37, 45)
        image = torch.rand(1, 3, 32, 40)
        assert torch.equal(network(image), network.encode_decode(image, []))


def test_feature_distance_is_that_of_the_context():
    model = MODELS.build(ConfigDict(model_config(
        segmentor=multi_scale_config(), regularizer=dict(
            type='FeatureDistance', classes=[1, 3]))))
    sizes = []
    model.pretrained_encoder.register_forward_pre_hook(
        lambda module, args: sizes.append(tuple(args[0].shape[2:])))
    model.pretrained_features(torch.rand(2, 3, 32, 32))
    assert sizes == [(16, 16)]


@pytest.mark.parametrize('changes, message', [
    (dict(detail_size=(20, 16)), 'detail_size must be multiples of 8'),
    (dict(detail_size=(24, 16)), 'half of detail_size'),
    (dict(context_scale=1.), r'context_scale must be in \(0, 1\)'),
    (dict(context_scale=.3), 'without a remainder'),
    (dict(decode_head=model_config()['segmentor']['decode_head']),
     'needs a ScaleAttentionHead, got FCNHead'),
])
def test_a_wrong_size_is_refused(changes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build(**changes)


def test_errors_say_what_to_set():
    network = build().train()
    with pytest.raises(ValueError, match='sides of images must be multiples'):
        network.extract_feat(torch.rand(1, 3, 36, 32))
    config = multi_scale_config()
    config['decode_head'].update(stride=8)
    config.update(detail_size=(32, 32))
    network = MODELS.build(ConfigDict(config)).train()
    with pytest.raises(ValueError, match='Set `decode_head.stride`'):
        network.decode_head(network.extract_feat(torch.rand(2, 3, 32, 32)))
    config['decode_head'].update(stride=4, detail_weight=2)
    with pytest.raises(ValueError, match='detail_weight must be in'):
        MODELS.build(ConfigDict(config))
    head = MODELS.build(ConfigDict(multi_scale_config()['decode_head']))
    with pytest.raises(RuntimeError, match='MultiScaleSegmentor'):
        head([])


def trained(tmp_path, hook, max_iters=2, optimizer=ADAMW, dropout=.1,
            **changes):
    """Weights after some iterations."""
    model = model_config(segmentor=multi_scale_config(dropout), **changes)
    runner = make_runner(
        tmp_path, [hook], optimizer, max_iters=max_iters, model=model)
    runner.train()
    return runner.model.state_dict()


def assert_equal(first, second):
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_fst_of_depth_0_is_the_mean_teacher(tmp_path):
    plain = trained(tmp_path / 'a', dict(type='MeanTeacherHook'))
    fst = trained(tmp_path / 'b', dict(FST, depth=0))
    assert_equal(plain, fst)


MIC = dict(type='MIC', mask=dict(type='BlockMask', block_size=8))


@pytest.mark.parametrize('hook', [
    FST, dict(FST, depth=3), dict(type='WideFSTHook', width=3),
    dict(FST, resample_mix=False)], ids=['1', '3', 'wide', 'graph'])
def test_fst_runs_on_hrda_with_mic(tmp_path, hook):
    state = trained(tmp_path, hook, max_iters=1 + (hook['type'] == 'FSTHook'),
                    **MIC)
    moved = [
        name for name, value in state.items()
        if name.startswith('student.') and value.dim()
        and not torch.equal(value, state[f'teacher.{name[8:]}'])]
    assert len(moved) > 10
    assert all(value.isfinite().all() for value in state.values())


@pytest.mark.parametrize('depth', [1, 3])
def test_reused_gradients_and_graphs_change_nothing(tmp_path, depth):
    """The box is a sample of the pass: shared, or sampled again alike.

    Gradients of both scales are added in another order if a graph is shared.
    """
    hook = dict(FST, depth=depth, restore='all')
    plain, reused, shared = (
        trained(tmp_path / str(index), dict(hook, **changes), dropout=0.,
                optimizer=dict(type='SGD', lr=.01, momentum=.9))
        for index, changes in enumerate((
            dict(reuse=False), dict(), dict(resample_mix=False))))
    assert_equal(plain, reused)
    for name, value in plain.items():
        gap = (value - shared[name]).float().norm()
        assert gap <= 1e-5 * value.float().norm().clamp(min=1e-2), name


@pytest.mark.parametrize('model', [
    dict(type='FixMatch', mixer=dict(type='CutMix'), mixed_auxiliary='off'),
    dict(type='UniMatch', mixer=dict(type='CutMix'),
         perturbation=dict(type='ChannelDropout')),
    dict(type='CutMixMeanTeacher', mixer=dict(type='NoMix'),
         pseudo_filter=dict(type='EntropyPercentile'),
         teacher_mode='eval'),
], ids=lambda model: model['type'])
def test_other_methods_train_the_detail(tmp_path, model):
    moves = 'MeanTeacherHook' if 'teacher_mode' in model else (
        'PrepareModelHook')
    runner = make_runner(
        tmp_path, [dict(type=moves)], ADAMW,
        model=model_config(segmentor=multi_scale_config(), **model))
    batch = runner.model.data_preprocessor(prepare(runner), True)
    losses = runner.model.train().loss(**batch)
    assert {part.split('.')[0] for part in losses
            if '.detail.' in part} >= {'labeled', 'mixed'}


def test_heads_within_the_head_are_compiled():
    network = build()
    speed_up(network, compile_networks=dict(backend='eager'))
    head = network.decode_head
    for part in (network.backbone, head.head, head.scale_attention):
        assert part._compiled_call_impl is not None
    assert head._compiled_call_impl is None


def test_a_copy_has_a_placement_of_its_own():
    network = build().train()
    network.extract_feat(torch.rand(2, 3, 32, 32))
    other = copy.deepcopy(network).eval()
    other.extract_feat(torch.rand(1, 3, 32, 32))
    assert network.decode_head.placement.is_crop
    assert not other.decode_head.placement.is_crop
