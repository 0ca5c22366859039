"""tools/release.py, on a small repository."""
import subprocess
import zipfile

import pytest
import yaml
from helpers import REPOSITORY, load_tool

DATE = '2026-01-31'


@pytest.fixture
def repository(tmp_path):
    """A copy of the files that a release reads, committed."""
    folder = tmp_path / 'repository'
    for name in ('mmseg_fst/version.py', 'mmseg_fst/report/page.html',
                 'setup.py', 'pyproject.toml', 'MANIFEST.in',
                 'mmseg_fst_command.py', 'requirements.txt', 'README.md',
                 'CITATION.cff'):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((REPOSITORY / name).read_text())
    for name in ('mmseg_fst', 'mmseg_fst/report'):
        (folder / name / '__init__.py').touch()
    (folder / 'configs').mkdir()
    (folder / 'configs' / 'a.py').touch()
    (folder / 'CHANGELOG.md').write_text(
        '# Changelog\n\n## Unreleased\n\n* Something.\n')
    for command in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'first']):
        git(folder, *command)
    return folder


def git(folder, *arguments):
    subprocess.run(
        ['git', '-c', 'user.name=x', '-c', 'user.email=x@y', *arguments],
        cwd=folder, check=True)


def test_versions_and_notes_move_to_their_places(repository):
    tool = load_tool('release.py')
    files = tool.new_files(repository, '0.2.0', DATE)
    assert "__version__ = '0.2.0'" in files['mmseg_fst/version.py']
    assert ('## Unreleased\n\n## 0.2.0 - 2026-01-31\n\n* Something.'
            in files['CHANGELOG.md'])
    assert not tool.notes(files['CHANGELOG.md'])
    citation = yaml.safe_load(files['CITATION.cff'])
    assert citation['version'] == '0.2.0'
    assert str(citation['date-released']) == DATE


def test_the_wheel_has_the_new_version_and_its_data(repository, tmp_path):
    tool = load_tool('release.py')
    files = tool.new_files(repository, '0.2.0', DATE)
    wheel = tool.build_wheel(repository, files, tmp_path / 'dist')
    content = zipfile.ZipFile(wheel).read('mmseg_fst/version.py').decode()
    assert "'0.2.0'" in content
    # The repository itself has not changed.
    tool.check_ready(repository, '0.2.0')


def test_a_wheel_without_its_data_is_refused(repository, tmp_path):
    (repository / 'mmseg_fst/report/page.html').unlink()
    git(repository, 'commit', '-qam', 'lost')
    tool = load_tool('release.py')
    files = tool.new_files(repository, '0.2.0', DATE)
    with pytest.raises(ValueError, match='lacks mmseg_fst/report/page.html'):
        tool.build_wheel(repository, files, tmp_path / 'dist')


@pytest.mark.parametrize('version, message', [
    ('0.0.9', 'not newer'), ('1.0', 'three numbers'), ('v1.0.0', 'three')])
def test_a_wrong_version_is_refused(repository, version, message):
    with pytest.raises(ValueError, match=message):
        load_tool('release.py').check_ready(repository, version)


def test_a_released_version_is_not_released_again(repository):
    tool = load_tool('release.py')
    tool.check_ready(repository, '0.1.0')
    git(repository, 'tag', 'v0.1.0')
    with pytest.raises(ValueError, match='not newer'):
        tool.check_ready(repository, '0.1.0')


def test_changes_and_an_empty_changelog_are_refused(repository):
    tool = load_tool('release.py')
    (repository / 'CHANGELOG.md').write_text('## Unreleased\n\n## 0.1.0\n* x')
    with pytest.raises(ValueError, match='not committed'):
        tool.check_ready(repository, '0.2.0')
    git(repository, 'commit', '-qam', 'empty')
    with pytest.raises(ValueError, match='nothing under'):
        tool.check_ready(repository, '0.2.0')
