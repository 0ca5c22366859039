"""Small runs of the methods in child processes that can be killed.

A child is forked from a server that has only imported the modules it needs,
because a process cannot be forked after a backward pass of PyTorch. It can be
killed by SIGKILL, which cannot be caught, at any function call.
"""
import json
import math
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional
from unittest import mock

import torch
from helpers import REPOSITORY, network_cfg, preprocessor_cfg, streets_cfg
from mmengine.config import Config
from mmengine.hooks import Hook
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from mmseg_fst.apis import train
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.messages import one_message

CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload(['fault_runs', 'torch.utils.tensorboard'])
BASES = REPOSITORY / 'configs' / '_base_'
MAX_ITERS, INTERVAL = 8, 2
#: Base config of each method, and the hook that moves the teacher.
METHODS: dict[str, tuple[str, Optional[dict]]] = {
    'fst-d': ('mean_teacher', dict(type='FSTHook', depth=2)),
    'fst-w': ('mean_teacher', dict(type='WideFSTHook', width=2,
                                   restore='all')),
    'cutmix_fst': ('ssl_cutmix_mean_teacher',
                   dict(type='FSTHook', depth=1, when='after')),
    'u2pl': ('ssl_u2pl', dict(type='MeanTeacherHook', when='after')),
    '3-cps': ('co_training', None),
}


def _model(base: str) -> dict[str, Any]:
    """Config of a method with networks of 20 000 parameters."""
    model = Config.fromfile(str(BASES / f'methods/{base}.py')).model.to_dict()
    model['data_preprocessor'] = preprocessor_cfg()
    # An untrained network is not confident enough for the real threshold.
    if model['pseudo_labeler']['threshold']:
        model['pseudo_labeler']['threshold'] = .1
    if 'contrast' in model:
        model['contrast'].update(num_anchors=8, threshold=.1)
    if base == 'co_training':
        model['students'] = {
            name: network_cfg() for name in ('left', 'middle', 'right')}
    else:
        model['segmentor'] = network_cfg()
    return model


def _data(root: Path) -> dict[str, Any]:
    """Config of loaders of tiny streets, with random transforms."""
    sides = {}
    for side, domain in (('labeled', 'rendered'), ('unlabeled', 'camera')):
        sides[side] = streets_cfg(root, domain, side == 'labeled')
        sides[side]['pipeline'][-1:-1] = [
            dict(type='RandomFlip', prob=.5),
            dict(type='PhotoMetricDistortion')]
    val = dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=streets_cfg(root, 'camera', split='val', test_mode=True))
    return dict(
        train_dataloader=dict(
            batch_size=2,
            num_workers=2,
            persistent_workers=True,
            sampler=dict(type='PairedSampler'),
            dataset=dict(type='PairedDataset', sides=sides)),
        val_dataloader=val,
        val_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']))


def config(method: str, root: Path, folder: Path) -> Config:
    """Config of a run of a few seconds, with all parts of a real run."""
    base, hook = METHODS[method]
    cfg: dict[str, Any] = {}
    for part in ('default_runtime', 'schedules/adamw_demo'):
        cfg.update(Config.fromfile(str(BASES / f'{part}.py')).to_dict())
    cfg.update(
        model=_model(base),
        **_data(root),
        custom_hooks=[dict(type='FaultProbe')] + [hook] * bool(hook),
        log_level='ERROR',
        work_dir=str(folder))
    cfg['train_cfg'].update(max_iters=MAX_ITERS, val_interval=4)
    for scheduler in cfg['param_scheduler']:
        scheduler['end'] = MAX_ITERS
    cfg['param_scheduler'][0]['end'] = 3
    cfg['param_scheduler'][1]['begin'] = 3
    cfg['default_hooks']['logger']['interval'] = 1
    cfg['default_hooks']['checkpoint']['interval'] = INTERVAL
    cfg['default_hooks']['pseudo_label_quality']['interval'] = 1
    del cfg['default_hooks']['mix_visualization'], cfg['test_cfg']
    if method == 'cutmix_fst':  # in bfloat16
        cfg['optim_wrapper']['type'] = 'AutocastOptimWrapper'
    if base == 'co_training':
        cfg['default_hooks']['checkpoint']['save_best'] = 'ensemble/mIoU'
        cfg['optim_wrapper'] = dict(
            constructor='PerStudentConstructor',
            optimizer=dict(type='SGD', lr=.01, momentum=.9),
            students=dict(right=dict(
                optimizer=dict(_delete_=True, type='AdamW', lr=1e-3))))
    return Config(cfg)


@HOOKS.register_module()
class FaultProbe(Hook):
    """Records the started iterations, and profiles calls during training."""

    priority = 'VERY_HIGH'
    #: Set by a child: profiler function.
    profiler: Optional[Callable] = None
    #: Set by a child: iteration with a loss that is not finite.
    non_finite_iter: Optional[int] = None

    def before_train(self, runner) -> None:
        if self.non_finite_iter is not None:
            # Without a gradient, which would reach the other processes.
            unwrap(runner).register_forward_hook(
                lambda model, inputs, losses: {
                    **losses, 'extra.loss': torch.tensor(math.inf)
                } if runner.iter == self.non_finite_iter and model.training
                else None)
        self.log = os.open(
            Path(runner.work_dir) / f'started_{runner.rank}',
            os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(self.log, b'start\n')
        sys.setprofile(FaultProbe.profiler)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        os.write(self.log, b'%d\n' % runner.iter)

    def after_train(self, runner) -> None:
        sys.setprofile(None)


class CallCounter:
    """Profiler that counts calls, or kills this process at a given call.

    Args:
        at (int, optional): Number of the call to kill the process at.
            Defaults to None, which only counts.
        function (Callable, optional): Function whose calls count. Defaults
            to None, which counts all calls.
    """

    def __init__(self, at: Optional[int] = None,
                 function: Optional[Callable] = None) -> None:
        self.at, self.function, self.count = at, function, 0

    def __call__(self, frame, event: str, arg: Any) -> None:
        if event == 'c_call' or event == 'call' and self.function is None:
            if self.function in (None, arg):
                self.count += 1
                if self.count == self.at:
                    os.kill(os.getpid(), signal.SIGKILL)


class BeforeWrite:
    """Calls a function before a file is written.

    Args:
        number (int): Number of the written file.
        action (Callable): Function of the path and the content.
    """

    def __init__(self, number: int, action: Callable[[Path, bytes], None]):
        self.number, self.action = number, action

    def __call__(self) -> None:
        original, count = Path.write_bytes, 0

        def write(path: Path, content: bytes) -> int:
            nonlocal count
            count += 1
            if count == self.number:
                self.action(path, content)
            return original(path, content)

        Path.write_bytes = write


def kill_halfway(path: Path, content: bytes) -> None:
    """Write half of a file, and kill this process."""
    with open(path, 'wb') as file:
        file.write(content[:len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk(path: Path, content: bytes) -> None:
    """Limit the file size, as if the disk had space for half of a file."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) // 2, hard))


def in_child(folder: Path, action: Callable, *args: Any) -> int:
    """Call a function in a child process; its output goes to a file.

    Returns:
        int: Exit status. A negative status is the signal that ended the
        process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    child = CONTEXT.Process(target=_redirected, args=(folder, action, *args))
    # The server of Python 3.11 does not use the search path of pytest.
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        child.start()
    child.join()
    return child.exitcode


def _redirected(folder: Path, action: Callable, *args: Any) -> None:
    """Redirect the output of the child, and call its function."""
    output = os.open(folder / 'output', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.stdout = sys.stderr = open(1, 'w', buffering=1, closefd=False)
    torch.set_num_threads(1)
    action(*args)


def start(method: str, root: Path, folder: Path,
          profiler: Optional[Callable] = None,
          prepare: Optional[Callable[[], None]] = None,
          **changes: Any) -> int:
    """Train in a child process, resuming from the last checkpoint if any.

    All arguments must be picklable.

    Args:
        method (str): Key of ``METHODS``.
        root (Path): Folder of the data.
        folder (Path): Folder of the run.
        profiler (Callable, optional): Profiler function. Defaults to None.
        prepare (Callable, optional): Function that the child calls first.
            Defaults to None.
        **changes: Replaced keys of the config.

    Returns:
        int: See :func:`in_child`.
    """
    return in_child(folder, _train, method, root, folder, profiler, prepare,
                    changes)


def _train(method: str, root: Path, folder: Path,
           profiler: Optional[Callable],
           prepare: Optional[Callable[[], None]],
           changes: dict[str, Any]) -> None:
    """Train in this process, see :func:`start`."""
    FaultProbe.profiler = profiler
    if prepare is not None:
        prepare()
    cfg = config(method, root, folder)
    cfg.update(changes)
    train(cfg, resume=True)
    if isinstance(profiler, CallCounter):
        (folder / 'calls').write_text(str(profiler.count))


def start_two(root: Path, folder: Path,
              profiler: Optional[Callable] = None,
              non_finite_iter: Optional[int] = None,
              seconds: float = .1,
              **changes: Any) -> int:
    """Train in two processes of ``torchrun``; the second is profiled.

    ``torchrun`` checks the processes at an interval of ``seconds``.
    """
    return in_child(folder, _train_two, root, folder, profiler,
                    non_finite_iter, seconds, changes)


def _train_two(root: Path, folder: Path, profiler: Optional[Callable],
               non_finite_iter: Optional[int], seconds: float,
               changes: dict[str, Any]) -> None:
    """Train in two processes, see :func:`start_two`."""

    def worker() -> None:
        torch.set_num_threads(1)
        if os.environ['RANK'] == '1':
            FaultProbe.profiler = profiler
            FaultProbe.non_finite_iter = non_finite_iter
        cfg = config('fst-d', root, folder)
        cfg.update(changes, launcher='pytorch')
        with one_message(str(folder)):
            train(cfg, resume=True)

    signal.alarm(300)  # in case of a deadlock
    os.environ['CUDA_VISIBLE_DEVICES'] = ''
    elastic_launch(
        LaunchConfig(
            min_nodes=1, max_nodes=1, nproc_per_node=2, run_id='faults',
            rdzv_backend='c10d', rdzv_endpoint='localhost:0',
            max_restarts=0, start_method='fork', monitor_interval=seconds),
        worker)()


def outcome(folder: Path) -> dict[str, Any]:
    """Return the results of a finished run without times and paths.

    Returns:
        dict: By file, nested plain values and tensors.
    """
    files: dict[str, Any] = {}
    for path in sorted(folder.glob('*.pth')):
        files[path.name] = _comparable(read_checkpoint(str(path)))
    results = json.loads((folder / 'results.json').read_text())
    del results['train_minutes']
    files['results.json'] = results
    files['scalars.json'] = sorted(
        (_without_times(json.loads(line))
         for path in folder.glob('*/vis_data/scalars.json')
         for line in path.read_text().splitlines()),
        key=lambda entry: (entry['step'], 'iter' not in entry))
    return files


def _comparable(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint without times, and with file names, not paths."""
    hub = checkpoint['message_hub']
    infos = {
        key: Path(value).name if key in ('best_ckpt', 'last_ckpt') else value
        for key, value in hub['runtime_info'].items()
        # The version is the commit, which may change during the tests.
        if key not in ('eta', 'cfg', 'experiment_name', 'mmengine_version')
    }
    logged = {
        key: [len(part) if 'time' in key else part.tolist()
              for part in buffer.data]
        for key, buffer in hub['log_scalars'].items()
    }
    rest = {key: value for key, value in checkpoint.items()
            if key not in ('message_hub', 'meta')}
    meta = {key: checkpoint['meta'][key] for key in ('iter', 'epoch', 'seed')}
    return dict(rest, meta=meta, infos=infos, logged=logged)


def _without_times(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a log entry without times."""
    return {key: value for key, value in entry.items() if 'time' not in key}


def started_iters(folder: Path) -> list[list[int]]:
    """Return the iterations that each start of a run has started."""
    parts = (folder / 'started_0').read_text().split('start\n')[1:]
    return [[int(line) for line in part.split()] for part in parts]
