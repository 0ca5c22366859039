"""Encoders: features, images of any size, weights of another size."""
import logging

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from helpers import REPOSITORY
from mmengine.config import Config

from mmseg_fst.models import DCTResNet, ResizedBEiT, TIMMVisionTransformer
from mmseg_fst.models.backbones import dct_resnet as dct_resnet_module
from mmseg_fst.models.backbones.beit import geometric_positions
from mmseg_fst.models.backbones.vision_transformer import resize_positions
from mmseg_fst.registry import MODELS


def beit(size=64, **kwargs):
    return ResizedBEiT(
        img_size=(size, size), patch_size=16, embed_dims=8, num_layers=2,
        num_heads=2, out_indices=(0, 1), norm_cfg=dict(type='LN', eps=1e-6),
        **kwargs)


@pytest.fixture(scope='module')
def vit():
    """The smallest plain transformer of timm, in patches of 16."""
    torch.manual_seed(0)
    return TIMMVisionTransformer('test_vit', out_indices=[1, 3]).eval()


def test_maps_are_those_of_timm(vit):
    """At the size it was made for, normalized, without the class token."""
    model = timm.create_model('test_vit', num_classes=0).eval()
    model.load_state_dict(vit.timm_model.state_dict(), strict=False)
    size = model.patch_embed.img_size
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        maps = vit(image)
        expected = model.get_intermediate_layers(
            image, n=[1, 3], reshape=True, norm=True)
    assert isinstance(maps, tuple) and len(maps) == 2
    for feature, other in zip(maps, expected):
        torch.testing.assert_close(feature, other)


def test_weights_are_loaded_by_the_keys_of_timm(vit, tmp_path):
    path = str(tmp_path / 'vit.pth')
    model = timm.create_model('test_vit', num_classes=0)
    torch.save(
        {f'timm_model.{key}': value
         for key, value in model.state_dict().items()}, path)
    loaded = TIMMVisionTransformer(
        'test_vit', out_indices=[1, 3],
        init_cfg=dict(type='Pretrained', checkpoint=path))
    loaded.init_weights()
    assert loaded.state_dict().keys() == vit.state_dict().keys()
    for key, value in loaded.timm_model.state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


def test_later_layers_are_not_built():
    model = TIMMVisionTransformer('test_vit', out_indices=[0])
    assert len(model.timm_model.blocks) == 1
    maps = model(torch.randn(1, 3, 32, 32))
    maps[0].sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_without_the_last_norm():
    model = TIMMVisionTransformer(
        'test_vit', out_indices=[5], final_norm=False)
    assert not any('timm_model.norm.' in key for key in model.state_dict())
    assert model(torch.randn(1, 3, 32, 32))[0].shape[2:] == (2, 2)


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size, nearest', [
    ((64, 96), (64, 96)), ((71, 73), (64, 80)), ((72, 5), (80, 16))])
def test_any_size_is_resized_to_whole_patches(vit, monkeypatch, size, nearest,
                                              align_corners):
    monkeypatch.setattr(vit, 'align_corners', align_corners)
    image = torch.randn(1, 3, *size)
    resized = F.interpolate(
        image, nearest, mode='bilinear', align_corners=align_corners)
    with torch.no_grad():
        maps, expected = vit(image), vit(resized)
    for feature, other in zip(maps, expected):
        assert feature.shape[2:] == (nearest[0] // 16, nearest[1] // 16)
        assert torch.equal(feature, other)


def dct_resnet(**changes):
    return DCTResNet(depth=18, **changes)


def save_resnet(path, seed, **changes):
    """Write random weights of a ResNet of torchvision, and return them."""
    torch.manual_seed(seed)
    weights = {**torchvision.models.resnet18().state_dict(), **changes}
    weights = {name: tensor for name, tensor in weights.items()
               if tensor is not None}
    torch.save(dict(state_dict=weights), path)
    return weights


def log_of(model, monkeypatch):
    """Warnings while the weights are initialized."""
    lines = []

    def print_log(message, logger=None, level=logging.INFO):
        if level >= logging.WARNING:
            lines.append(message)

    monkeypatch.setattr(dct_resnet_module, 'print_log', print_log)
    model.init_weights()
    return lines


def test_a_dct_resnet_has_no_stem():
    model = dct_resnet(dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1))
    assert {name.split('.')[0] for name in model.state_dict()} == {
        'layer1', 'layer2', 'layer3', 'layer4'}
    model.train()
    maps = model(torch.randn(2, 64, 33, 17))
    assert [tuple(feature.shape) for feature in maps] == [
        (2, 64, 33, 17), (2, 128, 17, 9), (2, 256, 17, 9), (2, 512, 17, 9)]
    assert model.layer1[0].conv1.weight.shape[1] == 64
    narrow = dct_resnet(in_channels=24)
    assert narrow(torch.randn(1, 24, 9, 9))[0].shape == (1, 64, 9, 9)


@pytest.mark.parametrize('has_file', [True, False])
def test_weights_of_a_dct_resnet(tmp_path, monkeypatch, has_file):
    """The checkpoint; without it weights for RGB images, and a warning."""
    paths = [str(tmp_path / name) for name in ('own_dct.pth', 'rgb.pth')]
    wanted = save_resnet(paths[1], seed=1)
    if has_file:
        wanted = save_resnet(paths[0], seed=2)
    model = dct_resnet(init_cfg=dict(
        type='DCTPretrained', checkpoint=paths[0], fallback=paths[1]))
    lines = log_of(model, monkeypatch)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, wanted[name]), name
    assert len(lines) == (not has_file)
    if lines:
        assert all(path in lines[0] for path in paths)
        assert 'download_checkpoints.sh own_dct ' in lines[0]
        assert 'tools/dct_stats.py' in lines[0]


@pytest.mark.parametrize('change, error', [
    ({'layer3.1.bn2.running_var': None}, 'layer3.1.bn2.running_var'),
    ({'layer1.0.conv1.weight': torch.zeros(64, 128, 3, 3)}, 'layer1.0.conv1'),
])
def test_weights_that_do_not_fill_a_dct_resnet(tmp_path, change, error):
    path = str(tmp_path / 'own.pth')
    save_resnet(path, 0, **change)
    model = dct_resnet(init_cfg=dict(
        type='DCTPretrained', checkpoint=path, fallback=path))
    with pytest.raises(ValueError, match=f'1 of .*{error}.*resnet_to_mmseg'):
        model.init_weights()


def test_no_weights_for_a_dct_resnet(tmp_path):
    model = dct_resnet(init_cfg=dict(
        type='DCTPretrained', checkpoint=str(tmp_path / 'a.pth'),
        fallback=str(tmp_path / 'b.pth')))
    with pytest.raises(FileNotFoundError, match='b.pth'):
        model.init_weights()


@torch.no_grad()
def test_dpt_resizes_as_unimatch_v2_evaluates():
    """Image to whole patches, logits back, corners aligned in both."""
    cfg = Config.fromfile(
        REPOSITORY / 'configs/_base_/models/dinov2-s_dpt.py').segmentor
    cfg.backbone.update(model_name='test_vit', init_cfg=None,
                        out_indices=[0, 1, 2, 3])
    cfg.decode_head.update(in_channels=[64] * 4, stage_channels=[8] * 4,
                           channels=8, num_classes=3)
    network = MODELS.build(cfg).eval()
    image = torch.randn(1, 3, 71, 90)
    resized = F.interpolate(
        image, (64, 96), mode='bilinear', align_corners=True)
    expected = network.encode_decode(
        resized, [dict(img_shape=(64, 96))])
    expected = F.interpolate(
        expected, image.shape[2:], mode='bilinear', align_corners=True)
    protocol = MODELS.build(dict(type='WholeImage', multiple_of=16))
    assert torch.equal(protocol.scores(network, image).full(), expected)
    # Without a protocol the encoder does it; the logits are resized once.
    logits = network.decode_head(network.extract_feat(resized))
    assert torch.equal(network(image), logits)


def test_geometric_positions():
    positions = geometric_positions(27, 39)  # 14 to 40 patches
    steps = np.diff(positions)
    assert len(positions) == 27 and positions[13] == 0
    np.testing.assert_allclose(positions, -positions[::-1])
    assert positions[-1] == pytest.approx(39)
    assert steps[13] == pytest.approx(1)
    ratios = steps[14:] / steps[13:-1]
    np.testing.assert_allclose(ratios, ratios[0])


def test_biases_are_interpolated_at_their_offsets():
    """A plane in the offsets stays that plane, near ones keep their bias."""
    given = geometric_positions(27, 39)
    plane = torch.from_numpy(given[:, None] + 3 * given[None])
    table = torch.stack([plane, -plane], -1).view(-1, 2)
    wanted = torch.arange(-39., 40)
    expected = wanted[:, None] + 3 * wanted[None]
    resized = beit()._geometric_sequence_interpolation(27, 79, table, 2)
    assert resized.dtype == table.dtype
    torch.testing.assert_close(
        resized, torch.stack([expected, -expected], -1).view(-1, 2).double(),
        atol=1e-6, rtol=1e-6)


def test_weights_of_another_size_are_loaded(tmp_path):
    """As from the 14 x 14 patches of pretraining."""
    small = beit(224)
    for name, weight in small.named_parameters():
        torch.nn.init.normal_(weight, std=0.1)
    path = str(tmp_path / 'beit.pth')
    torch.save(small.state_dict(), path)
    large = beit(320, init_cfg=dict(type='Pretrained', checkpoint=path))
    large.init_weights()
    for name, weight in large.named_parameters():
        given = small.get_parameter(name)
        if 'relative_position_bias_table' not in name:
            assert torch.equal(weight, given), name
            continue
        # Rows: offsets, then the three biases of the class token.
        assert torch.equal(weight[-3:], given[-3:])
        before = given[:27**2].view(27, 27, 2)[12:15, 12:15]
        after = weight[:39**2].view(39, 39, 2)[18:21, 18:21]
        torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


def test_beit_says_which_size_it_takes():
    model = beit().eval()
    maps = model(torch.randn(2, 3, 64, 64))
    assert [tuple(feature.shape) for feature in maps] == [(2, 8, 4, 4)] * 2
    with pytest.raises(ValueError, match=r"\(64, 64\).*mode='slide'"):
        model(torch.randn(2, 3, 64, 96))


def test_positions_of_dinov2_are_those_of_its_release():
    """Numbers of its function, for a square of 5 x 5 and images of 4 x 4."""
    embedding = (torch.arange(26.)**1.5).view(1, 26, 1)
    expected = [
        0., 2.228, 4.909, 8.0858, 12.2259, 21.8409, 27.5188, 33.0418, 39.4976,
        50.7568, 58.0705, 65.0196, 72.9745, 90.9475, 99.7243, 107.9611,
        117.2863
    ]
    found = resize_positions(embedding, (4, 4)).flatten().tolist()
    assert found == pytest.approx(expected, abs=1e-4)
    assert resize_positions(embedding, (5, 5)) is embedding
    assert resize_positions(embedding.double(), (3, 7)).dtype == torch.float64


def test_positions_of_dinov2_differ_where_they_are_resized():
    torch.manual_seed(0)
    plain = TIMMVisionTransformer('test_vit', out_indices=[1, 3]).eval()
    released = TIMMVisionTransformer(
        'test_vit', out_indices=[1, 3], positions='dinov2').eval()
    released.load_state_dict(plain.state_dict())
    side = plain.timm_model.patch_embed.img_size[0]
    with torch.no_grad():
        for length, equal in ((side, True), (side // 2, False)):
            image = torch.randn(2, 3, length, length)
            for first, other in zip(plain(image), released(image)):
                assert first.shape == other.shape
                assert torch.allclose(first, other, atol=1e-5) == equal


def test_wrong_positions_are_refused():
    with pytest.raises(ValueError, match="'timm' or 'dinov2'"):
        TIMMVisionTransformer('test_vit', [0], positions='sine')
