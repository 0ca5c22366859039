"""The documentation site: mkdocs build --strict, and its width on a phone."""
import json
import shutil
import subprocess
import sys

import pytest
from helpers import REPOSITORY, load_tool

pytest.importorskip('mkdocs', reason="pip install -e '.[docs]'")
griffe = pytest.importorskip('griffe')
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
#: Loads pages in frames as wide as a phone, some at a time; lists those whose
#: content is wider.
MEASURE = '''<body><script>
const pages = PAGES, wide = [];
let left = pages.length;
function next(frame) {
  const page = pages.pop();
  if (!page) return frame.remove();
  frame.onload = () => setTimeout(() => {
    const width = frame.contentDocument.documentElement.scrollWidth;
    if (width > 390) wide.push([page, width]);
    if (!--left) document.body.textContent =
      'measured ' + JSON.stringify(wide) + ' end';
    next(frame);
  }, 200);
  frame.src = page;
}
for (let i = 0; i < 4; i++) {
  const frame = document.createElement('iframe');
  frame.width = 390; frame.height = 700; frame.style.border = 0;
  document.body.append(frame);
  next(frame);
}
</script>'''


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Build it; links, anchors, pages without a place, and parameters."""
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir',
         str(folder)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_builds_without_warnings(site):
    page = (site / 'api/methods/index.html').read_text()
    assert 'id="mmseg_fst.methods.MeanTeacher"' in page
    assert ':class:' not in page
    method = (site / 'methods/u2pl/index.html').read_text()
    assert '<svg class="formula"' in method and 'arithmatex' not in method
    assert 'Measured here' in method and 'highlight commands' in method
    assert 'u2pl/">U2PL</a>' in (site / 'methods/index.html').read_text()


@pytest.mark.slow
def test_no_page_is_wider_than_a_phone(site):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f'NOT CHECKED: none of {", ".join(BROWSERS)} is there')
    pages = [path.relative_to(site).as_posix()
             for path in site.rglob('index.html')]
    (site / 'measure.html').write_text(
        MEASURE.replace('PAGES', json.dumps(pages)))
    done = subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu',
         '--allow-file-access-from-files', '--virtual-time-budget=100000',
         '--dump-dom', (site / 'measure.html').as_uri()],
        capture_output=True, text=True, timeout=100)
    _, measured, rest = done.stdout.partition('measured ')
    assert measured, done.stderr[-2000:]
    assert not json.loads(rest.partition(' end')[0])


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
