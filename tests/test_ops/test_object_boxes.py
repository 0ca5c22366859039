"""Objects in masks: their components, and boxes within them."""
import cv2
import numpy as np
import pytest
import torch

from mmseg_fst.ops import components as components_module
from mmseg_fst.ops import (
    connected_components,
    erase_in_objects,
    sample_object_box,
)


def blobs(seed, size=(40, 56), count=3):
    """Smooth random masks with objects of many shapes, some with holes."""
    numbers = np.random.default_rng(seed)
    noise = [cv2.GaussianBlur(numbers.normal(size=size), (9, 9), 2)
             for _ in range(count)]
    return torch.from_numpy(np.stack(noise) > .05)


@pytest.mark.parametrize('seed', range(5))
def test_components_are_those_of_opencv(seed):
    mask = blobs(seed)
    found = connected_components(mask)
    assert torch.equal(found > 0, mask)
    for own, image in zip(found, mask):
        count, expected = cv2.connectedComponents(
            image.numpy().astype(np.uint8), connectivity=8)
        pairs = set(zip(own[image].tolist(), expected[image.numpy()].tolist()))
        assert len(pairs) == count - 1 > 3
    assert set(found[0].unique().tolist()) & set(
        found[1].unique().tolist()) == {0}


def winding(size=33):
    """A spiral, and a path that goes up and down."""
    mask = torch.zeros(2, size, size, dtype=torch.bool)
    place, step = [0, 0], (0, 1)
    for length in [size - 1, *np.repeat(range(size - 1, 1, -2), 2)]:
        for _ in range(length):
            mask[0, place[0], place[1]] = True
            place = [place[0] + step[0], place[1] + step[1]]
        step = step[1], -step[0]
    mask[1, :, ::2] = True
    mask[1, 0, 1::4] = mask[1, -1, 3::4] = True
    return mask


@pytest.mark.parametrize('mask', [
    winding(), winding().mT, winding().flip(2), torch.ones(1, 9, 9).bool(),
    torch.rand(4, 48, 48, generator=torch.manual_seed(0)) < .4,
    torch.rand(4, 5, 1, generator=torch.manual_seed(1)) < .5,
    torch.zeros(1, 4, 4).bool()
], ids=['winding', 'down', 'flipped', 'all', 'noise', 'column', 'none'])
@pytest.mark.parametrize('early', [True, False])
def test_components_of_any_shape_are_whole(mask, early, monkeypatch):
    """Also by the number of rounds that another device has to make."""
    if not early:
        monkeypatch.setattr(
            components_module, '_is_equal_on_cpu', lambda *_: False)
    found = connected_components(mask)
    for own, image in zip(found, mask):
        _, expected = cv2.connectedComponents(
            image.numpy().astype(np.uint8), connectivity=8)
        pairs = set(zip(own.flatten().tolist(), expected.flatten().tolist()))
        assert len(pairs) == len(own.unique()) == len(np.unique(expected))
    # Each is named by the last of its pixels.
    names = found[mask].unique()
    pixels = torch.arange(1, mask.numel() + 1).view(mask.shape)
    for name in names[:50]:
        assert pixels[found == name].max() == name


def test_a_box_of_a_large_object_is_sampled():
    mask = torch.zeros(4, 6, 8, dtype=torch.bool)
    mask[:, 0, 0] = mask[:, 1, 1] = True  # connected by a corner
    mask[:3, 3:5, 5:8] = True
    found = connected_components(mask)
    number = torch.tensor([0., .49, .51, .99])
    boxes, exists = sample_object_box(found, number, 1)
    assert exists.all() and boxes.dtype == torch.int64
    assert boxes.tolist() == [[0, 0, 2, 2], [0, 0, 2, 2], [5, 3, 8, 5],
                              [0, 0, 2, 2]]
    boxes, exists = sample_object_box(found, number, 2)
    assert exists.tolist() == [True, True, True, False]
    assert boxes[:3].tolist() == [[5, 3, 8, 5]] * 3
    assert not sample_object_box(found, number, 6)[1].any()


def test_neighbors_along_a_diagonal_are_connected_and_borders_are_not():
    mask = torch.tensor([[[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 1]],
                         [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]]).bool()
    ids = connected_components(mask)[mask].unique().tolist()
    assert ids == [4, 9, 12, 13]


def two_objects():
    mask = torch.zeros(1, 40, 60, dtype=torch.bool)
    mask[0, 5:26, 10:31] = True
    mask[0, 30:35, 40:51] = True
    return connected_components(mask)


@pytest.mark.parametrize('place, top, left', [
    ((0., 0.), 5, 10), ((.999, .999), 5 + 12, 10 + 12), ((.5, 0.), 11, 10)])
def test_a_box_lies_within_the_box_of_its_object(place, top, left):
    """Sides of 20 from the first to the last pixel: boxes of 8."""
    expected = torch.zeros(1, 40, 60, dtype=torch.bool)
    expected[0, top:top + 8, left:left + 8] = True
    # The second object is placed by its own numbers, and it is too small.
    numbers = torch.tensor([[place, (.2, .3)]])
    erased = erase_in_objects(two_objects(), numbers, .4, min_contour=50)
    assert torch.equal(erased, expected)
    expected[0, 30:31, 40 + 2:40 + 2 + 4] = True
    erased = erase_in_objects(two_objects(), numbers, .4, min_contour=10)
    assert torch.equal(erased, expected)


def test_an_image_without_objects_is_left_alone():
    components = torch.zeros(2, 8, 8, dtype=torch.long)
    assert not erase_in_objects(components, torch.rand(2, 3, 2), .5, 0).any()


def test_images_are_independent():
    mask = blobs(0)
    place = torch.rand(len(mask), 64, 2)
    whole = erase_in_objects(connected_components(mask), place, .4, 5)
    assert whole.any() and (whole.float().mean((1, 2)) < .3).all()
    for index in range(len(mask)):
        part = slice(index, index + 1)
        alone = erase_in_objects(
            connected_components(mask[part]), place[part], .4, 5)
        assert torch.equal(alone, whole[part])
