"""What differs between engines: a folder for each, with the same few files, and above them what they promise."""
