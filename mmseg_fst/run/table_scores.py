"""Names of the scores of a class."""

#: Scores of a class, see :func:`mmseg_fst.ops.scores_by_class`.
CLASS_SCORES = ('IoU', 'Dice', 'precision', 'recall', 'labeled', 'predicted')
