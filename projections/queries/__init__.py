"""Questions to the read models. Each takes a cursor inside a transaction that has named its tenant (`app.tenant`)."""
