"""What may be shown to whom. Pure: it reads values it is handed and touches neither network nor database."""
