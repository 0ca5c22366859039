"""The contrast as U2PL's release computes it, against loops over pixels."""
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub

from mmseg_fst.models import ContrastiveMemory
from mmseg_fst.ops import TeacherView, info_nce

CLASSES, CHANNELS, IGNORE = 7, 4, 255
ANCHORS, NEGATIVES, RANKS, THRESHOLD = 5, 3, (2, 20), .1
GRID, SIZE = (5, 6), (17, 22)
DEVIATIONS = ('own_class', 'images', 'places', 'fine', 'written_first',
              'two_classes')


def memory(**changes):
    return ContrastiveMemory(
        **{
            **dict(num_classes=CLASSES, channels=CHANNELS, ranks=RANKS,
                   num_anchors=ANCHORS, num_negatives=NEGATIVES, decay=0,
                   threshold=THRESHOLD, match_release=True), **changes
        })


def make_view(classes, seed):
    """Two labeled and two unlabeled images of some of the classes."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.tensor(classes)[torch.randint(
        len(classes), (4, *SIZE), generator=generator)]
    label[1:3, :4] = IGNORE
    logits = torch.randn(4, CLASSES, *GRID, generator=generator)
    maps = torch.randn(4, CHANNELS, *GRID, generator=generator)
    return TeacherView(logits, maps, label, 2)


def places():
    return list(np.ndindex(4, *GRID))


def nearest(place):
    """The same pixel at the size of the labels."""
    image, row, column = place
    return image, row * SIZE[0] // GRID[0], column * SIZE[1] // GRID[1]


def classes_of(view, place, deviations):
    """Of which classes a pixel is labeled."""
    image, row, column = nearest(place)
    class_id = view.label[image, row, column].item()
    if 'images' not in deviations:
        return {class_id} - {IGNORE}
    if image not in (0, 2) or class_id == IGNORE:
        return set()
    both = view.label[image:image + 2, row, column].tolist()
    return {0 if found == IGNORE else found for found in both}


def entropies(view, percent, deviations):
    """Entropy of unlabeled pixels of the grid, and both thresholds."""
    logits, label = view.logits[2:], view.label[2:]
    if 'fine' in deviations:
        logits = F.interpolate(
            logits, SIZE, mode='bilinear', align_corners=True)
    else:
        rows = [nearest((0, row, 0))[1] for row in range(GRID[0])]
        columns = [nearest((0, 0, column))[2] for column in range(GRID[1])]
        label = label[:, rows][:, :, columns]
    entropy = torch.distributions.Categorical(
        logits=logits.movedim(1, -1)).entropy().numpy()
    limits = np.percentile(
        entropy[label.numpy() != IGNORE], [percent, 100 - percent])
    found = {}
    for place in places()[2 * GRID[0] * GRID[1]:]:
        image, row, column = nearest(
            place) if 'fine' in deviations else place
        found[place] = entropy[image - 2, row, column]
    return found, limits


def select_slowly(view, percent, deviations):
    """Lists of pixels: reliable for each class, and negatives of it."""
    entropy, (low, high) = entropies(view, percent, deviations)
    reliable = {index: [] for index in range(CLASSES)}
    negative = {index: [] for index in range(CLASSES)}
    for place in places():
        image, row, column = place
        if view.label[nearest(place)] == IGNORE:
            continue
        classes = classes_of(view, place, deviations)
        values = view.logits[image, :, row, column].tolist()
        order = sorted(range(CLASSES), key=lambda index: -values[index])
        for rank, index in enumerate(order):
            if image < 2:
                is_reliable = True
                is_negative = rank < RANKS[0] and index not in classes
            else:
                is_reliable = entropy[place] <= low + 1e-6
                is_negative = RANKS[0] <= rank < RANKS[1] and (
                    'all' in deviations or entropy[place] >= high - 1e-6)
            if is_reliable and index in classes:
                reliable[index].append(place)
            if is_negative and ('own_class' not in deviations
                                or index in classes):
                negative[index].append(place)
    return reliable, negative


def released_slowly(student, view, queues, percent, deviations=DEVIATIONS):
    """The loss of a step; ``queues`` are lists of rows, and grow."""
    reliable, negative = select_slowly(view, percent, deviations)

    def row_of(maps, place):
        return maps[place[0], :, place[1], place[2]]

    before = [list(queue) for queue in queues]
    for queue, pixels in zip(queues, negative.values()):
        queue.extend(row_of(view.representation, pixel) for pixel in pixels)
    used = queues if 'written_first' in deviations else before
    present = [index for index, pixels in reliable.items() if pixels]
    if 'two_classes' in deviations and len(present) < 2:
        return 0.
    total = 0.
    for place, index in enumerate(present):
        anchors_of = place if 'places' in deviations else index
        probability = view.logits.softmax(1)[:, anchors_of]
        anchors = [pixel for pixel in reliable[anchors_of]
                   if probability[pixel] > THRESHOLD]
        if not anchors or not used[index]:
            continue
        chosen = [anchors[place] for place in torch.randint(
            len(anchors), (ANCHORS, )).tolist()]
        sampled = [used[index][place] for place in torch.randint(
            len(used[index]), (ANCHORS * NEGATIVES, )).tolist()]
        mean = torch.stack([
            row_of(view.representation, pixel)
            for pixel in reliable[anchors_of]
        ]).mean(0)
        total += info_nce(
            torch.stack([row_of(student, pixel) for pixel in chosen]), mean,
            torch.stack(sampled).view(ANCHORS, NEGATIVES, CHANNELS), .5).item()
    return total / len(present)


SCENES = [(0, 1, 2, 3, 4, 5, 6), (1, 3, 4, 6), (2, 5), (0, 1, 2, 4), (3, 6)]


@pytest.fixture(autouse=True)
def run():
    """A separate run: fractions follow the progress of the latest run."""
    hub = MessageHub.get_instance('test_contrast_released')
    hub.update_info('max_iters', 10)
    hub.update_info('iter', 0)
    yield hub
    hub.update_info('iter', 0)


@pytest.mark.parametrize('negatives', ['unreliable', 'all'])
def test_loss_and_memory_against_a_loop(negatives, run):
    contrast = memory(epochs=5, negatives=negatives)
    queues = [[] for _ in range(CLASSES)]
    losses = []
    for step, classes in enumerate(SCENES):
        run.update_info('iter', step)
        view, student = make_view(classes, step), torch.randn(
            4, CHANNELS, *GRID)
        torch.manual_seed(step)
        losses.append(contrast(student, view).item())
        contrast.commit()
        torch.manual_seed(step)
        percent = 20 * (1 - step // 2 / 5)
        wanted = released_slowly(
            student, view, queues, percent, (*DEVIATIONS, negatives))
        assert losses[-1] == pytest.approx(wanted, rel=1e-5)
        assert contrast.sizes.tolist() == [len(queue) for queue in queues]
        for part, queue in zip(contrast.queue.split(contrast.sizes.tolist()),
                              queues):
            assert part.tolist() == [row.tolist() for row in queue]
    assert min(losses) > 0


@pytest.mark.parametrize('left_out', DEVIATIONS[:-1])
def test_each_deviation_counts(left_out):
    """The loop without it gives another loss."""
    contrast = memory()
    queues = [[] for _ in range(CLASSES)]
    found, wanted = [], []
    for step, classes in enumerate(SCENES):
        view, student = make_view(classes, step), torch.randn(
            4, CHANNELS, *GRID)
        torch.manual_seed(step)
        found.append(contrast(student, view).item())
        contrast.commit()
        torch.manual_seed(step)
        wanted.append(released_slowly(
            student, view, queues, 20,
            [name for name in DEVIATIONS if name != left_out]))
    assert any(not math.isclose(value, other, rel_tol=1e-3)
               for value, other in zip(found, wanted))


@pytest.mark.parametrize('match_release', [False, True])
def test_a_class_alone_has_no_loss_in_the_release(match_release):
    contrast = memory(match_release=match_release)
    contrast(torch.randn(4, CHANNELS, *GRID), make_view(range(CLASSES), 0))
    contrast.commit()
    view = make_view((0, ), 1)  # ignored pixels count as class 0, too
    student = torch.randn(4, CHANNELS, *GRID, requires_grad=True)
    loss = contrast(student, view)
    loss.backward()
    assert (loss.item() == 0) == match_release
    assert (student.grad.abs().sum() == 0) == match_release


def test_a_virtual_step_does_not_change_the_memory():
    contrast, view = memory(), make_view((1, 3, 4, 6), 0)
    for _ in range(2):
        loss = contrast(torch.randn(4, CHANNELS, *GRID), view)
        assert loss > 0 and len(contrast.queue) == 0


@pytest.mark.parametrize('wrong', [
    dict(epochs=0), dict(threshold=30), dict(decay=1.1)])
def test_wrong_arguments_are_named(wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError,
                       match=f'ContrastiveMemory: {name} must .*{value}'):
        memory(**wrong)
