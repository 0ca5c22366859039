"""Contrast with a bank of classes, against loops over pixels."""
import torch
import torch.nn.functional as F

from mmseg_fst.ops import (
    append_rows,
    bank_losses,
    mean_by_class,
    peer_losses_of_rows,
    surest_rows,
)


def scene():
    generator = torch.Generator().manual_seed(0)
    rows = F.normalize(torch.randn(9, 4, generator=generator).double(), dim=1)
    bank = F.normalize(
        torch.randn(3, 2, 4, generator=generator).double(), dim=2)
    label = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1])
    return rows, F.one_hot(label, 3).bool(), bank, label


def test_each_vector_of_the_class_is_a_positive():
    rows, member, bank, label = scene()
    losses = bank_losses(rows, member, bank, .3)
    for row, own, loss in zip(rows, label.tolist(), losses):
        others = torch.cat([bank[index] for index in range(3)
                            if index != own])
        negative = (row @ others.T / .3).exp().sum()
        positives = (bank[own] @ row / .3).exp()
        expected = -(positives / (positives + negative)).log().mean()
        torch.testing.assert_close(loss, expected)


def test_the_peer_is_the_positive():
    rows, member, bank, label = scene()
    losses = peer_losses_of_rows(rows, rows.flip(0), member, bank, .5)
    for index, own in enumerate(label.tolist()):
        others = torch.cat([bank[other] for other in range(3)
                            if other != own])
        negative = (rows[index] @ others.T / .5).exp().sum()
        positive = (rows[index] @ rows[-1 - index] / .5).exp()
        torch.testing.assert_close(
            losses[index], -(positive / (positive + negative)).log())


def test_classes_count_equally():
    member = torch.tensor([[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]).bool()
    values = torch.tensor([1., 3., 10., 99.])
    assert mean_by_class(values, member) == 6
    assert mean_by_class(values, member & False) == 0


def test_the_surest_rows_come_first():
    rows = torch.arange(5.)[:, None]
    member = torch.tensor([[1, 0], [1, 0], [1, 0], [0, 1], [0, 0]]).bool()
    best, exists = surest_rows(
        rows, torch.tensor([.2, .9, .5, .7, 1.]), member, 2)
    assert best[0, :, 0].tolist() == [1, 2] and exists[0].all()
    assert best[1, 0] == 3 and exists[1].tolist() == [True, False]


def test_the_oldest_rows_leave_and_empty_places_are_not_in_between():
    queue, known = torch.zeros(1, 3, 1), torch.zeros(1, 3).bool()
    for values, exists in (([1., 9.], [1, 0]), ([2., 3.], [1, 1]),
                           ([8., 8.], [0, 0]), ([4., 7.], [1, 0])):
        queue, known = append_rows(
            queue, known, torch.tensor(values).view(1, 2, 1),
            torch.tensor([exists]).bool())
    assert known.all() and queue.flatten().tolist() == [2, 3, 4]
