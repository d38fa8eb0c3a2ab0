"""The accuracy bench of a product: its classes and nameplate from the product file, meters drawn, a report made."""
