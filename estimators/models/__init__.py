"""The machines behind the estimators: networks, boosted trees, kernel machines; saving and loading."""
