"""Masks of blocks."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_fst.ops import block_grid, block_mask

SIZES = [(32, 64), (33, 70), (40, 17), (5, 128), (1, 1)]
BLOCKS = [1, 4, 7, 16, 31, 64, 1000]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('block_size', BLOCKS)
def test_blocks_are_as_near_to_their_size_as_divides_the_image(
        size, block_size):
    for side, count in zip(size, block_grid(size, block_size)):
        assert 1 <= count <= side
        exact = side / block_size
        assert abs(count - exact) <= .5 or (count == 1 and exact < .5)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('block_size', BLOCKS)
def test_every_pixel_has_the_value_of_its_block(size, block_size):
    """Pixel by pixel, and as MIC's release enlarges them."""
    rows, columns = block_grid(size, block_size)
    grid = torch.rand(2, rows, columns)
    mask = block_mask(grid, size)
    assert mask.shape == (2, *size)
    for row in range(size[0]):
        for column in range(size[1]):
            value = grid[:, row * rows // size[0], column * columns // size[1]]
            assert torch.equal(mask[:, row, column], value)
    assert torch.equal(mask, F.interpolate(grid[:, None], size)[:, 0])


def test_a_mask_of_bools_stays_one():
    grid = torch.tensor([[[True, False]]])
    assert block_mask(grid, (1, 4)).tolist() == [[[True, True, False, False]]]
