"""Converted weights compute what they computed where they come from."""
import sys
from pathlib import Path

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from mmengine.config import Config
from timm.models.beit import Beit
from timm.models.swin_transformer import SwinTransformer

from mmseg_fst.apis import find_checkpoint, find_config
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checkpoint import load_weights, read_checkpoint

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS.parent / 'tools'))

from model_converters import (  # noqa: E402
    beit_to_mmseg,
    dinov2_to_timm,
    mit_to_mmseg,
    mobilenetv2_to_timm,
    release_to_mmseg_fst,
    resnet_to_mmseg,
    swin_to_mmseg,
)
from model_converters.network import check_fit, convert_encoder, without_prefix  # noqa: E402
from model_converters.shell import run, save  # noqa: E402

# Recorded from the class of the releases, see the README beside it.
MIT = TESTS / 'data' / 'mit_tiny_segformer.pt'


def randomized(network):
    """No value is its initial one, so that a swap of any two is seen."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            tensor.normal_(std=.3 if tensor.ndim == 1 else .1)
            if 'norm' in name or 'bn' in name or 'var' in name:
                tensor.abs_().add_(.5)
    return network.eval()


def loaded(weights, converter, **changes):
    """Our encoder with converted weights.

    Args:
        weights (dict): State dict in the names of the source.
        converter (Converter): How to rename them.
        **changes: Arguments of the encoder besides those that its weights
            show.
    """
    converted = convert_encoder(weights, converter)
    encoder = MODELS.build(dict(converter.config(converted), **changes))
    missing, unexpected = encoder.load_state_dict(converted, strict=False)
    assert not unexpected
    for name in missing:
        assert name.startswith(converter.fresh or '-') or name.endswith(
            ('relative_position_index', 'num_batches_tracked'))
    encoder.eval()  # of which mmseg's Swin returns nothing
    return encoder


def assert_same(ours, theirs):
    """Same shapes and, to 1e-5 of the largest value, the same values."""
    ours, theirs = list(ours), list(theirs)
    assert len(ours) == len(theirs) > 1
    for mine, its in zip(ours, theirs):
        assert mine.shape == its.shape and mine.std() > .01
        assert (mine - its).abs().max() < 1e-5 * max(1, its.abs().max())


def tiny_swin():
    return randomized(
        SwinTransformer(
            img_size=256, window_size=4, embed_dim=8, depths=(2, 1, 2, 2),
            num_heads=(1, 2, 2, 4), num_classes=5))


def as_microsoft(weights):
    """Names and further tensors of the files of Microsoft."""
    named = {}
    for name, tensor in weights.items():
        if '.downsample.' in name:
            stage = int(name.split('.')[1])
            name = name.replace(f'layers.{stage}.', f'layers.{stage - 1}.')
        named[name.replace('head.fc', 'head')] = tensor
    block = 'layers.0.blocks.1'
    named[f'{block}.attn_mask'] = torch.zeros(4, 16, 16)
    named[f'{block}.attn.relative_position_index'] = torch.zeros(16, 16)
    return named


@pytest.mark.parametrize('names', [dict, as_microsoft])
@torch.no_grad()
def test_swin(names):
    source = tiny_swin()
    image = torch.randn(1, 3, 256, 256)
    outputs = source.forward_intermediates(image, intermediates_only=True)
    # The norms of outputs are fresh: weight one, bias zero.
    outputs = [
        F.layer_norm(output.movedim(1, -1),
                     output.shape[1:2]).movedim(-1, 1) for output in outputs
    ]
    ours = loaded(names(source.state_dict()), swin_to_mmseg.CONVERTER)
    assert_same(ours(image), outputs)


@pytest.mark.parametrize('make, kind', [
    (torchvision.models.resnet18, 'ResNet'),
    (torchvision.models.resnet50, 'ResNet'),
    (lambda: timm.create_model('resnet34'), 'ResNet'),
    (lambda: timm.create_model('resnet18', stem_type='deep', stem_width=32),
     'ResNetV1c'),
    (lambda: timm.create_model('resnet50', stem_type='deep', stem_width=64),
     'ResNetV1c'),
    (lambda: timm.create_model('resnet18d'), 'ResNetV1d'),
])
@torch.no_grad()
def test_resnet(make, kind):
    source = randomized(make())
    outputs, image = [], torch.randn(2, 3, 64, 64)
    for stage in (source.layer1, source.layer2, source.layer3, source.layer4):
        stage.register_forward_hook(lambda *call: outputs.append(call[-1]))
    source(image)
    ours = loaded(source.state_dict(), resnet_to_mmseg.CONVERTER)
    assert type(ours).__name__ == kind
    assert_same(ours(image), outputs)


@pytest.mark.parametrize('prefix', ['', 'module.'])
@torch.no_grad()
def test_resnet_without_stem(prefix):
    source = randomized(torchvision.models.resnet50())
    x, outputs = torch.randn(2, 64, 17, 16), []
    for stage in (source.layer1, source.layer2, source.layer3, source.layer4):
        outputs.append(stage(outputs[-1] if outputs else x))
    weights = {
        f'{prefix}{name}': tensor
        for name, tensor in source.state_dict().items()
        if not name.startswith(('conv1.', 'bn1.'))
    }
    ours = loaded(
        without_prefix(weights, ('module.', )), resnet_to_mmseg.CONVERTER)
    assert type(ours).__name__ == 'DCTResNet'
    assert_same(ours(x), outputs)


def tiny_beit(shared):
    return randomized(
        Beit(
            img_size=32, patch_size=8, embed_dim=32, depth=3, num_heads=2,
            num_classes=5, init_values=.1, use_abs_pos_emb=False,
            use_rel_pos_bias=not shared, use_shared_rel_pos_bias=shared))


@pytest.mark.parametrize('shared', [False, True])
@torch.no_grad()
def test_beit(shared):
    source, image = tiny_beit(shared), torch.randn(2, 3, 32, 32)
    outputs = source.forward_intermediates(image, intermediates_only=True)
    ours = loaded(
        source.state_dict(), beit_to_mmseg.CONVERTER, out_indices=(0, 1, 2),
        norm_cfg=dict(type='LN', eps=1e-6))
    assert_same(ours(image), outputs)


@torch.no_grad()
def test_mit():
    recorded = torch.load(MIT, weights_only=True)
    ours = loaded(
        recorded['weights'], mit_to_mmseg.CONVERTER,
        norm_cfg=dict(type='LN', eps=recorded['epsilon']))
    assert_same(ours(recorded['image']), recorded['features'])


def test_dinov2():
    source = timm.create_model('vit_small_patch14_dinov2', num_classes=0)
    weights = source.state_dict()
    converted = convert_encoder(
        dict(weights, mask_token=torch.zeros(1, 384)),
        dinov2_to_timm.CONVERTER)
    assert converted.keys() == {f'timm_model.{name}' for name in weights}
    assert converted['timm_model.pos_embed'].shape == (1, 37 * 37 + 1, 384)


@torch.no_grad()
def test_mobilenetv2():
    source = randomized(torchvision.models.mobilenet_v2())
    ours = loaded(source.state_dict(), mobilenetv2_to_timm.CONVERTER)
    outputs, image = [], torch.randn(2, 3, 64, 64)
    # The last layers before each halving of the resolution.
    for layer in (1, 3, 6, 13, 17):
        source.features[layer].register_forward_hook(
            lambda *call: outputs.append(call[-1]))
    source(image)
    assert_same(ours(image), outputs)


def changed(weights, **changes):
    return {
        name: tensor
        for name, tensor in dict(weights, **changes).items()
        if tensor is not None
    }


@pytest.mark.parametrize('change, message', [
    ({'bn1.weight': None}, 'bn1.weight is missing'),
    ({'bn1.extra': torch.ones(1)}, 'bn1.extra is not known'),
    ({'bn1.weight': torch.ones(3)}, r'has shape \(3,\), not \(64,\)'),
])
def test_weights_that_do_not_fit_are_refused(change, message):
    weights = changed(torchvision.models.resnet18().state_dict(), **change)
    with pytest.raises(ValueError, match=message):
        convert_encoder(weights, resnet_to_mmseg.CONVERTER)


@pytest.mark.parametrize('module', [
    beit_to_mmseg, dinov2_to_timm, mit_to_mmseg, mobilenetv2_to_timm,
    resnet_to_mmseg, swin_to_mmseg
])
def test_a_file_of_another_encoder_is_named(tmp_path, monkeypatch, module):
    source, out = tmp_path / 'source.pth', tmp_path / 'out.pth'
    monkeypatch.setattr('sys.argv', ['convert', str(source), str(out)])
    torch.save({'some.weight': torch.ones(1)}, source)
    with pytest.raises(SystemExit, match='source.pth'):
        run(module.__doc__, module.CONVERTER)
    assert not out.exists()


def test_a_file_is_written_whole_and_data_only(tmp_path, monkeypatch):
    source, out = tmp_path / 'source.pth', tmp_path / 'deep' / 'out.pth'
    weights = torchvision.models.resnet18().state_dict()
    torch.save(
        dict(model={f'module.{name}': tensor
                    for name, tensor in weights.items()}), source)
    monkeypatch.setattr('sys.argv', ['convert', str(source), str(out)])
    run(resnet_to_mmseg.__doc__, resnet_to_mmseg.CONVERTER)
    written = read_checkpoint(str(out))['state_dict']
    assert torch.equal(written['conv1.weight'], weights['conv1.weight'])
    assert [path.name for path in out.parent.iterdir()] == ['out.pth']


class Attack:
    """What makes a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return open, (str(self.victim), 'w')


def test_a_converter_runs_no_code(tmp_path, monkeypatch):
    source, victim = tmp_path / 'source.pth', tmp_path / 'victim'
    torch.save(dict(state_dict={}, meta=Attack(victim)), source)
    monkeypatch.setattr('sys.argv', ['convert', str(source), 'out.pth'])
    with pytest.raises(SystemExit, match='--trust'):
        run(resnet_to_mmseg.__doc__, resnet_to_mmseg.CONVERTER)
    assert not victim.exists()


CONFIG = '''
default_scope = 'mmseg_fst'
model = dict(
    type='MeanTeacher',
    segmentor=dict(
        type='EncoderDecoder',
        backbone={backbone},
        decode_head=dict(
            type='SegformerHead', in_channels=[4, 8, 12, 16],
            in_index=[0, 1, 2, 3], channels=8, num_classes=3)),
    data_preprocessor=dict(type='SelfTrainingDataPreProcessor'),
    pseudo_labeler=dict(type='ConfidentRatio', threshold=.9),
    mixer=dict(type='ClassMix'),
    regularizer=dict(type='FeatureDistance'))
'''


@pytest.fixture
def release(tmp_path):
    """A checkpoint as the release writes it, and the config of its model."""
    recorded = torch.load(MIT, weights_only=True)['weights']
    backbone = mit_to_mmseg.config(mit_to_mmseg.convert(recorded))
    config = tmp_path / 'tiny.py'
    config.write_text(CONFIG.format(backbone=backbone))
    head = MODELS.build(
        Config.fromfile(config).model.segmentor).decode_head.state_dict()
    names = ('model', 'ema_model', 'imnet_model', 'pre_model')
    weights = {}
    for scale, network in enumerate(names, start=1):
        for part, tensors in (('backbone', recorded), ('decode_head', head)):
            for name, tensor in tensors.items():
                weights[f'{network}.{part}.{name}'] = (tensor * scale).to(
                    tensor.dtype)
    source = tmp_path / 'latest.pth'
    torch.save(
        dict(meta=dict(iter=38000, CLASSES=['a']), state_dict=weights), source)
    return source, config


def test_a_release_becomes_a_folder_to_test(release, tmp_path, monkeypatch):
    source, config = release
    out = tmp_path / 'released'
    monkeypatch.setattr(
        'sys.argv',
        ['convert', str(source), str(out), '--config', str(config)])
    release_to_mmseg_fst.main()
    release_to_mmseg_fst.main()  # a second time does no harm
    path = find_checkpoint(str(out))
    assert path.endswith('iter_38000.pth')
    model = MODELS.build(Config.fromfile(find_config(str(out))).model)
    load_weights(model, path)
    name = 'layers.0.0.projection.bias'
    student = model.student.backbone.get_parameter(name)
    assert torch.equal(model.teacher.backbone.get_parameter(name), 2 * student)
    assert torch.equal(
        model.pretrained_encoder.get_parameter(name), 3 * student)
    assert torch.equal(model.teacher.decode_head.conv_seg.weight,
                       2 * model.student.decode_head.conv_seg.weight)


def test_a_release_trained_on_several_gpus(release):
    source, config = release
    weights = read_checkpoint(str(source))['state_dict']
    model = MODELS.build(Config.fromfile(config).model)
    plain = release_to_mmseg_fst.convert(weights, model)
    wrapped = release_to_mmseg_fst.convert(
        {name.replace('model.', 'model.module.', 1): tensor
         for name, tensor in weights.items()}, model)
    assert plain.keys() == wrapped.keys()
    assert all(torch.equal(plain[name], wrapped[name]) for name in plain)


def test_a_lone_network_becomes_student_and_teacher(release):
    source, config = release
    weights = release_to_mmseg_fst.part(
        read_checkpoint(str(source))['state_dict'], 'model.')
    model = MODELS.build(Config.fromfile(config).model)
    model.load_state_dict(release_to_mmseg_fst.convert(weights, model))
    for mine, its in zip(model.student.state_dict().values(),
                         model.teacher.state_dict().values()):
        assert torch.equal(mine, its)


def test_a_release_of_another_model_is_refused(release, tmp_path):
    source, config = release
    checkpoint = read_checkpoint(str(source))
    text = config.read_text().replace('num_classes=3', 'num_classes=4')
    config.write_text(text)
    with pytest.raises(ValueError, match='conv_seg'):
        release_to_mmseg_fst.write_folder(checkpoint, config,
                                          tmp_path / 'out', source.name)
    assert not (tmp_path / 'out').exists()


def test_networks_that_are_not_known_are_named(release):
    source, config = release
    weights = read_checkpoint(str(source))['state_dict']
    weights['gan.weight'] = torch.ones(1)
    model = MODELS.build(Config.fromfile(config).model)
    with pytest.raises(ValueError, match='gan.weight'):
        release_to_mmseg_fst.convert(weights, model)


def test_saved_views_bring_no_storage_along(tmp_path):
    save(dict(weight=torch.zeros(10**6)[:3]), tmp_path / 'a.pth')
    assert (tmp_path / 'a.pth').stat().st_size < 10**4


def test_a_network_fits_itself():
    model = torchvision.models.resnet18()
    check_fit(model.state_dict(), model)
