"""First layers of pretrained networks for any number of channels."""
import logging
from collections.abc import Iterator
from typing import Any, Optional

from mmengine.logging import print_log
from timm.models import adapt_input_conv
from torch import nn
from torch.utils.hooks import RemovableHandle

from mmseg_fst.models.domains import RGB, domain_of

_RGB_CHANNELS = 3


def first_convolution(network: nn.Module) -> Optional[nn.Conv2d]:
    """The convolution that reads the images.

    Args:
        network (nn.Module): A network with a ``backbone``.

    Returns:
        nn.Conv2d | None: The first one of the backbone; None if it has none.
    """
    backbone = network.get_submodule('backbone')
    return next((module for module in backbone.modules()
                 if isinstance(module, nn.Conv2d)), None)


def read_channels(network: nn.Module) -> int:
    """Number of channels of the images that a network reads.

    Args:
        network (nn.Module): A network with a ``backbone``.

    Returns:
        int: Input channels of its first convolution; 3 for a network that
        makes DCT maps of RGB images, and where there is no convolution.
    """
    layer = first_convolution(network)
    if layer is None or domain_of(network) != RGB:
        return _RGB_CHANNELS
    return layer.in_channels


def _networks(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Names and modules of all networks with a backbone.

    Auxiliary networks are left out: they may read more than an image.
    """
    for name, module in model.named_modules():
        if name.startswith('auxiliary.'):
            continue
        if isinstance(getattr(module, 'backbone', None),
                      nn.Module) and hasattr(module, 'decode_head'):
            yield name, module


def check_channels(model: nn.Module) -> None:
    """Raise where backbones do not read the channels that are normalized.

    Args:
        model (nn.Module): A segmentor with a ``data_preprocessor``.

    Raises:
        ValueError: If a first layer has another number of channels than
            ``data_preprocessor.mean`` has numbers.
    """
    mean = getattr(model.data_preprocessor, 'mean', None)
    if mean is None or len(mean) == 1:  # the same for all channels
        return
    for name, network in _networks(model):
        found = read_channels(network)
        if found == len(mean):
            continue
        advice = f'Give the backbone in_channels={len(mean)}'
        if domain_of(network) != RGB:
            advice = 'DCT maps are made of RGB images alone: choose another ' \
                'backbone'
        raise ValueError(
            f'The backbone of {name} reads images of {found} channels, but '
            f'data_preprocessor.mean has {len(mean)} numbers. {advice}, or '
            f'mean and std {found} numbers.')


def adapt_first_layers(model: nn.Module) -> list[RemovableHandle]:
    """Let weights of RGB networks fit first layers of other channels.

    From now on, a first convolution of C channels that is loaded from
    weights of three is adapted as timm does it: for one channel the weights
    of red, green and blue are added up; for more, they are repeated, R, G, B,
    R, ..., and multiplied by 3 / C, so that the outputs keep their size. The
    log says so. Weights of any other number of channels are refused, where
    mmengine would leave the layer as it was initialized.

    Args:
        model (nn.Module): A model of one or more networks.

    Returns:
        list[RemovableHandle]: What ends it, by ``remove()``.
    """
    handles = []
    for name, network in _networks(model):
        layer = first_convolution(network)
        if domain_of(network) == RGB and layer is not None:
            handles.append(
                layer.register_load_state_dict_pre_hook(_Adapter(name)))
    return handles


class _Adapter:
    """Called with the weights that a first layer is about to load."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, layer: nn.Conv2d, state: dict[str, Any], prefix: str,
                 *_: Any) -> None:
        """Put fitting weights in the place of the loaded ones."""
        key = f'{prefix}weight'
        weight = state.get(key)
        count = layer.in_channels // layer.groups
        if weight is None or weight.shape[1] == count:
            return
        if weight.shape[1] != _RGB_CHANNELS:
            raise ValueError(
                f'The first layer of {self.name}.backbone reads {count} '
                f'channels, but the weights to load are for '
                f'{weight.shape[1]}. Give the backbone in_channels='
                f'{weight.shape[1]}, or other weights.')
        state[key] = adapt_input_conv(count, weight)
        how = ('added up' if count == 1 else
               f'repeated and multiplied by 3 / {count}')
        print_log(
            f'{self.name}.backbone, {key}: weights for RGB were {how} for '
            f'images of {count} channels.',
            logger='current',
            level=logging.INFO)
