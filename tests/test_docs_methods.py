"""docs/methods.yaml says what is true of the code, and its pages are right."""
import functools
import inspect
import re
import shutil

import pytest
import yaml
from helpers import REPOSITORY, load_tool
from test_docs import wrong_options
from test_words import wrong_prose

from mmseg_fst import methods
from mmseg_fst.apis import read_config
from mmseg_fst.engine import hooks

pytest.importorskip('mkdocs', reason="pip install -e '.[docs]'")
DOCS = REPOSITORY / 'docs'
BASES = REPOSITORY / 'configs' / '_base_'
DATA = yaml.safe_load((DOCS / 'methods.yaml').read_text())
METHODS = {method['id']: method for method in DATA['methods']}
MOVING = {'MeanTeacherHook', 'FSTHook', 'WideFSTHook'}
each_method = pytest.mark.parametrize('name', METHODS)


@pytest.fixture(scope='module')
def tool():
    return load_tool('docs_pages.py')


@functools.cache
def config_of(path):
    """A config as data; reading it takes most of the time."""
    return read_config(str(REPOSITORY / path))


def trained_classes():
    """Classes with a training step, without the bases of others."""
    found = {name: getattr(methods, name) for name in methods.__all__}
    return {name for name, value in found.items() if inspect.isclass(value)
            and issubclass(value, methods.Method)
            and value.train_on is not methods.Method.train_on}


def test_every_class_and_base_config_has_a_page():
    named = {name for method in METHODS.values() for name in method['classes']}
    assert named == trained_classes()
    bases = {base for method in METHODS.values() for base in method['bases']}
    assert {f'methods/{path.name}' for path in BASES.glob('methods/*.py')
            } <= bases
    assert len(METHODS) == len(DATA['methods'])  # no name occurs twice


@each_method
def test_what_a_method_names_exists(name):
    method = METHODS[name]
    assert method['group'] in DATA['groups']
    for base in method['bases']:
        assert (BASES / base).is_file(), base
    paths = [*method['configs'], *(method.get('record') or []),
             *(test for proof in method['proven'] for test in proof['tests'])]
    for path in paths:
        assert (REPOSITORY / path).exists(), path
    assert method['configs'] and method['proven'] and method['formulas']
    assert set(method.get('hooks', ())) <= set(hooks.__all__)
    assert bool(method.get('record')) == any(
        'test_parity' in test for proof in method['proven']
        for test in proof['tests'])


@each_method
def test_fst_applies_where_a_teacher_moves(name):
    method = METHODS[name]
    for path in method['configs']:
        cfg = config_of(path)
        moves = {hook['type'] for hook in cfg.get('custom_hooks', [])} & MOVING
        if method['fst'] in ('yes', 'itself'):
            assert moves, path
        elif method['fst'] == 'no':
            assert not moves, path
        if method['fst'] == 'itself':
            assert moves == set(method['hooks']), path
    with_teacher = {getattr(methods, each).with_teacher
                    for each in method['classes']}
    if method['fst'] in ('yes', 'itself'):
        assert with_teacher == {True}


@each_method
def test_its_configs_train_its_class(name):
    """And each is made from a base that the page names."""
    method = METHODS[name]
    for path in method['configs']:
        cfg = config_of(path)
        assert cfg.model.type in method['classes'], path


@each_method
def test_no_score_is_written_in_the_data(name):
    text = yaml.safe_dump(METHODS[name])
    # Learning rates, thresholds and decays are at most 1.
    assert not re.findall(r'(?<![\d.])\d\d\.\d', text)


@each_method
def test_pages_use_standard_terms_and_existing_options(name, tool):
    page = tool.method_page(DATA, METHODS[name])
    without_links = re.sub(r'\[[^]]*\]\(https:[^)]*\)', '', page)
    assert not wrong_prose(enumerate(without_links.splitlines(), 1))
    assert not wrong_options(page)
    assert 'None' not in page


@each_method
def test_formulas_can_be_set(name, tool):
    page = tool.method_page(DATA, METHODS[name])
    for tex in re.findall(r'\\[(\[](.*?)\\[)\]]', page, re.S):
        assert '<path d="M' in tool.formula_image(tex.replace('frac', 'dfrac'))


def test_a_formula_that_cannot_be_set_is_an_error(tool):
    with pytest.raises(Exception, match='formula'):
        tool.formula_image(r'\unknown{x}')


def test_measured_rows_are_those_of_the_page(tool):
    """All cells, and none of another method."""
    page = tool.method_page(DATA, METHODS['ael'])
    text = (DOCS / 'measurements.md').read_text()
    rows = [line for line in text.splitlines()
            if re.match(r'\| (supervised-continued|ael|ael_fst) \| 300', line)]
    assert len(rows) == 3
    measured = page.partition('## Measured here')[2]
    for row in rows:
        assert row in measured
    assert measured.count('\n| ') == 4  # and the header


def test_a_page_follows_the_table(tool, tmp_path):
    for name in ('full_size.md', 'tables.md', 'measurements.md'):
        shutil.copy(DOCS / name, tmp_path)
    path = tmp_path / 'measurements.md'
    old = '60.8 / 60.8 | 61.0 / 61.0'
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, '11.1 / 22.2 | 33.3 / 44.4'))
    page = tool.method_page(DATA, METHODS['ael'], tmp_path)
    assert '11.1 / 22.2 | 33.3 / 44.4' in page and old not in page


def test_a_row_that_is_gone_is_an_error(tool, tmp_path):
    (tmp_path / 'measurements.md').write_text('## CamVid\n')
    with pytest.raises(Exception, match='no row of measurements.md'):
        list(tool.scores(DATA, METHODS['ael']['measured'], tmp_path))


def test_empty_cells_repeat_the_cell_above(tool):
    table, = tool.read_tables(
        '# A\n\n| data | method | 1/8 |\n|---|:-:|---|\n| VOC | a | 1 |\n'
        '| | b | |\n')
    assert table.section == 'A'
    assert table.rows == [['VOC', 'a', '1'], ['VOC', 'b', '']]
    assert table.select('method', 'b') == [['VOC', 'b', '']]
    assert not table.select('network', 'b')


def test_the_overview_names_all_methods(tool):
    text = tool.overview(DATA)
    for method in METHODS.values():
        assert f'[{method["name"]}]({method["id"]}.md)' in text
    assert len(re.findall(r'^\| \[', text, re.M)) == len(METHODS)


def test_paths_of_the_glossary_exist():
    text = (DOCS / 'glossary.md').read_text()
    paths = re.findall(r'`((?:mmseg_fst|tests|tools)/[\w/.]+)`', text)
    assert len(paths) > 20
    for path in paths:
        assert (REPOSITORY / path).exists(), path


def test_the_gallery_is_small_and_complete():
    text = (DOCS / 'gallery.md').read_text()
    named = set(re.findall(r'\(gallery/([\w.]+)\)', text))
    files = {path.name: path.stat().st_size
             for path in (DOCS / 'gallery').iterdir()}
    assert named == set(files)
    assert sum(files.values()) < 600_000
