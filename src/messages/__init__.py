"""Words for people: pure, one file for each channel. Decisions come in with facts, texts go out."""
