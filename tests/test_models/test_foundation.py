"""Foundation encoders: heads, masked tokens, decay of learning rates."""
import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmseg_fst.models import TIMMVisionTransformer, TokenMask
from mmseg_fst.ops import block_grid, block_mask, patch_centers
from mmseg_fst.registry import MODELS

WIDTH = 64  # of timm's test_vit, whose patches have 16 pixels


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.manual_seed(0)


def encoder(out_indices=(0, 1, 2, 3), **changes):
    return TIMMVisionTransformer('test_vit', out_indices, **changes)


def head_config(kind):
    common = dict(num_classes=5, align_corners=False)
    four = dict(in_channels=[WIDTH] * 4, in_index=[0, 1, 2, 3])
    return {
        'linear': dict(type='NormLinearHead', in_channels=WIDTH, in_index=3),
        'linear4': dict(type='NormLinearHead', **four),
        'daformer': dict(
            type='DAFormerHead', channels=16, embed_dims=16,
            norm_cfg=dict(type='BN'), **four),
        'dpt': dict(type='PlainDPTHead', stage_channels=[8] * 4, channels=8,
                    **four),
        'deconv': dict(type='DeconvHead', in_channels=WIDTH, in_index=-1,
                       channels=WIDTH // 4),
    }[kind] | common


@pytest.mark.parametrize('kind, factor', [
    ('linear', 1), ('linear4', 1), ('daformer', 4), ('dpt', 8),
    ('deconv', 4)])
@pytest.mark.parametrize('size', [(64, 64), (48, 80), (70, 90)])
def test_heads_on_patch_tokens(kind, factor, size):
    """Of 16 pixels; logits of any image have the size of the image."""
    neck = dict(type='Feature2Pyramid', embed_dim=WIDTH,
                rescales=[4, 2, 1, .5], norm_cfg=dict(type='BN'))
    network = MODELS.build(dict(
        type='EncoderDecoder',
        backbone=dict(type='TIMMVisionTransformer', model_name='test_vit',
                      out_indices=[0, 1, 2, 3]),
        neck=neck if kind == 'daformer' else None,
        decode_head=head_config(kind), test_cfg=dict(mode='whole')))
    image = torch.randn(2, 3, *size)
    logits = network.decode_head(network.extract_feat(image))
    grid = [int(side / 16 + .5) for side in size]
    assert logits.shape == (2, 5, *(factor * count for count in grid))
    logits.square().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name


def test_the_linear_head_is_a_linear_layer_on_normalized_tokens():
    head = MODELS.build(head_config('linear4')).eval()
    maps = [torch.randn(2, WIDTH, 3, 4) for _ in range(4)]
    joint = torch.cat(maps, 1)
    with torch.no_grad():
        head.norm.running_mean.copy_(joint.mean((0, 2, 3)))
        head.norm.running_var.copy_(joint.var((0, 2, 3), unbiased=False))
        expected = F.conv2d(
            F.batch_norm(joint, None, None, training=True),
            head.conv_seg.weight, head.conv_seg.bias)
        torch.testing.assert_close(head(maps), expected)


def test_the_widths_of_the_deconvolutions_are_checked():
    with pytest.raises(ValueError, match='a quarter of in_channels=64, got 8'):
        MODELS.build(head_config('deconv') | dict(channels=8))


# Masked tokens.


@pytest.mark.parametrize('patch, size', [
    (14, (196, 252)), (16, (192, 256)), (14, (197, 250)), (12.8, (1024, 512)),
    (2, (33, 40))])
def test_blocks_of_a_patch_are_read_at_its_middle(patch, size):
    """Whatever their number, and if patches do not divide the image."""
    grid = block_grid(size, patch)
    blocks = torch.rand(2, *grid)
    assert torch.equal(patch_centers(block_mask(blocks, size), grid), blocks)


@pytest.mark.parametrize('size', [(64, 96), (70, 90)])
@pytest.mark.parametrize('positions', ['timm', 'dinov2'])
@pytest.mark.parametrize('block', [16, 40])
def test_no_pixel_of_a_masked_patch_is_seen(size, positions, block):
    model = encoder(positions=positions, mask_token=True).eval()
    torch.nn.init.normal_(model.mask_token)
    image = torch.randn(2, 3, *size)
    masked = TokenMask(block, ratio=.6)(image)
    assert torch.equal(masked[:, :3], image) and masked.shape[1] == 4
    grid = [int(side / 16 + .5) for side in size]
    visible = patch_centers(masked[:, 3], grid)
    assert 0 < visible.mean() < 1

    def features(pixels):
        with torch.no_grad():
            return model(torch.cat([pixels, masked[:, 3:]], 1))

    before = features(image)
    # On the grid of the encoder; resizing mixes neighboring pixels.
    rows = F.interpolate(visible[:, None], size, mode='nearest')
    margin = F.max_pool2d(rows, 5, 1, 2) if size == (70, 90) else rows
    others = features(torch.where(margin > 0, image, torch.randn(2, 3, *size)))
    for first, second in zip(before, others):
        assert torch.equal(first, second)
    with torch.no_grad():
        plain = model(image)
    assert not torch.allclose(plain[0], before[0])
    changed = features(torch.where(rows > 0, torch.randn_like(image), image))
    assert not torch.allclose(changed[0], before[0])


def test_the_mask_token_replaces_whole_patches():
    model = encoder(mask_token=True).eval()
    torch.nn.init.normal_(model.mask_token)
    found = []
    model.timm_model.blocks[0].register_forward_pre_hook(
        lambda module, inputs: found.append(inputs[0][:, 1:]))
    image = torch.randn(1, 3, 32, 48)
    shown = torch.ones(1, 1, 32, 48)
    shown[:, :, 16:, 16:32] = 0  # patch 4
    with torch.no_grad():
        model(image)
        model(torch.cat([image, shown], 1))
    complete, masked = found
    for index in range(6):
        equal = torch.equal(complete[:, index], masked[:, index])
        assert equal == (index != 4)
    with torch.no_grad():
        # The position is added afterwards.
        patch = model.timm_model.patch_embed(image)[0, 1, 1]
        torch.testing.assert_close(
            masked[0, 4] - model.mask_token[0], complete[0, 4] - patch,
            atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('channel', [True, False])
def test_the_token_is_trained_in_every_pass(channel):
    """Distributed processes wait for its gradient."""
    model = encoder(mask_token=True)
    image = torch.randn(2, 3, 32, 32)
    if channel:
        image = TokenMask(16, ratio=.5)(image)
    model(image)[-1].square().sum().backward()
    assert model.mask_token.grad.any() == channel
    assert not model.timm_model.patch_embed._forward_hooks


@pytest.mark.parametrize('mask_token, channels, message', [
    (False, 4, 'backbone.mask_token=True'),
    (False, 5, 'backbone.in_channels=5'),
    (True, 2, 'backbone.in_channels=2')])
def test_other_channels_are_refused(mask_token, channels, message):
    model = encoder(mask_token=mask_token)
    with pytest.raises(ValueError, match=message):
        model(torch.randn(1, channels, 32, 32))


@pytest.mark.parametrize('block', [0, .5, float('nan')])
def test_blocks_below_a_pixel_are_refused(block):
    with pytest.raises(ValueError, match='at least 1 pixel'):
        TokenMask(block)


def test_images_are_resized_before_the_patches():
    """By a factor, then to whole patches: 1024 pixels to 80 of 14."""
    plain, scaled = encoder().eval(), encoder(input_scale=1.1).eval()
    scaled.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, 150, 64)
    resized = F.interpolate(image, (160, 64), mode='bilinear')
    with torch.no_grad():
        for first, second in zip(scaled(image), plain(resized)):
            assert torch.equal(first, second)
    assert int(1024 * 1.1 / 14 + .5) == 80
    with pytest.raises(ValueError, match='input_scale must be above 0'):
        encoder(input_scale=0)


def test_dinov3_takes_any_size_and_masks():
    model = TIMMVisionTransformer(
        'vit_tiny_patch16_dinov3_qkvb', [0, 1], mask_token=True).eval()
    assert len(model.timm_model.blocks) == 2
    torch.nn.init.normal_(model.mask_token)
    image = torch.randn(1, 3, 48, 90)
    masked = TokenMask(16, ratio=.5)(image)
    with torch.no_grad():
        maps, hidden = model(image), model(masked)
    assert [tuple(each.shape) for each in maps] == [(1, 192, 3, 6)] * 2
    assert not torch.allclose(maps[0], hidden[0])
    numbers = model.layers_behind()
    assert numbers['timm_model.reg_token'] == 2
    assert numbers['timm_model.blocks.1.gamma_1'] == 0


# Learning rates.


def groups_of(model, **paramwise):
    wrapper = build_optim_wrapper(model, dict(
        constructor='FewGroupsConstructor',
        optimizer=dict(type='AdamW', lr=1., weight_decay=.1),
        paramwise_cfg=paramwise))
    # The wrapper itself adds a group of its defaults.
    return {id(weight): group for group in wrapper.optimizer.param_groups
            for weight in group['params']}


def test_learning_rates_decay_by_layers():
    """The factor of every parameter; other settings apply as well."""
    model = MODELS.build(dict(
        type='EncoderDecoder',
        backbone=dict(type='TIMMVisionTransformer', model_name='test_vit',
                      out_indices=[2], mask_token=True),
        decode_head=head_config('deconv'), test_cfg=dict(mode='whole')))
    found = groups_of(model, layer_decay=.5, custom_keys=dict(
        head=dict(lr_mult=10.), norm1=dict(decay_mult=0.)))
    expected = {'decode_head': 10., 'norm': 1., 'blocks.2': 1.,
                'blocks.1': .5, 'blocks.0': .25, 'patch_embed': .125,
                'cls_token': .125, 'pos_embed': .125, 'mask_token': .125}
    used = set()
    for name, weight in model.named_parameters():
        short = name.removeprefix('backbone.').removeprefix('timm_model.')
        part, = [key for key in expected if short.startswith(key)
                 and (short + '.')[len(key)] == '.']
        used.add(part)
        group = found[id(weight)]
        assert group['lr'] == expected[part], name
        assert group['weight_decay'] == (0 if 'norm1' in name else .1), name
    assert used == set(expected)
    # 10, 1, .5, .25 and .125; of three blocks also without decay.
    assert len({id(group) for group in found.values()}) == 8


def test_without_a_decay_by_layers_nothing_changes():
    model = MODELS.build(dict(
        type='EncoderDecoder',
        backbone=dict(type='TIMMVisionTransformer', model_name='test_vit',
                      out_indices=[3]),
        decode_head=head_config('deconv'), test_cfg=dict(mode='whole')))
    keys = dict(head=dict(lr_mult=10.))
    for changes in ({}, dict(layer_decay=1.)):
        found = groups_of(model, custom_keys=keys, **changes)
        for name, weight in model.named_parameters():
            assert found[id(weight)]['lr'] == (10 if 'head' in name else 1)


@pytest.mark.parametrize('decay, message', [
    (0, r'layer_decay must be in \(0, 1\], got 0'), (1.5, 'got 1.5'),
    (.9, 'no encoder whose layers are known')])
def test_decays_without_a_sense_are_refused(decay, message):
    model = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match=message):
        groups_of(model, layer_decay=decay)
