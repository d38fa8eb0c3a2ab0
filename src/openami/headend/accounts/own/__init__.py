"""One's own account: password, second factor, keys, sign-ins."""
