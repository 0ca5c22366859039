"""What is printed about a new task before it is written."""
from collections import Counter
from itertools import combinations

from prettytable import PrettyTable

from mmseg_fst.utils.counts import counted

from .nearest_values import describe_nearest
from .survey import missing_classes
from .task import Task, count_sizes, without_copies

_TITLES = dict(train='training', val='validation')


def show_task(task: Task) -> None:
    """Print the images and class statistics of a task.

    Args:
        task (Task): The task.
    """
    for name, side in task.sides.items():
        print(f'{_TITLES.get(name, name):>10}: '
              f'{counted(len(side.images), "image")} of {side.root}, '
              f'{count_sizes(side.images)}')
    table = PrettyTable(['class', 'images, training', 'percent of pixels',
                         'images, validation'])
    table.align = 'r'
    images = {name: Counter(key for image in task.labeled[name].images
                            for key in image.pixels)
              for name in ('train', 'val')}
    pixels: Counter[str] = Counter()
    for image in task.train.images:
        pixels.update(image.pixels)
    for index, name in enumerate(task.classes.names):
        key = str(index)
        table.add_row([name, images['train'][key],
                       f'{100 * pixels[key] / pixels.total():.2f}',
                       images['val'][key]])
    print(table)
    _show_notes(task)


def _show_notes(task: Task) -> None:
    """Print what users may want to change."""
    for name, side in task.labeled.items():
        missing = missing_classes(side.images, task.classes)
        if missing:
            print(f'No {_TITLES.get(name, name)} image shows '
                  f'{", ".join(missing)}: add some, or sample again with '
                  'another --seed.')
    images = [image for side in task.labeled.values()
              for image in side.images]
    for line in describe_nearest(images, task.classes):
        print(line)
    ignored = sum(image.ignored for image in images)
    if ignored:
        masks = counted(sum(image.ignored > 0 for image in images), 'mask')
        print(f'Ignored: {counted(ignored, "pixel")} of {masks}.')
    _note_copies(task)


def _note_copies(task: Task) -> None:
    """Print which two sides with masks contain copies of an image."""
    # A single mosaic is divided, which was said before.
    divided = task.train.is_cut and task.train.root == task.val.root and {
        image.image for image in task.train.images} == {
        image.image for image in task.val.images}
    options = dict(train='labeled', val='validation', test='test')
    for pair in combinations(task.labeled, 2):
        if divided and pair == ('train', 'val'):
            continue
        first, second = (task.labeled[name].images for name in pair)
        if len(without_copies(first, second)) < len(first):
            some, others = (_TITLES.get(name, name) for name in pair)
            print(f'Some {some} images are also {others} images: scores will '
                  'be too high. Remove the copies from '
                  f'--{options[pair[0]]} or --{options[pair[1]]}.')
