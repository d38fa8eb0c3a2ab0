"""Reading the meters: what is due, who reads it, how a session goes, and how its results are kept."""
