"""Rows of large score maps against whole maps."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_fst.models import SlidingWindows
from mmseg_fst.models.protocols import resized_rows


def parts_of(scores, heights):
    """A map (N, C, H, W) in parts of some heights."""
    return scores.split(heights, 2)


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(9, 7), (20, 15), (31, 7), (5, 4), (1, 1)],
                         ids=str)
@pytest.mark.parametrize('heights', [(9, ), (1, 2, 6), (4, 5), (1, ) * 9],
                         ids=str)
@pytest.mark.parametrize('at_once', [1, 4, 100])
def test_rows_are_resized_as_the_whole(align_corners, size, heights, at_once):
    scores = torch.rand(2, 3, 9, 7)
    found = list(resized_rows(
        parts_of(scores, heights), 9, size, align_corners, at_once))
    assert [part.shape[2] for part in found[:-1]] == (
        [at_once] * (len(found) - 1))
    expected = F.interpolate(
        scores, size, mode='bilinear', align_corners=align_corners)
    torch.testing.assert_close(torch.cat(found, 2), expected)


def test_few_rows_are_in_memory():
    """Rows come out as soon as no window below covers them."""
    read = []

    class Network(torch.nn.Module):
        out_channels = 2

        def encode_decode(self, images, metas):
            return images[:, :2]

    def crop(y, x):
        read.append(y.start)
        return torch.rand(1, 3, y.stop - y.start, x.stop - x.start)

    protocol = SlidingWindows(8, 6, last='shift', merge='logits')
    heights = []
    for rows in protocol.rows(Network(), crop, (100, 20)):
        assert max(read) <= sum(heights) + 8
        heights.append(rows.shape[2])
    assert sum(heights) == 100 and max(heights) <= 8
