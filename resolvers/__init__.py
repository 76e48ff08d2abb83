"""How each question is answered. Nothing here, and nothing below, ever learns who asks."""
