"""Settings of single parameters that have no effect."""
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.logging import print_log
from torch import nn

from .optim import trained_networks


def unmatched_keys(custom_keys: Iterable[str],
                   networks: Iterable[nn.Module]) -> list[str]:
    """Find keys of ``custom_keys`` that match no trained parameter.

    Args:
        custom_keys (Iterable[str]): Keys; as in mmengine, a key matches if
            the name of a parameter contains it.
        networks (Iterable[nn.Module]): Modules whose parameters have these
            settings.

    Returns:
        list[str]: The keys, in their order.
    """
    # mmengine puts a dot before the name of a parameter of the model itself.
    names = [name if '.' in name else f'.{name}' for network in networks
             for name, parameter in network.named_parameters()
             if parameter.requires_grad]
    return [key for key in custom_keys
            if not any(key in name for name in names)]


def warn_of_unmatched(optim_wrapper: Mapping[str, Any],
                      model: nn.Module) -> None:
    """Warn of keys of ``paramwise_cfg.custom_keys`` without an effect.

    Args:
        optim_wrapper (Mapping): Config of the optimizer wrapper.
        model (nn.Module): The model that is trained, without a distributed
            wrapper.
    """
    for place, keys, networks in _places(optim_wrapper, model):
        unmatched = unmatched_keys(keys, networks)
        if unmatched:
            example = next(name for network in networks
                           for name, _ in network.named_parameters())
            print_log(
                f'{place}.paramwise_cfg.custom_keys: '
                f'{", ".join(map(repr, unmatched))} have no effect, because '
                'no name of a trained parameter contains them. A name is '
                f'such as {example!r}.', 'current', logging.WARNING)


def _places(optim_wrapper: Mapping[str, Any], model: nn.Module
            ) -> Iterator[tuple[str, list[str], list[nn.Module]]]:
    """Places of settings, their keys, and the networks that have them."""
    constructor = str(optim_wrapper.get('constructor'))
    if not constructor.endswith('PerStudentConstructor'):
        yield 'optim_wrapper', _keys_of(optim_wrapper), [model]
        return
    shared = trained_networks(model)
    for name, changes in optim_wrapper.get('students', {}).items():
        settings = changes.get('paramwise_cfg', {})
        # The constructor replaces `custom_keys` as a whole.
        if settings is None or {'_delete_', 'custom_keys'} & settings.keys():
            network = shared.pop(name)
            yield (f'optim_wrapper.students.{name}', _keys_of(changes),
                   [network])
    if shared:
        yield 'optim_wrapper', _keys_of(optim_wrapper), [*shared.values()]


def _keys_of(node: Mapping[str, Any]) -> list[str]:
    """Keys of ``custom_keys`` of a config."""
    return [*((node.get('paramwise_cfg') or {}).get('custom_keys') or {})]
