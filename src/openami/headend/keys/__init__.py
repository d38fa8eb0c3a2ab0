"""The keys of the meters, each sealed under a key-encryption key that lives outside the database."""
