"""Where Lambda comes in: one module for each function of the template.

What is imported stays, so nothing is collected meanwhile: to look through it again and again took a
tenth of a cold start. Each handler turns collection on when it is there. The libraries are imported
before the guard's own modules. After them, urllib3's regular expressions took 42 ms instead of 4, since
Python gave memory back and asked for it again while it compiled them.
"""

import gc

gc.disable()

import aws.clients  # noqa: E402, F401 - first, with collection off
