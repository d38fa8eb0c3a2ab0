"""What watches over what is done: proposals and the audit, as pages."""
