"""The formatter of configs is imported whatever its cache contains."""
import os
import subprocess
import sys

import pytest

IMPORT = ('from mmseg_fst.utils.formatter import import_formatter\n'
          'import_formatter()\n'
          'import yapf\n'
          'print(yapf.yapflib.yapf_api.FormatCode("a  = 1")[0])')


def run(cache, code):
    return subprocess.run([sys.executable, '-c', code], text=True,
                          capture_output=True,
                          env=dict(os.environ, XDG_CACHE_HOME=str(cache)))


@pytest.mark.slow
@pytest.mark.parametrize('content', (b'', b'\x80', None))
def test_a_damaged_cache_is_left_out(tmp_path, content):
    """Another process is writing it, or was killed while it did."""
    run(tmp_path, 'import yapf.yapflib.yapf_api')
    files = list(tmp_path.rglob('*.pickle'))
    assert files
    for file in files:
        file.write_bytes(
            file.read_bytes()[:1000] if content is None else content)
    assert run(tmp_path, 'import yapf.yapflib.yapf_api').returncode
    result = run(tmp_path, IMPORT)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == 'a = 1'
