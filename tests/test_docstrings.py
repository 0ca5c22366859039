"""Public docstrings document exactly the arguments, in order."""
import ast
import re

import pytest
from helpers import REPOSITORY

FILES = sorted((REPOSITORY / 'mmseg_fst').rglob('*.py'))


def public(body, inside=''):
    """Yield public functions, classes and methods with their names."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if node.name.startswith('_'):
            continue
        yield f'{inside}{node.name}', node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f'{node.name}.')


def arguments_of(function):
    """Return the names of the arguments, without self."""
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    names += [args.vararg.arg] if args.vararg else []
    names += [arg.arg for arg in args.kwonlyargs]
    return [name for name in names if name not in ('self', 'cls')]


def documented(docstring):
    """Return the names under ``Args:`` of a docstring, in order."""
    match = re.search(r'^ *Args:\n((?:(?: +.*)?\n?)*?)(?=^ *[A-Z]\w+:$|\Z)',
                      docstring, re.MULTILINE)
    if match is None:
        return []
    lines = match.group(1).splitlines()
    indent = min(
        len(line) - len(line.lstrip()) for line in lines if line.strip())
    matches = (re.match(rf' {{{indent}}}\*{{0,2}}(\w+)(?: \(|:)', line)
               for line in lines)
    return [match.group(1) for match in matches if match]


def wrong_docstrings(source):
    """List the errors in a source file."""
    wrong = []
    for name, node in public(ast.parse(source).body):
        text = ast.get_docstring(node)
        if not text:
            wrong.append(f'{name} has no docstring')
            continue
        if isinstance(node, ast.FunctionDef):
            kwargs = node.args.kwarg.arg if node.args.kwarg else None
            names = [arg for arg in documented(text) if arg != kwargs]
            expected = arguments_of(node)
            if names != expected:
                wrong.append(f'{name} documents {names}, takes {expected}')
    return wrong


@pytest.mark.parametrize(
    'path', FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_arguments_are_documented(path):
    wrong = wrong_docstrings(path.read_text())
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('source, expected', [
    ('def f(a):\n    pass', 'f has no docstring'),
    ('class C:\n    pass', 'C has no docstring'),
    ('def f(a, b):\n    """Do.\n\n    Args:\n        a (int): One.\n    """',
     "documents ['a'], takes ['a', 'b']"),
    ('def f(a):\n    """Do.\n\n    Args:\n        b: One.\n    """',
     "documents ['b'], takes ['a']"),
    ('def f(a):\n    """Do."""', "documents [], takes ['a']"),
    ('class C:\n    """Be."""\n    def f(self, a):\n        """Do."""',
     "C.f documents [], takes ['a']"),
])
def test_a_wrong_docstring_is_detected(source, expected):
    """The checker itself is correct."""
    (message, ) = wrong_docstrings(source)
    assert expected in message


def test_without_arguments_no_args_section_is_needed():
    assert not wrong_docstrings(
        'class C:\n    """Be."""\n    def f(self):\n        """Do."""')
