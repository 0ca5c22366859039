"""What a prediction can write."""

#: Names of the outputs, see :class:`.PredictionWriter`.
OUTPUTS = ('labels', 'overlays', 'areas', 'probabilities',
           'probability-images')
