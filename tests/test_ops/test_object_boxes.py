"""Objects in masks: their components, and boxes within them."""
import cv2
import numpy as np
import pytest
import torch

from mmseg_fst.ops import connected_components, erase_in_objects


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
