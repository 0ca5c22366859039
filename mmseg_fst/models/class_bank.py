"""Bank of representations of each class, and the contrast of CTT with it."""
from typing import Any, Optional, cast

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from torch import Tensor, nn

from mmseg_fst.ops import (
    append_rows,
    bank_losses,
    class_probabilities,
    mean_by_class,
    membership,
    peer_losses_of_rows,
    rows_of,
    surest_rows,
    without_autocast,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range

from .projection import PixelView, check_classifier
from .region_contrast import on_grid


class ClassBank(nn.Module):
    """The latest sure representations of each class, of a teacher.

    :meth:`stage` takes the pixels of a step, :meth:`commit` writes them once
    after each real step. The bank is the same in all processes.

    Args:
        num_classes (int): Number of classes C.
        channels (int): Channels D of the representation.
        capacity (int): Pixels of a class that are kept.
    """

    queue: Tensor
    known: Tensor

    def __init__(self, num_classes: int, channels: int,
                 capacity: int) -> None:
        super().__init__()
        self.register_buffer(
            'queue', torch.zeros(num_classes, capacity, channels))
        self.register_buffer(
            'known', torch.zeros(num_classes, capacity, dtype=torch.bool))
        self.staged: Optional[tuple[Tensor, Tensor]] = None

    def stage(self, rows: Tensor, score: Tensor, member: Tensor,
              count: int) -> None:
        """Stage the surest pixels of each class; replaces what is staged.

        Args:
            rows (Tensor): Representations of shape (P, D).
            score (Tensor): Of shape (P,).
            member (Tensor): Classes of which a pixel may be taken, bool of
                shape (P, C).
            count (int): Largest number of pixels of a class.
        """
        self.staged = surest_rows(rows, score, member, count)

    @torch.no_grad()
    def commit(self) -> None:
        """Write the staged pixels of all processes."""
        if self.staged is None:
            return
        rows, exists = self.staged
        self.staged = None
        rows = torch.cat(all_gather(rows.contiguous()), dim=1)
        # Not every communication backend supports bool.
        exists = torch.cat(all_gather(exists.byte()), dim=1).bool()
        queue, known = append_rows(self.queue, self.known, rows, exists)
        self.queue.copy_(queue)
        self.known.copy_(known)

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None


@MODELS.register_module()
class CrossBankContrast(nn.Module):
    """The two contrasts of CTT, with a bank of each of several networks.

    Xiao et al., Neurocomputing 2022; numbers from the release
    (``cross_teacher_contr.py``)::

        bank   teacher, labeled pixels that it predicts rightly and surely;
               the surest ones of each batch
        high   student, pixels with a label or a sure pseudo-label: towards
               the bank of its teacher
        low    student, pixels whose pseudo-label is not sure: towards the
               same pixel of its peer, away from the banks of all

    Both are means over classes. They are 0 until all banks are full.

    Args:
        num_classes (int): Number of classes C.
        channels (int): Channels D of the representation.
        names (list[str]): Names of the networks.
        capacity (int): Pixels of a class in a bank. Defaults to 256.
        per_step (int): Largest number of pixels of a class that a process
            adds in a step. Defaults to 10, the batch size on Pascal VOC.
        min_score (float): Minimum probability of a pixel that is added, in
            [0, 1]; the release compares its logit. Defaults to 0.95.
        threshold (float): Minimum confidence of a sure pseudo-label, in
            [0, 1]. Defaults to 0.75.
        temperatures (tuple[float, float]): Of the high and of the low
            contrast. Defaults to (0.1, 0.5).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, num_classes: int, channels: int, names: list[str],
                 capacity: int = 256, per_step: int = 10,
                 min_score: float = 0.95, threshold: float = 0.75,
                 temperatures: tuple[float, float] = (0.1, 0.5)) -> None:
        super().__init__()
        check_range(self, min_score=min_score, threshold=threshold)
        if min(capacity, per_step) < 1 or min(temperatures) <= 0:
            raise ValueError(
                'CrossBankContrast: capacity and per_step must be positive '
                'integers and temperatures above 0, got '
                f'{capacity}, {per_step} and {tuple(temperatures)}.')
        self.num_classes = num_classes
        self.per_step = per_step
        self.min_score = min_score
        self.threshold = threshold
        self.temperatures = temperatures
        self.banks = nn.ModuleDict({
            name: ClassBank(num_classes, channels, capacity)
            for name in names
        })

    def bank(self, name: str) -> ClassBank:
        """The bank of a network.

        Args:
            name (str): The network.

        Returns:
            ClassBank: Its bank.
        """
        return cast(ClassBank, self.banks[name])

    @property
    def full(self) -> Tensor:
        """Whether all banks are full, a bool scalar."""
        return torch.stack([
            self.bank(name).known.all() for name in self.banks]).all()

    def forward(self, name: str, views: tuple[PixelView, PixelView],
                labels: tuple[Tensor, Tensor], confidence: Tensor,
                peer: PixelView) -> dict[str, Tensor]:
        """Both contrasts of one student.

        Args:
            name (str): The network.
            views (tuple[PixelView, PixelView]): Of labeled and of unlabeled
                images.
            labels (tuple[Tensor, Tensor]): Labels and pseudo-labels of shape
                (N, H, W), int64; ids that are no class are ignored.
            confidence (Tensor): Of the pseudo-labels, of shape (N, H, W).
            peer (PixelView): What the peer says of the same unlabeled images.

        Returns:
            dict[str, Tensor]: ``high`` and ``low``, scalars, computed in
            float32 at least.
        """
        true, pseudo = labels
        sure = torch.cat([torch.ones_like(true, dtype=confidence.dtype),
                          confidence])
        unsure = (confidence < self.threshold) & (pseudo >= 0) & (
            pseudo < self.num_classes)
        features = torch.cat([view.representation for view in views])
        with without_autocast(features.device):
            return dict(
                high=self.high(name, features, torch.cat(labels), sure),
                low=self.low(views[1].representation, peer, unsure))

    def high(self, name: str, features: Tensor, label: Tensor,
             confidence: Tensor) -> Tensor:
        """The contrast with the bank of the own teacher.

        Args:
            name (str): The network.
            features (Tensor): Of its student, of shape (N, D, h, w).
            label (Tensor): Class ids of shape (N, H, W), int64.
            confidence (Tensor): Of the labels, of shape (N, H, W); 1 for true
                labels.

        Returns:
            Tensor: A scalar.
        """
        rows, member = self._rows(
            features, label, confidence >= self.threshold)
        bank = self.bank(name).queue.to(rows.dtype)
        losses = bank_losses(rows, member, bank, self.temperatures[0])
        return self._mean(losses, member)

    def low(self, features: Tensor, peer: PixelView,
            unsure: Tensor) -> Tensor:
        """The contrast with the same pixels of the peer.

        Args:
            features (Tensor): Of the student, of shape (N, D, h, w).
            peer (PixelView): Of its peer, for the same unlabeled images.
            unsure (Tensor): Pixels without a sure pseudo-label, bool of shape
                (N, H, W).

        Returns:
            Tensor: A scalar.
        """
        label = class_probabilities(peer.logits.detach()).argmax(1)
        rows, member = self._rows(features, label, unsure)
        other = F.normalize(
            rows_of(peer.representation.detach()).to(rows.dtype), dim=1)
        bank = torch.cat([self.bank(name).queue for name in self.banks], dim=1)
        losses = peer_losses_of_rows(rows, other, member, bank.to(rows.dtype),
                                     self.temperatures[1])
        return self._mean(losses, member)

    @torch.no_grad()
    def stage(self, name: str, view: PixelView, label: Tensor) -> None:
        """Stage labeled pixels for the bank of a teacher.

        Args:
            name (str): The network.
            view (PixelView): What its teacher says of labeled images.
            label (Tensor): Class ids of shape (N, H, W), int64.
        """
        dtype = torch.promote_types(view.logits.dtype, torch.float32)
        score, predicted = class_probabilities(view.logits, dtype).max(1)
        right = (on_grid(label, predicted.shape[1:]) == predicted) & (
            score >= self.min_score)
        member = rows_of(
            membership(predicted, self.num_classes) & right[:, None])
        rows = F.normalize(rows_of(view.representation).to(dtype), dim=1)
        self.bank(name).stage(rows, score.flatten(), member, self.per_step)

    def _rows(self, features: Tensor, label: Tensor,
              chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (P, D), and the class of chosen pixels, (P, C)."""
        size = features.shape[2:]
        dtype = torch.promote_types(features.dtype, torch.float32)
        member = membership(on_grid(label, size), self.num_classes) & (
            on_grid(chosen, size)[:, None])
        rows = F.normalize(rows_of(features).to(dtype), dim=1)
        return rows, rows_of(member)

    def _mean(self, losses: Tensor, member: Tensor) -> Tensor:
        """Mean over classes, 0 until all banks are full."""
        used = member.any(1) & self.full
        losses = torch.where(used, losses, losses.new_zeros(()))
        return mean_by_class(losses, member)


def build_contrast(config: dict, networks: nn.ModuleDict
                   ) -> CrossBankContrast:
    """Build the contrast of several networks.

    Args:
        config (dict): Config of a :class:`CrossBankContrast`, without the
            numbers of classes and channels.
        networks (nn.ModuleDict): ``EncoderDecoder`` of MMSegmentation, by
            name.

    Returns:
        CrossBankContrast: The contrast.

    Raises:
        ValueError: If a decode head has no classifier whose inputs could be
            compared, or they differ in classes or channels.
    """
    heads: list[Any] = [
        network.decode_head for network in networks.values()]
    for head in heads:
        check_classifier(head)
    shapes = {(head.num_classes, head.conv_seg.in_channels) for head in heads}
    if len(shapes) > 1:
        raise ValueError(
            'The features of the students are compared, so their decode heads '
            'must have the same num_classes and channels, got '
            f'{sorted(shapes)}; give both the same decode head, or no '
            '`model.contrast`.')
    (classes, channels), = shapes
    return MODELS.build(dict(config, num_classes=classes, channels=channels,
                             names=list(networks)))
