"""What a training step was given, kept until it is known to be good."""
from collections.abc import Sequence
from typing import Any, Optional, Union, cast

import torch
from mmengine.runner.checkpoint import weights_to_cpu
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.utils.randomness import get_random_state

#: Name of the only side of a batch without sides.
SINGLE_SIDE = 'images'


class StepWatch:
    """Keeps the input, the losses and the random numbers of the last step.

    Nothing is copied but the statistics of batch normalization, which a
    forward pass changes; nothing waits for the device.

    Args:
        model (BaseSegmentor): A segmentor, without its distributed wrapper.
    """

    def __init__(self, model: BaseSegmentor) -> None:
        self.statistics = [
            buffer for module in model.modules()
            if isinstance(module, _BatchNorm)
            for buffer in module.buffers(recurse=False)
        ]
        self.before = [buffer.clone() for buffer in self.statistics]
        self.model = model
        #: Whether a step was begun whose weights have not moved yet.
        self.pending = False
        #: Sum of the losses of earlier steps that were pending when the next
        #: one began, because the loss scaler had skipped them.
        self.skipped: Optional[Tensor] = None
        #: Steps since the last release.
        self.count = 0
        self.inputs: dict[str, Tensor] = {}
        self.samples: dict[str, list[SegDataSample]] = {}
        self.losses: dict[str, Tensor] = {}
        self.random_state: list[Tensor] = []
        self.first_random_state: list[Tensor] = []
        self.autocast: Optional[torch.dtype] = None
        self.handles = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            model.register_forward_hook(self._end, with_kwargs=True)
        ]

    @torch.no_grad()
    def _begin(self, model: nn.Module, args: tuple,
               kwargs: dict[str, Any]) -> None:
        """Before the forward pass of a step."""
        if kwargs.get('mode') != 'loss':
            return
        skipped = self.pending
        if skipped and self.losses:
            total = cast(Tensor, sum(self.losses.values()))
            self.skipped = (
                total if self.skipped is None else self.skipped + total)
        self.pending, self.losses = True, {}
        self.count += 1
        self.inputs, self.samples = kwargs['inputs'], kwargs['data_samples']
        if not isinstance(self.inputs, dict):  # a segmentor of MMSegmentation
            self.inputs = {SINGLE_SIDE: self.inputs}
            self.samples = {SINGLE_SIDE: self.samples}
        self.random_state = get_random_state()
        cache = getattr(model, 'step_cache', None)
        if cache is not None and cache.step == 'first':
            self.first_random_state = self.random_state
        device = next(model.parameters()).device.type
        self.autocast = (
            torch.get_autocast_dtype(device)
            if torch.is_autocast_enabled(device) else None)
        # What a skipped step has left may be broken; before it all was well.
        if self.before and not skipped:
            torch._foreach_copy_(self.before, self.statistics)

    def _end(self, model: nn.Module, args: tuple, kwargs: dict[str, Any],
             output: Any) -> None:
        """After it."""
        if kwargs.get('mode') == 'loss':
            self.losses = {
                name: _mean(value)
                for name, value in output.items() if 'loss' in name
            }

    @torch.no_grad()
    def undo(self) -> None:
        """Take back what the forward pass has changed or staged."""
        if self.before:
            torch._foreach_copy_(self.statistics, self.before)
        if hasattr(self.model, 'discard'):
            self.model.discard()

    def release(self) -> None:
        """Let go of the batch, whose step is done."""
        self.pending, self.count, self.skipped = False, 0, None
        self.inputs, self.samples, self.losses = {}, {}, {}

    def close(self) -> None:
        """Watch no longer."""
        self.release()
        for handle in self.handles:
            handle.remove()

    def values(self) -> dict[str, Tensor]:
        """All losses since weights have moved last, scalars by name."""
        if self.skipped is None:
            return dict(self.losses)
        return {**self.losses, 'loss of a skipped step': self.skipped}

    def files(self) -> str:
        """Names of the images, such as ``'labeled: a.png, b.png'``."""
        return '; '.join(
            f'{side}: ' + ', '.join(
                str(sample.metainfo.get('img_path')) for sample in samples)
            for side, samples in self.samples.items())

    def content(self) -> dict[str, Any]:
        """What the step can be made from again, as plain values.

        Returns:
            dict: ``state_dict``; ``inputs`` (N, 3, H, W) and ``samples`` by
            side; ``random_state`` at the beginning of the forward pass;
            ``losses``, floats by name; ``autocast``, the dtype of low
            precision or None; and ``shared``, if the step reuses passes of
            an earlier one through a :class:`mmseg_fst.methods.StepCache`,
            what that is made of, else None.
        """
        cache, shared = getattr(self.model, 'step_cache', None), None
        if cache is not None and cache.step == 'last':
            shared = dict(
                restored=cache.restored,
                resample_mix=cache.resample_mix,
                random_state=self.first_random_state)
        return dict(
            state_dict=weights_to_cpu(self.model.state_dict()),
            inputs={side: image.cpu() for side, image in self.inputs.items()},
            samples={
                side: [to_plain(sample) for sample in samples]
                for side, samples in self.samples.items()
            },
            random_state=self.random_state,
            losses={name: loss.item() for name, loss in self.losses.items()},
            autocast=self.autocast,
            shared=shared)


def _mean(loss: Union[Tensor, Sequence[Tensor]]) -> Tensor:
    """A loss as it is logged, a scalar without a graph."""
    if isinstance(loss, Tensor):
        return loss.detach().mean()
    return torch.stack([part.detach().mean() for part in loss]).sum()


def to_plain(sample: SegDataSample) -> dict[str, Any]:
    """A data sample as values that any program can read.

    Args:
        sample (SegDataSample): What was known of an image.

    Returns:
        dict: ``metainfo`` and ``label``, (1, H, W) or None.
    """
    label = sample.gt_sem_seg.data.cpu() if 'gt_sem_seg' in sample else None
    return dict(metainfo=dict(sample.metainfo), label=label)


def from_plain(content: dict[str, Any]) -> SegDataSample:
    """Inverse of :func:`to_plain`.

    Args:
        content (dict): What it has returned.

    Returns:
        SegDataSample: The data sample.
    """
    sample = SegDataSample(metainfo=content['metainfo'])
    if content['label'] is not None:
        sample.gt_sem_seg = PixelData(data=content['label'])
    return sample
