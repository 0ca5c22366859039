"""Bad arguments of tools that use or resume a run."""
import torch
from bad_commands import RUN
from bad_files import Code, run_folder, truncate
from bad_inputs import Case
from fake_run import make_run
from PIL import Image

PREDICT = 'tools/predict.py run photos --out out'
# The folder of a run with --debug.
WORK_DIR = 'work_dirs/demo/streets_fst/debug'


def finished(root):
    """Write the run of an untrained model, and two photos."""
    make_run(root / 'run')
    (root / 'photos').mkdir()
    for name in ('a.png', 'b.png'):
        Image.new('RGB', (64, 32), 'green').save(root / 'photos' / name)


def finished_and(change):
    """Write the same, and apply a change."""

    def prepare(root):
        finished(root)
        change(root)

    return prepare


def damaged(path, content='no image'):
    """Write the same, and replace a file by a text."""
    return finished_and(lambda root: (root / path).write_text(content))


def without(path):
    """Write the same, and remove a file."""
    return finished_and(lambda root: (root / path).unlink())


def predicted(settings):
    """Write the same, and predictions that were made with other settings."""

    def change(root):
        (root / 'out').mkdir()
        (root / 'out/predict.json').write_text(settings)

    return finished_and(change)


def deep_image(root):
    Image.new('I;16', (64, 32), 3000).save(root / 'photos/b.png')


def step_file(content):
    """Write a file like those in WORK_DIR/not_finite."""

    def prepare(root):
        (root / 'run').mkdir()
        torch.save(content, root / 'run/step.pth')

    return prepare


def foreign_run(root):
    """Write a checkpoint of another optimizer to the folder of the demo."""
    folder = root / WORK_DIR
    folder.mkdir(parents=True)
    torch.save(
        dict(meta=dict(iter=2), state_dict={}, message_hub={},
             optimizer=dict(state={}, param_groups=[dict(params=[0])])),
        folder / 'iter_2.pth')


def changed_run(root):
    """Write a checkpoint of another method to the folder of the demo."""
    folder = root / WORK_DIR
    folder.mkdir(parents=True)
    hub = dict(runtime_info=dict(settings={'model.type': 'FixMatch'}))
    torch.save(dict(message_hub=hub, state_dict={}), folder / 'iter_2.pth')


def damaged_run(root):
    """Write a truncated checkpoint to the folder of the demo."""
    folder = root / WORK_DIR
    folder.mkdir(parents=True)
    (folder / 'iter_2.pth').write_text('PK')


RUNS = (
    Case('a missing run to predict with',
         'tools/predict.py work_dirs/none photos --out out',
         'work_dirs/none', 'no folder or checkpoint', finished),
    Case('no image to predict', 'tools/predict.py run nowhere --out out',
         'nowhere', 'known are .bmp', finished),
    Case('a text file to predict',
         'tools/predict.py run photos/a.txt --out out', 'photos/a.txt',
         'known are', damaged('photos/a.txt')),
    Case('an image to predict that cannot be read', PREDICT, 'photos/b.png',
         '1 failed', damaged('photos/b.png')),
    Case('an image to predict of more than 8 bits', PREDICT,
         'photos/b.png', 'stretch=(0, ', finished_and(deep_image)),
    Case('a device that does not exist', f'{PREDICT} --device gpu',
         'device string: gpu', 'MMSEG_FST_TRACEBACK=1', finished),
    Case('a checkpoint that is a text', PREDICT, 'run/iter_4.pth',
         'it is not a checkpoint', damaged('run/iter_4.pth', 'hello')),
    Case('windows and whole images', f'{PREDICT} --windows 32 32 --whole',
         '--whole', 'not allowed with argument', finished),
    Case('predictions of another run in the folder', PREDICT,
         'out/predict.json', 'Give another folder',
         predicted('{"network": "teacher"}')),
    Case('an unknown network', f'{PREDICT} --network first',
         'first', 'student', finished),
    Case('windows with gaps', f'{PREDICT} --windows 32 64', '32',
         'give a distance from 1 to 32', finished),
    Case('an opacity above 1', f'{PREDICT} --opacity 2',
         'opacity', 'must be in [0, 1]', finished),
    Case('a run with a truncated config', PREDICT, 'run/config.json',
         'Copy it again', finished_and(truncate('run/config.json'))),
    Case('a JSON config that names code', PREDICT, "'os.system'",
         'give the .py', damaged('run/config.json',
                                '{"model": {"type": "os.system"}}')),
    Case('a JSON config that names a pickle file', PREDICT,
         "class_weight='a.pkl'", 'give the .py',
         damaged('run/config.json', '{"model": {"class_weight": "a.pkl"}}')),
    Case('a run without a config to predict with', PREDICT,
         'no config in run', 'name the folder of a run',
         without('run/config.json')),
    Case('a truncated checkpoint to predict with', PREDICT,
         'run/iter_4.pth', 'Copy it again',
         finished_and(truncate('run/iter_4.pth'))),
    Case('an unknown format', 'tools/export.py run --out model.tf',
         "'.tf'", '.onnx or .pt2', finished),
    Case('an export for images that are too small',
         'tools/export.py run --out model.pt2 --size 0 8', 'torch.export',
         'student cannot be exported', finished),
    Case('an export for images that do not fit into memory',
         'tools/export.py run --out model.pt2 --size 9999999 9999999',
         "can't allocate memory", 'use a smaller size', finished),
    Case('an export of a run without a checkpoint',
         'tools/export.py run --out model.pt2', 'run', 'train first',
         without('run/iter_4.pth')),
    Case('a push of a missing run',
         'tools/push.py work_dirs/none --out out', 'work_dirs/none',
         'no folder or checkpoint'),
    Case('a push of a checkpoint that would run code',
         'tools/push.py run --out out', 'run/iter_4.pth', 'add --trust',
         run_folder(dict(poison=Code()))),
    Case('a push into the folder of a run',
         'tools/push.py run --out run', 'run/iter_4.pth',
         'Give another folder', finished),
    Case('a report of missing runs',
         'tools/report.py work_dirs/none', 'work_dirs/none',
         'Give a folder such as'),
    Case('a report of a debug run alone',
         'tools/report.py run --out page.html', 'run only has a debug run',
         'Train it without --debug',
         lambda root: (root / 'run/debug').mkdir(parents=True)),
    Case('a missing step to replay', 'tools/replay.py run/step.pth',
         'run/step.pth', 'There is no'),
    Case('a checkpoint instead of a step', 'tools/replay.py run/step.pth',
         'run/step.pth', 'WORK_DIR/not_finite',
         step_file(dict(state_dict={}))),
    Case('a step that would run code', 'tools/replay.py run/step.pth',
         'run/step.pth', 'add --trust', step_file(dict(inputs=Code()))),
    Case('a step whose config is code', 'tools/replay.py run/step.pth',
         'run/step.pth', 'add --trust', step_file(
             dict(state_dict={}, inputs={}, meta=dict(cfg='print(1)')))),
    Case('no complete checkpoint to resume from', f'{RUN} --debug --resume',
         f'{WORK_DIR}/iter_2.pth', 'without --resume', damaged_run, True),
    Case('a checkpoint of another optimizer to resume from',
         f'{RUN} --debug --resume', f'{WORK_DIR}/iter_2.pth',
         'without --resume', foreign_run, True),
    Case('a checkpoint of another method to resume from',
         f'{RUN} --debug --resume', f'{WORK_DIR}/iter_2.pth was trained with '
         'other settings: model.type', 'Resume with the former values',
         changed_run, True),
    Case('an unknown action',
         f'{RUN} --debug --cfg-options non_finite.action=warn',
         'non_finite.action', "must be 'stop' or 'skip'", begins=True),
)
