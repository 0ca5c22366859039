"""The contrastive memory of U2PL."""
import copy

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner.checkpoint import load_state_dict

from mmseg_fst.models import ContrastiveMemory
from mmseg_fst.ops import TeacherView, info_nce

CLASSES, CHANNELS = 6, 4


def memory(**changes):
    return ContrastiveMemory(
        **{
            **dict(num_classes=CLASSES, channels=CHANNELS, num_anchors=8,
                   num_negatives=3), **changes
        })


def make_view(classes=tuple(range(CLASSES)), seed=0, sharpness=3.):
    """A teacher view in which only some classes are present.

    The representation of a pixel is near the unit vector of its class.
    """
    generator = torch.Generator().manual_seed(seed)
    label = torch.tensor(classes)[torch.randint(
        len(classes), (4, 8, 8), generator=generator)]
    logits = torch.randn(4, CLASSES, 8, 8, generator=generator)
    logits.scatter_add_(1, label[:, None],
                        torch.full((4, 1, 8, 8), sharpness))
    label[2:] = logits[2:].argmax(1)
    noise = torch.randn(4, CHANNELS, 8, 8, generator=generator)
    basis = torch.eye(CLASSES)[:, :CHANNELS] + .1
    maps = basis[label].movedim(-1, 1) + .05 * noise
    return TeacherView(logits, maps, label, 2)


def state(module):
    return copy.deepcopy(module.state_dict())


def equal_states(first, second):
    return all(torch.equal(value, second[key]) for key, value in first.items())


def test_a_step_writes_nothing_until_it_is_committed():
    contrast = memory()
    before = state(contrast)
    for seed in range(3):
        contrast(torch.randn(4, CHANNELS, 8, 8), make_view(seed=seed))
        assert equal_states(before, state(contrast))
    contrast.commit()
    once = memory()
    once(torch.randn(4, CHANNELS, 8, 8), make_view(seed=2))
    once.commit()
    assert equal_states(state(contrast), state(once)), 'the last step alone'
    after = state(contrast)
    contrast.commit()
    assert equal_states(after, state(contrast)), 'written twice'
    assert after['queue'].shape == (after['sizes'].sum(), CHANNELS)


def test_first_step_has_no_negatives_and_a_loss_of_zero():
    student = torch.randn(4, CHANNELS, 8, 8, requires_grad=True)
    loss = memory()(student, make_view())
    loss.backward()
    assert loss.item() == 0 and student.grad.abs().sum() == 0


@pytest.mark.parametrize('classes', [(0, 1, 2), (1, 3, 5), (2, 4)])
def test_classes_meet_their_own_positive_and_negatives(classes):
    """Whatever the place of a class among those that are present."""
    contrast, view = memory(percent=0.), make_view(classes)
    view = view._replace(label=view.label.clone())
    view.label[2:] = 255  # labeled pixels only
    calls = []
    original = contrast._contrast

    def spy(student, anchor, positive, queue):
        calls.append((anchor, positive, queue))
        return original(student, anchor, positive, queue)

    contrast._contrast = spy
    student = torch.randn(4, CHANNELS, 8, 8)
    contrast(student, view)
    contrast.commit()
    contrast(student, view)
    assert len(calls) == len(classes)
    rows = view.representation.movedim(1, -1).reshape(-1, CHANNELS)
    label = view.label.flatten()
    probability = view.logits.softmax(1).movedim(1, -1).reshape(-1, CLASSES)
    place = view.logits.argsort(1, descending=True)[:, :3]
    for index, (anchor, positive, queue) in zip(classes, calls):
        positives = label == index
        wanted = positives & (probability[:, index] > .3)
        assert anchor.tolist() == wanted.nonzero()[:, 0].tolist()
        torch.testing.assert_close(positive, rows[positives].mean(0))
        mistaken = (place == index).any(1).flatten()
        mistaken &= ~positives & (label != 255)
        assert torch.equal(queue, rows[mistaken]) and len(queue)


def test_loss_against_a_loop_over_classes():
    contrast, view = memory(num_anchors=4), make_view((1, 2, 4))
    student = torch.randn(4, CHANNELS, 8, 8)
    contrast(student, view)
    contrast.commit()
    torch.manual_seed(3)
    loss = contrast(student, view)
    rows = student.movedim(1, -1).reshape(-1, CHANNELS)
    staged, start, terms = contrast.staged, 0, []
    entropy = torch.distributions.Categorical(
        logits=view.logits.movedim(1, -1)).entropy()
    sure = entropy <= torch.quantile(entropy[2:], .2)
    sure[:2] = True
    torch.manual_seed(3)
    for index, size in enumerate(contrast.sizes.tolist()):
        queue, start = contrast.queue[start:start + size], start + size
        likely = view.logits.softmax(1)[:, index] > .3
        anchor = ((view.label == index) & sure & likely).flatten().nonzero()
        if not len(anchor) or not size:
            continue
        chosen = rows[anchor[:, 0][torch.randint(len(anchor), (4, ))]]
        others = queue[torch.randint(size, (12, ))].view(4, 3, CHANNELS)
        mean = staged.total[index] / staged.count[index]
        mean = .5 * mean + .5 * contrast.positive[index]
        terms.append(info_nce(chosen, mean, others, .5))
    present = int((staged.count > 0).sum())
    assert len(terms) >= 3
    torch.testing.assert_close(loss, sum(terms) / present)


def test_positive_is_a_moving_average_of_each_class():
    contrast, means = memory(decay=.6), []
    for seed in range(4):
        classes = (0, 1) if seed else (0, )
        view = make_view(classes, seed)
        contrast(torch.randn(4, CHANNELS, 8, 8), view)
        means.append(contrast.staged.total / contrast.staged.count.clamp(
            min=1)[:, None])
        contrast.commit()
    wanted = means[1][1]  # met first in the second step
    for decay, mean in zip((.5, .6), means[2:]):
        wanted = decay * wanted + (1 - decay) * mean[1]
    torch.testing.assert_close(contrast.positive[1], wanted)
    assert contrast.updates[:2].tolist() == [4, 3]


def test_the_oldest_leave_first():
    contrast = memory(capacity=30, first_capacity=50)
    for seed in range(3):
        contrast(torch.randn(4, CHANNELS, 8, 8), make_view(seed=seed))
        newest = contrast.staged
        contrast.commit()
    assert contrast.sizes.tolist() == [50] + [30] * (CLASSES - 1)
    wanted = newest.rows[newest.negative[:, 2]][-30:]
    assert torch.equal(contrast.queue.split([50] + [30] * 5)[2][-len(wanted):],
                       wanted)


def test_nothing_with_a_label_stages_nothing():
    contrast, view = memory(), make_view()
    contrast(torch.randn(4, CHANNELS, 8, 8), view)
    contrast.commit()
    before = state(contrast)
    student = torch.randn(4, CHANNELS, 8, 8, requires_grad=True)
    loss = contrast(
        student, view._replace(label=torch.full_like(view.label, 255)))
    loss.backward()
    contrast.commit()
    assert loss.item() == 0 and equal_states(before, state(contrast))


def test_share_of_unlabeled_pixels_ends_at_zero():
    hub = MessageHub.get_instance('test_contrast')
    hub.update_info('max_iters', 10)
    counts = []
    for iteration in (0, 5, 10):
        hub.update_info('iter', iteration)
        contrast, view = memory(), make_view(sharpness=0.)
        contrast(torch.randn(4, CHANNELS, 8, 8), view)
        counts.append(int(contrast.staged.count.sum()) - 2 * 64)
    hub.update_info('iter', 0)
    assert counts == [26, 13, 1]  # of 128, and the pixel at the threshold


def test_all_unlabeled_pixels_can_be_negatives():
    view = make_view()
    view.label[2:, :2] = 255
    unreliable, every = memory(), memory(negatives='all')
    for contrast in (unreliable, every):
        contrast(torch.randn(4, CHANNELS, 8, 8), view)
        contrast.commit()
    assert unreliable.sizes.sum() < every.sizes.sum()
    rank = view.logits.argsort(1, descending=True).argsort(1)
    labeled = (rank[:2] < 3).sum() - 2 * 64  # but for the own class
    unlikely = (rank[2:, :, 2:] >= 3).sum()
    mistaken = ((rank[:2] >= 3) & (view.label[:2, None] == torch.arange(
        CLASSES).view(1, -1, 1, 1))).sum()
    assert every.sizes.sum() == labeled + mistaken + unlikely


def test_labels_finer_than_the_logits():
    view = make_view()
    fine = view.label.repeat_interleave(3, 1).repeat_interleave(3, 2)
    contrasts = memory(), memory()
    for contrast, label in zip(contrasts, (view.label, fine)):
        contrast(torch.randn(4, CHANNELS, 8, 8), view._replace(label=label))
        contrast.commit()
    assert equal_states(*map(state, contrasts))


def test_saved_queue_of_any_length_is_loaded():
    contrast, empty = memory(), memory()
    contrast(torch.randn(4, CHANNELS, 8, 8), make_view())
    contrast.commit()
    saved = state(contrast)
    load_state_dict(empty, saved, strict=True)
    assert equal_states(saved, state(empty))
    empty.load_state_dict(memory().state_dict())
    assert len(empty.queue) == 0


@pytest.mark.parametrize('arguments, message', [
    (dict(percent=51.), r'percent must be in \[0, 50\], got 51.0'),
    (dict(num_classes=3), r'ranks must be .* starts in \[1, 3\)'),
    (dict(ranks=(0, 4)), r'ranks must be .*got \(0, 4\)'),
    (dict(negatives='none'), "negatives must be .*'all', got 'none'"),
    (dict(capacity=0), 'must be positive integers, got 0'),
])
def test_wrong_arguments_name_range_and_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        memory(**arguments)
