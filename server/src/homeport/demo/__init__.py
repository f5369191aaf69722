"""`homeport demo`: the whole of Homeport on one machine, with a simulated Okta and a scratch folder as a Linux device.

`programs.py` starts the server and the provider; `story.py` tells the demo step by step; `browser.py` is the person's browser, which fills in the real pages; `device.py` runs the real agent.
"""
