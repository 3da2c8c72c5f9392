"""Pure functions on stored predictions: metrics, comparisons, intervals, learning curves."""
