"""All products loaded, for processes that are forked from one that has imported this."""

from openami.meters import product
from products.lives import live

__all__ = ["live"]

for slug in product.slugs():
    product.load(slug)
