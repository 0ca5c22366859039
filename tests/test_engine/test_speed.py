"""Low precision, layout, fused attention and compiling, with FST."""
import pytest
import torch

from mmseg_fst.models import split_dilated
from mmseg_fst.run.launch import speed_up

from .toy import NUM_CLASSES, make_runner, model_config, prepare, state

ADAMW = dict(type='AdamW', lr=1e-3)
BF16 = dict(type='AutocastOptimWrapper', optimizer=ADAMW)
DEEP = dict(type='FSTHook', depth=3)


def deterministic(**changes):
    """A model without random numbers."""
    return model_config(
        dropout=0., mixer=dict(type='NoMix'), photometric=None,
        regularizer=dict(type='FeatureDistance', classes=[1, 3]), **changes)


def run(work_dir, hook=DEEP, levers={}, **changes):
    runner = make_runner(work_dir, [hook], ADAMW, **{
        'max_iters': 3, 'model': deterministic(), **changes})
    runner._init_model_weights()  # the layout changes the order
    speed_up(runner.model, **levers)
    runner.train()
    return state(runner), runner


def dtypes_of(runner, batch):
    """What the backbones compute in, by network."""
    found, model = {}, runner.model
    for name, network in (('student', model.student),
                          ('teacher', model.teacher)):
        network.decode_head.conv_seg.register_forward_hook(
            lambda _, args, out, name=name: found.update({name: out.dtype}))
    model.pretrained_encoder.register_forward_hook(
        lambda _, args, out: found.update(encoder=out[-1].dtype))
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, runner.optim_wrapper)
    return found


@pytest.mark.parametrize('changes, student, frozen', [
    ({}, torch.float32, torch.float32),
    (dict(optim_wrapper=BF16), torch.bfloat16, torch.bfloat16),
    (dict(model=deterministic(frozen_dtype='bfloat16')), torch.float32,
     torch.bfloat16),
], ids=['float32', 'bfloat16', 'frozen'])
def test_who_computes_in_what(tmp_path, changes, student, frozen):
    config = dict(dict(model=deterministic()), **changes)
    runner = make_runner(tmp_path, [DEEP], ADAMW, **config)
    assert dtypes_of(runner, prepare(runner)) == dict(
        student=student, teacher=frozen, encoder=frozen)
    for weight in runner.model.parameters():
        assert weight.dtype == torch.float32


@pytest.mark.parametrize('resample_mix', [True, False])
def test_bfloat16_learns_what_float32_does(tmp_path, resample_mix):
    """Rounding moves weights much less than a step does."""
    hook = dict(DEEP, resample_mix=resample_mix)
    sgd = dict(type='SGD', lr=1e-3)
    exact, _ = run(tmp_path / 'exact', hook, max_iters=1, optim_wrapper=dict(
        type='OptimWrapper', optimizer=sgd))
    low, _ = run(tmp_path / 'low', hook, max_iters=1, optim_wrapper=dict(
        BF16, optimizer=sgd))
    start = make_runner(tmp_path / 'start', [hook], ADAMW,
                        model=deterministic())
    prepare(start)
    name = 'student.decode_head.conv_seg.weight'
    moved = exact[name] - start.model.state_dict()[name]
    gap = (low[name] - exact[name]).norm() / moved.norm()
    assert 0 < gap < .02
    assert all(value.isfinite().all() for value in low.values())


def dilated_model():
    """With the dilated depthwise convolutions of DAFormer's head.

    Of all 32 x 32 pixels: smaller images oneDNN gets right.
    """
    model = deterministic()
    segmentor = model['segmentor']
    segmentor['backbone'] = dict(
        type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
        enc_num_convs=(1, 1), dec_num_convs=(1, ), downsamples=(True, ),
        enc_dilations=(1, 1), dec_dilations=(1, ))
    segmentor['decode_head'] = dict(
        type='DAFormerHead', in_channels=[4, 8], in_index=[1, 0],
        embed_dims=8, channels=16, dilations=[1, 2, 4],
        num_classes=NUM_CLASSES, norm_cfg=dict(type='BN'), dropout_ratio=0.,
        align_corners=False, loss_decode=dict(type='CrossEntropyLoss'))
    del segmentor['auxiliary_head']
    return model


@pytest.mark.parametrize('resample_mix', [True, False])
def test_nhwc_adds_nothing_to_the_rounding_of_bfloat16(tmp_path, resample_mix):
    """The gradients that oneDNN gets wrong are several times as far off."""
    hook, sgd = dict(DEEP, resample_mix=resample_mix), dict(type='SGD', lr=.1)
    states = {}
    for name in ('exact', 'low', 'fast'):
        runner = make_runner(
            tmp_path / name, [hook], ADAMW, max_iters=1,
            model=dilated_model(), optim_wrapper=dict(
                type='OptimWrapper' if name == 'exact' else BF16['type'],
                optimizer=sgd))
        runner._init_model_weights()
        start = state(runner)
        if name == 'fast':
            assert split_dilated(runner.model) == 4  # student and teacher
            speed_up(runner.model, channels_last=True)
        runner.train()
        states[name] = state(runner)
    weights = [key for key in start if key.startswith('student.')
               and 'depthwise_conv.conv.weight' in key]
    assert len(weights) == 2
    for key in weights:
        gaps = [(states[name][key] - states['exact'][key]).norm()
                for name in ('low', 'fast')]
        assert 0 < gaps[1] < 1.5 * gaps[0], key


def test_no_virtual_step_is_the_mean_teacher_in_bfloat16(tmp_path):
    """Bit for bit, as in full precision."""
    plain, _ = run(tmp_path / 'plain', dict(type='MeanTeacherHook'),
                   model=model_config(), optim_wrapper=BF16)
    none, _ = run(tmp_path / 'none', dict(type='FSTHook', depth=0),
                  model=model_config(), optim_wrapper=BF16)
    for name, value in plain.items():
        assert torch.equal(value, none[name]), name


@pytest.mark.parametrize('levers', [
    dict(channels_last=True),
    dict(compile_networks=dict(backend='aot_eager')),
], ids=['channels last', 'compiled'])
@pytest.mark.parametrize('resample_mix', [True, False])
def test_the_same_run_up_to_rounding(tmp_path, levers, resample_mix):
    """Parameters stay where the look-ahead expects them."""
    hook, sgd = dict(DEEP, resample_mix=resample_mix), dict(
        type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))
    plain, _ = run(tmp_path / 'plain', hook, optim_wrapper=sgd)
    fast, runner = run(tmp_path / 'fast', hook, levers, optim_wrapper=sgd)
    assert list(plain) == list(fast)
    for name, value in plain.items():
        torch.testing.assert_close(
            fast[name], value, rtol=1e-4, atol=1e-5, msg=name)
    weight = runner.model.student.backbone.layer1[0].conv1.weight
    if 'channels_last' in levers:
        assert weight.is_contiguous(memory_format=torch.channels_last)
    else:
        assert runner.model.teacher.backbone._compiled_call_impl is not None


ATTENTION = dict(
    mit=dict(
        type='MixVisionTransformer', embed_dims=4, num_layers=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2], drop_path_rate=0.),
    swin=dict(
        type='SwinTransformer', embed_dims=4, depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2], window_size=2, drop_path_rate=0.))


@pytest.mark.parametrize('name', ATTENTION)
@pytest.mark.parametrize('resample_mix', [True, False])
def test_fused_attention_in_a_future(tmp_path, name, resample_mix):
    model = deterministic()
    segmentor = model['segmentor']
    segmentor['backbone'] = ATTENTION[name]
    channels = 32 if name == 'swin' else 8
    segmentor['decode_head']['in_channels'] = channels
    del segmentor['auxiliary_head']
    hook, sgd = dict(DEEP, resample_mix=resample_mix), dict(
        type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))
    plain, _ = run(tmp_path / 'plain', hook, model=model, optim_wrapper=sgd)
    fused, _ = run(tmp_path / 'fused', hook, dict(fused_attention=True),
                   model=model, optim_wrapper=sgd)
    for key, value in plain.items():
        torch.testing.assert_close(
            fused[key], value, rtol=1e-4, atol=1e-5, msg=key)


@pytest.mark.parametrize('optimizer', [
    dict(type='SGD', lr=1e-3, momentum=.9), dict(type='AdamW', lr=1e-5)],
    ids=['sgd', 'adamw'])
@pytest.mark.parametrize('resample_mix', [True, False])
def test_a_fused_optimizer(tmp_path, resample_mix, optimizer):
    """It changes weights in place, too."""
    states = [
        run(tmp_path / f'{fused}', dict(DEEP, resample_mix=resample_mix),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(
                optimizer, fused=fused)))[0]
        for fused in (False, True)
    ]
    for key, value in states[0].items():
        torch.testing.assert_close(
            states[1][key], value, rtol=1e-4, atol=1e-5, msg=key)


def test_wrong_levers_are_named(tmp_path):
    runner = make_runner(tmp_path, [DEEP], ADAMW)
    with pytest.raises(ValueError, match='fused_attention'):
        speed_up(runner.model, fused_attention=True)
    with pytest.raises(ValueError, match='frozen_dtype'):
        make_runner(tmp_path, [DEEP], ADAMW,
                    model=model_config(frozen_dtype='int8'))
