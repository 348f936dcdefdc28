"""Personal data at rest: one key a customer, itself under the master key; erasing a customer destroys the key."""


def customer_ref(customer_id: str | None, subject_type: str, external_id: str) -> str:
    """Whose key seals a subject's personal values; a subject without a customer has one of its own."""
    return f"customer:{customer_id}" if customer_id else f"subject:{subject_type}:{external_id}"
