"""Labels of a few classes at a time."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_fst.ops import largest_class


def same(scores):
    return scores


@pytest.mark.parametrize('classes, parts', [
    (1, 1), (5, 1), (5, 2), (19, 4), (19, 19)])
def test_it_is_argmax(classes, parts):
    torch.manual_seed(0)
    # Few values, so that many are equal: the first one wins.
    scores = torch.randint(0, 3, (2, classes, 9, 7)).float()
    found = largest_class(scores, same, parts)
    assert found.dtype == torch.int64
    assert torch.equal(found, scores.argmax(1))


@pytest.mark.parametrize('parts', [1, 3, 7])
def test_nan_wins_as_in_argmax(parts):
    torch.manual_seed(0)
    scores = torch.randn(1, 7, 20, 20)
    scores[torch.rand_like(scores) < .2] = torch.nan
    scores[torch.rand_like(scores) < .2] = torch.inf
    assert torch.equal(largest_class(scores, same, parts), scores.argmax(1))


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_resized_by_parts_is_resized_as_a_whole(align_corners, dtype):
    torch.manual_seed(0)
    coarse = torch.randn(2, 11, 13, 17).to(dtype)
    channels = []

    def finish(part):
        channels.append(part.shape[1])
        for size in ((70, 81), (77, 101)):
            part = F.interpolate(
                part, size, mode='bilinear', align_corners=align_corners)
        return part

    assert torch.equal(
        largest_class(coarse, finish, 2), finish(coarse).argmax(1))
    assert channels == [6, 5, 11]
