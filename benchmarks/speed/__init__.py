"""How fast, how small and how wide the guard is, beside floors and peers; `bench.py` tells it all."""
