"""A new task, from the settings of a user to its files."""
from pathlib import Path
from typing import NamedTuple, Optional

from .schedule import Schedule
from .task import Task
from .task_configs import config_texts
from .task_files import check_free, write_task
from .task_reading import cut_task, read_loading, read_task
from .task_settings import TaskSettings
from .task_summary import show_task
from .view import View, choose_view, class_widths, describe_view


class CreatedTask(NamedTuple):
    """A task whose files are written.

    Attributes:
        task (Task): The task.
        view (View): Size of images and crops.
        backups (list[Path]): New names of folders that were replaced.
    """
    task: Task
    view: View
    backups: list[Path]


def create_task(settings: TaskSettings,
                data: Path,
                configs: Path,
                bases: Path,
                overwrite: bool = False,
                schedules: Optional[dict[str, Schedule]] = None,
                runs: Optional[str] = None) -> CreatedTask:
    """Check the files of a user, print a summary, write lists and configs.

    Either all is written or nothing.

    Args:
        settings (TaskSettings): What the user says.
        data (Path): Folder for lists, masks, tiles and statistics; the
            configs name it as it is written here.
        configs (Path): Folder for the configs.
        bases (Path): Folder of the base configs.
        overwrite (bool): Whether to rename folders of an earlier call.
            Defaults to False.
        schedules (dict[str, Schedule], optional): See :func:`config_texts`.
            Defaults to None.
        runs (str, optional): See :func:`config_texts`. Defaults to None.

    Returns:
        CreatedTask: What was written.

    Raises:
        OSError: If a file or folder is missing or cannot be written.
        ValueError: If files or settings cannot be used, or a folder exists
            that must not be replaced.
    """
    check_free([data, configs], overwrite)
    task = read_task(settings)
    loading = read_loading(task, settings)
    task = cut_task(task, settings)
    widths = class_widths(task.train.images)
    view = choose_view([image.size for image in task.train.images],
                       settings.long_side, min(widths.values()))
    texts = config_texts(task, view, str(data), configs, bases,
                         settings.adapt, loading, schedules, runs)
    show_task(task)
    print('\n'.join(describe_view(view, task.classes.names, widths)))
    backups = write_task(task, data, configs, texts, overwrite,
                         settings.workers, settings.channels)
    return CreatedTask(task, view, backups)
