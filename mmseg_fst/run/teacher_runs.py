"""Finished runs that a training learns from."""
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.use.frozen_run import FrozenRun


def load_teachers(model: BaseSegmentor, cfg: Config,
                  classes: Sequence[str]) -> None:
    """Load the runs that a :class:`mmseg_fst.methods.Distill` names.

    Args:
        model (BaseSegmentor): The model, on its device; any other model stays
            as it is.
        cfg (Config): Config of its run.
        classes (Sequence[str]): Names of its classes.

    Raises:
        FileNotFoundError: If there is no such run.
        ValueError: If one does not fit the model, see :class:`FrozenRun`.
    """
    if not hasattr(model, 'teacher_runs'):
        return
    teachers = [FrozenRun(path, model, cfg, classes)
                for path in model.teacher_runs]
    for teacher in teachers:
        print_log(f'Teacher: {teacher.describe()}', 'current')
    model.frozen_teachers = [*teachers]


class TeacherRunsHook(Hook):
    """Load teachers when a training begins, never for a prediction.

    It is in every run. A resumed run loads its teachers again, since no
    checkpoint contains them.
    """

    def before_train(self, runner: Runner) -> None:
        """Load the teachers, if the model names any.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            FileNotFoundError: See :func:`load_teachers`.
            ValueError: See :func:`load_teachers`.
        """
        load_teachers(unwrap(runner), runner.cfg,
                      runner.train_dataloader.dataset.metainfo['classes'])
