"""Public corpora as they are downloaded: files in, labelled values out."""
