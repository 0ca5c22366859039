"""tools/pack_dataset.py asks before it writes."""
import io
import sys

import pytest
from helpers import REPOSITORY, load_tool
from mmengine.config import Config

from mmseg_fst.registry import DATASETS

CONFIG = str(REPOSITORY / 'configs/_base_/datasets/streets_256x128.py')
tool = load_tool('pack_dataset.py')


@pytest.fixture
def out(streets, tmp_path, monkeypatch):
    """Return the folder for packs of the demo data."""
    monkeypatch.setenv('STREETS_ROOT', str(streets))
    return tmp_path / 'below' / 'packed'


# Serialization runs the garbage collector, which takes half a second.
FAST = [f'train_dataloader.dataset.sides.{side}.serialize_data=False'
        for side in ('labeled', 'unlabeled')]


def call(monkeypatch, out, *options, cfg_options=FAST):
    monkeypatch.setattr(sys, 'argv', [
        'pack_dataset.py', CONFIG, '--out', str(out), '--workers', '0',
        *options, '--cfg-options', *cfg_options])
    tool.main()


def test_without_confirmation_only_the_size_is_shown(out, monkeypatch, capsys):
    with pytest.raises(SystemExit, match='Add --yes'):
        call(monkeypatch, out)
    shown = capsys.readouterr().out
    assert 'LoadWholeImage, LoadAnnotations' in shown
    assert shown.count('about 0.00 GB') == 3 and 'to be written' in shown
    assert not out.exists()


@pytest.mark.parametrize('answer, written', [('y', True), ('', False),
                                             ('no', False)])
def test_writing_needs_a_confirmation(out, monkeypatch, answer, written):
    monkeypatch.setattr(sys, 'stdin', io.StringIO())
    monkeypatch.setattr(sys.stdin, 'isatty', lambda: True, raising=False)
    monkeypatch.setattr('builtins.input', lambda prompt: answer)
    if written:
        call(monkeypatch, out)
        assert len(list(out.glob('*/index.npz'))) == 2
    else:
        with pytest.raises(SystemExit, match='Nothing was written'):
            call(monkeypatch, out)
        assert not out.exists()


def test_a_full_disk_is_refused(out, monkeypatch):
    usage = tool.shutil.disk_usage('/')._replace(free=1000)
    monkeypatch.setattr(tool.shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(SystemExit, match='not enough space'):
        call(monkeypatch, out, '--yes')
    assert not out.exists()


def test_a_run_reads_the_packs(out, monkeypatch, capsys):
    call(monkeypatch, out, '--yes')
    capsys.readouterr()
    call(monkeypatch, out)  # nothing to ask
    shown = capsys.readouterr().out
    assert 'to be written' not in shown and shown.count('ready') == 2
    pairs = Config.fromfile(CONFIG).train_dataloader.dataset
    data = DATASETS.build(dict(pairs, packed=str(out)))
    for side in data.sides.values():
        names = [type(step).__name__ for step in side.pipeline.transforms]
        assert names == ['LoadPacked', 'RandomFlip', 'PackByteInputs']


def test_config_options_are_applied(out, monkeypatch):
    call(monkeypatch, out, '--yes', cfg_options=[
        FAST[0], 'train_dataloader.dataset.sides.unlabeled=None'])
    assert [path.name[:8] for path in out.iterdir()] == ['labeled_']
