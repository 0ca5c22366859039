"""The bottleneck of AllSpark, between encoder and decode head."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmseg_fst.ops import group_channels
from mmseg_fst.registry import MODELS

from .channel_attention import ChannelAttention
from .semantic_memory import SemanticMemory


@MODELS.register_module()
class AllSparkNeck(nn.Module):
    """Recomputes the last feature map from channels of unlabeled images.

    Wang et al., "AllSpark: Reborn Labeled Features from Unlabeled in
    Transformer for Semi-Supervised Semantic Segmentation", CVPR 2024. In
    training, see :meth:`exchange`, channels of labeled images attend to a
    memory of unlabeled ones, and unlabeled images to themselves. In
    evaluation, as in figure 3, each image attends to its own channels by the
    layers of labeled images; the memory is not used.

    Parameters have the shapes of the release.

    Args:
        in_channels (int): Channels C of the last feature map.
        num_classes (int): Number of classes.
        size (tuple[int, int]): Height and width of the last feature map in
            training; that of the memory.
        num_heads (int): Factor of the channels within the attention, and heads
            of the attention of unlabeled images. Defaults to 2.
        dropout (float): Dropout of both attentions. Defaults to 0.1.
    """

    def __init__(self, in_channels: int, num_classes: int,
                 size: tuple[int, int], num_heads: int = 2,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.size = size[0], size[1]
        width = num_heads * in_channels
        self.map_in = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 1), nn.GELU())
        self.norm_in = nn.LayerNorm(in_channels, eps=1e-6)
        self.cross_attention = ChannelAttention(
            in_channels, width, dropout=dropout)
        self.self_attention = ChannelAttention(
            in_channels, width, num_heads, dropout)
        self.norm_out = nn.LayerNorm(in_channels, eps=1e-6)
        self.map_out = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 1), nn.GELU())
        self.memory = SemanticMemory(
            num_classes, in_channels, self.size[0] * self.size[1])

    def forward(self, features: Sequence[Tensor],
                together: bool = False) -> list[Tensor]:
        """Let images attend to their own channels, as in evaluation.

        Args:
            features (Sequence[Tensor]): Feature maps (N, C, h, w), finest
                first.
            together (bool): Whether each image attends to the channels of all
                images of the batch. Defaults to False.

        Returns:
            list[Tensor]: The same, but for the last one.
        """
        tokens = self._tokens(features)
        maps = self.norm_in(tokens)
        bank = maps.transpose(0, 1)[None] if together else maps[:, :, None]
        return self._replaced(
            features, tokens + self.cross_attention(maps, bank))

    def exchange(self, features: Sequence[Tensor], num_labeled: int,
                 scores: Tensor, from_memory: bool = True) -> list[Tensor]:
        """Compute labeled features from channels of unlabeled images.

        The memory takes the channels of the unlabeled images first.

        Args:
            features (Sequence[Tensor]): Feature maps (N, C, h, w), finest
                first, of labeled images and then of M unlabeled ones.
            num_labeled (int): Number of labeled images.
            scores (Tensor): Maps of the classes of unlabeled images, of shape
                (M, K, H, W), by which their channels are grouped.
            from_memory (bool): Whether labeled images attend to the memory,
                or to the unlabeled images of the batch. Defaults to True.

        Returns:
            list[Tensor]: The same, but for the last one.

        Raises:
            ValueError: If the last feature map has another size than the
                memory.
        """
        size = tuple(features[-1].shape[2:])
        if size != self.size:
            raise ValueError(
                f'AllSparkNeck: the last feature map has the size {size}, the '
                f'memory {self.size}; set `segmentor.neck.size` to what the '
                'encoder makes of a crop.')
        tokens = self._tokens(features)
        maps = self.norm_in(tokens)
        labeled, unlabeled = maps[:num_labeled], maps[num_labeled:]
        channels = unlabeled.detach().transpose(1, 2)
        memory = self.memory.updated(channels, group_channels(
            scores, channels.unflatten(2, size)))
        bank = (memory.permute(2, 0, 1) if from_memory else
                unlabeled.transpose(0, 1))[None]
        attended = [self.cross_attention(labeled, bank),
                    self.self_attention(unlabeled, unlabeled[:, :, None])]
        return self._replaced(features, tokens + torch.cat(attended))

    def _tokens(self, features: Sequence[Tensor]) -> Tensor:
        """Positions (N, P, C) of the last feature map."""
        return self.map_in(features[-1]).flatten(2).transpose(1, 2)

    def _replaced(self, features: Sequence[Tensor],
                  tokens: Tensor) -> list[Tensor]:
        """Feature maps with another last one, of positions (N, P, C)."""
        maps = self.norm_out(tokens).transpose(1, 2)
        last = self.map_out(maps.unflatten(2, features[-1].shape[2:]))
        return [*features[:-1], last]
