"""Arguments of a call do not depend on the current folder."""
import inspect
from pathlib import Path

import pytest

import mmseg_fst
from mmseg_fst.prepare.task_settings import TaskSettings
from mmseg_fst.self_training import SelfTrainError
from mmseg_fst.self_training.arguments_of_call import (
    normalized,
    task_settings,
    weight_options,
)
from mmseg_fst.self_training.record import (
    Places,
    open_record,
    plain,
    short_text,
)

PARAMETERS = inspect.signature(mmseg_fst.self_train).parameters


def given(**changes):
    """All arguments, with their defaults."""
    defaults = {name: parameter.default
                for name, parameter in PARAMETERS.items() if name != 'out'}
    return {**defaults, 'labeled': 'mine', 'classes': ['a', 'b'], **changes}


def test_the_call_has_all_options_of_a_task():
    """With the same defaults; but the seed has another name."""
    fields = TaskSettings.__dataclass_fields__
    missing = set(fields) - set(PARAMETERS) - {'name'}
    assert not missing
    for name, field in fields.items():
        if name not in ('name', 'labeled', 'seed'):
            assert PARAMETERS[name].default == field.default, name
    assert PARAMETERS['split_seed'].default == fields['seed'].default


def test_paths_and_lists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('coco.json').write_text('{}')
    arguments = plain(normalized(given(
        unlabeled=Path('photos'), validation=['1', '2'], masks='coco.json',
        iterations=100, stretch=(0, 9), exclude=('drafts', ))))
    assert arguments['labeled'] == str(tmp_path / 'mine')
    assert arguments['masks'] == str(tmp_path / 'coco.json')
    assert arguments['iterations'] == [100, 100]
    places = Places(tmp_path / 'my out')
    open_record(places, arguments)
    settings = task_settings(arguments, places, 3)
    settings.check()
    assert settings.name == 'my_out' and settings.workers == 3
    assert settings.unlabeled == tmp_path / 'photos'
    assert settings.validation.read_text() == '1\n2\n'
    assert settings.classes.read_text() == 'a\nb\n'
    assert settings.stretch == (0, 9) and settings.exclude == ('drafts', )


def test_arguments_may_change_until_the_task_is_written(tmp_path):
    places = Places(tmp_path / 'out')
    assert open_record(places, dict(a=1))['arguments'] == dict(a=1)
    assert open_record(places, dict(a=(2, )))['arguments'] == dict(a=[2])
    assert open_record(places, dict(a=[2])) == open_record(
        places, dict(a=(2, )))
    places.configs.mkdir()
    with pytest.raises(SelfTrainError, match=r'`a` was \[2\], now 3'):
        open_record(places, dict(a=3))


def test_long_values_are_shortened():
    assert short_text('a') == "'a'"
    text = short_text(list(range(999)))
    assert len(text) == 80 and text.endswith('...')


def test_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    init = 'model.segmentor.backbone.init_cfg'
    path = tmp_path / 'checkpoints/mobilenetv2_100.pth'
    path.parent.mkdir()
    path.write_text('')
    assert weight_options(normalized(given())) == {
        f'{init}.checkpoint': str(path)}
    assert weight_options(normalized(given(weights='random'))) == {init: None}
    assert weight_options(normalized(given(
        options={f'{init}.checkpoint': 'other.pth'}))) == {}
    with pytest.raises(SelfTrainError, match="weights='random'"):
        weight_options(normalized(given(weights='missing.pth')))
