"""Interface classes of COSEM, declared once for client and server (Blue Book, part 2)."""
