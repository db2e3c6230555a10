"""What the functions do, each job from top to bottom: gather, decide, apply."""
