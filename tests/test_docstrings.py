"""Public docstrings name every argument, in order, and no other."""
import ast
import re

import pytest
from helpers import REPOSITORY

FILES = sorted((REPOSITORY / 'mmseg_fst').rglob('*.py'))


def public(body, inside=''):
    """Public functions, classes and methods, with their names."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if node.name.startswith('_'):
            continue
        yield f'{inside}{node.name}', node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f'{node.name}.')


def arguments_of(function):
    """Names of the arguments, without self."""
    args = function.args
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    names += [args.vararg.arg] if args.vararg else []
    names += [one.arg for one in args.kwonlyargs]
    return [name for name in names if name not in ('self', 'cls')]


def documented(docstring):
    """Names under ``Args:`` of a docstring, in order."""
    match = re.search(r'^ *Args:\n((?:(?: +.*)?\n?)*?)(?=^ *[A-Z]\w+:$|\Z)',
                      docstring, re.MULTILINE)
    if match is None:
        return []
    lines = match.group(1).splitlines()
    indent = min(len(one) - len(one.lstrip()) for one in lines if one.strip())
    found = (re.match(rf' {{{indent}}}\*{{0,2}}(\w+)(?: \(|:)', one)
             for one in lines)
    return [match.group(1) for match in found if match]


def wrong_docstrings(source):
    """What is wrong in a file, a line each."""
    wrong = []
    for name, node in public(ast.parse(source).body):
        text = ast.get_docstring(node)
        if not text:
            wrong.append(f'{name} has no docstring')
            continue
        if isinstance(node, ast.FunctionDef):
            rest = node.args.kwarg.arg if node.args.kwarg else None
            found = [one for one in documented(text) if one != rest]
            expected = arguments_of(node)
            if found != expected:
                wrong.append(f'{name} documents {found}, takes {expected}')
    return wrong


@pytest.mark.parametrize(
    'path', FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_arguments_are_documented(path):
    wrong = wrong_docstrings(path.read_text())
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('source, words', [
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
def test_a_wrong_docstring_is_seen(source, words):
    """The reader of docstrings is itself right."""
    (message, ) = wrong_docstrings(source)
    assert words in message


def test_what_takes_no_arguments_needs_none():
    assert not wrong_docstrings(
        'class C:\n    """Be."""\n    def f(self):\n        """Do."""')
