"""Attention of channels, which computes their maps of others' maps."""
from torch import Tensor, nn

from mmseg_fst.ops import channel_weights


class ChannelAttention(nn.Module):
    """Each channel becomes a weighted mean of the channels of a bank.

    Wang et al., "AllSpark", CVPR 2024. Channels are multiplied by
    linear layers without a bias. Parameters are initialized as in the release.

    Args:
        channels (int): Channels C of a feature map.
        width (int): Channels D after the linear layers, a multiple of
            ``groups``.
        groups (int): Groups of these that attend separately. Defaults to 1.
        dropout (float): Dropout of weights and of the output. Defaults to 0.1.
    """

    def __init__(self, channels: int, width: int, groups: int = 1,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.groups = groups
        self.query = nn.Linear(channels, width, bias=False)
        self.key = nn.Linear(channels, width, bias=False)
        self.value = nn.Linear(channels, width, bias=False)
        self.out = nn.Linear(width, channels, bias=False)
        self.weight_dropout = nn.Dropout(dropout)
        self.out_dropout = nn.Dropout(dropout)
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, tokens: Tensor, bank: Tensor) -> Tensor:
        """Attend to the channels of a bank.

        Args:
            tokens (Tensor): Positions of shape (N, P, C).
            bank (Tensor): M feature maps of P positions, of shape
                (N, P, M, C), or (1, P, M, C) for all images. M is 1 if there
                are several groups.

        Returns:
            Tensor: Positions of shape (N, P, C).
        """
        query = self._channels(self.query(tokens))
        key, value = (self._channels(layer(bank).flatten(2))
                      for layer in (self.key, self.value))
        weight = self.weight_dropout(channel_weights(query, key))
        # Groups are the last axis, as in the release.
        mean = (weight @ value).permute(0, 3, 2, 1).flatten(2)
        return self.out_dropout(self.out(mean))

    def _channels(self, tokens: Tensor) -> Tensor:
        """From positions (N, P, D) to channels (N, G, D / G, P)."""
        return tokens.unflatten(2, (self.groups, -1)).permute(0, 2, 3, 1)
