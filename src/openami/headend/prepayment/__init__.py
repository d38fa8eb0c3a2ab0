"""Prepayment: customers and their meters, prices, vends, tokens, shifts, receipts."""
