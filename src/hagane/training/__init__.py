"""Training loops: what any torch family uses, whatever it trains."""
