"""Sampling and loss of the regional contrast, against loops."""
import torch
import torch.nn.functional as F

from mmseg_fst.ops import (
    class_relation,
    info_nce,
    region_nce,
    sample_classes,
    sample_members,
)


def numbers(*shape):
    return torch.rand(
        *shape, dtype=torch.float64,
        generator=torch.Generator().manual_seed(0))


def test_relation_is_the_softmax_over_the_other_classes():
    prototype = numbers(4, 3) - .5
    present = torch.tensor([True, False, True, True])
    relation = class_relation(prototype, present, .5)
    similarity = F.cosine_similarity(
        prototype[:, None], prototype[None], dim=2)
    others = {0: [2, 3], 2: [0, 3], 3: [0, 2]}
    for row, columns in others.items():
        expected = torch.zeros(4).double()
        expected[columns] = (similarity[row, columns] / .5).softmax(0)
        torch.testing.assert_close(relation[row], expected)
    alone = class_relation(prototype, torch.tensor([0, 0, 1, 0]).bool(), .5)
    assert not alone[2].any() and alone.isfinite().all()


def test_classes_are_sampled_by_their_probability():
    probability = torch.tensor([[0., .25, 0., .75], [1., 0., 0., 0.],
                                [0., 0., 0., 0.], [0., .5, .5, 0.]])
    samples = sample_classes(probability, numbers(4, 20000))
    share = F.one_hot(samples, 4).double().mean(1)
    for row in (0, 1, 3):
        assert (share[row] - probability[row]).abs().max() < .01
        assert not share[row][probability[row] == 0].any()
    edge = torch.tensor([[0., 1 - 2**-53]] * 4, dtype=torch.float64)
    assert sample_classes(probability, edge).max() <= 3
    assert sample_classes(probability, edge)[1].tolist() == [0, 0]


def test_members_are_sampled_evenly_and_belong_to_the_class():
    member = numbers(50, 3) < .4
    member[:, 1] = False
    class_id = torch.tensor([0, 1, 2])[:, None].expand(3, 30000)
    index = sample_members(member, class_id, numbers(3, 30000))
    assert index.min() >= 0 and index.max() < 50
    for row in (0, 2):
        assert member[index[row], row].all()
        counts = torch.bincount(index[row], minlength=50)[member[:, row]]
        expected = 30000 / len(counts)
        assert (counts > .8 * expected).all()
        assert (counts < 1.2 * expected).all()
    mixed = torch.tensor([[0, 2, 2, 0]])
    found = sample_members(member, mixed, torch.tensor(
        [[0., 0., 1 - 2**-53, 1 - 2**-53]], dtype=torch.float64))[0]
    first, third = member[:, 0].nonzero()[:, 0], member[:, 2].nonzero()[:, 0]
    assert found.tolist() == [first[0], third[0], third[-1], first[-1]]


def test_the_loss_is_info_nce():
    rows, prototype = numbers(30, 4) - .5, numbers(4) - .5
    anchor = rows[:5].clone().requires_grad_()
    negative = (numbers(5, 7) * 30).long()
    losses = (
        region_nce(anchor, prototype, F.normalize(rows, dim=1), negative, .3),
        info_nce(anchor, prototype, rows[negative], .3))
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(
        *(torch.autograd.grad(loss, anchor)[0] for loss in losses))
