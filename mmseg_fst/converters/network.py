"""Common part of the converters: checking weights against a network."""
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmseg_fst.registry import MODELS

Weights = dict[str, Tensor]


class Converter(NamedTuple):
    """Conversion of the weights of one kind of encoder.

    Attributes:
        convert (Callable): Converts the names of a state dict.
        config (Callable): From a converted state dict to the config of the
            encoder, for ``MODELS``.
        fresh (tuple[str]): Prefixes of weights that the source does not have.
            They keep their initial values.
    """
    convert: Callable[[Mapping[str, Tensor]], Weights]
    config: Callable[[Mapping[str, Tensor]], dict[str, Any]]
    fresh: tuple[str, ...] = ()


class _NoStorage(TorchFunctionMode):
    """Build layers without memory, since only their shapes are needed.

    ``torch.device('meta')`` alone does not work, because constructors of
    MMSegmentation call ``.item()``.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.empty:
            kwargs['device'] = 'meta'
        return function(*args, **kwargs)


def build_shapes(config: Mapping[str, Any]) -> nn.Module:
    """Build a network for the names and shapes of its weights.

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
    """Raise unless names and shapes of weights match a network exactly.

    Args:
        weights (dict[str, Tensor]): Converted state dict.
        network (nn.Module): The network.
        fresh (Iterable[str]): Prefixes of names that may be missing.

    Raises:
        ValueError: If names or shapes differ.
    """
    # Buffers that follow from the config are computed, not loaded. Batch
    # counters are not used by a converted network.
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
    errors = [f'{name} is missing' for name in shapes
              if name not in given and not name.startswith(tuple(fresh))]
    errors += [f'{name} is not known' for name in given if name not in shapes]
    errors += [
        f'{name} has shape {given[name]}, expected {shape}'
        for name, shape in shapes.items() if given.get(name, shape) != shape
    ]
    if errors:
        raise ValueError(
            f'These weights do not match {type(network).__name__}: '
            f'{"; ".join(errors[:3])}' +
            (f'; and {len(errors) - 3} more.' if errors[3:] else '.'))


def convert_encoder(weights: Mapping[str, Tensor],
                    converter: Converter) -> Weights:
    """Convert the weights of an encoder and check the result.

    Args:
        weights (dict[str, Tensor]): State dict with the names of the source.
        converter (Converter): The converter of this kind of encoder.

    Returns:
        dict[str, Tensor]: The converted state dict.

    Raises:
        ValueError: If the weights are from another kind of encoder.
    """
    try:
        converted = converter.convert(weights)
        config = converter.config(converted)
    except (KeyError, IndexError) as error:
        raise ValueError(
            f'These weights are from another encoder: {error} is missing; '
            f'their first names are {", ".join(list(weights)[:3])}. Use '
            'another converter of mmseg_fst.converters.') from error
    check_fit(converted, build_shapes(config), converter.fresh)
    return converted


def without_prefix(weights: Mapping[str, Tensor],
                   prefixes: Iterable[str]) -> Weights:
    """Remove prefixes that all weights have in common.

    Args:
        weights (dict[str, Tensor]): State dict.
        prefixes (Iterable[str]): Prefixes to remove, in this order.

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
    """Count the consecutively numbered parts of a network.

    Args:
        weights (Iterable[str]): Names of weights.
        pattern (str): Prefix with the number as ``{}``, such as
            ``layers.{}.``.

    Returns:
        int: The number of parts, counted from 0 to the first missing number.
    """
    names, total = list(weights), 0
    while any(name.startswith(pattern.format(total)) for name in names):
        total += 1
    return total
