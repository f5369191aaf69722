"""Waking Macs: the MDM push certificate, and Apple's push service (APNs) by HTTP/2.

`certificate.py` reads what Apple or a vendor issued, `apns.py` speaks to the service, `jobs.py` decides who is woken when. What a Mac is
told once it is awake is `channels.apple.mdm`'s.
"""
