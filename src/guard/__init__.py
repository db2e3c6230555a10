"""The judgement of the guard: pure, on the standard library alone, with `now` as an argument."""
