"""Copies of earlier states of a student, which label together."""
import copy
from typing import Any, cast

import torch
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor, nn


class PreviousStudents(nn.Module):
    """The latest copies of a student, and random ensembles of them.

    Shin et al., "Revisiting and Maximizing Temporal Knowledge in
    Semi-Supervised Semantic Segmentation" (PrevMatch). The copies are frozen,
    in evaluation mode, and part of every checkpoint.

    Args:
        student (EncoderDecoder): The network that is copied.
        capacity (int): Largest number of copies, at least 1; a further one
            replaces the oldest. Defaults to 8.
        most (int): Largest number of copies in an ensemble, at least 1.
            Defaults to 3.

    Raises:
        ValueError: If a number is smaller than 1.
    """

    added: Tensor
    best: Tensor

    def __init__(self,
                 student: EncoderDecoder,
                 capacity: int = 8,
                 most: int = 3) -> None:
        super().__init__()
        if min(capacity, most) < 1:
            raise ValueError('PreviousStudents: capacity and most must be at '
                             f'least 1, got {capacity} and {most}.')
        self.copies = nn.ModuleList(
            copy.deepcopy(student).requires_grad_(False)
            for _ in range(capacity))
        self.most = most
        self.register_buffer('added', torch.tensor(0))
        self.register_buffer(
            'best', torch.tensor(-torch.inf, dtype=torch.float64))
        # The same numbers on the host, which no step has to ask a device for.
        self._added, self._best = 0, float('-inf')
        self.register_load_state_dict_post_hook(_read_numbers)

    @property
    def count(self) -> int:
        """Number of copies so far, at most ``capacity``."""
        return min(self._added, len(self.copies))

    @torch.no_grad()
    def add(self, student: nn.Module) -> None:
        """Copy the student over the oldest copy.

        Args:
            student (nn.Module): The network, with all of its buffers.
        """
        slot = self.copies[self._added % len(self.copies)]
        slot.load_state_dict(student.state_dict())
        self._added += 1
        self.added.fill_(self._added)

    def add_if_better(self, student: nn.Module, score: float) -> None:
        """Copy a student that scores higher than all before.

        Args:
            student (nn.Module): The network.
            score (float): Its score, larger if better.
        """
        if score > self._best:
            self._best = score
            self.best.fill_(score)
            self.add(student)

    def sample_ensemble(self) -> tuple[list[int], list[float]]:
        """Sample an ensemble, on the CPU.

        The number of copies is uniform from 1 to ``most``, and limited by the
        number that exists; their shares are uniform on the simplex.

        Returns:
            tuple: Indices of different copies, and their shares, of sum 1.
        """
        number = min(int(torch.randint(1, self.most + 1, ())), self.count)
        chosen = torch.randperm(self.count)[:number].tolist()
        share = torch.empty(number, dtype=torch.float64).exponential_()
        return chosen, (share / share.sum()).tolist()

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        """Logits of a random ensemble, a weighted mean.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Tensor: Logits of shape (N, C, h, w).

        Raises:
            RuntimeError: If there is no copy yet.
        """
        if not self.count:
            raise RuntimeError('PreviousStudents: no student has been copied '
                               'yet; call `add` first.')
        chosen, share = self.sample_ensemble()
        return cast(Tensor, sum(
            self.copies[index](image) * part
            for index, part in zip(chosen, share)))

    def train(self, mode: bool = True) -> 'PreviousStudents':
        """Stay in evaluation mode.

        Args:
            mode (bool): Not used. Defaults to True.

        Returns:
            PreviousStudents: self.
        """
        return super().train(False)


def _read_numbers(module: nn.Module, keys: Any) -> None:
    """Read the numbers that were loaded, once."""
    previous = cast(PreviousStudents, module)
    previous._added = int(previous.added)
    previous._best = float(previous.best)
