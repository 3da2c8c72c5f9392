"""Detect what went wrong with images, repair them, and have a trained classifier label them, without training it again.

`levels` names how images are distorted, `distortions` makes examples of training images, `repairs` has all ways to take that back.
`repairer` puts them together for one classifier, `learning` does so for a model on disk, and `files` repairs a folder of images.
`study` measures what it brings, on distortions that nothing in it has seen; `stored` keeps that for the report.
"""
