"""Where notifications go: one file a channel, each a function of the notification."""
