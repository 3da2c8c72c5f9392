"""Detect what went wrong with images, repair them, and have a trained classifier label them, without training it again.

`distortions` makes examples of training images, `repairs` has all ways to take distortions back, `repairer` puts them together for
one classifier, `files` does so with a folder of images, and `study` measures what it brings, on distortions that nothing in it
has seen.
"""
