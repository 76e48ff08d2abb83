"""The core store: one PostgreSQL, embedded or given by DSN, reached by roles that may each do only their own work."""
