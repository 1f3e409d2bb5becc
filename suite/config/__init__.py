"""``conf`` to plans: overrides expanded, composed and built into what will be measured."""
