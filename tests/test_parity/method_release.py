"""What replays of methods share: a toy network and samples."""
from collections.abc import Iterator
from types import SimpleNamespace

import torch
from helpers import REPOSITORY
from mmengine.config import Config, ConfigDict
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_fst.registry import MODELS

from .ssl_release import ToyEncoder  # noqa: F401, registers it

METHODS = REPOSITORY / 'configs' / '_base_' / 'methods'


def build_toy(name: str, num_classes: int, auxiliary: bool, **changes):
    """The method of a config on the toy network, in training mode."""
    cfg = Config.fromfile(str(METHODS / f'{name}.py'))
    cfg.merge_from_dict(
        {f'model.{key}': value for key, value in changes.items()})
    head = dict(
        type='FCNHead', num_convs=0, concat_input=False, in_channels=8,
        channels=8, num_classes=num_classes, dropout_ratio=0.,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))
    segmentor = dict(
        type='EncoderDecoder', backbone=dict(type='ToyEncoder'),
        decode_head=dict(head, in_index=0), test_cfg=dict(mode='whole'))
    if auxiliary:
        loss = dict(head['loss_decode'], loss_weight=.4)
        segmentor['auxiliary_head'] = dict(head, in_index=0, loss_decode=loss)
    model = MODELS.build(ConfigDict(
        cfg.model, segmentor=segmentor,
        data_preprocessor=dict(type='SelfTrainingDataPreProcessor')))
    for network in model.networks:
        model.network(network).double()
    return model.train()


def rename(state: dict, **names: str) -> dict:
    """Replace parts of the names of weights."""
    renamed = {}
    for key, value in state.items():
        for old, new in names.items():
            key = key.replace(old, new)
        renamed[key] = value
    return renamed


def samples_of(label=None, count: int = 0) -> list:
    """Data samples with labels (N, H, W), or without."""
    if label is None:
        return [SegDataSample() for _ in range(count)]
    return [SegDataSample(gt_sem_seg=PixelData(data=one_map.long()[None]))
            for one_map in label]


def enlarge(*maps: torch.Tensor) -> list[torch.Tensor]:
    """Maps (..., H, W) with blocks of 4 x 4 pixels for each pixel."""
    return [values.repeat_interleave(4, -1).repeat_interleave(4, -2)
            for values in maps]


def iterations_of(record: dict) -> Iterator[tuple]:
    """Index, batch and results of each iteration; the progress is set."""
    hub = MessageHub.get_current_instance()
    hub.update_info('max_iters', len(record['iters']))
    try:
        for index, (batch, results) in enumerate(
                zip(record['batches'], record['iters'])):
            hub.update_info('iter', index)
            yield index, batch, results
    finally:
        hub.update_info('iter', 0)
        hub.update_info('max_iters', 1)


def optimizer_of(model, rate: float, decay: float) -> torch.optim.SGD:
    """SGD, the heads ten times as fast as the encoder."""
    heads = [weight for name, weight in model.student.named_parameters()
             if 'head' in name]
    return torch.optim.SGD(
        [dict(params=list(model.student.backbone.parameters()), lr=rate),
         dict(params=heads, lr=10 * rate)],
        momentum=.9, weight_decay=decay)


def learn(model, optimizer, inputs: dict, samples: dict) -> dict:
    """Make one training step; returns its losses as numbers."""
    losses = model.loss(inputs, samples)
    optimizer.zero_grad()
    model.parse_losses(losses)[0].backward()
    optimizer.step()
    model.commit()
    return {name: value.item() for name, value in losses.items()}


def runner_of(model, iteration: int) -> SimpleNamespace:
    """What a hook asks of a runner."""
    return SimpleNamespace(model=model, iter=iteration)


def assert_close(found: dict, expected: dict, tolerance: float) -> None:
    """Compare weights by name."""
    for name, value in expected.items():
        distance = (found[name].double() - value).abs().max().item()
        scale = max(1., value.abs().max().item())
        assert distance <= tolerance * scale, (name, distance)
