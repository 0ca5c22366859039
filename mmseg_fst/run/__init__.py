"""Training, testing, grids of runs and their scores."""
