"""Where answers come from: agencies over HTTP, the core store over SQL. Imports nothing from the layers above."""
