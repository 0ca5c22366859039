"""Converted weights give the same outputs as the original networks."""
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
from mmseg_fst.converters import (
    beit_to_mmseg,
    dinov2_to_timm,
    dinov3_to_timm,
    mit_to_mmseg,
    mobilenetv2_to_timm,
    release_to_mmseg_fst,
    resnet_to_mmseg,
    swin_to_mmseg,
)
from mmseg_fst.converters.network import (
    check_fit,
    convert_encoder,
    without_prefix,
)
from mmseg_fst.converters.shell import run, save
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checkpoint import load_weights, read_checkpoint

TESTS = Path(__file__).parents[1]

# Recorded from the class of the releases, see the README in that folder.
MIT = TESTS / 'data' / 'mit_tiny_segformer.pt'


def randomized(network):
    """Change all initial values, so that swapped weights are detected."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            tensor.normal_(std=.3 if tensor.ndim == 1 else .1)
            if 'norm' in name or 'bn' in name or 'var' in name:
                tensor.abs_().add_(.5)
    return network.eval()


def loaded(weights, converter, **changes):
    """Build an encoder with converted weights.

    Args:
        weights (dict): State dict with the names of the source.
        converter (Converter): The converter.
        **changes: Arguments of the encoder that cannot be derived from the
            weights.
    """
    converted = convert_encoder(weights, converter)
    encoder = MODELS.build(dict(converter.config(converted), **changes))
    missing, unexpected = encoder.load_state_dict(converted, strict=False)
    assert not unexpected
    for name in missing:
        assert name.startswith(converter.fresh or '-') or name.endswith(
            ('relative_position_index', 'num_batches_tracked'))
    encoder.eval()  # eval() of mmseg's Swin does not return the module
    return encoder


def assert_same(outputs, expected):
    """Compare shapes and, to 1e-5 of the largest value, the values."""
    outputs, expected = list(outputs), list(expected)
    assert len(outputs) == len(expected) > 1
    for output, target in zip(outputs, expected):
        assert output.shape == target.shape and output.std() > .01
        tolerance = 1e-5 * max(1, target.abs().max())
        assert (output - target).abs().max() < tolerance


def tiny_swin():
    return randomized(
        SwinTransformer(
            img_size=256, window_size=4, embed_dim=8, depths=(2, 1, 2, 2),
            num_heads=(1, 2, 2, 4), num_classes=5))


def as_microsoft(weights):
    """Use the names and the additional tensors of Microsoft's files."""
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
def test_swin_has_the_same_outputs(names):
    source = tiny_swin()
    image = torch.randn(1, 3, 256, 256)
    outputs = source.forward_intermediates(image, intermediates_only=True)
    # The norms of the outputs have their initial values, 1 and 0.
    outputs = [
        F.layer_norm(output.movedim(1, -1),
                     output.shape[1:2]).movedim(-1, 1) for output in outputs
    ]
    encoder = loaded(names(source.state_dict()), swin_to_mmseg.CONVERTER)
    assert_same(encoder(image), outputs)


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
def test_resnet_has_the_same_outputs(make, kind):
    source = randomized(make())
    outputs, image = [], torch.randn(2, 3, 64, 64)
    for stage in (source.layer1, source.layer2, source.layer3, source.layer4):
        stage.register_forward_hook(lambda *call: outputs.append(call[-1]))
    source(image)
    encoder = loaded(source.state_dict(), resnet_to_mmseg.CONVERTER)
    assert type(encoder).__name__ == kind
    assert_same(encoder(image), outputs)


@pytest.mark.parametrize('prefix', ['', 'module.'])
@torch.no_grad()
def test_resnet_without_stem_has_the_same_outputs(prefix):
    source = randomized(torchvision.models.resnet50())
    x, outputs = torch.randn(2, 64, 17, 16), []
    for stage in (source.layer1, source.layer2, source.layer3, source.layer4):
        outputs.append(stage(outputs[-1] if outputs else x))
    weights = {
        f'{prefix}{name}': tensor
        for name, tensor in source.state_dict().items()
        if not name.startswith(('conv1.', 'bn1.'))
    }
    encoder = loaded(
        without_prefix(weights, ('module.', )), resnet_to_mmseg.CONVERTER)
    assert type(encoder).__name__ == 'DCTResNet'
    assert_same(encoder(x), outputs)


def tiny_beit(shared):
    return randomized(
        Beit(
            img_size=32, patch_size=8, embed_dim=32, depth=3, num_heads=2,
            num_classes=5, init_values=.1, use_abs_pos_emb=False,
            use_rel_pos_bias=not shared, use_shared_rel_pos_bias=shared))


@pytest.mark.parametrize('shared', [False, True])
@torch.no_grad()
def test_beit_has_the_same_outputs(shared):
    source, image = tiny_beit(shared), torch.randn(2, 3, 32, 32)
    outputs = source.forward_intermediates(image, intermediates_only=True)
    encoder = loaded(
        source.state_dict(), beit_to_mmseg.CONVERTER, out_indices=(0, 1, 2),
        norm_cfg=dict(type='LN', eps=1e-6))
    assert_same(encoder(image), outputs)


@torch.no_grad()
def test_mit_has_the_same_outputs():
    recorded = torch.load(MIT, weights_only=True)
    encoder = loaded(
        recorded['weights'], mit_to_mmseg.CONVERTER,
        norm_cfg=dict(type='LN', eps=recorded['epsilon']))
    assert_same(encoder(recorded['image']), recorded['features'])


def test_dinov2_has_the_names_of_timm():
    source = timm.create_model('vit_small_patch14_dinov2', num_classes=0)
    weights = source.state_dict()
    converted = convert_encoder(
        dict(weights, mask_token=torch.zeros(1, 384)),
        dinov2_to_timm.CONVERTER)
    assert converted.keys() == {
        'mask_token', *(f'timm_model.{name}' for name in weights)}
    assert converted['timm_model.pos_embed'].shape == (1, 37 * 37 + 1, 384)


def dinov3_weights():
    """A state dict with the names of the release of DINOv3 ViT-S/16."""
    source = timm.create_model('vit_small_patch16_dinov3', num_classes=0)
    weights = {'mask_token': torch.ones(1, 384),
               'rope_embed.periods': torch.ones(16)}
    for name, tensor in source.state_dict().items():
        for new, old in (('gamma_1', 'ls1.gamma'), ('gamma_2', 'ls2.gamma'),
                         ('reg_token', 'storage_tokens')):
            name = name.replace(new, old)
        weights[name] = tensor
        if name.endswith('qkv.weight'):
            bias = name.replace('weight', 'bias')
            weights[bias] = torch.zeros(3 * 384)
            weights[bias][384:768] = torch.nan  # masked
            weights[f'{bias}_mask'] = torch.ones(3 * 384)
    return source, weights


def test_dinov3_has_the_names_of_timm():
    source, weights = dinov3_weights()
    converted = convert_encoder(weights, dinov3_to_timm.CONVERTER)
    assert converted.pop('mask_token').all()
    assert converted.keys() == {
        f'timm_model.{name}' for name in source.state_dict()}
    for name, tensor in source.state_dict().items():
        assert converted[f'timm_model.{name}'] is tensor or torch.equal(
            converted[f'timm_model.{name}'], tensor)


def test_dinov3_with_biases_is_refused():
    _, weights = dinov3_weights()
    weights['blocks.3.attn.qkv.bias'][0] = 1
    with pytest.raises(ValueError, match='blocks.3.attn.qkv.bias is not zero'):
        convert_encoder(weights, dinov3_to_timm.CONVERTER)


@torch.no_grad()
def test_mobilenetv2_has_the_same_outputs():
    source = randomized(torchvision.models.mobilenet_v2())
    encoder = loaded(source.state_dict(), mobilenetv2_to_timm.CONVERTER)
    outputs, image = [], torch.randn(2, 3, 64, 64)
    # The last layer of each resolution.
    for layer in (1, 3, 6, 13, 17):
        source.features[layer].register_forward_hook(
            lambda *call: outputs.append(call[-1]))
    source(image)
    assert_same(encoder(image), outputs)


def changed(weights, **changes):
    return {
        name: tensor
        for name, tensor in dict(weights, **changes).items()
        if tensor is not None
    }


@pytest.mark.parametrize('change, message', [
    ({'bn1.weight': None}, 'bn1.weight is missing'),
    ({'bn1.extra': torch.ones(1)}, 'bn1.extra is not known'),
    ({'bn1.weight': torch.ones(3)}, r'has shape \(3,\), expected \(64,\)'),
])
def test_weights_that_do_not_fit_are_refused(change, message):
    weights = changed(torchvision.models.resnet18().state_dict(), **change)
    with pytest.raises(ValueError, match=message):
        convert_encoder(weights, resnet_to_mmseg.CONVERTER)


@pytest.mark.parametrize('module', [
    beit_to_mmseg, dinov2_to_timm, dinov3_to_timm, mit_to_mmseg,
    mobilenetv2_to_timm, resnet_to_mmseg, swin_to_mmseg
])
def test_a_file_of_another_encoder_is_named(tmp_path, monkeypatch, module):
    source, out = tmp_path / 'source.pth', tmp_path / 'out.pth'
    monkeypatch.setattr('sys.argv', ['convert', str(source), str(out)])
    torch.save({'some.weight': torch.ones(1)}, source)
    with pytest.raises(SystemExit, match='source.pth'):
        run(module.__doc__, module.CONVERTER)
    assert not out.exists()


def test_a_file_is_written_atomically_as_plain_data(tmp_path, monkeypatch):
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
    """An object that creates a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return open, (str(self.victim), 'w')


def test_a_converter_does_not_run_code_of_the_file(tmp_path, monkeypatch):
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
    """Write a checkpoint like the release, and the config of its model."""
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


def test_a_release_is_converted_to_a_run_folder(release, tmp_path,
                                                monkeypatch):
    source, config = release
    out = tmp_path / 'released'
    monkeypatch.setattr(
        'sys.argv',
        ['convert', str(source), str(out), '--config', str(config)])
    release_to_mmseg_fst.main()
    release_to_mmseg_fst.main()  # running it twice is allowed
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


def test_the_prefix_of_several_gpus_is_removed(release):
    source, config = release
    weights = read_checkpoint(str(source))['state_dict']
    model = MODELS.build(Config.fromfile(config).model)
    plain = release_to_mmseg_fst.convert(weights, model)
    wrapped = release_to_mmseg_fst.convert(
        {name.replace('model.', 'model.module.', 1): tensor
         for name, tensor in weights.items()}, model)
    assert plain.keys() == wrapped.keys()
    assert all(torch.equal(plain[name], wrapped[name]) for name in plain)


def test_a_single_network_is_used_as_student_and_teacher(release):
    source, config = release
    weights = release_to_mmseg_fst.part(
        read_checkpoint(str(source))['state_dict'], 'model.')
    model = MODELS.build(Config.fromfile(config).model)
    model.load_state_dict(release_to_mmseg_fst.convert(weights, model))
    for student, teacher in zip(model.student.state_dict().values(),
                                model.teacher.state_dict().values()):
        assert torch.equal(student, teacher)


def test_a_release_of_another_model_is_refused(release, tmp_path):
    source, config = release
    checkpoint = read_checkpoint(str(source))
    text = config.read_text().replace('num_classes=3', 'num_classes=4')
    config.write_text(text)
    with pytest.raises(ValueError, match='conv_seg'):
        release_to_mmseg_fst.write_folder(checkpoint, config,
                                          tmp_path / 'out', source.name)
    assert not (tmp_path / 'out').exists()


def test_unknown_networks_are_named(release):
    source, config = release
    weights = read_checkpoint(str(source))['state_dict']
    weights['gan.weight'] = torch.ones(1)
    model = MODELS.build(Config.fromfile(config).model)
    with pytest.raises(ValueError, match='gan.weight'):
        release_to_mmseg_fst.convert(weights, model)


def test_views_are_saved_without_their_storage(tmp_path):
    save(dict(weight=torch.zeros(10**6)[:3]), tmp_path / 'a.pth')
    assert (tmp_path / 'a.pth').stat().st_size < 10**4


def test_the_weights_of_a_network_match_it():
    model = torchvision.models.resnet18()
    check_fit(model.state_dict(), model)
