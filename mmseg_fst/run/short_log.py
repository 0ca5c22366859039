"""A log without hundreds of lines of settings, but with a summary."""
import logging
import re
from typing import Any, Optional, Union

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmseg_fst.config.batch_sizes import side_batch_size

# Messages of mmengine that nobody can act upon: the config is in files of the
# run, SyncBN is reverted where it must be, the loops of this package prefix
# metrics, and mmengine itself uses the classes that it deprecates.
_NOWHERE = re.compile(
    r'Config:\n|Distributed training is not used, all SyncBatchNorm|'
    r'The prefix is not set in metric class |'
    r'"FileClient" will be deprecated in future|'
    r'"HardDiskBackend" is the alias of "LocalBackend"')
# Details for the log file alone. Each parameter of a teacher is skipped by the
# optimizer.
_TO_FILE = re.compile(
    r'\n-+\nSystem environment:|'
    r'Hooks will be executed in the following order:|'
    r'paramwise_options -- |[\w.]+ is skipped since its requires_grad=False$|'
    r'Loads checkpoint by local backend from path: |Exp name: |'
    r'per class results:$')


class ShortLogRunner(Runner):
    """mmengine's runner, without the config in its log.

    The config is in ``config.json``, beside the log. The system environment,
    the order of the hooks, and learning rates by parameter are in the log
    file, not on the screen. Warnings of mmengine about its own calls of
    deprecated classes are left out.
    """

    def build_logger(self,
                     log_level: Union[int, str] = 'INFO',
                     log_file: Optional[str] = None,
                     **kwargs: Any) -> MMLogger:
        """Build the logger.

        Args:
            log_level (int | str): Level of its messages. Defaults to
                ``'INFO'``.
            log_file (str, optional): Path of the log file. Defaults to None:
                named by the time, in the work folder.
            **kwargs: See :class:`mmengine.logging.MMLogger`.

        Returns:
            MMLogger: The logger.
        """
        logger = super().build_logger(log_level, log_file, **kwargs)
        logger.addFilter(_is_for_log)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_screen)
        return logger


def _is_for_log(record: logging.LogRecord) -> bool:
    """Whether a message belongs in the log."""
    return not _NOWHERE.match(str(record.msg))


def _is_for_screen(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the screen."""
    return not _TO_FILE.match(str(record.msg))


def start_summary(cfg: Config) -> str:
    """Summarize a training in a few lines.

    Args:
        cfg (Config): Config of the run.

    Returns:
        str: What is trained, on which data, for how long and where.
    """
    model = cfg.get('model') or {}
    hooks = [hook.type for hook in cfg.get('custom_hooks') or []]
    rows = {
        'Config': cfg.get('config_file', cfg.filename),
        'Folder': f'{cfg.work_dir} (config.json: all settings)',
        'Method': ', '.join(map(str, [model.get('type'), *hooks])),
        'Network': _networks(model),
        'Batch': _batch(cfg),
        'Schedule': _schedule(cfg),
    }
    return 'Training\n' + '\n'.join(
        f'{name + ":":<10}{text}' for name, text in rows.items() if text)


def _networks(model: dict[str, Any]) -> str:
    """Backbone and head of each network."""
    networks = model.get('students') or {
        '': model.get('segmentor') or model}
    texts = []
    for name, network in networks.items():
        parts = [network.get(key) for key in ('backbone', 'decode_head')]
        parts = [part[-1] if isinstance(part, list) else part
                 for part in parts]
        text = ' + '.join(
            ' '.join(filter(None, (str(part.get('type')),
                                   part.get('model_name'))))
            for part in parts if part)
        texts.append(f'{name}: {text}' if name else text)
    return '; '.join(texts)


def _batch(cfg: Config) -> str:
    """Images of each side in a batch."""
    loader = cfg.get('train_dataloader') or {}
    dataset = loader.get('dataset')
    sides = dataset.get('sides', {}) if isinstance(dataset, dict) else {}
    counts = [f'{side_batch_size(cfg, name)} {name}'
              for name, side in sides.items() if side is not None]
    return ' + '.join(counts) or str(loader.get('batch_size', ''))


def _schedule(cfg: Config) -> str:
    """Length of the training, and its optimizer."""
    loop = cfg.get('train_cfg') or {}
    optimizer = (cfg.get('optim_wrapper') or {}).get('optimizer') or {}
    words = [f'{loop.get("max_iters")} iterations']
    if 'val_interval' in loop:
        words.append(f'validation every {loop["val_interval"]}')
    if 'type' in optimizer:
        words.append(f'{optimizer["type"]}, learning rate '
                     f'{optimizer.get("lr", "default")}')
    words.append(f'seed {cfg.get("randomness", {}).get("seed")}')
    return ', '.join(words)
