"""fMRI beside the EEG: volumes, atlas, regional series, and their place on the recording's clock."""
