"""What tests share: a PostgreSQL server, a Kafka broker, and waiting for things to happen."""
