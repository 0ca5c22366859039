"""The documentation site: mkdocs build --strict."""
import subprocess
import sys

import pytest
from helpers import REPOSITORY, load_tool

pytest.importorskip('mkdocs', reason="pip install -e '.[docs]'")
griffe = pytest.importorskip('griffe')


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path):
    """Links, anchors, pages without a place, and parameters of docstrings."""
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir',
         str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / 'api/methods/index.html').read_text()
    assert 'id="mmseg_fst.methods.MeanTeacher"' in page
    assert ':class:' not in page


@pytest.mark.parametrize('text, expected', [
    (':class:`MIC` and :func:`mmseg_fst.ops.ema_decay`',
     '[`MIC`][mmseg_fst.methods.MIC] and '
     '[`ema_decay`][mmseg_fst.ops.ema_decay]'),
    (':meth:`Step.learn` of :mod:`mmseg_fst.ops`',
     '[`learn`][mmseg_fst.methods.Step] of `mmseg_fst.ops`'),
    (':func:`mmengine.fileio.get`', '`mmengine.fileio.get`'),
    ('With ``a``::\n\n    b\n\nExample:\n    >>> c',
     'With `a`:\n\n    b\n\nExamples:\n    >>> c'),
])
def test_docstrings_become_markdown(text, expected):
    tool = load_tool('docs_extension.py')
    assert tool.Markdown().translate(text) == expected
