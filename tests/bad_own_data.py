"""Bad files and options of tools/new_task.py."""
import numpy as np
from bad_inputs import Case
from PIL import Image

COMMAND = ('tools/new_task.py --labeled mine --unlabeled photos '
           '--classes classes.txt')
CLASSES = 'road\nsky\n'


def folders(root, classes=CLASSES):
    """Write three images with masks and two without."""
    rng = np.random.default_rng(0)
    for index in range(5):
        folder = root / ('mine/images' if index < 3 else 'photos')
        folder.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 255, (40, 48, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / f'{index}.png')
    (root / 'mine/labels').mkdir()
    for index in range(3):
        mask = np.zeros((40, 48), np.uint8)
        mask[:20] = 1
        Image.fromarray(mask).save(root / f'mine/labels/{index}.png')
    (root / 'classes.txt').write_text(classes)


def classes(text):
    """Write the folders, and a class list with the given text."""
    return lambda root: folders(root, text)


def mask(array):
    """Write the folders, and replace the mask of the second image."""

    def prepare(root):
        folders(root)
        Image.fromarray(np.asarray(array, np.uint8)).save(
            root / 'mine/labels/1.png')

    return prepare


def without(path):
    """Write the folders, and remove a file."""

    def prepare(root):
        folders(root)
        (root / path).unlink()

    return prepare


def damaged(path):
    """Write the folders, and replace a file by a text."""

    def prepare(root):
        folders(root)
        (root / path).write_text('no image')

    return prepare


def volumes(root):
    """Write the folders, with masks that are volumes."""
    folders(root)
    for path in (root / 'mine/labels').iterdir():
        path.rename(path.with_suffix('.nii'))


def fractions(root):
    """Write the folders, and replace a mask by probabilities."""
    folders(root)
    (root / 'mine/labels/1.png').unlink()
    np.save(root / 'mine/labels/1.npy', np.full((40, 48), .3))


OWN_DATA = (
    Case('a missing labeled folder', COMMAND, 'no folder mine',
         'Correct the path', lambda root: (root / 'classes.txt').write_text(
             CLASSES)),
    Case('a missing class list', COMMAND, 'classes.txt', 'one class per line',
         without('classes.txt')),
    Case('a single class', COMMAND, 'classes.txt', '2 to 255',
         classes('road\n')),
    Case('ids and colors in one list', COMMAND, 'classes.txt',
         'Give every line a value or none', classes('road = 1\nsky = 1 2 3')),
    Case('a color with four numbers', COMMAND, 'classes.txt, line 1',
         "'name = R G B'", classes('road = 1 2 3 4\nsky = 1 2 3')),
    Case('a pattern that matches no image',
         f'{COMMAND} --images img/{{name}}.*', 'img/{name}.*', '--images',
         folders),
    Case('a pattern without a name', f'{COMMAND} --masks labels/*.png',
         'labels/*.png', '{name} stands for any text', folders),
    Case('an image without a mask', COMMAND, 'mine/images/1.png has no mask',
         'move the image to the unlabeled folder',
         without('mine/labels/1.png')),
    Case('a mask without an image', COMMAND, 'mine/labels/1.png',
         'Add the image', without('mine/images/1.png')),
    Case('an image that cannot be read', COMMAND, 'mine/images/1.png',
         '--skip-bad', damaged('mine/images/1.png')),
    Case('a mask that cannot be read', COMMAND, 'mine/labels/1.png',
         'Save it again', damaged('mine/labels/1.png')),
    Case('an unlabeled image that cannot be read', COMMAND, 'photos/4.png',
         'take it out', damaged('photos/4.png')),
    Case('a mask with a different size', COMMAND, 'mine/labels/1.png 12 x 10',
         'Save the mask at the size of the image', mask(np.zeros((10, 12)))),
    Case('an id that is not in the class list', COMMAND, 'ids 9',
         "write 'ignore = 9'", mask(np.full((40, 48), 9))),
    Case('colors that are not in the class list', COMMAND,
         'mine/labels/1.png has colors (1 2 3)', "'name = R G B'",
         mask(np.full((40, 48, 3), (1, 2, 3)))),
    Case('a mask in a format that is not read', COMMAND,
         '3 files match', 'save slices as PNG', volumes),
    Case('a mask of fractions', COMMAND, 'labels/1.npy has fractions',
         'name = 128-255', fractions),
    Case('a COCO file that is none', f'{COMMAND} --masks coco.json',
         'coco.json is not a COCO file', 'Export it again',
         lambda root: (folders(root), (root / 'coco.json').write_text('{}'))),
    Case('a list with unknown names', f'{COMMAND} --training train.txt',
         'train.txt: 1 names are not images of mine', 'Correct the names',
         lambda root: (folders(root), (root / 'train.txt').write_text('x'))),
    Case('a list that is not a text',
         f'{COMMAND} --training mine/images/0.png',
         'mine/images/0.png is not a list of images',
         'text file with one image on each line', folders),
    Case('a folder instead of a list', f'{COMMAND} --training mine/images',
         'mine/images is a folder', 'A list is a text file', folders),
    Case('a list instead of the labeled folder',
         'tools/new_task.py --labeled classes.txt --classes classes.txt',
         'classes.txt is a file, not a folder', 'Correct the path', folders),
    Case('a pattern of images outside of the folder',
         f'{COMMAND} --images ../photos/{{name}}.*', 'leaves the folder mine',
         'Name a folder that contains all images', folders),
    Case('masks with antialiased edges', COMMAND,
         'mine/labels/1.png contains the ids', '--nearest 44 accepts',
         mask(np.arange(40 * 48).reshape(40, 48) % 46)),
    Case('an image in two lists',
         f'{COMMAND} --training a.txt --validation a.txt', 'a.txt: 1 images',
         'Remove them from one list',
         lambda root: (folders(root), (root / 'a.txt').write_text('1'))),
    Case('a class that no mask shows', COMMAND, 'No mask shows car',
         'from the class list', classes('road\nsky\ncar\n')),
    Case('a holdout that leaves no training image', f'{COMMAND} --holdout 0.9',
         'fraction of 0.9', '--holdout', folders),
    Case('a name that cannot be a folder', f'{COMMAND} --name a/b', '--name',
         'letters, digits', folders),
)
