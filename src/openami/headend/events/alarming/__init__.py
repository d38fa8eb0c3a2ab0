"""Pages of alarms and tamper cases."""
