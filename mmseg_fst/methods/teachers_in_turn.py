"""Two teachers of one student, which move in turns."""
import copy
from typing import Any, cast

from mmseg.models.segmentors import EncoderDecoder
from torch import nn

from mmseg_fst.models.mean_network import MeanNetwork
from mmseg_fst.utils.progress import training_iteration

from .method import Method


class TeachersInTurn(Method):
    """A method with two teachers that predict together.

    Both are moving averages of the student, of different epochs. Hooks move
    the one whose turn it is, so FST looks ahead for this one alone. In the
    first ``warmup_iters`` iterations both move.

    See :class:`Method` for other arguments.

    Args:
        turn_iters (int): Iterations, an epoch, in which one teacher moves
            before the other one does, at least 1.
        **kwargs: Arguments of :class:`Method`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    teacher: MeanNetwork

    def __init__(self, turn_iters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if turn_iters < 1:
            raise ValueError(f'{type(self).__name__}: turn_iters must be at '
                             f'least 1, got {turn_iters}.')
        self.turn_iters = turn_iters
        first = cast(EncoderDecoder, self.teacher)
        self.teacher = MeanNetwork([first, copy.deepcopy(first)])

    @property
    def turn(self) -> int:
        """Index of the teacher that moves in this iteration, 0 or 1."""
        done = max(training_iteration() - self.warmup_iters, 0)
        return done // self.turn_iters % 2

    def teacher_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Each teacher with the student."""
        return [(network, self.student) for network in self.teacher.networks]

    def moving_teachers(self) -> list[tuple[nn.Module, nn.Module]]:
        """The teacher whose turn it is; both during the warm-up."""
        pairs = self.teacher_pairs()
        if training_iteration() < self.warmup_iters:
            return pairs
        return [pairs[self.turn]]
