"""What replays with a :class:`Tape` share: an encoder and the training."""
from pathlib import Path

import torch
from mmengine.runner import Runner
from torch import nn

from mmseg_fst.registry import MODELS

from .release import first
from .ssl_release import RecordedPairs


@MODELS.register_module()
class StridedEncoder(nn.Module):
    """Convolutions of stride 2, each with batch normalization."""

    def __init__(self, widths) -> None:
        super().__init__()
        layers, inputs = [], 3
        for width in widths:
            layers += [
                nn.Conv2d(inputs, width, 3, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU()
            ]
            inputs = width
        self.layers = nn.Sequential(*layers)

    def forward(self, image):
        return [self.layers(image)]


def build_runner(work_dir: Path, model: dict, data: dict, learning_rate: float,
                 paramwise: dict, length: int, hooks=()) -> Runner:
    """A runner of the method, in float64.

    Args:
        work_dir (Path): Where the run writes.
        model (dict): Config of the method.
        data (dict): Of :func:`batches`.
        learning_rate (float): Of the whole network.
        paramwise (dict): ``paramwise_cfg`` of the optimizer.
        length (int): Iterations until the learning rate is 0.
        hooks (Sequence[dict]): Configs of hooks. Defaults to ().

    Returns:
        Runner: The runner; its model gets the batches as they are.
    """
    runner = Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=RecordedPairs(data),
            collate_fn=first,
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(
            type='IterBasedTrainLoop', max_iters=len(data['labeled'])),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(
                type='SGD', lr=learning_rate, momentum=.9, weight_decay=1e-4),
            paramwise_cfg=paramwise),
        param_scheduler=[
            dict(
                type='PolyLR',
                power=.9,
                eta_min=0.,
                begin=0,
                end=length + 1,
                by_epoch=False)
        ],
        custom_hooks=list(hooks),
        default_scope='mmseg_fst',
        log_level='ERROR',
        experiment_name=f'tape_{work_dir.name}')
    runner.model.double().data_preprocessor.forward = (
        lambda data, training: dict(
            inputs={name: torch.stack(side['inputs'])
                    for name, side in data.items()},
            data_samples={name: side['data_samples']
                          for name, side in data.items()}))
    return runner


def train(runner: Runner, start: dict) -> list[dict]:
    """Train from given weights; returns the losses of each iteration."""
    model = runner.model
    _, unexpected = model.load_state_dict(start, strict=False)
    assert not unexpected
    model.init_weights = lambda: None
    logged, compute = [], model.loss

    def record_losses(inputs, data_samples):
        losses = compute(inputs, data_samples)
        logged.append({name: value.item() for name, value in losses.items()})
        return losses

    model.loss = record_losses
    runner.train()
    return logged
