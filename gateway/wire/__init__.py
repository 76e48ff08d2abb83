"""HTTP/1.1 as we speak it to whoever asks. Nothing in here knows what is asked, or of whom."""
