"""Perturbations of features, and what hue and gray are to images."""
import colorsys

import pytest
import torch

from mmseg_fst.models.guided_perturbations import Objects
from mmseg_fst.models.split_heads import LastLayers
from mmseg_fst.registry import MODELS


def build(name, **kwargs):
    return MODELS.build(dict(type=name, **kwargs))


def constant(*shapes):
    return [torch.ones(shape) for shape in shapes]


@pytest.mark.parametrize('prob', [0., .25, .5])
def test_dropped_channels_are_dropped_whole(prob):
    features = constant((8, 200, 3, 4), (8, 100, 2, 2))
    got = build('ChannelDropout', prob=prob).eval()(features)
    for before, after in zip(features, got):
        assert after.shape == before.shape and (before == 1).all()
        first = after[:, :, :1, :1]
        assert torch.equal(after, first.expand_as(after))
        zero = after == 0
        torch.testing.assert_close(
            after[~zero], torch.full_like(after[~zero], 1 / (1 - prob)))
        assert zero.float().mean().item() == pytest.approx(prob, abs=.05)
    if prob:  # independent for each image and level
        assert not torch.equal(got[0][0], got[0][1])
        assert not torch.equal(got[0][:, :100, 0, 0], got[1][..., 0, 0])


def masks_of(features, **kwargs):
    """What the features were multiplied by."""
    module = build('ComplementaryDropout', **kwargs)
    done = module([torch.ones_like(feature) for feature in features])
    random = [torch.rand_like(feature) + 1 for feature in features]
    state = torch.get_rng_state()
    again = module(random)
    torch.set_rng_state(state)
    masks = module([torch.ones_like(feature) for feature in features])
    for value, mask, feature in zip(again, masks, random):
        torch.testing.assert_close(value, mask * feature)
    return done


def test_masks_of_two_views_complete_one_another():
    features = constant((8, 64, 3, 4), (8, 64, 2, 2), (8, 32, 1, 1))
    masks = masks_of(features, kept_share=0.)
    for mask in masks:
        first, second = mask.chunk(2)
        assert (first + second == 2).all()
        assert set(mask.unique().tolist()) == {0., 2.}
        assert torch.equal(mask, mask[:, :, :1, :1].expand_as(mask))
        assert .3 < first.mean() / 2 < .7
    # One mask for maps of as many channels, another for others.
    assert torch.equal(masks[0][:, :, 0, 0], masks[1][:, :, 0, 0])
    assert not torch.equal(masks[0][:, :32, 0, 0], masks[2][:, :, 0, 0])
    assert not torch.equal(masks[0][0], masks[0][1])


def test_kept_images_are_kept_in_both_views_and_on_all_levels():
    masks = masks_of(constant((200, 64, 1, 1), (200, 32, 1, 1)), kept_share=.3)
    unchanged = [(mask == 1).all((1, 2, 3)) for mask in masks]
    assert torch.equal(*unchanged)
    first, second = unchanged[0].chunk(2)
    assert torch.equal(first, second)
    assert first.sum() == 30
    for mask, whole in zip(masks, unchanged):  # nothing in between
        assert (mask[~whole] != 1).all()
        assert (mask.unflatten(0, (2, 100)).sum(0) == 2).all()


@pytest.mark.parametrize('kept_share', [0., 1.])
def test_share_of_the_kept_images_at_its_ends(kept_share):
    mask, = masks_of(constant((6, 64, 2, 2)), kept_share=kept_share)
    assert ((mask == 1).all() if kept_share else (mask != 1).all())


@pytest.mark.parametrize('count', [1, 2, 3, 4, 5, 8])
def test_as_many_images_are_kept_as_in_the_release(count):
    """Half of the images, rounded down, selected at random each time."""
    chosen = set()
    for _ in range(40):
        mask, = masks_of(constant((2 * count, 64, 1, 1)))
        unchanged = (mask[:count] == 1).all((1, 2, 3))
        assert unchanged.sum() == count // 2
        chosen.add(tuple(unchanged.tolist()))
    assert (len(chosen) > 1) == (count > 1)


@pytest.mark.parametrize('name, wrong', [
    ('ChannelDropout', dict(prob=-.1)),
    ('ChannelDropout', dict(prob=1.5)),
    ('ComplementaryDropout', dict(kept_share=1.01)),
    ('ComplementaryDropout', dict(kept_share=float('nan'))),
    ('CutMix', dict(prob=50)),
    ('HalfCutMix', dict(prob=-1)),
    ('StrongPhotometric', dict(jitter_prob=80)),
    ('StrongPhotometric', dict(gray_prob=-.2)),
    ('StrongPhotometric', dict(blur_prob=1.1)),
])
def test_a_wrong_probability_is_named(name, wrong):
    (argument, value), = wrong.items()
    with pytest.raises(ValueError, match=rf'^{name}: {argument} must be in '
                       rf'\[0, 1\], got {value}'):
        build(name, **wrong)


@pytest.mark.parametrize('sigma', [(0., 1.), (2., 1.)])
def test_what_is_no_range_of_blurs_is_named(sigma):
    with pytest.raises(ValueError, match='^StrongPhotometric: blur_sigma='):
        build('StrongPhotometric', blur_sigma=sigma)


def test_widths_of_blurs_are_sampled():
    """An image of one bright pixel shows them."""
    blur = build('StrongPhotometric', jitter_prob=0., blur_prob=1.,
                 blur_sigma=(2., 2.), blur_widths=(1, 3, 5))
    image = torch.zeros(30, 3, 9, 9)
    image[..., 4, 4] = 255
    mean, std = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    rows = (blur(image, mean, std)[:, 0, 4] > 0).sum(1)
    assert set(rows.tolist()) == {1, 3, 5}


@pytest.mark.parametrize('widths', [(), (2, 3), (-1, )])
def test_what_is_no_width_of_a_blur_is_named(widths):
    with pytest.raises(ValueError, match='^StrongPhotometric: blur_widths='):
        build('StrongPhotometric', blur_widths=widths)


@pytest.mark.parametrize('dtype', [torch.float64, torch.bfloat16])
def test_masks_are_of_the_type_of_the_features(dtype):
    features = [torch.ones(2, 8, 1, 1, dtype=dtype)]
    for name in ('ComplementaryDropout', 'ChannelDropout'):
        assert build(name)(features)[0].dtype == dtype


@pytest.mark.parametrize('count', [1, 3])
def test_an_odd_batch_is_refused(count):
    with pytest.raises(ValueError, match=f'{count} images.*UniMatchV2'):
        build('ComplementaryDropout')(constant((count, 4, 1, 1)))


@pytest.mark.parametrize('name', ['ChannelDropout', 'ComplementaryDropout'])
def test_gradients_pass_the_kept_channels_alone(name):
    feature = torch.randn(4, 16, 2, 2, requires_grad=True)
    done, = build(name)([feature])
    done.sum().backward()
    assert torch.equal(feature.grad == 0, done == 0)


# Hue and gray of the strong augmentation.


@pytest.fixture
def normal():
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    return (torch.rand(6, 3, 8, 8) * 255 - mean) / std, mean, std


def pixels(image, mean, std):
    return (image * std + mean) / 255


def is_gray(image):
    return (image.amax(1) - image.amin(1)).amax((1, 2)) < 1e-5


@pytest.mark.parametrize('prob', [0., .5, 1.])
@pytest.mark.parametrize('per_image', [True, False])
def test_gray_is_sampled_independently(normal, prob, per_image):
    module = build(
        'StrongPhotometric', jitter_prob=0, blur_prob=0, gray_prob=prob,
        per_image=per_image)
    image, mean, std = normal
    gray = torch.stack([
        is_gray(pixels(module(image, mean, std), mean, std))
        for _ in range(60)
    ])
    assert gray.float().mean().item() == pytest.approx(
        prob, abs=0. if prob in (0, 1) else .2)
    is_joint = (gray.any(1) == gray.all(1)).all()
    assert is_joint == (not per_image or prob in (0, 1))


def test_gray_comes_after_the_jitter(normal):
    module = build(
        'StrongPhotometric', jitter_prob=1, jitter_strength=.5, blur_prob=0,
        gray_prob=1)
    image, mean, std = normal
    assert is_gray(pixels(module(image, mean, std), mean, std)).all()


def test_hue_alone_keeps_value_and_saturation(normal):
    module = build(
        'StrongPhotometric', jitter_prob=1, jitter_strength=0., hue=.5,
        blur_prob=0)
    image, mean, std = normal
    before = pixels(image, mean, std)
    after = pixels(module(*normal), mean, std)
    torch.testing.assert_close(before.amax(1), after.amax(1))
    torch.testing.assert_close(
        before.amin(1), after.amin(1), rtol=1e-3, atol=1e-5)
    for image, other in zip(before, after):  # one shift for each image
        shifts = torch.tensor([
            (colorsys.rgb_to_hsv(*b)[0] - colorsys.rgb_to_hsv(*a)[0]) % 1
            for a, b in zip(image.flatten(1).T.tolist(),
                            other.flatten(1).T.tolist())
        ])
        turns = torch.polar(torch.ones(64), 2 * torch.pi * shifts)
        assert turns.mean().abs() > .99


def test_hue_of_none_is_the_strength_of_the_others():
    strengths = build('StrongPhotometric', jitter_strength=.3).strengths
    torch.testing.assert_close(strengths, torch.full((4, ), .3))
    strengths = build(
        'StrongPhotometric', jitter_strength=.5, hue=0.).strengths
    assert strengths.tolist() == [.5, .5, .5, 0.]


def test_brightness_of_none_is_the_strength_of_the_others():
    strengths = build('StrongPhotometric', jitter_strength=.5, hue=0.,
                      brightness=.125).strengths
    assert strengths.tolist() == [.125, .5, .5, 0]
    assert build('StrongPhotometric',
                 jitter_strength=.5).strengths.tolist() == [.5] * 4
    with pytest.raises(ValueError, match='brightness must .*0.6'):
        build('StrongPhotometric', brightness=.6)


@pytest.mark.parametrize('hue', [-.1, .6])
def test_a_wrong_hue_is_named(hue):
    with pytest.raises(ValueError, match=f'hue must .*{hue}'):
        build('StrongPhotometric', hue=hue)


# Perturbations of CCT.


def test_noise_is_a_share_of_the_features_and_the_same_for_all_images():
    features = [torch.rand(3, 8, 5, 7) + 1, torch.rand(3, 4, 2, 2) + 1]
    got = build('FeatureNoise', magnitude=.3)(features)
    for before, after in zip(features, got):
        share = after / before - 1
        assert share.abs().max() <= .3 + 1e-6 and share.abs().max() > .1
        torch.testing.assert_close(share[0], share[1])
        assert len(share[0].unique()) > share[0].numel() / 2


def test_the_most_active_places_are_dropped():
    feature = torch.zeros(2, 4, 1, 4)
    feature[:, :, 0] = torch.tensor([.1, .5, .95, 1.])
    feature[1] *= 7  # the limit is that of the image
    got, = build('AttentionDropout', share=(.6, .9))([feature])
    expected = feature.clone()
    expected[..., 2:] = 0
    assert torch.equal(got, expected)


def test_objects_or_their_context_are_masked():
    label = torch.zeros(1, 4, 8, dtype=torch.long)
    label[:, :, :4] = 3
    feature = torch.rand(1, 2, 2, 4) + 1
    for name, background, place in (
            ('ContextMask', 0, slice(None, 2)), ('ObjectMask', 0,
                                                 slice(2, None)),
            ('ContextMask', 3, slice(2, None))):
        got, = build(name)([feature], Objects(label, background))
        expected = torch.zeros_like(feature)
        expected[..., place] = feature[..., place]
        assert torch.equal(got, expected)


def test_a_box_is_cut_out_of_each_object():
    label = torch.zeros(2, 40, 40, dtype=torch.long)
    label[0, 4:35, 4:35] = 1
    feature = torch.ones(2, 1, 40, 40)
    got, = build('GuidedCutout', erase=.5)([feature], Objects(label))
    assert (1 - got[0]).sum() == 15 * 15 and got[1].all()
    rows = (got[0, 0] == 0).any(1).nonzero().flatten()
    assert rows[0] >= 4 and rows[-1] < 35


def test_a_decoder_is_in_evaluation_mode_while_noise_is_sought():
    decoder = torch.nn.Sequential(
        torch.nn.Conv2d(4, 4, 1), torch.nn.BatchNorm2d(4),
        torch.nn.Dropout(.5), torch.nn.Conv2d(4, 3, 1))
    decoder[1].eval()
    features = [torch.rand(2, 4, 6, 6)]
    got, = build('VirtualAdversarial', eps=3.)(features, LastLayers(*decoder))
    assert (got - features[0]).flatten(1).norm(dim=1).tolist() == (
        pytest.approx([3, 3], rel=.05))
    assert [part.training for part in decoder] == [True, False, True, True]
    assert not decoder[1].num_batches_tracked
