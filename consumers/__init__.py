"""The loops: webhooks, dispatcher, projector, publisher."""
