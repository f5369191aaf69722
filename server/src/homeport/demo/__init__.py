"""`homeport demo`: the whole of Homeport on one machine, with a simulated Okta and a scratch folder as a Linux device.

`story.py` tells it step by step; `browser.py` is the person's browser, which fills in the real pages; `device.py` runs the real agent.
"""
