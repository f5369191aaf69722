"""The REST API of Macs under management, in the form of JumpCloud's `/api/v2/applemdms`; the acts are those of the portal."""
