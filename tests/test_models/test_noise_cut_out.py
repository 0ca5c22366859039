"""Boxes of noise, as ST++ cuts them out."""
import pytest
import torch
from helpers import IGNORE

from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS


def cut_out(**options):
    return MODELS.build(dict(type='NoiseCutOut', **options))


def test_mean_area_is_that_of_the_release():
    """0.142 over 3000 boxes of the authors' own `cutout`, +- 0.0017."""
    torch.manual_seed(0)
    boxes = cut_out(prob=1.).sample_boxes(4000, 321, 321)
    left, top, right, bottom = boxes.unbind(1)
    assert min(left.min(), top.min()) >= 0
    assert max(right.max(), bottom.max()) <= 321
    share = ((right - left) * (bottom - top)).double() / 321**2
    assert share.mean() == pytest.approx(.142, rel=.025)


def test_half_of_the_images_have_a_box():
    torch.manual_seed(0)
    boxes = cut_out().sample_boxes(400, 32, 32)
    assert boxes.any(1).float().mean() == pytest.approx(.5, abs=.06)


def test_a_box_is_noise_without_a_label():
    torch.manual_seed(0)
    mean, std = torch.full((3, 1, 1), 100.), torch.full((3, 1, 1), 50.)
    image = torch.full((2, 3, 40, 60), 9.)
    mixed = Mixed(image, torch.ones(2, 40, 60, dtype=torch.long),
                  torch.ones(2, 40, 60), torch.zeros(2, 40, 60).bool(), None)
    found = cut_out(prob=1.)(mixed, mean, std, IGNORE)
    cut = found.label == IGNORE
    assert .01 < cut[0].float().mean() < .5
    assert torch.equal(found.label[~cut], mixed.label[~cut])
    same = found.image == image
    assert same.all(1)[~cut].all() and not same.all(1)[cut].any()
    values = (found.image * std + mean).transpose(0, 1)[:, cut]
    assert values.min() >= -1e-3 and values.max() < 255
    assert values.std(1).min() > 50  # uniform: 73
    torch.testing.assert_close(values, values.round(), rtol=0, atol=1e-3)


@pytest.mark.parametrize('options', [
    dict(prob=2.), dict(area=(.5, .2)), dict(max_ratio=.5)], ids=str)
def test_ranges(options):
    with pytest.raises(ValueError, match='NoiseCutOut'):
        cut_out(**options)


def test_an_image_that_no_box_fits():
    with pytest.raises(ValueError, match='increase max_ratio'):
        cut_out(max_ratio=1., prob=1.).sample_boxes(1, 1000, 10)
