"""Testing a finished run."""
from os import path as osp
from typing import Optional

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.run_folder import drop_pretrained
from mmseg_fst.engine.named_scores import (
    describe_data,
    scores_of,
    write_matrices,
)
from mmseg_fst.engine.networks import protocol_of, unwrap
from mmseg_fst.utils.checkpoint import guard_loading, load_weights
from mmseg_fst.utils.collapsed import (
    beside_score,
    unpredicted,
    zero_classes,
)
from mmseg_fst.utils.files import save_json

from .launch import build_runner, prepare_processes


def test(cfg: Config,
         checkpoint: str,
         show_dir: Optional[str] = None,
         max_images: int = 100,
         trust: bool = False) -> dict[str, float]:
    """Score student and teacher of a checkpoint.

    ``test.json`` names the data and contains the metrics and, with a
    :class:`ConfusionIoUMetric`, the scores of each class and warnings about
    classes that are never predicted; ``confusion_NETWORK.csv`` are the
    confusion matrices.

    Args:
        cfg (Config): The config of the run; its ``work_dir`` takes the logs
            and these files.
        checkpoint (str): The checkpoint.
        show_dir (str, optional): Folder for images of predictions. Defaults to
            None: no images.
        max_images (int): Number of images. Defaults to 100.
        trust (bool): Whether to run code that the checkpoint asks for.
            Defaults to False.

    Returns:
        dict[str, float]: The metrics, ``student/mIoU`` and so on, in percent.

    Raises:
        FileNotFoundError: If the checkpoint, or what the config names, is
            missing.
        ValueError: If the checkpoint does not fit the config.
    """
    # All weights come from the checkpoint.
    cfg.merge_from_dict(dict(load_from=None, resume=False))
    drop_pretrained(cfg.model)
    if show_dir is not None:
        hook = dict(
            type='PredictionPanelHook',
            folder=show_dir,
            max_images=max_images)
        cfg.custom_hooks = [hook]
    else:
        cfg.custom_hooks = []
    # The training data need not be here.
    check_config(Config(dict(model=cfg.model, data=cfg.test_dataloader)))
    prepare_processes(cfg)
    guard_loading(trust)
    runner = build_runner(cfg)
    load_weights(unwrap(runner), checkpoint, trust)
    metrics = {key: float(value) for key, value in runner.test().items()}
    if is_main_process():
        _write(runner, checkpoint, metrics)
    return metrics


def choose_split(cfg: Config, split: str, path: str) -> None:
    """Let :func:`test` score the chosen images.

    Args:
        cfg (Config): Config of a run; ``test_dataloader`` is replaced in
            place.
        split (str): ``'val'`` or ``'test'``.
        path (str): Path of the config, for messages.

    Raises:
        ValueError: If the test split is chosen and there is none.
    """
    if split == 'val':
        for key in ('dataloader', 'evaluator'):
            if f'val_{key}' in cfg:
                cfg[f'test_{key}'] = cfg[f'val_{key}']
    elif cfg.test_dataloader.dataset == cfg.val_dataloader.dataset:
        raise ValueError(
            f'{path} has no test split: test_dataloader is val_dataloader. '
            'Create the task with tools/new_task.py --test, or set '
            'test_dataloader in the config.')


def test_folder(folder: str, split: str) -> str:
    """Folder for what :func:`test` writes about a run.

    Args:
        folder (str): Folder of the run.
        split (str): ``'val'`` or ``'test'``.

    Returns:
        str: A folder in it.
    """
    return osp.join(folder, 'test' if split == 'val' else 'test_split')


def _write(runner: Runner, checkpoint: str, metrics: dict[str, float]) -> None:
    """Write and print the scores."""
    loop = runner.test_loop
    scores = scores_of(loop)
    data = describe_data(loop.dataloader.dataset)
    protocol = protocol_of(unwrap(runner))
    warnings = unpredicted(scores)
    content = dict(
        checkpoint=checkpoint,
        protocol=protocol,
        data=data,
        warnings=warnings,
        metrics=metrics,
        classes=scores)
    save_json(osp.join(runner.work_dir, 'test.json'), content)
    write_matrices(loop, runner.work_dir)
    print('\nData: {name}, {split}, {images} images'.format(**data))
    print(f'Protocol: {protocol}')
    for key, value in metrics.items():
        network, _, name = key.rpartition('/')
        if name == 'mIoU':
            print(f'{key}: {value:.2f}'
                  f'{beside_score(zero_classes(scores.get(network, {})))}')
    for warning in warnings:
        print(f'Warning: {warning}')
