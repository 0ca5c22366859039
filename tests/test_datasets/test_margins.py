"""Margins of images, from the loader to the weights of pseudo-labels."""
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample

from mmseg_fst.datasets import PseudoLabelMargins
from mmseg_fst.datasets.margins import trusted_box
from mmseg_fst.methods.batch import Side
from mmseg_fst.ops import weigh_boxes
from mmseg_fst.utils.fields import TRUSTED_BOX


def pack(*steps, margins=(3, 24, 4, 5)):
    """Box and image of a 64 x 128 image after some steps."""
    init_default_scope('mmseg_fst')
    # Its rows and columns are its values.
    rows, columns = np.mgrid[:64, :128].astype(np.uint8)
    image = np.stack([rows, columns, rows], axis=2)
    top, bottom, left, right = margins
    margin = dict(type='PseudoLabelMargins', top=top, bottom=bottom,
                  left=left, right=right)
    pipeline = Compose([margin, *steps, dict(type='PackByteInputs')])
    packed = pipeline(dict(
        img=image, img_path='a.png', img_shape=(64, 128), ori_shape=(64, 128),
        seg_fields=[]))
    return packed['data_samples'].metainfo[TRUSTED_BOX], packed['inputs']


def test_margins_of_a_whole_image():
    assert pack()[0] == (3, 40, 4, 123)
    assert pack(margins=(0, 0, 0, 0))[0] == (0, 64, 0, 128)


def test_margins_follow_a_crop_and_a_flip():
    torch.manual_seed(0)
    np.random.seed(0)
    for _ in range(5):
        box, image = pack(
            dict(type='RandomCrop', crop_size=(48, 64)),
            dict(type='RandomFlip', prob=.5))
        rows, columns = image[0], image[1]
        trusted = ((rows >= 3) & (rows < 40)
                   & (columns >= 4) & (columns < 123))
        inside = torch.zeros_like(trusted)
        inside[box[0]:box[1], box[2]:box[3]] = True
        assert torch.equal(inside, trusted)


def test_margins_are_resized():
    box, _ = pack(dict(type='Resize', scale=(64, 32), keep_ratio=True),
                  margins=(4, 24, 4, 8))
    assert box == (2, 20, 2, 60)


def test_a_crop_of_margins_alone_has_an_empty_box():
    assert trusted_box(np.zeros((4, 4), np.uint8)) == (0, 0, 0, 0)
    assert pack(margins=(40, 40, 0, 0))[0] == (0, 0, 0, 0)


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match='left=-1'):
        PseudoLabelMargins(left=-1)


def test_weights_are_zero_outside_of_the_box():
    boxes = [(1, 3, 0, 2), None]
    samples = [SegDataSample(metainfo={} if box is None else {
        TRUSTED_BOX: box}) for box in boxes]
    side = Side(torch.zeros(2, 3, 4, 3), samples)
    assert side.trusted_boxes == boxes
    weight = torch.full((2, 4, 3), .5)
    found = weigh_boxes(weight, side.trusted_boxes, side.corners)
    assert found[0].tolist() == [
        [0, 0, 0], [.5, .5, 0], [.5, .5, 0], [0, 0, 0]]
    assert torch.equal(found[1], weight[1]) and (weight == .5).all()
    shifted = weigh_boxes(weight, boxes, [(1, 1), (0, 0)])
    assert shifted[0].nonzero().tolist() == [
        [2, 1], [2, 2], [3, 1], [3, 2]]
    assert weigh_boxes(weight, [None, None], side.corners) is weight
