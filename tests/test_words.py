"""Code and docs use the field's standard terms.

``python tests/test_words.py`` prints all findings, those of pending files
included, and the pending files that are clean by now.
"""
import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ('mmseg_fst', 'tools', 'configs', 'docs', 'tests')
ENDINGS = ('.py', '.md', '.sh', '.html')

# Words for which there is a standard term. A name is banned as a whole, or if
# one of its parts between underscores is a banned part.
BANNED_NAMES = {
    'one', 'ones', 'ours', 'theirs', 'mine', 'its', 'look', 'looks', 'held',
    'seen', 'kept', 'KeptStep', 'HeldGradient', 'SecondLook', 'kept_step'
}
BANNED_PARTS = {
    'cure', 'cures', 'mend', 'mends', 'mended', 'mendable', 'picture',
    'pictures', 'draw', 'draws', 'drawn', 'ours', 'theirs', 'labelled',
    'unlabelled'
}
BANNED_PROSE = {
    r'(un)?labell(ed|ing)': 'labeled (American spelling)',
    r'cure[sd]?': 'fix, hint',
    r'mend(s|ed|able)?': 'fix',
    r'pictures?': 'image, figure',
    r'draws?|drawn|drew': 'sample(d), split, random numbers',
    r'look(s|ed|ing)?(?! up\b)': 'view, pass, check, resemble',
    r'what becomes of': 'say it directly',
    r'(?<!there )is no (?!longer\b)\w+': "'must be ...', 'is not ...'",
    r'give a whole one': "'must be a positive integer'",
    r'those of': 'name the noun',
    r'of (its|their) own': 'separate, or leave it out',
    r'ours|theirs': 'name the noun',
    r'sees|seen by': 'receives, uses',
    r'tells': 'shows, says',
    r'(?<!learning )(?<!depth )rates?': 'learning rate',
    r'KeptStep|HeldGradient|SecondLook|kept_step': 'StepCache, '
                                                   'DeferredGradient, '
                                                   'TeacherView, step_cache',
}
# Text that is removed before the search.
ALLOWED = (
    r'draw_featmap|ImageDraw|draw_gt|draw_pred|\bdraw=',  # mmengine, Pillow
    r'kept_share',  # public config key of ComplementaryDropout
    r'held-out',  # standard term
    r'[Ll]ook(s|ed|ing)?[- ]ahead',  # term of the paper
    r'self-look-ahead',
    r"LABELLED|'(un)?labelled'|test/pictures|'pictures'|/ 'pictures'",  # paths
    # Rendering an image is drawing in the literal sense.
    r'\bdraw(s|n)? (flat|over|faces?|lines?|labels?|images?|text)\b',
    r'(other|no) face is drawn|drawn=|\.drawn\b|^drawn$|^    drawn: False',
    r'drawn \(bool\)',  # field of streets.shapes.Face
    r'https?://\S+',
    # Libraries use these names.
    r'drop_path_rate|dropout_rate|drop_rate|learning_rate|--rate\b|rate_',
)
# Names that are banned but belong to others, or to file formats.
ALLOWED_NAMES = {
    'draw_featmap', 'ImageDraw', 'kept_share', 'drawn'
}
# Files that are still to be rewritten. Remove a file from the list when it is
# done; nothing else may be added.
PENDING = ()


def files():
    """All files to check, relative to the repository."""
    paths = [*REPOSITORY.glob('*.py'), *REPOSITORY.glob('*.sh'),
             REPOSITORY / 'README.md']
    for folder in FOLDERS:
        paths += (path for path in (REPOSITORY / folder).rglob('*')
                  if path.suffix in ENDINGS)
    names = {path.relative_to(REPOSITORY).as_posix() for path in paths}
    return sorted(
        name for name in names
        if not name.startswith('tests/data/') and name != 'tests/test_words.py'
        and '__pycache__' not in name)


def wrong_names(source):
    """Banned identifiers that a Python source defines, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.Attribute) and isinstance(
                node.ctx, ast.Store):
            name = node.attr
        elif isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = node.name
        else:
            continue
        parts = set(name.lower().split('_'))
        if name not in ALLOWED_NAMES and (name in BANNED_NAMES
                                          or parts & BANNED_PARTS):
            found.append((node.lineno, name))
    return found


def prose_of(source):
    """Comments and strings of a Python source, as (line, text)."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield from enumerate(token.string.splitlines(), token.start[0])


def wrong_prose(lines):
    """Banned words in lines of text, with what to write instead."""
    found = []
    for number, line in lines:
        for allowed in ALLOWED:
            line = re.sub(allowed, ' ', line)
        for pattern, instead in BANNED_PROSE.items():
            for match in re.finditer(rf'\b(?:{pattern})\b', line, re.I):
                found.append((number, f'{match[0]} ({instead})'))
    return found


def findings(name):
    """What is wrong in a file, a sentence for each word."""
    text = (REPOSITORY / name).read_text(encoding='utf-8')
    if name.endswith('.py'):
        found = wrong_names(text) + wrong_prose(prose_of(text))
    else:
        found = wrong_prose(enumerate(text.splitlines(), 1))
    return [f'{name}:{number}: {word}' for number, word in sorted(found)]


@pytest.mark.parametrize('name', files())
def test_a_file_uses_standard_terms(name):
    if name in PENDING:
        pytest.skip('to be rewritten')
    wrong = findings(name)
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('source, word', [
    ('for one in x: pass', 'one'), ('def f(look): pass', 'look'),
    ('def draw_boxes(): pass', 'draw_boxes'), ('x.seen = 1', 'seen'),
    ('[kept for kept in x]', 'kept'), ('class SecondLook: pass', 'SecondLook'),
    ('lambda ours: 0', 'ours')])
def test_a_banned_name_is_found(source, word):
    assert [name for _, name in wrong_names(source)] == [word]


def test_names_of_others_may_be_used():
    assert not wrong_names('torch.ones(3); x = torch.ones_like(y)')


@pytest.mark.parametrize('text, word', [
    ('# the cure', 'cure'), ('"x=2 is no confidence"', 'is no confidence'),
    ('"""A labelled image."""', 'labelled'),
    ('f"a picture of {x}"', 'picture'),
    ('# boxes are drawn', 'drawn'), ('"give a whole one from 1"', 'give a'),
    ('# higher rates', 'rates'), ('# those of the teacher', 'those of')])
def test_banned_prose_is_found_in_comments_and_strings(text, word):
    (_, found), = wrong_prose(prose_of(text))
    assert word in found


@pytest.mark.parametrize('text', [
    '# There is no such file; it is no longer used', '# the learning rate',
    'cure = 1', '"draw_featmap"', '# see https://pictures.org/picture'])
def test_allowed_prose_is_not_found(text):
    assert not wrong_prose(prose_of(text))


if __name__ == '__main__':
    for path in files():
        print('\n'.join(findings(path)), end='\n' * bool(findings(path)))
    for path in PENDING:
        if not (REPOSITORY / path).is_file() or not findings(path):
            print(f'PENDING: {path} is clean', file=sys.stderr)
