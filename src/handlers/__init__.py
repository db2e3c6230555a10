"""Where Lambda comes in: one module for each function of the template.

What is imported stays, so nothing is collected meanwhile: to look through it again and again took a
tenth of a cold start. Each handler turns collection on when it is there.
"""

import gc

gc.disable()
