"""The served models, one file each: what it offers (`spec`) and its preprocess, run and postprocess."""
