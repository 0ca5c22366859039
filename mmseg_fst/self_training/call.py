"""The call: data, supervised training, self-training, scores, report."""
import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from os import PathLike
from os import path as osp
from pathlib import Path
from typing import Any, Optional, Union

from mmseg_fst.config.base_configs import base_configs
from mmseg_fst.config.config_file import open_config
from mmseg_fst.config.run_folder import find_checkpoint, find_config
from mmseg_fst.prepare.schedule import (
    choose_schedules,
    describe_schedules,
    fixed_schedules,
)
from mmseg_fst.prepare.task_creation import create_task
from mmseg_fst.prepare.task_files import MARK
from mmseg_fst.prepare.task_settings import ALL_IMAGES, MASKS, TaskSettings
from mmseg_fst.report import find_methods, write_report
from mmseg_fst.run.run_config import load_config
from mmseg_fst.run.score_files import FINISHED, state_of
from mmseg_fst.run.test import choose_split, test_folder
from mmseg_fst.run.test import test as score
from mmseg_fst.run.train_once import train_once

from .arguments_of_call import (
    Files,
    Iterations,
    check_arguments,
    normalized,
    task_settings,
    weight_options,
)
from .bars import Bars, ProgressHook
from .class_argument import Classes
from .errors import as_exception
from .process_state import (
    caller_state,
    fresh_instances,
    on_device,
    output_to,
)
from .record import (
    Places,
    open_record,
    plain,
    short_text,
    write_record,
)
from .result import SelfTrainResult, load_result

# Images of predictions that are written of each network.
_NUM_IMAGES = 20
# What the result does not depend on.
_NOT_RECORDED = ('out', 'device', 'workers', 'progress')


def self_train(labeled: Union[str, PathLike],
               unlabeled: Optional[Files] = None,
               classes: Optional[Classes] = None,
               *,
               out: Union[str, PathLike],
               method: str = 'fst',
               validation: Optional[Files] = None,
               images: Optional[str] = None,
               masks: str = MASKS,
               seed: int = 0,
               iterations: Optional[Iterations] = None,
               test: Optional[Files] = None,
               training: Optional[Files] = None,
               unlabeled_images: str = ALL_IMAGES,
               validation_images: Optional[str] = None,
               validation_masks: Optional[str] = None,
               test_images: Optional[str] = None,
               test_masks: Optional[str] = None,
               exclude: Sequence[str] = (),
               nearest: Optional[float] = None,
               resize_masks: bool = False,
               empty_is_background: bool = False,
               holdout: float = .2,
               split_seed: int = 0,
               long_side: Optional[int] = None,
               tile: Optional[int] = None,
               overlap: int = 0,
               channels: int = 3,
               stretch: Optional[tuple[float, float]] = None,
               adapt: bool = False,
               skip_bad: bool = False,
               weights: Optional[Union[str, PathLike]] = None,
               options: Optional[Mapping[str, Any]] = None,
               method_options: Optional[Mapping[str, Any]] = None,
               debug: bool = False,
               device: Optional[str] = None,
               workers: int = 2,
               progress: bool = True) -> SelfTrainResult:
    """Train on images with masks, then on images without, and compare both.

    All files are read and checked, and a task is written as by
    ``tools/new_task.py``; a network is trained on the labels alone, and a
    copy of it continues with self-training on all images; the best
    checkpoints of both are tested, and a report is written. Everything is
    below ``out``. An interrupted call continues when it is repeated with the
    same arguments, and returns at once if all is finished. The state of the
    calling process is restored, see :func:`caller_state`; calls in several
    threads at a time are not supported.

    Args:
        labeled (str | Path): Folder of images and masks.
        unlabeled (str | Path | Sequence[str], optional): Folder of images
            without masks, or images of ``labeled``: a list of names or the
            path of one. Defaults to None: its images that have no mask.
        classes (str | Path | Sequence[str] | Mapping, optional): Names in the
            order of the ids, values of masks by name, or a class-list file,
            see :data:`Classes`. Defaults to None, for polygons: background
            and all categories.
        out (str | Path): Folder for all files. It must not exist, be empty,
            or belong to a call with the same arguments.
        method (str): ``'fst'``, ``'mean_teacher'``, ``'unimatch_v2'``, or
            ``'continued'``: labels alone with the same computation. Defaults
            to ``'fst'``.
        validation (str | Path | Sequence[str], optional): Folder of images
            and masks, or images of ``labeled`` as a list or the path of one.
            Defaults to None: a random part of the labeled images.
        images (str, optional): Pattern of the images in ``labeled``, such as
            ``'{name}.jpg'``. Defaults to None: ``'images/{name}.*'``.
        masks (str): Pattern of the masks, with the same ``{name}``, or path
            of a COCO file. Defaults to ``'labels/{name}.*'``.
        seed (int): Seed of both trainings. Defaults to 0.
        iterations (int | tuple[int, int], optional): Iterations of each
            stage, or of supervised training (60 or more) and self-training
            (20 or more). Defaults to None: by the number of labels.
        test (str | Path | Sequence[str], optional): As ``validation``, for
            images that no training reads. Defaults to None.
        training (str | Path | Sequence[str], optional): Training images of
            ``labeled``. Defaults to None: all with a mask in no other list.
        unlabeled_images (str): Pattern of the images in the folder
            ``unlabeled``. Defaults to ``'{name}.*'``.
        validation_images (str, optional): Pattern in the folder
            ``validation``. Defaults to None: ``images``.
        validation_masks (str, optional): Likewise. Defaults to None:
            ``masks``.
        test_images (str, optional): Likewise. Defaults to None: ``images``.
        test_masks (str, optional): Likewise. Defaults to None: ``masks``.
        exclude (Sequence[str]): Patterns of files and folders to skip.
            Defaults to none.
        nearest (float, optional): Distance up to which other values of masks
            get the nearest class, -1 for half of the smallest distance of two
            classes. Defaults to None: such values are refused.
        resize_masks (bool): Whether to resize masks to their images. Defaults
            to False.
        empty_is_background (bool): Whether images of a COCO file without
            annotation show background. Defaults to False.
        holdout (float): Share of the random validation part, in (0, 1).
            Defaults to 0.2.
        split_seed (int): Seed of that part. Defaults to 0.
        long_side (int, optional): Long side of the images that the network
            receives, 32 or more. Defaults to None: 320, or more for thin
            classes.
        tile (int, optional): Size of tiles of large images, 0 for none.
            Defaults to None: 1024 for more than 16 megapixels.
        overlap (int): Overlap of tiles in pixels. Defaults to 0.
        channels (int): Channels of an image. Defaults to 3.
        stretch (tuple[float, float], optional): Values of images that become
            0 and 255. Defaults to None: by the bits in use.
        adapt (bool): Whether the unlabeled images are of another domain.
            Defaults to False.
        skip_bad (bool): Whether to leave out files that have a problem.
            Defaults to False.
        weights (str | Path, optional): Pretrained weights of the backbone, or
            ``'random'`` for none. Defaults to None:
            ``checkpoints/mobilenetv2_100.pth`` below the current folder or
            beside the package.
        options (Mapping, optional): Values of the configs of both stages by
            dotted key, as of ``--cfg-options``. Defaults to None.
        method_options (Mapping, optional): Further ones of self-training
            alone, such as ``{'custom_hooks.0.depth': 3}`` for FST-D. Defaults
            to None.
        debug (bool): Whether to make 4 iterations of each stage, with 4
            validation images: does it run at all? Defaults to False.
        device (str, optional): ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.
            Defaults to None: a GPU if there is one.
        workers (int): Threads that read and write files. Defaults to 2.
        progress (bool): Whether to show progress bars with the remaining
            time. All other output goes to ``out/log.txt``. Defaults to True.

    Returns:
        SelfTrainResult: Scores, paths, and a function to predict.

    Raises:
        SelfTrainError: If files or arguments cannot be used, or ``out``
            belongs to another call; its message says what to change.

    Example:
        >>> result = mmseg_fst.self_train(
        ...     'mine', 'photos', ['background', 'shirt'], out='shirts')
        >>> result.scores.gain['best']
        >>> labels = result.predict(['a.jpg', 'b.jpg'])  # (H, W), uint8 each
    """
    given = dict(locals())
    places = Places(Path(out).expanduser().resolve())
    names = tuple(inspect.signature(self_train).parameters)
    with as_exception(names):
        check_arguments(given, places.out)
        arguments = plain(normalized({
            name: value for name, value in given.items()
            if name not in _NOT_RECORDED}))
        record = open_record(places, arguments)
    if record['finished']:
        return load_result(places.out, device)
    call = Call(places, arguments, record, Bars(progress), workers, names)
    with caller_state(), on_device(device):
        call.prepare()
        for name in ('supervised', method):
            call.train(name)
        call.finish(('supervised', method))
    return load_result(places.out, device)


@dataclass
class Call:
    """A call that is not finished.

    Attributes:
        places (Places): Its folder.
        arguments (dict): Its arguments, as the record has them.
        record (dict): Its record.
        bars (Bars): Shows the progress.
        workers (int): Number of threads.
        names (tuple[str, ...]): Names of the arguments, for messages.
    """
    places: Places
    arguments: dict[str, Any]
    record: dict[str, Any]
    bars: Bars
    workers: int
    names: tuple[str, ...]

    def prepare(self) -> None:
        """Check the data and write the task, unless it is written."""
        if self.places.configs.is_dir():
            self.bars.done('data', 'was read before')
            return
        with as_exception(self.names):
            # Found before files are read for minutes.
            self.record['weights'] = weight_options(self.arguments)
            write_record(self.places, self.record)
            settings = task_settings(self.arguments, self.places,
                                     self.workers)
            settings.check()
            self._create(settings)

    def _create(self, settings: TaskSettings) -> None:
        """Create the task; notes go to a file, bars to the screen."""
        lengths = self.arguments['iterations']
        schedules = None if lengths is None else fixed_schedules(*lengths)
        with ExitStack() as stack:
            file = stack.enter_context(
                open(self.places.survey, 'w', encoding='utf-8'))
            stack.enter_context(redirect_stdout(file))
            if not self.bars.show:
                stack.enter_context(redirect_stderr(file))
            created = create_task(
                settings, self.places.data, self.places.configs,
                base_configs(), True, schedules,
                str(self.places.out / 'runs' / 'supervised'))
            print('\n'.join(describe_schedules(
                schedules or choose_schedules(len(created.task.train.images)),
                created.view.crop)))
        task = self._task()
        self.bars.done('data', f'{task["train"]} labeled, '
                       f'{task["unlabeled"]} unlabeled and {task["val"]} '
                       f'validation images, {len(task["classes"])} classes '
                       f'(details: {self.places.survey})')

    def _task(self) -> dict[str, Any]:
        """Classes and numbers of images of the task."""
        return json.loads((self.places.data / MARK).read_text())

    def _folder(self, name: str) -> str:
        """Folder of a run."""
        return str(self.places.run(name, self.arguments['seed'],
                                   self.arguments['debug']))

    def train(self, name: str) -> None:
        """Train a config of the task, unless that is finished.

        Args:
            name (str): Its name.
        """
        options = {**self.record['weights'],
                   **(self.arguments['options'] or {})}
        if name != 'supervised':
            options.update(self.arguments['method_options'] or {})
        folder = self._folder(name)
        with output_to(self.places.log), as_exception(self.names):
            cfg = load_config(
                str(self.places.configs / f'{name}.py'), options,
                self.arguments['seed'], folder, self.arguments['debug'])
            length = cfg.train_cfg.max_iters
            state = state_of(folder, length)
        if state == FINISHED:
            self.bars.done(name, 'was trained before')
            return
        with self.bars.stage(name, length) as bar:
            with output_to(self.places.log), fresh_instances(), as_exception(
                    self.names, folder, cfg.to_dict()):
                train_once(cfg, resume=True, hooks=[ProgressHook(bar)])

    def finish(self, names: Sequence[str]) -> None:
        """Test the best checkpoints, and write report and record.

        Args:
            names (Sequence[str]): Names of the configs.
        """
        task = self._task()
        # Debug runs validate, and test, on some validation images.
        split = ('test' if 'test' in task and not self.arguments['debug']
                 else 'val')
        folders = [self._folder(name) for name in names]
        with self.bars.stage('test and report', len(names) + 1,
                             'step') as bar:
            with output_to(self.places.log), as_exception(self.names):
                for folder in folders:
                    _test(folder, split)
                    bar.update()
                shown = ', '.join(
                    f'{name}={short_text(value)}'
                    for name, value in self.arguments.items() if value)
                write_report(
                    self.places.report,
                    find_methods(map(Path, folders)),
                    f'mmseg_fst.self_train({shown})')
                bar.update()
        self.record.update(finished=True, classes=task['classes'],
                           split=split)
        write_record(self.places, self.record)


def _test(folder: str, split: str) -> None:
    """Test the best checkpoint of a run, unless that is done."""
    checkpoint = find_checkpoint(folder)
    target = test_folder(folder, split)
    path = Path(target, 'test.json')
    if path.is_file() and (
            json.loads(path.read_text())['checkpoint'] == checkpoint):
        return
    config = find_config(folder)
    cfg = open_config(config)
    choose_split(cfg, split, config)
    cfg.work_dir = target
    with fresh_instances():
        score(cfg, checkpoint, osp.join(target, 'pictures'), _NUM_IMAGES)
