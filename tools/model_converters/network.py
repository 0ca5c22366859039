"""What the converters have in common: whether weights fit a network."""
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmseg_fst.registry import MODELS

Weights = dict[str, Tensor]


class Converter(NamedTuple):
    """How the weights of one kind of encoder are renamed.

    Attributes:
        convert (Callable): From a state dict to one in our names.
        config (Callable): From a state dict in our names to the config of an
            encoder of that size, for ``MODELS``.
        fresh (tuple[str]): Beginnings of names that the encoder has and the
            source has not; they keep what the encoder is initialized with.
    """
    convert: Callable[[Mapping[str, Tensor]], Weights]
    config: Callable[[Mapping[str, Tensor]], dict[str, Any]]
    fresh: tuple[str, ...] = ()


class _NoStorage(TorchFunctionMode):
    """Layers are built without memory: only their shapes are asked for.

    ``torch.device('meta')`` would do it too if constructors computed nothing,
    but those of MMSegmentation call ``.item()``.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.empty:
            kwargs['device'] = 'meta'
        return function(*args, **kwargs)


def build_shapes(config: Mapping[str, Any]) -> nn.Module:
    """A network of which only names and shapes are of use.

    Args:
        config (dict): Config for ``MODELS``.

    Returns:
        nn.Module: The network, most of it on the meta device.
    """
    import mmseg_fst  # noqa: F401  (registers)
    with DefaultScope.overwrite_default_scope('mmseg_fst'), _NoStorage():
        return MODELS.build(dict(config))


def check_fit(weights: Mapping[str, Tensor],
              network: nn.Module,
              fresh: Iterable[str] = ()) -> None:
    """Raise unless the weights are those of the network, all and no more.

    Args:
        weights (dict[str, Tensor]): The weights, in our names.
        network (nn.Module): The network.
        fresh (Iterable[str]): Beginnings of names that may be missing.

    Raises:
        ValueError: If names or shapes differ.
    """
    # Buffers that follow from the config are computed, not loaded; counters
    # of batches are of no use to a converted network.
    computed = ('relative_position_index', 'num_batches_tracked')
    shapes = {
        name: tuple(tensor.shape)
        for name, tensor in network.state_dict().items()
        if not name.endswith(computed)
    }
    given = {
        name: tuple(tensor.shape)
        for name, tensor in weights.items() if not name.endswith(computed)
    }
    faults = [f'{name} is missing' for name in shapes
              if name not in given and not name.startswith(tuple(fresh))]
    faults += [f'{name} is not known' for name in given if name not in shapes]
    faults += [
        f'{name} has shape {given[name]}, not {shape}'
        for name, shape in shapes.items() if given.get(name, shape) != shape
    ]
    if faults:
        raise ValueError(
            f'These weights do not make a {type(network).__name__}: '
            f'{"; ".join(faults[:3])}' +
            (f'; and {len(faults) - 3} more.' if faults[3:] else '.'))


def convert_encoder(weights: Mapping[str, Tensor],
                    converter: Converter) -> Weights:
    """Rename the weights of an encoder and check that nothing is amiss.

    Args:
        weights (dict[str, Tensor]): State dict in the names of the source.
        converter (Converter): How to rename them.

    Returns:
        dict[str, Tensor]: State dict in our names.

    Raises:
        ValueError: If they are not those of such an encoder.
    """
    try:
        converted = converter.convert(weights)
        config = converter.config(converted)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f'These are not the weights of such an encoder: {error} is '
            f'missing; they begin with {", ".join(list(weights)[:3])}. Take '
            'another converter of tools/model_converters.') from error
    check_fit(converted, build_shapes(config), converter.fresh)
    return converted


def without_prefix(weights: Mapping[str, Tensor],
                   prefixes: Iterable[str]) -> Weights:
    """Take off a prefix that all weights have.

    Args:
        weights (dict[str, Tensor]): State dict.
        prefixes (Iterable[str]): Prefixes to look for, in this order.

    Returns:
        dict[str, Tensor]: State dict.
    """
    for prefix in prefixes:
        if weights and all(name.startswith(prefix) for name in weights):
            weights = {
                name.removeprefix(prefix): tensor
                for name, tensor in weights.items()
            }
    return dict(weights)


def count(weights: Iterable[str], pattern: str) -> int:
    """How many parts are numbered in the place of ``{}`` of a name.

    Args:
        weights (Iterable[str]): Names of weights.
        pattern (str): Beginning of a name, such as ``layers.{}.``.

    Returns:
        int: The number, counted from 0 until one is missing.
    """
    names, total = list(weights), 0
    while any(name.startswith(pattern.format(total)) for name in names):
        total += 1
    return total
