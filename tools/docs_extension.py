"""Docstrings for the documentation site: what mkdocs.yml passes to griffe.

Docstrings of this package have the sections of Google and the roles of
reStructuredText, which help() and editors show as they are. Markdown needs
links, and its own code blocks::

    :class:`MIC`    ->  [`MIC`][mmseg_fst.methods.MIC]
    text::          ->  text:
    Example:        ->  Examples:
"""
import ast
import re
from pathlib import Path
from typing import Any

from griffe import Extension, Object

ROOT = Path(__file__).parents[1]
#: Packages with a page in docs/api, each with its names in ``__all__``.
PACKAGES = ('datasets', 'engine.hooks', 'methods', 'models', 'ops',
            'self_training')
ROLE = re.compile(r':(attr|class|data|exc|func|meth|mod|obj):`~?([\w.]+)`')


def public_names() -> dict[str, str]:
    """Paths of the documented classes and functions by their names."""
    found = {}
    for package in PACKAGES:
        path = ROOT / 'mmseg_fst' / package.replace('.', '/') / '__init__.py'
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(
                    node.targets[0], 'id', '') == '__all__':
                for name in ast.literal_eval(node.value):
                    # A module of the same name hides a function from griffe.
                    if not path.with_name(f'{name}.py').exists():
                        found[name] = f'mmseg_fst.{package}.{name}'
    return found


class Markdown(Extension):
    """Translates each docstring once, when griffe has found its object."""

    def __init__(self) -> None:
        super().__init__()
        self.paths = public_names()

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Translate the docstring of a module, class or function."""
        if obj.docstring is not None:
            obj.docstring.value = self.translate(obj.docstring.value)

    def translate(self, text: str) -> str:
        """Translate a docstring.

        Args:
            text (str): Google sections with roles.

        Returns:
            str: Google sections with Markdown.
        """
        text = ROLE.sub(self._link, text)
        text = re.sub(r'^( *)Example(::?)$', r'\1Examples:', text, flags=re.M)
        text = re.sub(r'::$', ':', text, flags=re.M)
        return text.replace('``', '`')

    def _link(self, match: re.Match) -> str:
        """A link if the name, or its class, has an entry; else code."""
        role, name = match.groups()
        public = name.rpartition('.')[2] if name.startswith(
            'mmseg_fst.') else name.partition('.')[0]
        if role in ('data', 'mod') or public not in self.paths:
            return f'`{name}`'
        return f'[`{name.rpartition(".")[2]}`][{self.paths[public]}]'
