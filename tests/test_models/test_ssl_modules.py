"""Mixers, pseudo-labelers, filters, perturbations of semi-supervision."""
import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_fst.models.mixers import CutMix, HalfCutMix
from mmseg_fst.ops import drop_uncertain
from mmseg_fst.registry import MODELS


def build(name, **kwargs):
    return MODELS.build(dict(type=name, **kwargs))


def unlabeled(count, size=(12, 20)):
    """Every pixel encodes its image and position, in each part."""
    label = torch.arange(count * size[0] * size[1]).view(count, *size)
    image = torch.stack([label, -label, 2 * label], 1).float()
    return image, label, label.float() / 8


def labeled(count, size=(12, 20)):
    return torch.full((count, 3, *size), -9.), torch.full((count, *size), -9)


def sides_of(boxes):
    left, top, right, bottom = boxes.unbind(1)
    return right - left, bottom - top


# Mixers.


@pytest.mark.parametrize('count', [1, 3])
def test_no_mix_passes_the_batch_on(count):
    batch = unlabeled(count)
    mixed = build('NoMix')(labeled(count), batch)
    assert all(part is given for part, given in zip(mixed[:3], batch))
    assert mixed.mask.dtype == torch.bool and not mixed.mask.any()
    assert mixed.mask.shape == batch[1].shape


PARTNERS = dict(flip=[3, 2, 1, 0], roll=[1, 2, 3, 0])


@pytest.mark.parametrize('cfg', [
    dict(type='CutMix', source='flip', prob=1.),
    dict(type='CutMix', source='roll', prob=1.),
    dict(type='CutMix', source='permute', prob=1.),
    dict(type='HalfCutMix', prob=1.)
], ids=['flip', 'roll', 'permute', 'half'])
def test_everything_follows_the_pixels(cfg):
    mixer, batch = MODELS.build(cfg), unlabeled(4)
    copies = [part.clone() for part in batch]
    partners = set()
    for _ in range(8):
        mixed = mixer(labeled(4), batch)
        origin = mixed.label // (12 * 20)  # the image of each pixel
        place = mixed.label % (12 * 20)
        assert torch.equal(place, batch[1][:1].expand_as(place))
        assert torch.equal(mixed.image[:, 0], mixed.label.float())
        assert torch.equal(mixed.image[:, 1], -mixed.label.float())
        assert torch.equal(mixed.weight, mixed.label.float() / 8)
        assert mixed.mask.any((1, 2)).all()
        assert not mixed.mask.all((1, 2)).any()
        partner = []
        for i in range(4):
            assert (origin[i][~mixed.mask[i]] == i).all()
            found = origin[i][mixed.mask[i]].unique()
            assert len(found) == 1
            partner.append(found.item())
        if cfg.get('source') != 'permute':
            want = PARTNERS[cfg.get('source', 'roll')]
            assert partner == want
        assert sorted(partner) == [0, 1, 2, 3]
        partners.add(tuple(partner))
        rows, columns = mixed.mask.any(2).sum(1), mixed.mask.any(1).sum(1)
        assert torch.equal(rows * columns, mixed.mask.sum((1, 2)))  # a box
    assert (len(partners) > 3) == (cfg.get('source') == 'permute')
    assert all(torch.equal(*pair) for pair in zip(copies, batch))


def test_ignored_pixels_are_pasted_as_such():
    image, label, weight = unlabeled(2)
    label[0], weight[0] = 255, 0
    mixed = CutMix(prob=1.)(labeled(2), (image, label, weight))
    assert (mixed.label[1][mixed.mask[1]] == 255).all()
    assert (mixed.weight[1][mixed.mask[1]] == 0).all()
    assert (mixed.label[0][mixed.mask[0]] != 255).all()


@pytest.mark.parametrize('height, width', [(200, 300), (300, 200)])
@pytest.mark.parametrize('area', [(.02, .4), (.2, .2), (.5, .6)])
@pytest.mark.parametrize('ratio', [1, 1 / .3])
def test_boxes_are_of_the_area_and_shape_asked_for(height, width, area,
                                                   ratio):
    mixer = CutMix(prob=1., area=area, max_ratio=ratio)
    boxes = mixer.sample_boxes(60, height, width)
    assert boxes.dtype == torch.int64
    left, top, right, bottom = boxes.unbind(1)
    assert left.min() >= 0 and top.min() >= 0
    assert right.max() <= width and bottom.max() <= height
    across, down = sides_of(boxes)
    # A side is rounded down, so of up to one pixel more.
    whole = height * width
    assert (across * down <= area[1] * whole + 1e-6).all()
    assert ((across + 1) * (down + 1) >= area[0] * whole - 1e-6).all()
    assert (down / (across + 1) <= ratio + 1e-6).all()
    assert (across / (down + 1) <= ratio + 1e-6).all()
    share = (across * down).float() / whole
    if area[0] < area[1]:  # most of the range is used
        assert share.max() - share.min() > .6 * (area[1] - area[0])


def test_large_boxes_are_as_likely_as_small_ones():
    """The area is not sampled anew when a box does not fit."""
    torch.manual_seed(0)
    across, down = sides_of(CutMix(prob=1.).sample_boxes(4000, 321, 321))
    share = (across * down).float() / 321**2
    assert share.mean().item() == pytest.approx(.207, rel=.01)
    # Uniform: quartiles at quarters of the range.
    quartiles = share.quantile(torch.tensor([.25, .5, .75])).tolist()
    assert quartiles == pytest.approx([.115, .21, .305], abs=.012)


def test_boxes_of_cut_mix_lie_anywhere():
    boxes = CutMix(prob=1.).sample_boxes(200, 40, 40)
    low, high = boxes.amin(0), boxes.amax(0)
    assert (low[:2] <= 1).all() and (high[2:] >= 39).all()
    shapes = set(zip(*(side.tolist() for side in sides_of(boxes))))
    assert len(shapes) > 50


@pytest.mark.parametrize('prob', [0., .3, 1.])
def test_boxes_are_sampled_independently_per_image(prob):
    boxes = CutMix(prob=prob).sample_boxes(300, 40, 40)
    share = (sides_of(boxes)[0] > 0).float().mean().item()
    assert share == pytest.approx(prob, abs=0. if prob in (0, 1) else .1)
    assert (boxes[sides_of(boxes)[0] == 0] == 0).all()


@pytest.mark.parametrize('prob', [0., .3, 1.])
@pytest.mark.parametrize('count', [2, 5])
def test_half_cut_mix_samples_once_for_the_batch(prob, count):
    mixer = HalfCutMix(prob)
    sampled = torch.stack([
        sides_of(mixer.sample_boxes(count, 20, 30))[0] > 0 for _ in range(300)
    ])
    assert (sampled.any(1) == sampled.all(1)).all()
    share = sampled[:, 0].float().mean().item()
    assert share == pytest.approx(prob, abs=0. if prob in (0, 1) else .1)


@pytest.mark.parametrize('height, width', [(513, 513), (64, 96), (97, 31),
                                           (4, 4), (5, 3)])
def test_half_cut_mix_takes_half_of_the_area(height, width):
    boxes = HalfCutMix(1.).sample_boxes(200, height, width)
    across, down = sides_of(boxes)
    left, top, right, bottom = boxes.unbind(1)
    assert left.min() >= 0 and top.min() >= 0
    assert right.max() <= width and bottom.max() <= height
    assert (across > width / 2).all() and (across < width).all()
    assert ((across * down - height * width / 2).abs() <= across / 2).all()
    if width > 90:
        assert len(set(across.tolist())) > 10
        assert len({tuple(box) for box in boxes.tolist()}) > 150


def test_boxes_come_from_the_global_generator():
    for mixer in (CutMix(), HalfCutMix(1.)):
        sampled = []
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            sampled.append(mixer.sample_boxes(8, 40, 40))
        assert torch.equal(*sampled[:2]) and not torch.equal(*sampled[1:])


@pytest.mark.parametrize('name', ['CutMix', 'HalfCutMix'])
def test_a_batch_of_one_is_refused(name):
    with pytest.raises(ValueError, match=f'^{name} .*one.*batch_size'):
        build(name)(labeled(1), unlabeled(1))


@pytest.mark.parametrize('wrong, word', [
    (dict(source='next'),
     "source must be 'flip' or 'roll' or 'other' or 'permute', got 'next'"),
    (dict(area=(0., .4)), r'area must be .*got \(0.0, 0.4\)'),
    (dict(area=(.5, .4)), 'area must be'),
    (dict(area=(.5, 1.)), 'area must be'),
    (dict(max_ratio=.9), 'max_ratio at least 1, got .*0.9'),
])
def test_cut_mix_names_wrong_arguments(wrong, word):
    with pytest.raises(ValueError, match=f'^CutMix: .*{word}'):
        build('CutMix', **wrong)


def test_a_box_that_fits_nowhere_is_refused():
    """Otherwise rejection sampling would not end."""
    mixer = CutMix(prob=1., area=(.4, .4), max_ratio=2)
    with pytest.raises(ValueError, match='16 x 256; increase max_ratio'):
        mixer.sample_boxes(2, 16, 256)
    with pytest.raises(ValueError, match='256 x 16'):
        mixer.sample_boxes(2, 256, 16)
    assert len(mixer.sample_boxes(2, 32, 128)) == 2
    with pytest.raises(ValueError, match='12 x 256'):  # the largest does not
        CutMix(prob=1.).sample_boxes(2, 12, 256)


@pytest.mark.parametrize('prob', [0., 1.])
@pytest.mark.parametrize('width', [1, 2])
def test_images_too_narrow_for_half_a_box_are_refused(prob, width):
    """Also if no box is sampled."""
    with pytest.raises(
            ValueError, match=f'^HalfCutMix: .*3 pixels, got 40 x {width}'):
        HalfCutMix(prob).sample_boxes(2, 40, width)


@pytest.mark.parametrize('width', [3, 4, 5])
@pytest.mark.parametrize('height', [1, 2, 7])
def test_half_boxes_of_the_smallest_images(height, width):
    boxes = HalfCutMix(1.).sample_boxes(50, height, width)
    across, down = sides_of(boxes)
    assert (2 * across > width).all() and (across < width).all()
    assert (down >= 1).all() and boxes.min() >= 0
    assert boxes[:, 2].max() <= width and boxes[:, 3].max() <= height


# Pseudo-labelers and filters.


@pytest.mark.parametrize(
    'dtype', [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize('threshold', [0., .6, .95])
def test_threshold_weighs_each_pixel(dtype, threshold):
    logits = (torch.randn(3, 4, 5, 6) * 3).to(dtype)
    label, weight = build('Threshold', threshold=threshold)(logits)
    used = logits.float() if dtype == torch.float16 else logits
    confidence, want = used.softmax(1).max(1)
    assert torch.equal(label, want) and label.dtype == torch.int64
    assert weight.dtype == torch.float32
    assert torch.equal(weight == 1, confidence >= threshold)
    assert torch.equal(weight == 0, confidence < threshold)


def test_a_confidence_of_the_threshold_counts():
    _, weight = build('Threshold', threshold=.5)(torch.zeros(1, 2, 3, 3))
    assert (weight == 1).all()


@pytest.mark.parametrize('threshold', [-.1, 1.1])
def test_threshold_names_a_wrong_argument(threshold):
    with pytest.raises(
            ValueError,
            match=rf'threshold must be in \[0, 1\], got {threshold}'):
        build('Threshold', threshold=threshold)


def at_iteration(iteration, end=10):
    hub = MessageHub.get_current_instance()
    hub.update_info('iter', iteration)
    hub.update_info('max_iters', end)


@pytest.fixture
def hub():
    instance = MessageHub.get_current_instance()
    before = dict(instance._runtime_info)
    yield instance
    instance._runtime_info.clear()
    instance._runtime_info.update(before)


def test_percentile_moves_from_iteration_to_iteration(hub):
    module = build('EntropyPercentile', percentile=80, final=100)
    logits, label = torch.randn(2, 4, 8, 9), torch.zeros(2, 8, 9).long()
    for iteration, want in ((0, 80), (1, 82), (5, 90), (9, 98)):
        at_iteration(iteration)
        assert module.current == pytest.approx(want)
        got, factor = module(logits, label)
        dropped = drop_uncertain(logits, label, module.current)
        assert torch.equal(got, dropped[0]) and factor == dropped[1]
        assert factor.item() == pytest.approx(144 / (got == 0).sum().item())


def test_percentile_that_stays_asks_nobody(hub):
    hub._runtime_info.clear()
    assert build('EntropyPercentile', percentile=70).current == 70
    module = build('EntropyPercentile', percentile=70, final=90)
    assert module.current == 70  # no run yet
    at_iteration(7)
    assert build('EntropyPercentile', percentile=70).current == 70
    assert build('EntropyPercentile', percentile=0, final=100).current == 70


def test_percentile_can_change_only_between_epochs(hub):
    module = build('EntropyPercentile', percentile=80, final=100, epochs=49)
    for iteration in range(490):
        at_iteration(iteration, 490)
        assert module.current == 80 + 20 * (iteration // 10 / 49)


@pytest.mark.parametrize('epochs', [0, -3])
def test_percentile_names_a_wrong_number_of_epochs(epochs):
    with pytest.raises(ValueError, match='^EntropyPercentile: epochs must be '
                       f'a positive integer.*{epochs}'):
        build('EntropyPercentile', epochs=epochs)


def test_percentile_uses_its_ignore_index():
    label = torch.tensor([[[0, 3, 0, 0]]])
    logits = torch.randn(1, 3, 1, 4)
    got, _ = build('EntropyPercentile', ignore_index=3)(logits, label)
    assert got[0, 0, 1] == 3 and set(got.unique().tolist()) == {0, 3}


@pytest.mark.parametrize('wrong', [
    dict(percentile=-1), dict(percentile=101), dict(final=100.5)])
def test_percentile_names_a_wrong_argument(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        build('EntropyPercentile', **wrong)


def test_another_image_is_another_one():
    """Of all distances, never none; the same for the whole batch."""
    mixer = CutMix(source='other')
    torch.manual_seed(0)
    found = {tuple(mixer.partners(4).tolist()) for _ in range(50)}
    assert found == {(1, 2, 3, 0), (2, 3, 0, 1), (3, 0, 1, 2)}
