"""Parts of a model for images of any number of channels."""
import logging

import pytest
import timm
import torch
from helpers import network_cfg
from mmengine.config import ConfigDict
from mmengine.logging import MMLogger
from torch import nn

from mmseg_fst.models.backbones import (
    adapt_first_layers,
    check_channels,
    read_channels,
)
from mmseg_fst.models.backbones.first_layer import first_convolution
from mmseg_fst.registry import MODELS

# Preprocessing.


def preprocessor(count, **kwargs):
    return MODELS.build(dict(
        type='SelfTrainingDataPreProcessor',
        mean=[10. * index for index in range(count)],
        std=[index + 1. for index in range(count)], **kwargs))


@pytest.mark.parametrize('count', [1, 2, 4, 6])
@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32])
def test_means_of_any_length(count, dtype):
    image = (torch.rand(count, 8, 8) * 255).to(dtype)
    done = preprocessor(count, bgr_to_rgb=True)(
        dict(inputs=[image], data_samples=None))['inputs']
    expected = torch.stack([
        (channel.float() - 10 * index) / (index + 1)
        for index, channel in enumerate(image)])
    assert torch.equal(done, expected[None])


def test_three_channels_become_rgb():
    image = torch.arange(3.).view(3, 1, 1).repeat(1, 8, 8)
    done = preprocessor(3, bgr_to_rgb=True)(
        dict(inputs=[image], data_samples=None))['inputs'][0, :, 0, 0]
    torch.testing.assert_close(
        done, torch.tensor([2., (1 - 10) / 2, (0 - 20) / 3]))


def test_one_mean_serves_all_channels():
    done = preprocessor(1)(
        dict(inputs=[torch.ones(5, 4, 4)], data_samples=None))['inputs']
    assert torch.equal(done, torch.ones(1, 5, 4, 4))


def test_images_of_other_channels_name_the_key():
    with pytest.raises(ValueError, match='Images have 3 channels, but '
                       'data_preprocessor.mean has 6 numbers'):
        preprocessor(6)(
            dict(inputs=[torch.ones(3, 4, 4)], data_samples=None))


@pytest.mark.parametrize('mean, std', [
    ([1.], None), (None, [1.]), ([1.] * 6, [1.] * 3), ([], [])])
def test_means_and_deviations_go_together(mean, std):
    with pytest.raises(ValueError, match='mean=.* and std='):
        MODELS.build(dict(
            type='SelfTrainingDataPreProcessor', mean=mean, std=std))


# Photometric augmentation.
ALL = dict(jitter_prob=1., jitter_strength=.5, gray_prob=.5, blur_prob=.5)


def augment(image, seed=0, **kwargs):
    """Augment images of mean 0 and deviation 1 in [0, 255]."""
    count = image.shape[1]
    step = MODELS.build(dict(type='StrongPhotometric', **{**ALL, **kwargs}))
    torch.manual_seed(seed)
    return step(image, torch.zeros(count, 1, 1), torch.ones(count, 1, 1))


def images(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(4, count, 24, 24, generator=generator) * 255


@pytest.mark.parametrize('random_order', [True, False])
def test_the_three_channels_named_give_the_same_bits(random_order):
    options = dict(random_order=random_order)
    assert torch.equal(
        augment(images(3), channels=(0, 1, 2), **options),
        augment(images(3), **options))


@pytest.mark.parametrize('channels', [(0, 1, 2), (5, 3, 1)])
def test_colors_alone_are_jittered(channels):
    image, rest = images(6), [i for i in range(6) if i not in channels]
    done = augment(image, channels=channels, blur_prob=0)
    assert torch.equal(
        done[:, channels], augment(image[:, channels], blur_prob=0))
    torch.testing.assert_close(
        done[:, rest], image[:, rest], rtol=0, atol=1e-4)


def test_all_channels_are_blurred():
    image = images(6)
    done = augment(image, channels=(), jitter_prob=0, gray_prob=0,
                   blur_prob=1, blur_sigma=(1., 1.1))
    assert (done.std((2, 3)) < .7 * image.std((2, 3))).all()
    unchanged = augment(image, channels=(), blur_prob=0)
    torch.testing.assert_close(unchanged, image, rtol=0, atol=1e-4)


@pytest.mark.parametrize('channels', [None, (0, )])
def test_gray_images_change_brightness_and_contrast(channels):
    image = images(1)
    done = augment(image, channels=channels, gray_prob=1., blur_prob=0)
    assert done.shape == image.shape
    # Brightness, contrast and clipping keep the order of the pixels.
    for before, after in zip(image.flatten(1), done.flatten(1)):
        assert (after[before.argsort()].diff() >= 0).all()
        assert not torch.allclose(after, before, atol=1)


def test_random_numbers_do_not_depend_on_the_channels():
    augment(images(3))
    state = torch.get_rng_state()
    for count, channels in ((6, (0, 1, 2)), (6, ()), (1, None)):
        augment(images(count), channels=channels)
        assert torch.equal(torch.get_rng_state(), state)


def test_unknown_colors_are_asked_for():
    with pytest.raises(ValueError, match='have 6 channels.*channels=\\(0, 1'):
        augment(images(6))
    with pytest.raises(ValueError, match='must be below 4'):
        augment(images(4), channels=(0, 1, 4))


@pytest.mark.parametrize('channels', [(0, 1), (0, 0, 1), (-1, 0, 1)])
def test_wrong_channels_are_named(channels):
    with pytest.raises(ValueError, match='StrongPhotometric: channels='):
        augment(images(6), channels=channels)


# First layers.
MIT = dict(
    type='MixVisionTransformer', embed_dims=8, num_layers=[1] * 4,
    num_heads=[1, 1, 1, 1])
SWIN = dict(
    type='SwinTransformer', embed_dims=12, depths=(1, 1, 1, 1),
    num_heads=(1, 1, 1, 1), window_size=4)
BEIT = dict(
    type='ResizedBEiT', img_size=(32, 32), patch_size=16, embed_dims=12,
    num_layers=1, num_heads=1, out_indices=[0])
TIMM = dict(
    type='TIMMVisionTransformer', model_name='vit_tiny_patch16_224',
    out_indices=[0])
MOBILE = dict(
    type='TIMMBackbone', model_name='mobilenetv2_050', pretrained=False,
    features_only=True, out_indices=(1, ))
BACKBONES = dict(
    ResNet=network_cfg()['backbone'], MiT=MIT, Swin=SWIN, BEiT=BEIT,
    timm=TIMM, MobileNetV2=MOBILE)


class Network(nn.Module):
    """A backbone with a head that does nothing."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = MODELS.build(ConfigDict(backbone))
        self.decode_head = nn.Identity()


class Model(nn.Module):
    """A student and what normalizes its images."""

    def __init__(self, backbone, count):
        super().__init__()
        self.student = Network(backbone)
        self.data_preprocessor = preprocessor(count)


def save_weights(backbone, path):
    """Weights of a backbone for RGB, as such files are published."""
    rgb = MODELS.build(ConfigDict(backbone))
    if hasattr(rgb, 'init_weights'):
        rgb.init_weights()
    torch.save(rgb.state_dict(), path)
    return next(
        module for module in rgb.modules() if isinstance(module, nn.Conv2d))


@pytest.mark.parametrize('count', [1, 4, 6])
@pytest.mark.parametrize('name', BACKBONES)
def test_pretrained_first_layers_are_adapted(tmp_path, name, count):
    path = str(tmp_path / 'rgb.pth')
    rgb = save_weights(BACKBONES[name], path).weight
    model = Model(
        dict(BACKBONES[name], in_channels=count,
             init_cfg=dict(type='Pretrained', checkpoint=path)), count)
    check_channels(model)
    assert read_channels(model.student) == count
    adapt_first_layers(model)
    model.student.backbone.init_weights()
    weight = first_convolution(model.student).weight
    assert weight.shape[1] == count
    if count == 1:
        expected = rgb.sum(1, keepdim=True)
    else:
        expected = torch.cat([rgb, rgb], 1)[:, :count] * 3 / count
    torch.testing.assert_close(weight, expected)


def test_a_gray_image_gives_what_rgb_gave(tmp_path):
    """Of a network that was pretrained on RGB."""
    path = str(tmp_path / 'rgb.pth')
    rgb = save_weights(MIT, path)
    model = Model(
        dict(MIT, in_channels=1,
             init_cfg=dict(type='Pretrained', checkpoint=path)), 1)
    adapt_first_layers(model)
    model.student.backbone.init_weights()
    image = torch.randn(1, 1, 32, 32)
    torch.testing.assert_close(
        first_convolution(model.student)(image),
        rgb(image.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-4)


def test_timm_adapts_in_the_same_way():
    rgb = timm.create_model('vit_tiny_patch16_224')
    model = Model(dict(TIMM, in_channels=6), 6)
    adapt_first_layers(model)
    model.student.backbone.timm_model.load_state_dict(
        rgb.state_dict(), strict=False)
    weight = rgb.patch_embed.proj.weight
    torch.testing.assert_close(
        first_convolution(model.student).weight,
        timm.models.adapt_input_conv(6, weight))


def test_the_log_says_what_was_adapted(tmp_path, caplog):
    path = str(tmp_path / 'rgb.pth')
    save_weights(MIT, path)
    model = Model(
        dict(MIT, in_channels=6,
             init_cfg=dict(type='Pretrained', checkpoint=path)), 6)
    adapt_first_layers(model)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        model.student.backbone.init_weights()
    finally:
        logger.setLevel(level)
        logger.removeHandler(caplog.handler)
    assert 'student.backbone' in caplog.text
    assert 'repeated and multiplied by 3 / 6 for images of 6 channels' in \
        caplog.text


def test_weights_for_neither_are_refused(tmp_path):
    path = str(tmp_path / 'four.pth')
    save_weights(dict(MIT, in_channels=4), path)
    model = Model(
        dict(MIT, in_channels=6,
             init_cfg=dict(type='Pretrained', checkpoint=path)), 6)
    adapt_first_layers(model)
    with pytest.raises(ValueError, match='student.backbone reads 6 channels, '
                       'but the weights to load are for 4'):
        model.student.backbone.init_weights()


def test_nothing_is_adapted_afterwards(tmp_path):
    path = str(tmp_path / 'rgb.pth')
    save_weights(MIT, path)
    model = Model(dict(MIT, in_channels=6), 6)
    for handle in adapt_first_layers(model):
        handle.remove()
    with pytest.raises(RuntimeError, match='size mismatch'):
        model.student.backbone.load_state_dict(torch.load(path))


def test_the_frozen_encoder_starts_as_the_student(tmp_path):
    path = str(tmp_path / 'rgb.pth')
    segmentor = network_cfg()
    rgb = save_weights(segmentor['backbone'], path)
    segmentor['backbone'].update(
        in_channels=6, init_cfg=dict(type='Pretrained', checkpoint=path))
    model = MODELS.build(ConfigDict(
        type='MeanTeacher',
        segmentor=segmentor,
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', mean=[0.] * 6,
            std=[1.] * 6),
        pseudo_labeler=dict(type='Threshold', threshold=.5),
        mixer=dict(type='ClassMix'),
        regularizer=dict(type='FeatureDistance')))
    adapt_first_layers(model)
    model.init_weights()
    expected = torch.cat([rgb.weight, rgb.weight], 1) / 2
    for encoder in (model.student.backbone, model.pretrained_encoder):
        torch.testing.assert_close(encoder.stem[0].weight, expected)
