"""The command line: one file a command, each from options through the pipeline to a renderer."""
