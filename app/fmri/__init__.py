"""The fMRI beside the recording: opened, followed, cleaned, and held to the page."""
