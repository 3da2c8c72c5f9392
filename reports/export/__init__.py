"""Results for other programs: Kaggle, MLflow, a table of every trial."""
