"""What we stand on: toolkits that know no slice. What people, devices and sign-ins are is elsewhere."""
