"""Random masks of images."""
import pytest
import torch

from mmseg_fst.models import BlockMask
from mmseg_fst.registry import MODELS


def visible_of(mask, count=2, channels=3, size=(32, 64)):
    """Which pixels remain of images without a zero."""
    image = torch.rand(count, channels, *size) + 1
    masked = mask(image)
    visible = masked != 0
    assert torch.equal(masked, image * visible)
    assert torch.equal(visible, visible[:, :1].expand_as(visible))
    return visible[:, 0]


@pytest.mark.parametrize('channels', [1, 3, 6])
@pytest.mark.parametrize('block_size, size', [
    (8, (32, 64)), (8, (31, 45)), (12, (32, 64)), (64, (32, 20))])
def test_blocks_are_masked_in_all_channels(block_size, size, channels):
    """By random numbers of the CPU's generator, one for each block."""
    mask = BlockMask(block_size, ratio=.5)
    torch.manual_seed(3)
    visible = visible_of(mask, 2, channels, size)
    torch.manual_seed(3)
    torch.rand(2, channels, *size)  # the images
    rows, columns = (max(1, round(side / block_size)) for side in size)
    grid = torch.rand(2, rows, columns) >= .5
    for row in range(size[0]):
        for column in range(size[1]):
            want = grid[:, row * rows // size[0], column * columns // size[1]]
            assert torch.equal(visible[:, row, column], want)


def test_the_ratio_is_the_share_of_masked_blocks():
    torch.manual_seed(0)
    visible = visible_of(BlockMask(1, ratio=.7), 8, 1, (128, 128))
    assert visible.float().mean() == pytest.approx(.3, abs=.01)
    assert visible_of(BlockMask(8, ratio=0)).all()
    assert not visible_of(BlockMask(8, ratio=1)).any()


def test_images_of_a_batch_have_masks_of_their_own():
    torch.manual_seed(0)
    first, second = visible_of(BlockMask(8, ratio=.5))
    assert not torch.equal(first, second)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_the_input_keeps_its_values_and_its_type(dtype):
    image = torch.ones(2, 3, 16, 16, dtype=dtype)
    masked = BlockMask(4)(image)
    assert masked.dtype == dtype and (image == 1).all()


@pytest.mark.parametrize('arguments, message', [
    (dict(ratio=1.5), 'ratio'),
    (dict(ratio=-.1), 'ratio'),
    (dict(block_size=0), 'block_size must be a positive integer, got 0'),
    (dict(block_size=8.), 'block_size must be a positive integer, got 8.0'),
    (dict(block_size=True), 'positive integer, got True'),
])
def test_arguments_out_of_their_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MODELS.get('BlockMask')(**arguments)
