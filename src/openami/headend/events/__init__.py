"""Event logs of the meters, with the meaning of their codes; a code nobody knows is kept as well."""
