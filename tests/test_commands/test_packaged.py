"""Names of packaged configs."""
from pathlib import Path

import pytest
from helpers import REPOSITORY

from mmseg_fst.apis import load_config, read_config, read_grid
from mmseg_fst.config import packaged
from mmseg_fst.config.packaged import (
    CONFIGS,
    base_reference,
    find_config_file,
    list_configs,
    recorded_name,
)
from mmseg_fst.run.run_config import default_work_dir

NAME = 'demo/streets_fst'
FILE = REPOSITORY / 'configs' / f'{NAME}.py'


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize('name', [
    NAME, f'{NAME}.py', f'configs/{NAME}', f'configs/{NAME}.py',
    f'./configs/{NAME}.py', f'mmseg_fst::{NAME}.py', str(FILE)])
def test_a_name_finds_the_packaged_config(name, empty):
    assert find_config_file(name) == str(FILE)


@pytest.mark.parametrize('place', [f'{NAME}.py', f'configs/{NAME}.py'])
def test_a_file_of_the_current_folder_wins(place, empty):
    Path(place).parent.mkdir(parents=True)
    Path(place).write_text('a = 1\n')
    assert find_config_file(NAME) == place
    assert read_config(NAME).a == 1
    assert find_config_file(f'mmseg_fst::{NAME}.py') == str(FILE)


@pytest.mark.parametrize('name, similar', [
    ('demo/streets_fts', 'demo/streets_fst'),
    ('streets_fst-d', 'demo/streets_fst-d'),
    ('configs/uda/streetgen2camvid_fsd.py', 'uda/streetgen2camvid_fst'),
])
def test_an_unknown_name_gets_similar_names(name, similar, empty):
    with pytest.raises(FileNotFoundError) as error:
        find_config_file(name)
    message = str(error.value)
    assert f'There is no config {name}; ' in message
    assert similar in message and 'mmseg-fst configs' in message


@pytest.mark.parametrize('name', [
    '../setup', 'configs/../../setup.py', '/demo/streets_fst', 'demo', ''])
def test_names_do_not_lead_out_of_the_package(name, empty):
    with pytest.raises(FileNotFoundError):
        find_config_file(name)


def test_packaged_grids_have_names(empty):
    grid = read_grid('ssl/table_voc')
    assert all(Path(cell.config).is_file() for cell in grid.cells)


def test_patterns_of_names():
    names = list_configs('streets*fst')
    assert NAME in names and names == sorted(names)
    assert not list_configs('fst*streets_')


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """As of a wheel: the configs are in the package."""
    package = tmp_path / 'site' / 'configs' / 'mmseg_fst'
    (package / 'config').mkdir(parents=True)
    (package / 'configs').symlink_to(REPOSITORY / 'configs')
    real = package / 'configs'
    monkeypatch.setattr(packaged, 'config_root', lambda: real.resolve())
    monkeypatch.setattr(packaged, 'is_packaged', lambda path: Path(
        path).resolve().is_relative_to(real.resolve()))
    monkeypatch.delenv(CONFIGS, raising=False)
    work = tmp_path / 'work'
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def test_a_run_of_a_packaged_config_records_its_name(installed):
    assert recorded_name(str(FILE)) == f'mmseg_fst::{NAME}.py'
    assert default_work_dir(str(FILE), 3) == f'work_dirs/{NAME}/seed_3'
    (installed / 'mine.py').write_text('')
    assert recorded_name('mine.py') == 'mine.py'


def test_own_configs_name_the_package_not_its_place(installed, caplog):
    reference = base_reference(FILE.parents[1] / '_base_', installed)
    assert reference == '{{$MMSEG_FST_CONFIGS:configs}}/_base_'
    (installed / 'mine.py').write_text(
        f"_base_ = ['{reference}/default_runtime.py',\n"
        f"          '{reference}/schedules/adamw_demo.py']\n")
    cfg = read_config('mine.py')
    assert cfg.default_scope == 'mmseg_fst' and 'optim_wrapper' in cfg
    assert CONFIGS not in cfg.env_variables
    assert CONFIGS not in caplog.text


def test_in_a_checkout_bases_are_relative(tmp_path):
    reference = base_reference(FILE.parents[1] / '_base_',
                               REPOSITORY / 'configs/own/x')
    assert reference == '../../_base_'


def test_a_recorded_name_can_be_loaded(installed, streets, monkeypatch):
    monkeypatch.setenv('STREETS_ROOT', str(streets))
    cfg = load_config(f'mmseg_fst::{NAME}.py', debug=True)
    assert cfg.config_file == f'mmseg_fst::{NAME}.py'
    assert cfg.work_dir == f'work_dirs/{NAME}/debug'
