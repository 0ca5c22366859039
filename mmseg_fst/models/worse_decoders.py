"""Decoders that are held worse than the one they copy."""
from collections.abc import Sequence
from typing import cast

from mmengine.model import BaseModule, ModuleList
from torch import Tensor

from mmseg_fst.registry import MODELS

from .losses import head_logits, head_losses


class WorseDecoders(BaseModule):
    """Decode heads on the features of another network, each held worse.

    The auxiliary decoders of ELN (Kwon and Kwak, CVPR 2022): their errors
    are plausible and more frequent than errors of the network. A decoder
    learns while its loss is at least ``factor`` times the network's.

    Args:
        head (dict): Config of the decode heads; without a branch for
            representations, which no loss would train.
        factors (Sequence[float]): One of each decoder, at least 1.

    Raises:
        ValueError: If a factor is smaller than 1.
    """

    def __init__(self, head: dict, factors: Sequence[float]) -> None:
        super().__init__()
        if any(factor < 1 for factor in factors):
            raise ValueError('ELN: factors must be at least 1, got '
                             f'{tuple(factors)}.')
        self.factors = tuple(factors)
        head = {
            key: value
            for key, value in head.items() if key != 'representation_channels'
        }
        self.heads = ModuleList([MODELS.build(head) for _ in self.factors])

    def forward(
        self, features: Sequence[Tensor], label: Tensor,
        best: dict[str, Tensor]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Losses and predictions.

        Args:
            features (Sequence[Tensor]): Feature maps of the network; they
                get no gradient.
            label (Tensor): Class ids of shape (N, H, W), int64.
            best (dict[str, Tensor]): Losses of the network; the losses of its
                decode head, ``decode.NAME``, are compared.

        Returns:
            tuple: Loss of each decoder, 0 where it is not to learn, and their
            logits of shape (N, C, H, W).
        """
        features = [feature.detach() for feature in features]
        limit = cast(Tensor, sum(
            loss.detach() for name, loss in best.items()
            if name.startswith('decode.')))
        losses, predictions = {}, []
        for index, (head, factor) in enumerate(zip(self.heads, self.factors)):
            logits = head_logits(head, features, label.shape[1:])
            loss = cast(Tensor, sum(head_losses(head, logits, label).values()))
            losses[f'loss_{index}'] = loss * (loss >= factor * limit)
            predictions.append(logits)
        return losses, predictions
