"""Making a training step again that was not finite."""
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from mmseg_fst.config.config_file import parse_config
from mmseg_fst.config.run_folder import drop_pretrained
from mmseg_fst.engine import SINGLE_SIDE, from_plain
from mmseg_fst.methods import StepCache, graphs_stay_valid
from mmseg_fst.models import split_dilated
from mmseg_fst.registry import MODELS
from mmseg_fst.use.load import dataset_meta
from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.config_json import decode_config
from mmseg_fst.utils.randomness import set_random_state

from .launch import speed_up
from .teacher_runs import load_teachers


class Replay(NamedTuple):
    """What a step that is made again has shown.

    Attributes:
        recorded (dict[str, float]): Losses in the run.
        losses (dict[str, float]): Losses now.
        grad_norm (float): Norm of the gradient of the student.
        weights (list[str]): Weights and buffers that are not finite before
            the step.
        module (str, optional): First module with an output that is not
            finite.
        gradients (list[str]): Weights with a gradient that is not finite.
    """
    recorded: dict[str, float]
    losses: dict[str, float]
    grad_norm: float
    weights: list[str]
    module: Optional[str]
    gradients: list[str]


def replay(path: str,
           device: str = 'cpu',
           anomaly: bool = False,
           trust: bool = False) -> Replay:
    """Repeat a step from the file that :class:`FiniteGuardHook` wrote.

    On a CPU the losses equal the run bit for bit. With several processes the
    step of one is repeated, and common statistics are computed from its batch
    only.

    Args:
        path (str): The file.
        device (str): Where to compute. Defaults to ``'cpu'``.
        anomaly (bool): Whether PyTorch checks each operation of the backward
            pass and raises at the first gradient that is not a number.
            Defaults to False.
        trust (bool): Whether to run code that the file asks for. Defaults to
            False.

    Returns:
        Replay: What was found.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no training step, or its config would run code
            and is not trusted.
        RuntimeError: Of PyTorch, with ``anomaly``.
    """
    dump = read_checkpoint(path, trust)
    if 'inputs' not in dump:
        raise ValueError(f'{path} holds no training step; give a file of '
                         'WORK_DIR/not_finite.')
    if 'kept' in dump:  # written before the key was renamed
        dump['shared'] = dump.pop('kept')
        if dump['shared'] is not None:
            dump['shared']['resample_mix'] = dump['shared'].pop('redraw')
    cfg = _config_of(dump['meta']['cfg'], path, trust)
    model = _model_of(cfg, dump, device)
    _tell(dump['meta'])
    found: list[str] = []
    for name, module in model.named_modules():
        module.register_forward_hook(_note(name or 'the losses', found))
    with torch.autograd.set_detect_anomaly(anomaly, check_nan=True):
        losses = _losses_of(model, dump, device)
        total, logged = model.parse_losses(losses)
        scaler = getattr(model, 'loss_scaler', None)
        if scaler is not None:
            total = scaler.scale(total)
        total.backward()
    gradients = {
        name: weight.grad / (dump['meta']['loss_scale'] or 1)
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }
    return Replay(
        recorded=dump['losses'],
        losses={name: logged[name].item() for name in dump['losses']},
        grad_norm=float(get_total_norm(gradients.values())),
        weights=_not_finite(dump['state_dict']),
        module=found[0] if found else None,
        gradients=_not_finite(gradients))


def _config_of(text: str, path: str, trust: bool) -> Config:
    """The config of a step, as data; of a trusted file whatever it is."""
    if not trust:
        return parse_config(
            text, path,
            'If you know who made it, add --trust, which lets its code run')
    try:
        cfg = Config(decode_config(text))
    except ValueError:
        return Config.fromstring(text, '.py')
    import_modules_from_strings(**cfg.get('custom_imports', dict(imports=[])))
    return cfg


def _model_of(cfg: Config, dump: dict[str, Any], device: str) -> BaseSegmentor:
    """The model as it was before the step."""
    init_default_scope(cfg.get('default_scope', 'mmseg_fst'))
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    if device == 'cpu' and cfg.get('split_dilated', True):
        split_dilated(model)
    speed_up(model, cfg.get('channels_last', False),
             cfg.get('fused_attention', False))
    model.load_state_dict(dump['state_dict'])
    scale = dump['meta']['loss_scale']
    if scale is not None:
        model.loss_scaler = torch.amp.GradScaler(
            torch.device(device).type, init_scale=scale)
    model.to(device).train()
    if hasattr(model, 'teacher_runs'):
        load_teachers(model, cfg, dataset_meta(cfg, {})['classes'])
    return model


def _tell(meta: dict[str, Any]) -> None:
    """Set the progress of the run, which the model reads."""
    hub = MessageHub.get_instance('replay')  # is now the current one
    for key in ('iter', 'max_iters'):
        hub.update_info(key, meta[key])


def _losses_of(model: BaseSegmentor, dump: dict[str, Any],
               device: str) -> dict[str, Tensor]:
    """The losses of the step, and of one that it takes passes from."""
    shared = dump['shared']
    if shared is None:
        return _forward(model, dump, device, dump['random_state'])
    model.step_cache = StepCache(shared['restored'], shared['resample_mix'])
    _forward(model, dump, device, shared['random_state'])
    changed = [
        *model.trained_parameters(),
        *(buffer for module in model.trained_modules()
          for buffer in module.buffers())
    ]
    with graphs_stay_valid(changed):  # weights are the same again
        model.load_state_dict(dump['state_dict'])
    model.step_cache.step = 'last'
    return _forward(model, dump, device, dump['random_state'])


def _forward(model: BaseSegmentor, dump: dict[str, Any], device: str,
             random_state: list[Tensor]) -> dict[str, Tensor]:
    """The losses, with random numbers of the run."""
    inputs = {
        side: image.to(device)
        for side, image in dump['inputs'].items()
    }
    samples: Any = {
        side: [from_plain(sample).to(device) for sample in batch]
        for side, batch in dump['samples'].items()
    }
    if list(inputs) == [SINGLE_SIDE]:  # a segmentor of MMSegmentation
        inputs, samples = inputs[SINGLE_SIDE], samples[SINGLE_SIDE]
    set_random_state(random_state[:1 if device == 'cpu' else None])
    precision = dump['autocast']
    with torch.autocast(
            torch.device(device).type, precision,
            enabled=precision is not None):
        return model(inputs, samples, mode='loss')


def _note(name: str, found: list[str]) -> Callable:
    """A hook that adds a name if the module's output is not finite."""

    def hook(module: nn.Module, args: tuple, output: Any) -> None:
        if not all(tensor.isfinite().all() for tensor in _tensors(output)):
            found.append(name)

    return hook


def _tensors(value: Any) -> Iterator[Tensor]:
    """All floating tensors of nested lists and dicts."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _not_finite(tensors: dict[str, Tensor]) -> list[str]:
    """Names of tensors with values that are not finite."""
    return [
        name for name, tensor in tensors.items()
        if not tensor.isfinite().all()
    ]
