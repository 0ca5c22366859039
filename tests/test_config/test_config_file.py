"""Configs as data: nothing in them is run."""
import json
import sys

import pytest
from mmengine.config import Config

from mmseg_fst.apis import (
    check_config,
    merge_options,
    open_config,
    read_config,
    save_config,
)
from mmseg_fst.registry import MODELS


def write(folder, content):
    path = folder / 'config.json'
    path.write_text(json.dumps(content))
    return str(path)


def test_a_config_comes_back_as_it_was(tmp_path):
    cfg = Config(
        dict(
            model=dict(type='CutMix', size=(1, 2), list=[1, (2., 'a')]),
            nothing=None,
            nested=[dict(a=True), []]))
    # Lists and tuples are not equal to one another.
    actual = open_config(save_config(cfg, str(tmp_path)))
    assert actual.to_dict() == cfg.to_dict()


@pytest.mark.parametrize('value', [dict(a={1}), {'a': {0: 1}}, dict(a=Config)])
def test_what_is_no_data_is_refused(tmp_path, value):
    with pytest.raises(TypeError, match='config.json is not written'):
        save_config(Config(value), str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name', [
    'os.system', 'subprocess.Popen', 'mmengine.load', 'mmengine.fileio.load',
    'mmseg.os.system', 'innocent_module', 'mmseg.innocent_module'
])
def test_a_type_that_is_not_registered_is_refused(tmp_path, name):
    content = dict(model=dict(parts=[dict(type=name, command='touch x')]))
    with pytest.raises(ValueError, match=f'{name}.* is not registered'):
        open_config(write(tmp_path, content))


@pytest.mark.parametrize('key, value', [
    ('class_weight', 'http://there/weights.pkl'),
    ('class_weight', 'weights.yaml'), ('checkpoint_path', 'weights.pth'),
    ('class_embed_path', 'a.pth'), ('ann_file', 'list.PKL'),
    ('conv_type', 'innocent_module'), ('padding_mode', 'os.system'),
    ('norm_layer', 'os.system'), ('decode_backend', 'pickle'),
    ('diffusion_cfg', dict(target='os.system')), ('_scope_', 'innocent'),
    ('default_scope', 'innocent')])
@pytest.mark.parametrize('place', ['dict', 'list', 'tuple'])
def test_what_would_be_run_otherwise_is_refused(tmp_path, key, value, place):
    """Paths that are unpickled, other names of what is called."""
    node = {key: value}
    content = dict(dict=dict(model=node), list=dict(model=[node]),
                   tuple=dict(model=dict(tuple=[node])))[place]
    with pytest.raises(ValueError, match=rf'config.json: {key}=.*give the'):
        open_config(write(tmp_path, content))


def test_modules_that_hide_in_a_config_are_not_imported(tmp_path,
                                                        monkeypatch):
    """MMEngine does so with a name that is registered nowhere."""
    victim = tmp_path / 'victim'
    (tmp_path / 'innocent_module.py').write_text(
        f"open({str(victim)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    node = dict(type='innocent_module')
    with pytest.raises(ValueError, match='innocent_module'):
        MODELS.build(open_config(write(tmp_path, dict(model=node))).model)
    assert not victim.exists()
    with pytest.raises(Exception):
        MODELS.build(node)
    assert victim.exists()  # else the check is needed no more


def test_words_of_other_tables_are_read(tmp_path):
    content = dict(
        model=dict(class_weight=[1., 2.], padding_mode='zeros',
                   norm_layer='BN', checkpoint_path=''),
        optim_wrapper=dict(clip_grad=dict(type='value', clip_value=1)))
    cfg = open_config(write(tmp_path, content))
    assert cfg.to_dict() == content
    content['model']['type'] = 'value'  # only there
    with pytest.raises(ValueError, match="type='value' is not registered"):
        open_config(write(tmp_path, content))


@pytest.mark.parametrize('name', ['FCNHead', 'mmseg.FCNHead'])
def test_registered_types_are_read(tmp_path, name):
    cfg = open_config(write(tmp_path, dict(model=dict(type=name))))
    assert cfg.model.type == name


def test_modules_are_not_imported(tmp_path, monkeypatch):
    (tmp_path / 'surprise_module.py').write_text('raise SystemExit')
    monkeypatch.syspath_prepend(tmp_path)
    imports = dict(imports=['mmseg_fst', 'surprise_module'])
    path = write(tmp_path, dict(custom_imports=imports))
    with pytest.raises(ValueError, match='needs surprise_module'):
        open_config(path)
    monkeypatch.setitem(sys.modules, 'surprise_module', pytest)
    assert 'custom_imports' not in open_config(path)


@pytest.mark.parametrize('text', ['{', '[1]', ''])
def test_damaged_json_is_named(tmp_path, text):
    path = tmp_path / 'config.json'
    path.write_text(text)
    with pytest.raises(ValueError, match='config.json holds no config'):
        open_config(str(path))


def test_python_is_run_but_not_in_silence(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmseg_fst.config.config_file.print_log',
                        lambda text, logger: said.append(text))
    path = tmp_path / 'fst.py'
    path.write_text('a = 1 + 1\n')
    assert open_config(str(path)).a == 2
    assert str(path) in said[0] and 'is run' in said[0]


def test_no_config_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.json'):
        open_config(str(tmp_path / 'nothing.json'))


@pytest.mark.parametrize('key', ['a.5.b', 'a.0.b.c', 'd.e'])
def test_an_option_without_a_place_is_named(tmp_path, key):
    path = tmp_path / 'x.py'
    path.write_text('a = [dict(b=1)]\nd = 1\n')
    with pytest.raises(ValueError, match=rf'--cfg-options {key}.*x\.py'):
        merge_options(open_config(str(path)), {key: 1})


def test_python_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('a = [')
    with pytest.raises(ValueError, match=r'x\.py cannot be read: SyntaxError'):
        open_config(str(path))


OLD = dict(
    model=dict(type='SelfTrainingSegmentor', mixer=dict(type='NoMix'),
               label_with='file', labeled_iters=3),
    custom_hooks=[dict(type='FSTHook', depth=1, released=True)])
TODAY = dict(
    model=dict(type='STPlusPlus', mixer=dict(type='NoMix'), warmup_iters=3),
    custom_hooks=[dict(type='FSTHook', depth=1, match_release=True)])


def write_python(folder, content):
    path = folder / 'old.py'
    path.write_text(''.join(f'{key} = {value!r}\n'
                            for key, value in content.items()))
    return str(path)


def test_old_names_are_read(tmp_path):
    assert open_config(write(tmp_path, OLD)).to_dict() == TODAY
    path = write_python(tmp_path, OLD)
    assert open_config(path).to_dict() == TODAY
    assert read_config(path).to_dict() == TODAY


@pytest.mark.parametrize('kind', ['json', 'py'])
def test_old_switches_without_a_class_are_named(tmp_path, kind):
    content = dict(model=dict(OLD['model'], num_views=2))
    path = (write if kind == 'json' else write_python)(tmp_path, content)
    with pytest.raises(ValueError, match=(
            rf'\.{kind}: model: .*STPlusPlus, which cannot have num_views=2')):
        open_config(path)


@pytest.mark.parametrize('option, name', [
    ('custom_hooks.0.released', 'match_release'),
    ('model.labeled_iters', 'warmup_iters')])
def test_an_option_with_an_old_name_is_refused(tmp_path, option, name):
    with pytest.raises(ValueError, match=f'{option}: .*{name}'):
        read_config(write_python(tmp_path, TODAY), {option: 1})


def test_an_old_key_of_a_config_that_was_built_is_named():
    cfg = Config(dict(default_hooks=dict(a=dict(
        type='FSTHook', released=True))))
    with pytest.raises(ValueError, match=(
            "default_hooks.a.released: .*called 'match_release' today")):
        check_config(cfg)
    cfg = Config(dict(model=dict(type='SelfTrainingSegmentor')))
    with pytest.raises(ValueError, match='model.type: .*a class for each'):
        check_config(cfg)
