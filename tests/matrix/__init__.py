"""The authorisation matrix: an independent reading of policy packs, and the calls that hold the program against it."""
