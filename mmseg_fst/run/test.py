"""Testing a finished run."""
from os import path as osp
from typing import Optional

from mmengine.config import Config
from mmengine.dist import is_main_process

from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.run_folder import drop_pretrained
from mmseg_fst.engine.networks import protocol_of, unwrap
from mmseg_fst.utils.checkpoint import guard_loading, load_weights
from mmseg_fst.utils.files import save_json

from .launch import build_runner, prepare_processes


def test(cfg: Config,
         checkpoint: str,
         show_dir: Optional[str] = None,
         max_images: int = 100,
         trust: bool = False) -> dict[str, float]:
    """Score student and teacher of a checkpoint.

    Args:
        cfg (Config): The config of the run; its ``work_dir`` takes the logs
            and ``test.json``.
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
        content = dict(
            checkpoint=checkpoint,
            protocol=protocol_of(unwrap(runner)),
            metrics=metrics)
        save_json(osp.join(cfg.work_dir, 'test.json'), content)
        print(f'\nProtocol: {content["protocol"]}')
    return metrics
