"""The sections that pages are made of: records become blocks, one module for each subject. Pure."""
