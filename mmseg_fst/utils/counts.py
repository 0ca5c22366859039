"""Counted nouns in messages."""


def counted(count: int, noun: str) -> str:
    """A number and its noun.

    Args:
        count (int): The number.
        noun (str): The noun in the singular, with a regular plural.

    Returns:
        str: Such as ``'1 image'`` or ``'2 images'``.
    """
    return f'{count} {noun}' if count == 1 else f'{count} {noun}s'
