"""Separate batch normalization and RandAugment of DSBN."""
import itertools

import pytest
import torch
from helpers import build_model, model_cfg
from torch import nn

from mmseg_fst.models.split_batch_norm import (
    SplitBatchNorm,
    split_batch,
    split_batch_norm,
)
from mmseg_fst.ops import DISTORTIONS, distort
from mmseg_fst.registry import MODELS


def norms():
    """A split layer, and equal layers that are not."""
    layer = nn.BatchNorm2d(3)
    with torch.no_grad():
        layer.weight.uniform_(.5, 2)
        layer.running_mean.normal_()
    plain = [nn.BatchNorm2d(3), nn.BatchNorm2d(3)]
    for one_layer in plain:
        one_layer.load_state_dict(layer.state_dict())
    return nn.Sequential(SplitBatchNorm(layer)), plain


def test_each_part_has_a_separate_layer():
    network, (first, second) = norms()
    features = torch.randn(5, 3, 4, 4)
    with split_batch(network, 2):
        found = network(features)
    expected = torch.cat([first(features[:2]), second(features[2:])])
    assert torch.equal(found, expected)
    layer = network[0]
    assert torch.equal(layer.main.running_var, first.running_var)
    assert torch.equal(layer.other.running_var, second.running_var)
    assert not torch.equal(first.running_var, second.running_var)
    found.sum().backward()
    assert layer.other.weight is not layer.main.weight
    assert layer.other.bias.grad is not None


@pytest.mark.parametrize('mode', ['evaluation', 'outside'])
def test_predictions_use_the_layer_of_labeled_images(mode):
    network, (first, _) = norms()
    features = torch.randn(5, 3, 4, 4)
    if mode == 'evaluation':
        network.eval(), first.eval()
        with split_batch(network, 2):
            found = network(features)
    else:
        with split_batch(network, 2):
            pass
        found = network(features)
    assert torch.equal(found, first(features))


def test_every_layer_of_a_network_is_split():
    network = build_model(model_cfg(labels_only=True)).student
    names = [name for name, layer in network.named_modules()
             if isinstance(layer, nn.BatchNorm2d)]
    split_batch_norm(network)
    split = [name for name, layer in network.named_modules()
             if isinstance(layer, SplitBatchNorm)]
    assert split == names and len(split) > 20
    network.eval()(torch.randn(1, 3, 32, 64))


def test_weights_of_a_network_that_is_not_split_go_to_both():
    plain, other = (build_model(
        model_cfg(labels_only=True), seed).student for seed in (0, 1))
    split_batch_norm(other)
    other.load_state_dict(plain.state_dict())
    image = torch.randn(2, 3, 32, 64)
    assert torch.equal(plain.eval()(image), other.eval()(image))
    for layer in other.modules():
        if isinstance(layer, SplitBatchNorm):
            for first, second in zip(layer.main.state_dict().values(),
                                     layer.other.state_dict().values()):
                assert torch.equal(first, second)
    # Weights that are split stay so.
    name = next(name for name in other.state_dict()
                if name.endswith('other.running_mean'))
    other.state_dict()[name].fill_(7.)
    third = build_model(model_cfg(labels_only=True)).student
    split_batch_norm(third)
    third.load_state_dict(other.state_dict())
    assert (third.state_dict()[name] == 7).all()


def test_a_network_without_batch_normalization_is_refused():
    with pytest.raises(ValueError, match='Sequential has no batch norm'):
        split_batch_norm(nn.Sequential(nn.Conv2d(3, 3, 1)))


# RandAugment.


def photo(count=1):
    return torch.rand(count, 3, 24, 30)


@pytest.mark.parametrize('name', DISTORTIONS)
def test_each_distortion_changes_an_image(name):
    image = photo()
    before = image.clone()
    torch.manual_seed(3)
    found = distort(image, name, .5)
    assert found.shape == image.shape and torch.isfinite(found).all()
    assert 0 <= found.min() and found.max() <= 1
    assert torch.equal(image, before)
    if name not in ('gamma', ):  # exponent 1 at the middle
        assert not torch.equal(found, image)
    torch.manual_seed(3)
    assert torch.equal(found, distort(image, name, .5))


def test_numbers_of_distortions():
    image = photo()
    torch.testing.assert_close(
        distort(image, 'brightness', 20 / 39),
        (image + 15.897436 / 255).clamp(0, 1))
    torch.testing.assert_close(distort(image, 'gamma', 0.), image**.5)
    share = (distort(image, 'dropout', 0.) == 0).float().mean().item()
    assert .1 < share < .6
    solarized = distort(image, 'solarize', 0.)
    changed = solarized != image
    assert image[changed].min() > 64 / 255
    torch.testing.assert_close(solarized[changed], 1 - image[changed])


@pytest.mark.parametrize('name', ['gaussian_noise', 'poisson_noise'])
def test_noise_is_gray_and_has_both_signs(name):
    image = torch.full((1, 3, 24, 30), .5)
    noise = distort(image, name, .5) - image
    torch.testing.assert_close(noise, noise[:, :1].expand_as(noise))
    assert .4 < (noise[:, 0] > 0).float().mean() < .6


def test_grids_of_coarse_dropout():
    """Of 3 to 5 rows and as many or other columns."""
    torch.manual_seed(0)
    shapes = set()
    for _ in range(40):
        erased = distort(torch.ones(1, 3, 60, 60), 'coarse_dropout', .5)
        edges = [
            turned[0].diff(dim=1).abs().sum((0, 2)).nonzero()[:, 0] + 1
            for turned in (erased, erased.mT)]
        shapes.add(tuple(
            next(cells for cells in (2, 3, 4, 5)
                 if (places % (60 // cells) == 0).all()) for places in edges))
    assert shapes == set(itertools.product((3, 4, 5), repeat=2))


def test_salt_and_pepper_is_gray_in_part():
    """Beta(1/2, 1/2): a third of the values is below 1/4, and above 3/4."""
    torch.manual_seed(0)
    image = torch.full((1, 3, 200, 200), .5)
    found = torch.cat([
        distort(image, 'salt_and_pepper', .5) for _ in range(5)])
    values = found[found != .5]
    assert .02 < len(values) / found.numel() < .09
    for low, high in ((0., .25), (.25, .75), (.75, 1.)):
        share = ((low < values) & (values < high)).float().mean()
        assert share.item() == pytest.approx(1 / 3, abs=.02)


def test_the_blur_is_as_wide_as_in_the_release():
    image = torch.zeros(1, 1, 21, 21)
    image[..., 10, 10] = 1
    widths = [(distort(image, 'blur', share)[0, 0, 10] > 0).sum().item()
              for share in (0., 20 / 39, 1.)]
    assert widths == [5, 5, 7]


def test_images_are_distorted_independently():
    module = MODELS.build(dict(type='RandAugment'))
    mean, std = torch.full((3, 1, 1), 120.), torch.full((3, 1, 1), 60.)
    image = ((photo() * 255 - mean) / std).expand(6, -1, -1, -1)
    found = module(image, mean, std)
    assert found.shape == image.shape
    assert len({one_image.sum().item() for one_image in found}) > 3
    same = MODELS.build(dict(type='RandAugment', count=0))
    torch.testing.assert_close(same(image, mean, std), image)
    flipped = MODELS.build(dict(
        type='RandAugment', count=1, distortions=['reverse_channels']))
    torch.testing.assert_close(flipped(image, mean, std), image.flip(1))


@pytest.mark.parametrize('changes, message', [
    (dict(count=15), r'count must be in \[0, 14\].*15'),
    (dict(magnitude=2.), 'magnitude'),
    (dict(distortions=['fog']), r"unknown names \['fog'\].*solarize"),
])
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=f'RandAugment: .*{message}'):
        MODELS.build(dict(type='RandAugment', **changes))


def test_four_channels_are_refused():
    module = MODELS.build(dict(type='RandAugment'))
    with pytest.raises(ValueError, match='4 channels.*StrongPhotometric'):
        module(torch.rand(1, 4, 8, 8), torch.zeros(4, 1, 1),
               torch.ones(4, 1, 1))
