"""What a request asks for: its document, parsed, validated and run."""
