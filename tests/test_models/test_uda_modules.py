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


def class_logits(*confidences):
    """Logits of three classes, of pixels (class, confidence)."""
    logits = torch.zeros(1, 3, 1, len(confidences))
    for place, (class_id, confidence) in enumerate(confidences):
        logits[0, :, 0, place] = torch.tensor((1 - confidence) / 2).log()
        logits[0, class_id, 0, place] = torch.tensor(confidence).log()
    return logits


def test_thresholds_of_classes_keep_doubtful_classes():
    labeler = MODELS.build(dict(type='ClassThreshold', threshold=.9, decay=.5))
    pixels = [(0, .99), (0, .95), (0, .5), (1, .6), (1, .4)]
    for _ in range(2):  # no commit: the same thresholds
        label, weight = labeler(class_logits(*pixels))
        assert label.flatten().tolist() == [0, 0, 0, 1, 1]
        # Means .813 and .5: one threshold of .9 would drop class 1.
        assert weight.flatten().tolist() == [1, 1, 0, 1, 0]
    labeler.commit()
    assert labeler.confidence[:3].tolist() == pytest.approx(
        [.8133, .5, 0], abs=1e-4)
    _, weight = labeler(class_logits((1, .7), (1, .7), (2, .4), (2, .8)))
    assert weight.flatten().tolist() == [1, 1, 0, 1]
    labeler.commit()
    assert labeler.confidence[:3].tolist() == pytest.approx(
        [.8133, .6, .6], abs=1e-4)
    _, weight = labeler(class_logits((0, .89), (0, .82), (0, .81)))
    assert weight.flatten().tolist() == [1, 1, 0]


def test_the_largest_threshold_of_a_class_is_the_given_one():
    labeler = MODELS.build(dict(type='ClassThreshold', threshold=.9))
    _, weight = labeler(class_logits((0, .99), (0, .95), (0, .89)))
    assert weight.flatten().tolist() == [1, 1, 0]


def test_averages_of_classes_move_by_counting_steps_alone():
    labeler = MODELS.build(dict(type='ClassThreshold'))
    labeler(class_logits((0, .9)))
    labeler.discard()
    labeler.commit()
    labeler.eval()
    labeler(class_logits((0, .9)))
    labeler.commit()
    assert not labeler.confidence.any()
    labeler.train()
    labeler(class_logits((0, .8)))  # virtual
    labeler.discard()  # as Method.loss does
    labeler(class_logits((0, .9)))
    labeler.commit()
    other = MODELS.build(dict(type='ClassThreshold'))
    other.load_state_dict(labeler.state_dict())
    assert other.confidence[0] == pytest.approx(.9)


def test_averages_are_those_of_all_passes_of_a_step():
    """Of each student in co-training."""
    labeler = MODELS.build(dict(type='ClassThreshold'))
    labeler(class_logits((0, .9), (0, .8), (0, .7)))
    labeler(class_logits((0, .6)))
    labeler.commit()
    assert labeler.confidence[0] == pytest.approx(.75)


def test_averages_of_millions_of_pixels_are_exact():
    labeler = MODELS.build(dict(type='ClassThreshold', threshold=1.))
    logits = class_logits((0, .9)).expand(-1, -1, 2048, 2049)
    labeler(logits)
    labeler.commit()
    assert labeler.confidence[0] == pytest.approx(.9, abs=1e-6)


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
