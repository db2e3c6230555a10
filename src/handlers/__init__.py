"""Where Lambda comes in: one module for each function of the template."""
