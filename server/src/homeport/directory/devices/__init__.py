"""What we know of machines: devices, the keys that enrol them, and which person has which local account on which device.

Here are the inventory, enrolment keys, bindings with their desired and observed state, the numbers of Linux accounts (uids),
and the settings of device account provisioning per operating system. Signed orders, tokens and the agent's protocol are in
`channels.linux`, which turns `BindingChanged` into orders; how a person proves who they are is in `trust`.
"""
