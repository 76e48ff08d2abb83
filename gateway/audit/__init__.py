"""The record of every access, durable before the answer it belongs to is released."""
