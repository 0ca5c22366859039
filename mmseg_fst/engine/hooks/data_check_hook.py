"""Reads some files of all data sets before a training."""
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_fst.datasets.label_checks import check_labels_read
from mmseg_fst.datasets.scan import Limits, data_problems
from mmseg_fst.registry import HOOKS


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Find wrong data before a training, and wrong labels whenever read.

    Before the first iteration some images and labels of every data set are
    read. Ids that are not classes and labels that do not fit their image stop
    the run; classes that no label shows, and images that come out constant or
    nearly black, are warnings. All name the file. During validation and test
    each label is checked where it is read, in the workers; that of a training
    image is, in any case.

    :func:`mmseg_fst.apis.build_runner` registers it in every run, with the
    arguments in ``data_check`` of the config.

    Args:
        max_labels (int): Maximum number of labels to read of a data set.
            Defaults to 300.
        max_images (int): Maximum number of images. Defaults to 50.
        seconds (float): Time for a data set at most. Defaults to 20.

    Raises:
        ValueError: If an argument is not positive.
    """

    priority = 'VERY_HIGH'

    def __init__(self,
                 max_labels: int = 300,
                 max_images: int = 50,
                 seconds: float = 20.) -> None:
        self.limits = Limits(max_labels, max_images, seconds)
        if not min(self.limits) > 0:
            raise ValueError(
                f'data_check: max_labels={max_labels}, max_images='
                f'{max_images} and seconds={seconds} must be positive; '
                'data_check=None switches the check off.')

    def before_train(self, runner: Runner) -> None:
        """Read some files of all data sets, in one process.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            OSError: If a file is missing or damaged.
            ValueError: If a label has an id that is not a class, or does not
                fit its image.
        """
        if not is_main_process():
            return
        training = runner.train_loop.dataloader.dataset
        validation = runner.val_loop and runner.val_loop.dataloader.dataset
        problems = data_problems(
            getattr(training, 'sides', {}), validation, self.limits)
        for problem in problems:
            runner.logger.warning(problem)

    def before_val(self, runner: Runner) -> None:
        """Check all labels of the validation.

        Args:
            runner (Runner): The runner.
        """
        check_labels_read(runner.val_loop.dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Check all labels of the test.

        Args:
            runner (Runner): The runner.
        """
        check_labels_read(runner.test_loop.dataloader.dataset)
