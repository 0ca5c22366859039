"""Every base model is built and counted against another construction.

Encoders are counted in the same network of timm or torchvision (another code
than the one under test), heads by arithmetic from the layer lists of their
papers and of the release of FST, and both together against published totals.
No weight is allocated: all is built on the meta device.
"""
from functools import partial

import pytest
import timm
import torch
import torchvision
from helpers import REPOSITORY
from mmengine.config import Config
from timm.models.pvt_v2 import PyramidVisionTransformerV2

from mmseg_fst.registry import MODELS

FOLDER = REPOSITORY / 'configs/_base_/models'
NAMES = sorted(path.stem for path in FOLDER.glob('*.py'))
RESNET = (256, 512, 1024, 2048)
MIT = (64, 128, 320, 512)
SWIN = (128, 256, 512, 1024)


@pytest.fixture(autouse=True)
def meta(monkeypatch):
    """Allocate nothing, except the probabilities of stochastic depth."""
    monkeypatch.setattr(torch, 'linspace',
                        partial(torch.linspace, device='cpu'))
    with torch.device('meta'):
        yield


def load(name, **options):
    """The segmentor of a base config, with keys replaced."""
    cfg = Config.fromfile(str(FOLDER / f'{name}.py'))
    cfg.merge_from_dict({
        f'segmentor.{key.replace("__", ".")}': value
        for key, value in options.items()
    })
    return MODELS.build(cfg.segmentor)


def size_of(module):
    return sum(weight.numel() for weight in module.parameters())


# Layers.
def conv(inputs, outputs, kernel=1):
    return inputs * outputs * kernel**2 + outputs  # with a bias


def conv_norm(inputs, outputs, kernel=1):
    return inputs * outputs * kernel**2 + 2 * outputs  # without one


def separable(inputs, outputs):
    """3x3 for each channel, then 1x1, both normalized."""
    return 9 * inputs + 2 * inputs + conv_norm(inputs, outputs)


# Encoders.
def resnet(depth):
    """timm's ResNet-C; its stem of three 3x3 is ``deep``, as in V1c."""
    return size_of(timm.create_model(f'resnet{depth}c', num_classes=0))


def deep_resnet(depth):
    """timm's, with a stem of three 3x3 to 64, 64 and 128 channels."""
    return size_of(
        timm.create_model(
            f'resnet{depth}', stem_type='deep', stem_width=64, num_classes=0))


def dct_resnet(depth):
    """torchvision's, less its stem and its classifier."""
    model = getattr(torchvision.models, f'resnet{depth}')()
    return size_of(model) - sum(
        size_of(part) for part in (model.conv1, model.bn1, model.fc))


def plain_resnet(depth):
    """torchvision's, less its classifier."""
    model = getattr(torchvision.models, f'resnet{depth}')()
    return size_of(model) - size_of(model.fc)


def mit(*depths):
    """PVTv2 of timm with a constant MLP ratio of 4 is MiT; at B5 they meet.

    Its last norm before the classifier is MiT's last norm as well.
    """
    return size_of(
        PyramidVisionTransformerV2(
            depths=depths, embed_dims=MIT, num_heads=(1, 2, 5, 8),
            sr_ratios=(8, 4, 2, 1), mlp_ratios=(4, 4, 4, 4), qkv_bias=True,
            num_classes=0))


def swin_base():
    """timm's has one norm at the end, a segmentor one for each stage."""
    model = timm.create_model('swin_base_patch4_window12_384', num_classes=0)
    return size_of(model) + 2 * sum(SWIN[:-1])


def beit_base():
    """timm's at 640 x 640, less the norm before its classifier."""
    model = timm.create_model(
        'beit_base_patch16_224', img_size=640, num_classes=0)
    return size_of(model) - 2 * 768


def dinov2(width, heads, depth=12):
    """torchvision's transformer, and the two layer scales of each layer."""
    model = torchvision.models.VisionTransformer(
        image_size=518, patch_size=14, num_layers=depth, num_heads=heads,
        hidden_dim=width, mlp_dim=4 * width)
    return size_of(model) - size_of(model.heads) + 2 * depth * width


def masked_dinov2(width, *shape):
    """The same with a mask token."""
    return dinov2(width, *shape) + width


def dinov3(width, heads, depth=12):
    """Without position embeddings, with four registers and a mask token.

    Attention has a bias behind it, and none of queries, keys and values.
    """
    attention = 3 * width * width + conv(width, width)
    mlp = conv(width, 4 * width) + conv(4 * width, width)
    scales = 2 * 2 * width + 2 * width  # two norms, two layer scales
    patches = conv(3, width, 16)
    return patches + 6 * width + depth * (attention + mlp + scales) + 2 * width


def mobilenetv2():
    """torchvision's, less its classifier and the last convolution."""
    model = torchvision.models.mobilenet_v2()
    return size_of(model.features[:-1])


def dct_mobilenetv2():
    """The same from stride 4 on, behind one convolution and its norm."""
    model = torchvision.models.mobilenet_v2()
    return size_of(model.features[4:-1]) + 64 * 24 + 2 * 24


def small_deeplabv3plus():
    """Of 320 channels in four branches and a mean, and of 24: 64 and 48."""
    def conv_norm(inside, outside, side=1):
        return inside * outside * side**2 + 2 * outside

    pyramid = (2 * conv_norm(320, 64) + 3 * conv_norm(320, 64, 3) +
               conv_norm(5 * 64, 64))
    decoder = (conv_norm(24, 48) + conv_norm(64 + 48, 64, 3) +
               conv_norm(64, 64, 3))
    return pyramid + decoder + conv(64, 11)


def unet8():
    """Five levels of one 3x3 convolution, 8 to 128 channels, and back.

    On the way back a 1x1 convolution follows each doubling of resolution,
    and a 3x3 convolution reads its output and the skip together.
    """
    levels = (8, 16, 32, 64, 128)
    down = sum(conv_norm(inputs, outputs, 3)
               for inputs, outputs in zip((3, *levels), levels))
    up = sum(conv_norm(coarse, fine) + conv_norm(2 * fine, fine, 3)
             for fine, coarse in zip(levels, levels[1:]))
    return down + up


# Heads, for 19 classes unless told otherwise.
def u2pl_aspp(classes=21):
    """The one of U2PL; all but the pyramid have a bias and a norm."""
    biased = sum(conv(inputs, outputs, kernel) + 2 * outputs
                 for inputs, outputs, kernel in ((256, 256, 1), (512, 256, 3),
                                                 (256, 256, 3)))
    return (aspp() + conv_norm(5 * 256, 256, 3) + biased + conv(256, classes))


def u2pl_represented(classes=21):
    """The same with two more convolutions and 256 channels behind them."""
    more = sum(conv(inputs, 256, 3) + 2 * 256 for inputs in (512, 256))
    return u2pl_aspp(classes) + more + conv(256, 256)


def unimatch_aspp(classes=21):
    fuse = conv_norm(256 + 48, 256, 3) + conv_norm(256, 256, 3)
    return (aspp() + conv_norm(5 * 256, 256) + conv_norm(256, 48) + fuse +
            conv(256, classes))


def eln_aspp():
    """The same with two more convolutions and 128 channels behind them."""
    more = conv_norm(256 + 48, 256, 3) + conv_norm(256, 256, 3)
    return unimatch_aspp() + more + conv(256, 128)


def aspp():
    """Pooling, 1x1 and three dilated 3x3, to 256 channels each."""
    return 2 * conv_norm(2048, 256) + 3 * conv_norm(2048, 256, 3)


def shuffled_pspnet(classes=21):
    pooled = 4 * conv_norm(2048, 512)
    return (pooled + conv_norm(2048 + 4 * 512, 512, 3) + 512 * classes +
            3 * conv(classes, 4 * classes))


def deeplabv2():
    return 2 * conv(2048, 19, 3)


def daformer(stages):
    embed = sum(conv(channels, 256) for channels in stages)
    pyramid = conv_norm(1024, 256) + 3 * separable(1024, 256)
    return embed + pyramid + conv_norm(1024, 256, 3) + conv(256, 19)


def attention(stages):
    """A 1x1 convolution in the place of DAFormer's fusion."""
    embed = sum(conv(channels, 256) for channels in stages)
    return embed + conv_norm(1024, 256) + conv(256, 19)


def segformer(stages, width=768, classes=19):
    embed = sum(conv_norm(channels, width) for channels in stages)
    return embed + conv_norm(4 * width, width) + conv(width, classes)


def allspark(classes=21, channels=512, width=768):
    """The neck, and linear embeddings without a norm."""
    attention = 4 * channels * 2 * channels  # without a bias
    neck = 2 * conv(channels, channels) + 2 * 2 * channels + 2 * attention
    embed = sum(conv(inputs, width) for inputs in MIT)
    return neck + embed + conv_norm(4 * width, width) + conv(width, classes)


def pspnet():
    pooled = 4 * conv_norm(2048, 512)
    return pooled + conv_norm(2048 + 4 * 512, 512, 3) + conv(512, 19)


def deeplabv3plus():
    pyramid = 2 * conv_norm(2048, 512) + 3 * separable(2048, 512)
    decoder = separable(512 + 48, 512) + separable(512, 512)
    return (pyramid + conv_norm(5 * 512, 512, 3) + conv_norm(256, 48) +
            decoder + conv(512, 19))


def upernet(stages, width=512, classes=19):
    pooled = 4 * conv_norm(stages[-1], width)
    top = conv_norm(stages[-1] + 4 * width, width, 3)
    lateral = sum(conv_norm(channels, width) for channels in stages[:-1])
    return (pooled + top + lateral + 3 * conv_norm(width, width, 3) +
            conv_norm(4 * width, width, 3) + conv(width, classes))


def auxiliary(channels, classes=19):
    return conv_norm(channels, 256, 3) + conv(256, classes)


def beit_pyramid(width=768):
    """Two deconvolutions 2x2 around a norm for x 4, one for x 2."""
    return 3 * conv(width, width, 2) + 2 * width


def deconv(width):
    """Two deconvolutions 2x2 and a 3x3, normalized; no bias anywhere."""
    half, quarter = width // 2, width // 4
    return (conv_norm(width, half, 2) + conv_norm(half, quarter, 2) +
            conv_norm(quarter, quarter, 3) + quarter * 19)


def pyramid_daformer(width):
    return beit_pyramid(width) + daformer((width, ) * 4)


def norm_linear(width):
    return 2 * width + conv(width, 19)


def dpt(patch, stages, width, classes=19):
    finest, finer, _, coarsest = stages
    project = sum(conv(patch, stage) for stage in stages)
    resize = conv(finest, finest, 4) + conv(finer, finer, 2) + conv(
        coarsest, coarsest, 3)
    reduce = sum(9 * stage * width for stage in stages)
    # Seven residual units: the coarsest level has one, the others two.
    fuse = 7 * 2 * conv(width, width, 3) + 4 * conv(width, width)
    return (project + resize + reduce + fuse + conv(width, width, 3) +
            conv(width, classes))


DPT = dict(
    s=(384, (48, 96, 192, 384), 64),
    b=(768, (96, 192, 384, 768), 128),
    l=(1024, (256, 512, 1024, 1024), 256))
DINOV2 = dict(s=(384, 6), b=(768, 12), l=(1024, 16, 24))

# Encoder and the rest, as functions: they are called on the meta device.
EXPECTED = {
    'beit-b_upernet':
    (beit_base,
     lambda: beit_pyramid() + upernet((768, ) * 4, 768) + auxiliary(768)),
    'mit-b2_segformer':
    (lambda: mit(3, 4, 6, 3), lambda: segformer(MIT, 256, 21)),
    'mit-b3_segformer':
    (lambda: mit(3, 4, 18, 3), lambda: segformer(MIT, 256, 21)),
    'mit-b3_daformer': (lambda: mit(3, 4, 18, 3), lambda: daformer(MIT)),
    'mit-b4_daformer': (lambda: mit(3, 8, 27, 3), lambda: daformer(MIT)),
    'mit-b5_daformer': (lambda: mit(3, 6, 40, 3), lambda: daformer(MIT)),
    'mit-b5_hrda':
    (lambda: mit(3, 6, 40, 3), lambda: daformer(MIT) + attention(MIT)),
    'mit-b5_segformer': (lambda: mit(3, 6, 40, 3), lambda: segformer(MIT)),
    'mit-b5_segformer-allspark': (lambda: mit(3, 6, 40, 3), allspark),
    'mit-b5_segformer-allspark-cityscapes':
    (lambda: mit(3, 6, 40, 3), lambda: allspark(19)),
    'mobilenetv2-dct_segformer-ssl':
    (dct_mobilenetv2, lambda: segformer((24, 32, 96, 320), 64, 11)),
    'mobilenetv2_deeplabv3plus-ssl': (mobilenetv2, small_deeplabv3plus),
    'mobilenetv2_hrda':
    (mobilenetv2, lambda: 2 * segformer((24, 32, 96, 320), 64, 11)),
    'mobilenetv2_segformer':
    (mobilenetv2, lambda: segformer((24, 32, 96, 320), 64, 11)),
    'mobilenetv2_segformer-ssl':
    (mobilenetv2, lambda: segformer((24, 32, 96, 320), 64, 11)),
    'resnet101_daformer': (lambda: resnet(101), lambda: daformer(RESNET)),
    'resnet101_deeplabv2': (lambda: resnet(101), deeplabv2),
    'resnet101_deeplabv3plus': (lambda: resnet(101), deeplabv3plus),
    'resnet101_pspnet': (lambda: resnet(101), pspnet),
    'resnet101_upernet': (lambda: resnet(101), lambda: upernet(RESNET)),
    'resnet50_deeplabv2': (lambda: resnet(50), deeplabv2),
    'resnet50_deeplabv3plus': (lambda: resnet(50), deeplabv3plus),
    'resnet50_pspnet': (lambda: resnet(50), pspnet),
    'swin-b_upernet': (swin_base, lambda: upernet(SWIN) + auxiliary(512)),
    'unet8_fcn': (unet8, lambda: conv(8, 11)),
    'unet8_fcn_dice': (unet8, lambda: conv(8, 11)),
}
for depth in (50, 101):
    for decoder, rest in {
            'deeplabv2-u2pl': lambda: 4 * conv(2048, 21, 3),
            'pspnet-u2pl': shuffled_pspnet,
            'deeplabv3plus-u2pl': u2pl_aspp,
            'deeplabv3plus-u2pl-contrast': u2pl_represented,
            'deeplabv3plus-u2pl-cityscapes':
            lambda: u2pl_aspp(19) + auxiliary(1024),
            'deeplabv3plus-unimatch': unimatch_aspp,
            'deeplabv3plus-unimatch-cityscapes': lambda: unimatch_aspp(19),
            'deeplabv3plus-unimatch-os8': unimatch_aspp
    }.items():
        EXPECTED[f'resnet{depth}-deep_{decoder}'] = (
            partial(deep_resnet, depth), rest)
    for end in ('', '-os8'):
        EXPECTED[f'resnet{depth}-dct_deeplabv3plus{end}'] = (
            partial(dct_resnet, depth), unimatch_aspp)
EXPECTED['resnet101-deep_deeplabv3plus-u2pl-cityscapes-contrast'] = (
    partial(deep_resnet, 101), lambda: u2pl_represented(19) + auxiliary(1024))
for depth in (50, 101):
    EXPECTED[f'resnet{depth}-deep_deeplabv3plus-ps-mt'] = (
        partial(deep_resnet, depth), unimatch_aspp)
EXPECTED['resnet50-deep_pspnet-cct'] = (
    partial(deep_resnet, 50), shuffled_pspnet)
EXPECTED['resnet50-plain_deeplabv3plus-stpp'] = (
    partial(plain_resnet, 50), unimatch_aspp)
EXPECTED['resnet101-plain_deeplabv2-gct'] = (
    partial(plain_resnet, 101), lambda: 4 * conv(2048, 21, 3))
EXPECTED['resnet101-plain_deeplabv3plus-eln'] = (
    partial(plain_resnet, 101), eln_aspp)
for letter in 'sb':
    for name, classes in (('dpt-unimatch', 21),
                          ('dpt-unimatch-cityscapes', 19)):
        EXPECTED[f'dinov2-{letter}_{name}'] = (
            partial(dinov2, *DINOV2[letter]),
            partial(dpt, *DPT[letter], classes))
for letter, shape in DINOV2.items():
    EXPECTED[f'dinov2-{letter}_linear'] = (
        partial(dinov2, *shape), partial(norm_linear, shape[0]))
    EXPECTED[f'dinov2-{letter}_daformer'] = (
        partial(dinov2, *shape), partial(pyramid_daformer, shape[0]))
    EXPECTED[f'dinov2-{letter}_deconv'] = (
        partial(masked_dinov2, *shape), partial(deconv, shape[0]))
    EXPECTED[f'dinov3-{letter}_deconv'] = (
        partial(dinov3, *shape), partial(deconv, shape[0]))
    EXPECTED[f'dinov2-{letter}_dpt'] = (
        partial(dinov2, *shape), partial(dpt, *DPT[letter]))


def image_for(name, height, width):
    """Two images, or maps, of this size."""
    return torch.empty(2, 64 if '-dct_' in name else 3, height, width)


def test_all_are_counted():
    assert set(EXPECTED) == set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_size_and_logits(name):
    """Parameters as expected; one tensor of logits from each head."""
    model = load(name)
    encoder, rest = EXPECTED[name]
    assert size_of(model.backbone) == encoder()
    assert size_of(model) - size_of(model.backbone) == rest()

    # Patches of 14 and windows of 640 need other image sizes; of 140 pixels
    # times 1.1 there are 11 patches.
    height, width = {'beit-b': (640, 640), 'dinov2': (140, 280)}.get(
        name[:6], (64, 128))
    features = model.extract_feat(image_for(name, height, width))
    heads = [model.decode_head]
    if model.with_auxiliary_head:
        heads.append(model.auxiliary_head)
    for head in heads:
        logits = head(features)
        assert logits.shape[:2] == (2, head.num_classes)
        # No coarser than the patches of a transformer.
        assert logits.shape[2] * 16 >= height
        assert logits.shape[2] * width == logits.shape[3] * height


@pytest.mark.parametrize('name', NAMES)
def test_one_file_of_weights_for_each_encoder(name):
    """The checkpoint is named after the network; unet8 learns from scratch."""
    backbone = Config.fromfile(str(FOLDER / f'{name}.py')).segmentor.backbone
    if name.startswith('unet8_fcn'):
        assert 'init_cfg' not in backbone
        return
    is_dct = '-dct_' in name
    if is_dct:
        backbone = backbone.backbone
    if name == 'mobilenetv2-dct_segformer-ssl':
        is_dct = False  # what fits of MobileNetV2
    assert backbone.init_cfg.type == ('DCTPretrained'
                                      if is_dct else 'Pretrained')
    if is_dct:
        depth = backbone.depth
        assert backbone.init_cfg.fallback == (
            f'checkpoints/resnet{depth}_v1c.pth')
    stem = {
        'dinov2-s': 'dinov2_small', 'dinov2-b': 'dinov2_base',
        'dinov2-l': 'dinov2_large', 'dinov3-s': 'dinov3_small',
        'dinov3-b': 'dinov3_base', 'dinov3-l': 'dinov3_large',
        'mobilenetv2': 'mobilenetv2_100',
        'mobilenetv2-dct': 'mobilenetv2_100',
        'swin-b': 'swin_base_patch4_window12_384',
        'beit-b': 'beit_base_patch16_224_22k', 'resnet50': 'resnet50_v1c',
        'resnet101': 'resnet101_v1c', 'resnet50-deep': 'resnet50_deep128',
        'resnet101-deep': 'resnet101_deep128', 'resnet50-dct': 'resnet50_dct',
        'resnet101-dct': 'resnet101_dct', 'resnet50-plain': 'resnet50',
        'resnet101-plain': 'resnet101',
        'mit-b2': 'mit_b2',
        'mit-b3': 'mit_b3', 'mit-b4': 'mit_b4', 'mit-b5': 'mit_b5'
    }[name.split('_')[0]]
    assert backbone.init_cfg.checkpoint == f'checkpoints/{stem}.pth'


@pytest.mark.parametrize('name, encoder, total', [
    # SegFormer (Xie et al. 2021), table 1a: encoder and decoder on ADE20K.
    ('mit-b5_segformer', 81.4, 81.4 + 3.3),
    # Swin Transformer (Liu et al. 2021), table 3: UperNet, Swin-B, ADE20K.
    ('swin-b_upernet', None, 121),
])
def test_published_sizes_on_ade20k(name, encoder, total):
    """In millions, as they are rounded there; 150 classes."""
    model = load(name, decode_head__num_classes=150)
    size = size_of(model)
    if model.with_auxiliary_head:
        size += auxiliary(512, 150) - auxiliary(512)
    digits = 0 if isinstance(total, int) else 1
    assert round(size / 1e6, digits) == pytest.approx(total)
    if encoder:
        assert round(size_of(model.backbone) / 1e6, 1) == encoder


@pytest.mark.parametrize('name, encoder', [
    # SegFormer (Xie et al. 2021), table 1a.
    ('mit-b3_daformer', 44.0),
    ('mit-b4_daformer', 60.8),
    ('mit-b5_daformer', 81.4),
])
def test_published_sizes_of_encoders(name, encoder):
    """In millions; B3, of 44.07, is printed there as 44.0."""
    size = size_of(load(name).backbone) / 1e6
    assert size == pytest.approx(encoder, abs=0.1)


@pytest.mark.parametrize('name, total', [
    ('resnet50-deep_deeplabv3plus-unimatch', 40.5),
    ('resnet101-deep_deeplabv3plus-unimatch', 59.5),
    ('resnet50-deep_deeplabv3plus-unimatch-os8', 40.5),
    ('resnet101-deep_deeplabv3plus-unimatch-os8', 59.5),
    ('mit-b2_segformer', 24.7),
    ('mit-b3_segformer', 44.6),
])
@pytest.mark.parametrize('classes', [19, 21])
def test_logged_sizes_of_semi_supervision(name, total, classes):
    """In the logs of Diverse Co-training and UniMatch, in millions."""
    model = load(name, decode_head__num_classes=classes)
    assert round(size_of(model) / 1e6, 1) == total


SEMI_SUPERVISED = [
    name for name in NAMES
    if name.startswith('resnet') and ('-deep_' in name or '-dct_' in name)
    or '-unimatch' in name
] + ['mit-b2_segformer', 'mit-b3_segformer',
     'resnet50-plain_deeplabv3plus-stpp']


@pytest.mark.parametrize('name', SEMI_SUPERVISED)
def test_heads_of_semi_supervision(name):
    """They align corners, and their loss is a mean over valid pixels.

    Features that were changed on the way from encoder to head are taken.
    """
    model = load(name)
    side = 70 if 'dinov2' in name else 65
    features = [feature.clone()
                for feature in model.extract_feat(image_for(name, side, side))]
    heads = [model.decode_head]
    if model.with_auxiliary_head:
        heads.append(model.auxiliary_head)
    if 'cityscapes' in name:
        assert all(head.sampler.thresh == .7 for head in heads)
        # Of two images: 100000 in U2PL, 200000 in UniMatch.
        minimum = 50000 if 'u2pl' in name else 100000
        assert all(head.sampler.min_kept == minimum for head in heads)
    else:
        assert all(head.sampler is None for head in heads)
    for head in heads:
        assert head.align_corners and head.loss_decode.avg_non_ignore
        assert head(features).shape[:2] == (2, head.num_classes)


@pytest.mark.parametrize('name', [
    name for name in NAMES
    if name.startswith('resnet') and ('-deep_' in name or '-dct_' in name)
])
def test_strides_and_dilations_of_deep_resnets(name):
    """As U2PL multiplies a multi-grid: 4, 8, 16 where the stage has 2, 4."""
    backbone = load(name).backbone
    is_coarse = 'os8' not in name and (
        '-unimatch' in name or '-ps-mt' in name
        or name.endswith('-dct_deeplabv3plus'))
    sides = [33, 17, 9, 9] if is_coarse else [33, 17, 17, 17]
    side = 129
    if '-dct_' in name:
        side = 33  # of the map of an image of 129
        backbone = backbone.backbone
        assert backbone.layer1[0].conv1.weight.shape[1] == 64
    else:
        assert backbone.stem[6].weight.shape[:2] == (128, 64)
    maps = backbone(image_for(name, side, side))
    assert [feature.shape[-1] for feature in maps] == sides
    dilations = [[block.conv2.dilation[0] for block in stage]
                 for stage in (backbone.layer3, backbone.layer4)]
    last = [1, 2, 2] if is_coarse else [4, 8, 16]
    # PS-MT multiplies by 2, 4, 8 at stride 16, CCT not at all at stride 8.
    assert dilations[1] == {
        'resnet50-deep_deeplabv3plus-ps-mt': [2, 4, 8],
        'resnet101-deep_deeplabv3plus-ps-mt': [2, 4, 8],
        'resnet50-deep_pspnet-cct': [2, 4, 4]}.get(name, last)
    assert dilations[0] == [1] + [1 if is_coarse else 2] * (
        len(dilations[0]) - 1)


@pytest.mark.parametrize('letter, total', [('s', 24.8), ('b', 97.5),
                                           ('l', 335.3)])
def test_published_sizes_with_dpt(letter, total):
    """Depth Anything (Yang et al. 2024): the same encoder, DPT to one map.

    Its last layers differ: 3x3 to half the width, 3x3 to 32, 1x1 to 1. It
    keeps the unused unit of the coarsest level and a mask token.
    """
    model = load(f'dinov2-{letter}_dpt')
    patch, _, width = DPT[letter]
    own = conv(width, width, 3) + conv(width, 19)
    released = (conv(width, width // 2, 3) + conv(width // 2, 32, 3)
                + conv(32, 1))
    unused = 2 * conv(width, width, 3)
    size = size_of(model) - own + released + unused + patch
    assert round(size / 1e6, 1) == total
