"""The `[push]` section of a product file: in what form its meters send of their own accord."""

from openami.meters.sections.row import Row


class PushRow(Row):
    """Whether pushes are ciphered under the keys of the meter, as its associations are, or go in clear."""

    ciphered: bool = True
