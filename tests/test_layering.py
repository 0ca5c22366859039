"""Imports go one way, from tensors to command lines."""
import ast
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY

PACKAGE = REPOSITORY / 'mmseg_fst'
# What the files of each part may import from this package.
_CORE = {
    'registry', 'utils', 'ops', 'models', 'methods', 'datasets', 'engine'
}
ALLOWED = {
    'version': set(),
    'registry': set(),
    'utils': {'utils'},
    'ops': {'ops'},
    'streets': {'utils', 'streets'},
    'models': {'registry', 'utils', 'ops', 'models'},
    'methods': {'registry', 'utils', 'ops', 'models', 'methods'},
    'datasets': {'registry', 'utils', 'ops', 'streets', 'datasets'},
    'engine': {*_CORE},
    'evaluation': {'registry', 'utils', 'ops', 'evaluation'},
    'config': {'registry', 'utils', 'datasets', 'config'},
    'use': {*_CORE, 'config', 'use'},
    'run': {*_CORE, 'evaluation', 'config', 'use', 'run'},
    'prepare': {'registry', 'utils', 'datasets', 'config', 'run', 'prepare'},
    'report': {*_CORE, 'evaluation', 'config', 'use', 'run', 'report'},
    'self_training': {
        *_CORE, 'version', 'config', 'use', 'run', 'prepare', 'report',
        'self_training'
    },
    'apis': {*_CORE, 'config', 'use', 'run', 'prepare'},
    'converters': {'registry', 'utils', 'config', 'run', 'converters'},
    'downloads': {'utils', 'datasets', 'converters', 'downloads'},
    'view': {*_CORE, 'config', 'use', 'run', 'view'},
    # The command line, which nothing imports.
    'commands': {
        *_CORE, 'version', 'streets', 'evaluation', 'config', 'use', 'run',
        'prepare', 'report', 'view', 'apis', 'downloads', 'commands'
    },
    # __init__.py
    '': {'version', 'models', 'methods', 'datasets', 'engine', 'evaluation',
         'self_training'},
}


def part_of(path):
    """Part of the package that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return '' if first == '__init__.py' else first.removesuffix('.py')


def imported(source, package):
    """Absolute names of all modules that a file imports, wherever.

    Args:
        source (str): Text of the file.
        package (str): Package that the file lies in, with dots.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parents = package.split('.')
                parents = parents[:len(parents) - node.level + 1]
                base = '.'.join(parents + ([base] if base else []))
            names.add(base)
            names.update(f'{base}.{alias.name}' for alias in node.names)
    return names


def own_parts(names):
    """Parts of this package among names of modules."""
    parts = set()
    for name in names:
        first, _, rest = name.partition('.')
        if first == 'mmseg_fst' and rest:
            parts.add(rest.split('.')[0])
    # `from mmseg_fst import x` may name a value of __init__.py.
    return {part for part in parts if part in ALLOWED}


def package_of(path):
    return '.'.join(path.relative_to(REPOSITORY).parent.parts)


FILES = sorted(PACKAGE.rglob('*.py'))


@pytest.mark.parametrize(
    'path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_stands_below_it(path):
    names = imported(path.read_text(), package_of(path))
    wrong = own_parts(names) - ALLOWED[part_of(path)]
    assert not wrong, f'{path} imports {sorted(wrong)}'
    outside = {name.split('.')[0] for name in names}
    assert not outside & {'tools', 'tests', 'run_experiments', 'configs'}


def test_ops_know_torch_alone():
    known = {'torch', 'torchvision', 'mmseg_fst', *sys.stdlib_module_names}
    for path in (PACKAGE / 'ops').rglob('*.py'):
        names = imported(path.read_text(), package_of(path))
        outside = {name.split('.')[0] for name in names}
        assert outside <= known, f'{path} imports {outside - known}'


def test_names_of_modules_are_unique():
    """A name in a message or a search leads to one file.

    Commands are called as users type them.
    """
    names = [path.name for path in FILES
             if path.name != '__init__.py' and part_of(path) != 'commands']
    assert sorted(names) == sorted(set(names))


def test_every_part_of_the_package_has_a_rule():
    assert {part_of(path) for path in FILES} == set(ALLOWED)


@pytest.mark.parametrize('source, package, part', [
    ('import mmseg_fst.engine', 'mmseg_fst.models', 'engine'),
    ('from mmseg_fst.datasets import x', 'mmseg_fst.models', 'datasets'),
    ('from mmseg_fst import apis', 'mmseg_fst.models', 'apis'),
    ('from ..engine.hooks import x', 'mmseg_fst.models', 'engine'),
    ('from ...datasets import x', 'mmseg_fst.models.backbones', 'datasets'),
    ('def f():\n    from .. import models', 'mmseg_fst.ops', 'models'),
])
def test_a_forbidden_import_is_seen(source, package, part):
    """The reader of imports is itself right."""
    assert own_parts(imported(source, package)) == {part}
    assert part not in ALLOWED[package.split('.')[1]]


def test_command_lines_are_imported_by_nobody():
    tools = [*REPOSITORY.glob('tools/*.py')]
    lines = {f'tools.{path.stem}' for path in tools}
    for path in [*FILES, *tools]:
        names = imported(path.read_text(), package_of(path))
        assert not lines.intersection(names), path
    assert Path(REPOSITORY / 'run_experiments.py').is_file()
