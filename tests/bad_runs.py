"""Bad arguments of what uses a finished run, or goes on from one."""
import torch
from bad_commands import RUN
from bad_files import Code, cut, run_folder
from bad_inputs import Case
from fake_run import make_run
from PIL import Image

PREDICT = 'tools/predict.py run photos --out out'
# Where a run of --debug goes.
WORK_DIR = 'work_dirs/demo/streets_fst/debug'


def finished(root):
    """A run that was never trained, as it leaves one, and two photos."""
    make_run(root / 'run')
    (root / 'photos').mkdir()
    for name in ('a.png', 'b.png'):
        Image.new('RGB', (64, 32), 'green').save(root / 'photos' / name)


def finished_and(change):
    """The same, with one thing wrong."""

    def prepare(root):
        finished(root)
        change(root)

    return prepare


def spoilt(path, content='no image'):
    """The same, with a text in place of a file."""
    return finished_and(lambda root: (root / path).write_text(content))


def without(path):
    """The same, one file less."""
    return finished_and(lambda root: (root / path).unlink())


def predicted(settings):
    """The same, and a folder of predictions that were made otherwise."""

    def change(root):
        (root / 'out').mkdir()
        (root / 'out/predict.json').write_text(settings)

    return finished_and(change)


def two_of_a_name(root):
    Image.new('RGB', (64, 32)).save(root / 'photos/a.jpg')


def step_file(content):
    """What stands for a file of WORK_DIR/not_finite."""

    def prepare(root):
        (root / 'run').mkdir()
        torch.save(content, root / 'run/step.pth')

    return prepare


def foreign_run(root):
    """A checkpoint of another optimizer, in the folder of the demo."""
    folder = root / WORK_DIR
    folder.mkdir(parents=True)
    torch.save(
        dict(meta=dict(iter=2), state_dict={}, message_hub={},
             optimizer=dict(state={}, param_groups=[dict(params=[0])])),
        folder / 'iter_2.pth')


def damaged_run(root):
    """A checkpoint cut short, in the folder of the demo."""
    folder = root / WORK_DIR
    folder.mkdir(parents=True)
    (folder / 'iter_2.pth').write_text('PK')


RUNS = (
    Case('no run of that name to predict with',
         'tools/predict.py work_dirs/none photos --out out',
         'work_dirs/none', 'no folder or checkpoint', finished),
    Case('no image to predict', 'tools/predict.py run nowhere --out out',
         'nowhere', 'looked for .bmp', finished),
    Case('a text to predict', 'tools/predict.py run photos/a.txt --out out',
         'photos/a.txt', 'known are', spoilt('photos/a.txt')),
    Case('an image to predict that cannot be read', PREDICT, 'photos/b.png',
         '1 failed', spoilt('photos/b.png')),
    Case('two images whose predictions are one file', PREDICT,
         'photos/a.png', 'rename one', finished_and(two_of_a_name)),
    Case('predictions of another run in the folder', PREDICT,
         'out/predict.json', 'Give another folder',
         predicted('{"network": "teacher"}')),
    Case('a network that is not there', f'{PREDICT} --network first',
         'first', 'student', finished),
    Case('windows with gaps', f'{PREDICT} --windows 32 64', '32',
         'give a distance from 1 to 32', finished),
    Case('an overlay of more than all', f'{PREDICT} --opacity 2',
         'opacity=2', 'give a number from 0 to 1', finished),
    Case('a run whose config is cut short', PREDICT, 'run/config.json',
         'Copy it again', finished_and(cut('run/config.json'))),
    Case('a config as data that names code', PREDICT, "'os.system'",
         'give the .py', spoilt('run/config.json',
                                '{"model": {"type": "os.system"}}')),
    Case('a config as data that names a file of code', PREDICT,
         "class_weight='a.pkl'", 'give the .py',
         spoilt('run/config.json', '{"model": {"class_weight": "a.pkl"}}')),
    Case('a run without a config to predict with', PREDICT,
         'no config in run', 'name the folder of a run',
         without('run/config.json')),
    Case('a checkpoint cut short to predict with', PREDICT,
         'run/iter_4.pth', 'Copy it again',
         finished_and(cut('run/iter_4.pth'))),
    Case('a format that is not known', 'tools/export.py run --out model.tf',
         "'.tf'", '.onnx or .pt2', finished),
    Case('an export of a run without a checkpoint',
         'tools/export.py run --out model.pt2', 'run', 'train first',
         without('run/iter_4.pth')),
    Case('a push of a run that is not there',
         'tools/push.py work_dirs/none --out out', 'work_dirs/none',
         'no folder or checkpoint'),
    Case('a push of a checkpoint that would run code',
         'tools/push.py run --out out', 'run/iter_4.pth', 'add --trust',
         run_folder(dict(poison=Code()))),
    Case('a push into the folder of a run',
         'tools/push.py run --out run', 'run/iter_4.pth',
         'Give another folder', finished),
    Case('a report of runs that are not there',
         'tools/report.py work_dirs/none', 'work_dirs/none',
         'Give a folder such as'),
    Case('no step to make again', 'tools/replay.py run/step.pth',
         'run/step.pth', 'There is no'),
    Case('a checkpoint in place of a step', 'tools/replay.py run/step.pth',
         'run/step.pth', 'WORK_DIR/not_finite',
         step_file(dict(state_dict={}))),
    Case('a step that would run code', 'tools/replay.py run/step.pth',
         'run/step.pth', 'add --trust', step_file(dict(inputs=Code()))),
    Case('a step whose config is code', 'tools/replay.py run/step.pth',
         'run/step.pth', 'add --trust', step_file(
             dict(state_dict={}, inputs={}, meta=dict(cfg='print(1)')))),
    Case('no whole checkpoint to go on from', f'{RUN} --debug --resume',
         f'{WORK_DIR}/iter_2.pth', 'without --resume', damaged_run, True),
    Case('a checkpoint of another optimizer to go on from',
         f'{RUN} --debug --resume', f'{WORK_DIR}/iter_2.pth',
         'without --resume', foreign_run, True),
    Case('an action that is not known',
         f'{RUN} --debug --cfg-options non_finite.action=warn',
         'non_finite.action', "must be 'stop' or 'skip'", begins=True),
)
