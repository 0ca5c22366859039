"""Conversion of checkpoints of U2PL and of the SSL part of FST."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config

from mmseg_fst.apis import find_checkpoint, find_config
from mmseg_fst.converters import release_to_mmseg_fst
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checkpoint import load_weights

CONFIG = '''
default_scope = 'mmseg_fst'
epoch = 7
norm_cfg = dict(type='BN')
model = dict(
    type='MeanTeacher',
    segmentor=dict(
        type='EncoderDecoder',
        backbone=dict(
            type='ResNetV1c', depth=18, base_channels=4, stem_channels=8,
            norm_cfg=norm_cfg),
        decode_head=dict({head}, in_channels=32, in_index=3, num_classes=3),
        auxiliary_head={auxiliary}),
    data_preprocessor=dict(type='SelfTrainingDataPreProcessor'),
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    mixer=dict(type='NoMix'))
'''
HEADS = dict(
    deeplabv3plus='''type='DeepLabV3PlusHead', channels=8, c1_in_channels=4,
        c1_channels=4, dilations=(1, 2, 3, 4), norm_cfg=norm_cfg''',
    represented='''type='DeepLabV3PlusHead', channels=8, c1_in_channels=4,
        c1_channels=4, dilations=(1, 2, 3, 4), norm_cfg=norm_cfg,
        representation_channels=6''',
    deeplabv2="type='DeepLabV2Head'",
    pspnet='''type='ShufflePSPHead', channels=8, pool_scales=(1, 2, 3, 6),
        norm_cfg=norm_cfg''')
AUXILIARY = '''dict(
    type='FCNHead', num_convs=1, concat_input=False, in_channels=16,
    in_index=2, channels=8, num_classes=3, norm_cfg=norm_cfg)'''

# Prefixes of names in mmseg_fst and in the releases.
ENCODER = {
    'backbone.stem.7.': 'encoder.bn1.',
    'backbone.stem.': 'encoder.conv1.',
    'backbone.': 'encoder.',
    'auxiliary_head.convs.0.conv.': 'auxor.aux.0.',
    'auxiliary_head.convs.0.bn.': 'auxor.aux.1.',
    'auxiliary_head.conv_seg.': 'auxor.aux.4.'
}
DEEPLABV3PLUS = {
    'c1_bottleneck.conv.': 'low_conv.0.',
    'c1_bottleneck.bn.': 'low_conv.1.',
    'image_pool.1.conv.': 'aspp.conv1.1.',
    'image_pool.1.bn.': 'aspp.conv1.2.',
    'aspp_modules.0.conv.': 'aspp.conv2.0.',
    'aspp_modules.0.bn.': 'aspp.conv2.1.',
    'aspp_modules.1.conv.': 'aspp.conv3.0.',
    'aspp_modules.1.bn.': 'aspp.conv3.1.',
    'aspp_modules.2.conv.': 'aspp.conv4.0.',
    'aspp_modules.2.bn.': 'aspp.conv4.1.',
    'aspp_modules.3.conv.': 'aspp.conv5.0.',
    'aspp_modules.3.bn.': 'aspp.conv5.1.',
    'bottleneck.conv.': 'head.0.',
    'bottleneck.bn.': 'head.1.',
    'fuse.0.conv.': 'classifier.0.',
    'fuse.0.bn.': 'classifier.1.',
    'fuse.2.conv.': 'classifier.4.',
    'fuse.2.bn.': 'classifier.5.',
    'conv_seg.': 'classifier.8.',
    'represent.0.0.conv.': 'representation.0.',
    'represent.0.0.bn.': 'representation.1.',
    'represent.0.2.conv.': 'representation.4.',
    'represent.0.2.bn.': 'representation.5.',
    'represent.2.': 'representation.8.'
}
DECODERS = dict(
    deeplabv3plus=DEEPLABV3PLUS,
    represented=DEEPLABV3PLUS,
    deeplabv2={
        f'aspp_modules.{index}.conv.': f'classifier.conv2d_list.{index}.'
        for index in range(4)
    },
    pspnet={
        'bottleneck.conv.': 'psp.bottleneck.0.',
        'bottleneck.bn.': 'psp.bottleneck.1.',
        'conv_seg.': 'decoder.0.',
        'upsample.0.0.': 'decoder.1.conv.',
        'upsample.1.0.': 'decoder.2.conv.',
        'upsample.2.0.': 'decoder.3.conv.',
        **{f'psp_modules.{index}.1.conv.': f'psp.stages.{index}.1.'
           for index in range(4)},
        **{f'psp_modules.{index}.1.bn.': f'psp.stages.{index}.2.'
           for index in range(4)}
    })


def with_release_names(network, kind, prefix=''):
    """Return the state dict of a network as the releases write it."""
    names = dict(ENCODER)
    for target, source in DECODERS[kind].items():
        names[f'decode_head.{target}'] = f'decoder.{source}'
    weights = {}
    for name, tensor in network.state_dict().items():
        target = next(part for part in names if name.startswith(part))
        weights[prefix + names[target] + name.removeprefix(target)] = tensor
    return weights


def write_config(folder, kind, auxiliary='None'):
    path = folder / f'{kind}.py'
    path.write_text(CONFIG.format(head=HEADS[kind], auxiliary=auxiliary))
    return path


def build(path):
    """Build a model whose weights are all different."""
    model = MODELS.build(Config.fromfile(path).model)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + .1)
    return model


def checkpoint_of(model, kind, prefix='module.'):
    return dict(
        epoch=5, model_state=with_release_names(model.student, kind, prefix),
        teacher_state=with_release_names(model.teacher, kind, prefix),
        optimizer_state=dict(state={}, param_groups=[]),
        best_miou=np.float64(.7))


def assert_equal(weights, network):
    expected = network.state_dict()
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name])
               for name in expected)


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('kind', HEADS)
def test_student_and_teacher_of_each_network_are_converted(kind, prefix,
                                                           tmp_path):
    path = write_config(tmp_path, kind)
    model = build(path)
    weights = release_to_mmseg_fst.convert(
        checkpoint_of(model, kind, prefix), build(path))
    assert_equal(weights, model)


def test_an_unused_representation_head_is_left_out(tmp_path):
    source = build(write_config(tmp_path, 'represented'))
    target = build(write_config(tmp_path, 'deeplabv3plus'))
    target.load_state_dict(release_to_mmseg_fst.convert(
        checkpoint_of(source, 'represented'), target))
    image = torch.randn(1, 3, 64, 64)
    for original, converted in ((source.student, target.student),
                                (source.teacher, target.teacher)):
        assert torch.equal(original.eval()(image), converted.eval()(image))


def test_the_bias_of_an_auxiliary_head_is_folded_into_the_mean(tmp_path):
    path = write_config(tmp_path, 'deeplabv3plus', AUXILIARY)
    model = build(path)
    checkpoint = checkpoint_of(model, 'deeplabv3plus')
    bias = torch.randn(8)
    for state in ('model_state', 'teacher_state'):
        checkpoint[state]['module.auxor.aux.0.bias'] = bias
    target = build(path)
    target.load_state_dict(
        release_to_mmseg_fst.convert(checkpoint, target))
    feature = torch.randn(2, 16, 5, 6)
    conv, norm = (getattr(model.student.auxiliary_head.convs[0], name)
                  for name in ('conv', 'bn'))
    expected = F.relu(norm.eval()(
        F.conv2d(feature, conv.weight, bias, padding=1)))
    output = target.student.auxiliary_head.eval().convs(feature)
    torch.testing.assert_close(output, expected)


def test_a_single_network_is_used_as_student_and_teacher(tmp_path):
    path = write_config(tmp_path, 'pspnet')
    model, target = build(path), build(path)
    target.load_state_dict(release_to_mmseg_fst.convert(
        with_release_names(model.student, 'pspnet'), target))
    assert_equal(target.student.state_dict(), model.student)
    assert_equal(target.teacher.state_dict(), model.student)


@pytest.mark.parametrize('given, expected', [
    ('deeplabv2', 'deeplabv3plus'), ('pspnet', 'deeplabv2'),
    ('deeplabv3plus', 'represented')])
def test_another_network_is_refused(given, expected, tmp_path):
    source = build(write_config(tmp_path, given))
    target = build(write_config(tmp_path, expected))
    with pytest.raises(ValueError, match='decode_head.*is missing'):
        release_to_mmseg_fst.convert(checkpoint_of(source, given), target)


def test_the_contrastive_memory_starts_empty(tmp_path):
    path = write_config(tmp_path, 'represented')
    cfg = Config.fromfile(path)
    cfg.model.update(
        type='U2PL', pseudo_filter=dict(type='EntropyPercentile'),
        contrast=dict(type='ContrastiveMemory', ranks=(1, 3)))
    target = MODELS.build(cfg.model)
    target.load_state_dict(release_to_mmseg_fst.convert(
        checkpoint_of(build(path), 'represented'), target))
    assert len(target.contrast.queue) == 0


def test_a_file_is_converted_to_a_run_folder(tmp_path, monkeypatch):
    config = write_config(tmp_path, 'deeplabv2')
    model = build(config)
    source, out = tmp_path / 'ckpt_best.pth', tmp_path / 'released'
    torch.save(checkpoint_of(model, 'deeplabv2'), source)
    monkeypatch.setattr(
        'sys.argv',
        ['convert', str(source), str(out), '--config', str(config)])
    release_to_mmseg_fst.main()
    path = find_checkpoint(str(out))
    assert path.endswith('iter_35.pth')  # five epochs of seven iterations
    target = MODELS.build(Config.fromfile(find_config(str(out))).model)
    load_weights(target, path)
    assert_equal(target.state_dict(), model)
