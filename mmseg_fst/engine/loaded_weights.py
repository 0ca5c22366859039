"""Weights that do not fit the module that loads them."""
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from os import path as osp
from typing import Any, NamedTuple, Optional

import torch
from mmengine.logging import print_log
from torch import nn
from torch.utils.hooks import RemovableHandle

from mmseg_fst.utils.checkpoint import ForeignCheckpoint
from mmseg_fst.utils.programs import program

# Smaller shares of loaded weights are refused.
_MIN_SHARE = .5
_MAX_NAMES = 4
_MISMATCH = re.compile(r'size mismatch for (\S+): copying a param with shape '
                       r'(?:torch\.Size\()?([^)]*)\)? from checkpoint, the '
                       r'shape in current model is '
                       r'(?:torch\.Size\()?([^)]*)')


class Source(NamedTuple):
    """Where weights come from.

    Attributes:
        path (str): File of the weights.
        key (str): Key of the config that names it, such as ``'load_from'``.
        is_resumed (bool): Whether every weight must be there.
    """
    path: str
    key: str
    is_resumed: bool = False


class LoadCheck:
    """Check whether the weights fit that a module loads.

    mmengine loads whatever fits, which may be nothing, and logs the rest. Here
    weights are refused if fewer than half of the parameters of the module (by
    their number of elements) are loaded; if some are missing, a warning names
    them.

    Args:
        module (nn.Module): The module.
        source (Source): Where its weights come from.
        needed (Mapping[str, int]): Parameters to count by name, with their
            numbers of elements.

    Raises:
        ValueError: While the module loads weights that do not fit.
        ForeignCheckpoint: While it loads a checkpoint that is resumed and
            lacks a parameter.
    """

    def __init__(self, module: nn.Module, source: Source,
                 needed: Mapping[str, int]) -> None:
        self.source = source
        self.needed = needed
        self._state: Optional[dict[str, Any]] = None
        self._errors: Sequence[str] = ()
        self._handles: list[RemovableHandle] = [
            module.register_load_state_dict_pre_hook(self._note),
            module.register_load_state_dict_post_hook(self._check)]

    def remove(self) -> None:
        """Stop checking."""
        for handle in self._handles:
            handle.remove()

    def _note(self, module: nn.Module, state: dict[str, Any], prefix: str,
              metadata: dict[str, Any], strict: bool, missing: list[str],
              unexpected: list[str], errors: list[str]) -> None:
        """Note the weights, unless they are for a larger module."""
        self._state, self._errors = (None if prefix else dict(state)), errors

    def _check(self, module: nn.Module, keys: Any) -> None:
        """Compare what was loaded with what is needed."""
        if self._state is None:
            return
        state, self._state = self._state, None
        shapes = {found[1]: f'{found[1]} ({found[2]} in the file, {found[3]} '
                            'here)'
                  for found in map(_MISMATCH.search, self._errors) if found}
        missing = [name for name in keys.missing_keys if name in self.needed]
        lost = [*missing, *(name for name in shapes if name in self.needed)]
        total = sum(self.needed.values())
        share = 1 - sum(self.needed[name] for name in lost) / max(total, 1)
        if not lost:
            return
        counts = (
            f'{len(self.needed) - len(lost)} of {len(self.needed)} parameters '
            f'fit, {len(missing)} are missing ({_shorten(missing)}), '
            f'{len(lost) - len(missing)} have another shape '
            f'({_shorten([shapes[name] for name in lost if name in shapes])})'
            f', and {len(keys.unexpected_keys)} names of the file are unknown '
            f'({_shorten(keys.unexpected_keys)})').replace(' ()', '')
        if self.source.is_resumed:
            raise ForeignCheckpoint(
                f'{self.source.path} cannot be resumed: {counts}. It was '
                'trained with another network; resume with its config, or '
                'start a new run: without --resume, with another --work-dir.')
        if share < _MIN_SHARE:
            raise ValueError(
                f'{self.source.key}: the weights of {self.source.path} do not '
                f'fit: {counts}. {self._advice(module, state)}')
        print_log(
            f'{self.source.key}: not all weights come from '
            f'{self.source.path}: {counts}. What is missing starts from '
            'random values.', 'current', logging.WARNING)

    def _advice(self, module: nn.Module, state: dict[str, Any]) -> str:
        """What to do about weights that do not fit."""
        nested = [name for name, value in state.items()
                  if isinstance(value, Mapping) and any(
                      isinstance(item, torch.Tensor)
                      for item in value.values())]
        if nested:
            return (f'The weights seem to be in its entry {nested[0]!r}: save '
                    'that entry as a file and name it instead.')
        path, key = self.source.path, self.source.key
        lacking, extra = _prefixes(state, module.state_dict())
        if lacking == 'student.':
            return ('It is a network without a method: start the student from '
                    'it by --cfg-options model.segmentor.init_cfg.type='
                    f'Pretrained model.segmentor.init_cfg.checkpoint={path}, '
                    f'without {key}.')
        if extra and key != 'load_from':
            return (f'All its names begin with {extra!r}: add '
                    f'prefix={extra!r} to init_cfg.')
        hint = ''
        if lacking or extra:
            hint = (f'Its names lack the prefix {lacking!r}. ' if lacking else
                    f'Its names have the additional prefix {extra!r}. ')
        if 'checkpoints' in osp.normpath(path).split(osp.sep):
            stem = osp.splitext(osp.basename(path))[0]
            return (f'{hint}A file that fits is written by: '
                    f'{program("download checkpoints")} {stem}')
        return f'{hint}Name a file of the same network, or leave {key} out.'


def _shorten(names: Sequence[str]) -> str:
    """The first of many names."""
    more = len(names) - _MAX_NAMES
    return ', '.join(names[:_MAX_NAMES]) + (f', ... {more} more'
                                            if more > 0 else '')


def _prefixes(state: Mapping[str, Any],
              own: Mapping[str, torch.Tensor]) -> tuple[str, str]:
    """What the names of a file lack, or have in addition, if anything."""
    by_end: dict[tuple[str, ...], list[str]] = {}
    for name in own:
        by_end.setdefault(tuple(name.split('.')[-2:]), []).append(name)
    lacking, extra = Counter[str](), Counter[str]()
    for name, value in state.items():
        for target in by_end.get(tuple(name.split('.')[-2:]), ()):
            if getattr(value, 'shape', None) != own[target].shape:
                continue
            if target.endswith(f'.{name}'):
                lacking[target.removesuffix(name)] += 1
            elif name.endswith(f'.{target}'):
                extra[name.removesuffix(target)] += 1
    half = min(len(state), len(own)) / 2
    return tuple(  # type: ignore[return-value]  # two of them
        found[0][0] if found and found[0][1] > half else ''
        for found in (lacking.most_common(1), extra.most_common(1)))


def check_loads(model: nn.Module, source: Optional[Source],
                trained: Sequence[nn.Parameter]) -> list[LoadCheck]:
    """Check the weights that a model loads when its run starts.

    Args:
        model (nn.Module): The model of the run.
        source (Source, optional): Checkpoint that the whole model is loaded
            from. None: there is no such checkpoint.
        trained (Sequence[nn.Parameter]): Parameters that are trained; only
            they are needed of such a checkpoint, since teachers start as
            copies.

    Returns:
        list[LoadCheck]: Checks of the whole model, if any, and of all modules
        that start from pretrained weights, to be removed when all is loaded.
    """
    wanted = set(map(id, trained))
    checks = [] if source is None else [
        LoadCheck(model, source, {
            name: parameter.numel()
            for name, parameter in model.named_parameters()
            if id(parameter) in wanted})]
    for place, module, path in _pretrained(model):
        checks.append(LoadCheck(
            module, Source(path, f'{place}.init_cfg'),
            {name: parameter.numel()
             for name, parameter in module.named_parameters()}))
    return checks


def _pretrained(model: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """Modules that start from a file, with their places and the file."""
    for place, module in model.named_modules():
        settings = getattr(module, 'init_cfg', None)
        entries = [settings] if isinstance(settings, dict) else settings
        for entry in entries or ():
            if entry.get('type') == 'Pretrained' and entry.get('checkpoint'):
                yield place or 'model', module, entry['checkpoint']
