"""The webhook log: where providers' raw requests lie durably between the intake's answer and the consumer."""
