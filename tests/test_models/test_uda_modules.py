"""Pseudo-labeler, mixer and photometric augmentation as modules."""
import pytest
import torch

from mmseg_fst.registry import MODELS


@pytest.mark.parametrize('wrong', [
    dict(threshold=1.1),
    dict(threshold=-.1),
    dict(ignore_top=-1),
    dict(ignore_bottom=-1)
])
def test_confident_ratio_names_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MODELS.build(dict(type='ConfidentRatio', **wrong))


def test_confident_ratio_ignores_rows():
    labeler = MODELS.build(
        dict(
            type='ConfidentRatio',
            threshold=.4,
            ignore_top=1,
            ignore_bottom=2))
    _, weight = labeler(torch.zeros(2, 2, 5, 3))
    assert weight[1, :, 0].tolist() == [0, 1, 1, 0, 0]


def test_class_mix_uses_the_global_generator():
    mixer = MODELS.build(dict(type='ClassMix'))
    label = torch.arange(8).repeat(2, 4, 1)
    masks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        masks.append(mixer.sample_mask(label))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
    assert not torch.equal(masks[0][0], masks[0][1])


@pytest.fixture
def normal():
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    image = (torch.rand(4, 3, 16, 16) * 255 - mean) / std
    return image, mean, std


def test_photometric_of_probability_zero_changes_nothing(normal):
    module = MODELS.build(
        dict(type='StrongPhotometric', jitter_prob=0, blur_prob=0))
    torch.testing.assert_close(
        module(*normal), normal[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize('name', ['jitter_prob', 'blur_prob'])
def test_photometric_samples_for_each_image(name, normal):
    args = dict(jitter_prob=0, blur_prob=0)
    args[name] = .5
    module = MODELS.build(dict(type='StrongPhotometric', **args))
    image, mean, std = normal
    before = image.clone()
    changed = torch.stack([
        (module(image, mean, std) - image).abs().amax((1, 2, 3)) > 1e-4
        for _ in range(25)
    ])
    assert .3 < changed.float().mean() < .7
    assert (changed.any(1) & ~changed.all(1)).any()
    assert torch.equal(image, before)


@pytest.mark.parametrize('name', ['jitter_prob', 'blur_prob'])
def test_photometric_of_the_release_samples_once_for_the_batch(name, normal):
    args = dict(
        jitter_prob=0, blur_prob=0, blur_sigma=(.5, 1.), per_image=False)
    args[name] = .5
    module = MODELS.build(
        dict(type='StrongPhotometric', random_order=True, **args))
    image, mean, std = normal
    changed = torch.stack([
        (module(image, mean, std) - image).abs().amax((1, 2, 3)) > 1e-4
        for _ in range(25)
    ])
    assert .2 < changed.float().mean() < .8
    assert (changed.any(1) == changed.all(1)).all()


def test_photometric_names_a_wrong_strength():
    with pytest.raises(
            ValueError, match='jitter_strength must be in .*, got 0.6'):
        MODELS.build(dict(type='StrongPhotometric', jitter_strength=.6))
