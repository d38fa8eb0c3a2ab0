"""Accounts: who signs in, what they may do where, four eyes, and the audit."""
