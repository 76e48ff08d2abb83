"""What partners publish: manifests are read, texts judged and compared with schemas here; nothing here runs any."""
