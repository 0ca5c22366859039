"""Tests of mmseg_fst/ops/mixing.py, against plain loops."""
import numpy as np
import pytest
import torch
from helpers import IGNORE, random_label

from mmseg_fst.models import ClassMix, CutMix, HalfCutMix, NoMix
from mmseg_fst.ops import (
    Mixed,
    box_mask,
    class_mix_mask,
    concatenate,
    mix,
    mix_labels,
    relabel,
)


def labels(count=3, num_classes=11):
    rng = np.random.default_rng(0)
    return torch.from_numpy(
        np.stack([
            random_label(rng, num_classes=num_classes) for _ in range(count)
        ]).astype(np.int64))


def reference_mask(label, priority, per_image):
    """Sort the classes of each image by priority, take the first half."""
    label, priority = label.numpy(), priority.numpy()
    mask = np.zeros(label.shape, bool)
    for i, label_map in enumerate(label):
        source = label_map if per_image else label
        classes = sorted(set(source.ravel().tolist()))
        if per_image:
            classes = [c for c in classes if c != IGNORE]
        classes.sort(key=lambda c: priority[i, c])
        for c in classes[:-(-len(classes) // 2)]:
            mask[i][label_map == c] = True
    return mask


@pytest.mark.parametrize('per_image', [True, False])
@pytest.mark.parametrize('num_classes', [1, 2, 5, 11])
@pytest.mark.parametrize('count', [1, 3])
def test_mask_equals_the_reference(per_image, num_classes, count):
    label = labels(count, num_classes)
    for seed in range(5):
        priority = torch.rand((count, 256),
                              generator=torch.Generator().manual_seed(seed))
        mask = class_mix_mask(label, priority, per_image=per_image)
        assert mask.dtype == torch.bool and mask.shape == label.shape
        np.testing.assert_array_equal(
            mask.numpy(), reference_mask(label, priority, per_image))


@pytest.mark.parametrize('num_classes', range(1, 8))
def test_half_of_the_classes_rounded_up_are_chosen_whole(num_classes):
    label = torch.full((1, 4, 8), IGNORE)
    label[0, 0, :num_classes] = torch.arange(num_classes) * 3
    label[0, 1, :num_classes] = torch.arange(num_classes) * 3
    mask = class_mix_mask(label, torch.rand(1, 256))
    chosen = set(label[mask].tolist())
    assert len(chosen) == (num_classes + 1) // 2
    assert IGNORE not in chosen
    for c in chosen:
        assert mask[label == c].all()


def test_equal_priorities_still_choose_exactly_half():
    label = torch.arange(10).view(1, 1, 10)
    assert class_mix_mask(label, torch.zeros(1, 256)).sum() == 5


def test_images_choose_each_for_itself():
    label = torch.tensor([[[0, 1]], [[2, 3]]])
    priority = torch.full((2, 256), .5)
    priority[0, 1] = priority[1, 2] = 0
    assert class_mix_mask(label, priority).tolist() == [[[False, True]],
                                                        [[True, False]]]


def test_image_without_labels_pastes_nothing():
    label = torch.full((2, 4, 4), IGNORE)
    label[1] = 7
    mask = class_mix_mask(label, torch.rand(2, 256))
    assert not mask[0].any() and mask[1].all()


def test_ignored_pixels_of_another_id():
    label = torch.tensor([[[0, 3, 3]]])
    mask = class_mix_mask(label, torch.rand(1, 256), ignore_index=3)
    assert mask.tolist() == [[[True, False, False]]]


def test_classes_of_the_batch_may_leave_an_image_empty_or_full():
    label = torch.tensor([[[0, 0]], [[1, 1]]])
    priority = torch.full((2, 256), .5)
    priority[:, 0] = 0
    mask = class_mix_mask(label, priority, per_image=False)
    assert mask.tolist() == [[[True, True]], [[False, False]]]


def test_ignored_pixels_are_one_more_class_of_the_batch():
    label = torch.tensor([[[0, IGNORE, 1]]])
    priority = torch.full((1, 256), .5)
    priority[0, IGNORE] = 0
    priority[0, 1] = .1
    mask = class_mix_mask(label, priority, per_image=False)
    assert mask.tolist() == [[[False, True, True]]]


def test_mask_reads_but_does_not_write():
    label, priority = labels(), torch.rand(3, 256)
    copies = label.clone(), priority.clone()
    class_mix_mask(label, priority, per_image=False)
    assert torch.equal(label, copies[0]) and torch.equal(priority, copies[1])


def side(seed, count):
    rng = torch.Generator().manual_seed(seed)
    return (torch.randn((count, 3, 4, 5), generator=rng),
            torch.randint(0, 255, (count, 4, 5), generator=rng),
            torch.rand((count, 4, 5), generator=rng))


@pytest.mark.parametrize('count', [1, 3])
def test_mix_takes_every_pixel_from_its_side(count):
    pasted, onto = side(0, count), side(1, count)
    mask = torch.rand(count, 4, 5) < .5
    mixed = mix(mask, pasted, onto)
    for n, y, x in np.ndindex(count, 4, 5):
        image, label, weight = pasted if mask[n, y, x] else onto
        assert torch.equal(mixed.image[n, :, y, x], image[n, :, y, x])
        assert mixed.label[n, y, x] == label[n, y, x]
        assert mixed.weight[n, y, x] == weight[n, y, x]
    assert mixed.mask is mask
    assert mixed.label.dtype == torch.int64
    assert mixed.weight.dtype == torch.float32


def test_mix_does_not_alias_an_expanded_weight():
    """Pseudo-label weights are expanded from a scalar."""
    image, label, _ = side(0, 2)
    onto = image, label, torch.tensor(.5).expand(2, 4, 5)
    mixed = mix(torch.zeros(2, 4, 5, dtype=torch.bool), side(1, 2), onto)
    mixed.weight[0, 0, 0] = 9
    assert onto[2].max() == .5 and mixed.weight[1, 0, 0] == .5


def test_mix_equals_the_release(recorded_ops):
    record = recorded_ops['one_mix']
    weight = torch.ones(1, 64, 64)
    mixed = mix(record['mask'][:, 0] == 1,
                (record['img'][None], record['lbl'][None], weight),
                (record['target_img'][None], record['target_lbl'][None],
                 weight))
    assert torch.equal(mixed.image, record['data'])
    assert torch.equal(mixed.label, record['target'][0])


def test_class_masks_equal_the_release(recorded_ops):
    """The release samples ids with NumPy; here they get priority 0."""
    for record in recorded_ops['get_class_masks']:
        label = record['labels'][:, 0]
        classes = label.unique()
        half = (len(classes) + 1) // 2
        rng = np.random.RandomState(record['np_seed'])
        priority = torch.full((len(label), 256), .5)
        for row in priority:
            chosen = rng.choice(len(classes), half, replace=False)
            row[classes[chosen]] = 0
        mask = class_mix_mask(label, priority, per_image=False)
        assert torch.equal(mask, torch.cat(record['masks'])[:, 0] == 1)


# Boxes and several batches.


def test_box_mask_equals_slices():
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 8, (20, 2, 2), generator=generator)
    low, high = corners.amin(1), corners.amax(1)
    boxes = torch.cat([low, high], 1)  # left, top, right, bottom
    mask = box_mask(boxes, (6, 7))
    assert mask.dtype == torch.bool and mask.shape == (20, 6, 7)
    for row, (left, top, right, bottom) in zip(mask, boxes.tolist()):
        want = torch.zeros(6, 7, dtype=torch.bool)
        want[top:bottom, left:right] = True
        assert torch.equal(row, want)


@pytest.mark.parametrize('box, pixels', [
    ((0, 0, 0, 0), 0), ((3, 2, 3, 5), 0), ((0, 0, 7, 6), 42),
    ((6, 5, 7, 6), 1), ((5, 4, 2, 1), 0)])
def test_box_mask_at_its_ends(box, pixels):
    assert box_mask(torch.tensor([box]), (6, 7)).sum() == pixels


def test_a_single_view_is_returned_unchanged():
    view = Mixed(*side(0, 2), torch.ones(2, 4, 5, dtype=torch.bool), None)
    assert concatenate([view]) is view


def test_views_are_concatenated_in_order():
    views = [
        Mixed(*side(seed, 2), torch.rand(2, 4, 5) < .5, None)
        for seed in range(3)
    ]
    got = concatenate(views)
    assert got.index is None
    for name in ('image', 'label', 'weight', 'mask'):
        whole = getattr(got, name)
        assert len(whole) == 6
        for i, view in enumerate(views):
            assert torch.equal(whole[2 * i:2 * i + 2], getattr(view, name))
            assert whole.dtype == getattr(view, name).dtype


@pytest.mark.parametrize('mixer', [
    ClassMix(), NoMix(), CutMix(prob=1.), HalfCutMix(prob=1.)],
    ids=lambda mixer: type(mixer).__name__)
@pytest.mark.parametrize('views', [1, 2])
def test_mix_labels_equals_mixing_again(mixer, views):
    """As if the same random numbers had been used with the new labels."""
    labeled, first, second = side(0, 3), side(1, 3), side(2, 3)
    second = (first[0], *second[1:])

    def mixed_with(unlabeled):
        torch.manual_seed(4)
        return concatenate([
            mixer(labeled[:2], unlabeled) for _ in range(views)])

    again = mix_labels(mixed_with(first), labeled[1], *second[1:])
    for found, expected in zip(again, mixed_with(second)):
        assert (found is None) == (expected is None)
        if found is not None:
            assert torch.equal(found, expected)


@pytest.mark.parametrize('views', [1, 2])
def test_relabel_equals_pasting_again(views):
    """Boxes of second crops, with other labels of both crops."""
    mixer, first, second = CutMix(prob=1.), side(1, 3), side(2, 3)
    others = [(image, *side(seed, 3)[1:])
              for seed, (image, *_) in ((3, first), (4, second))]

    def pasted(cut, whole):
        torch.manual_seed(4)
        return concatenate([mixer.paste(cut, whole) for _ in range(views)])

    found = relabel(pasted(first, second), others[0][1:], others[1][1:])
    want = pasted(*others)
    for name in ('image', 'label', 'weight', 'mask'):
        assert torch.equal(getattr(found, name), getattr(want, name)), name
    assert not torch.equal(found.label, pasted(first, second).label)
