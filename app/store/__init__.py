"""Every query: functions over a connection, set-based."""
