"""The way from files to a `Dataset`: `Source` and `Recipe` say what to read, `files` finds it, `cache` keeps it."""
