"""What the installation is told, from the environment (SENDTRAIL_...) or the command line."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every option of the console command, by the same name."""

    model_config = SettingsConfigDict(env_prefix="SENDTRAIL_", extra="ignore")

    database_url: str = Field("", description="PostgreSQL to use, for example postgresql://user@host/sendtrail")
    kafka: str = Field("", description="bootstrap servers (host:port,...); empty: the webhook log is in PostgreSQL")
    kafka_options: Path | None = Field(None, description="a file with further options of the Kafka client (TLS, SASL)")
    data_dir: Path = Field(Path("sendtrail-data"), description="documents, keys, and the embedded PostgreSQL")
    master_key: SecretStr | None = Field(None, description="base64 of 32 bytes; empty: the file master.key in data_dir")
    public_url: str = Field("", description="where providers reach this installation; empty: http://host:port")
    host: str = "127.0.0.1"
    port: int = 8080
    clock_file: Path | None = Field(None, description="a file with seconds to add to the clock (demo and tests)")
    webhook_topic: str = "sendtrail.webhooks"
    webhook_partitions: int = Field(4, ge=1, le=64, description="partitions of the Kafka topic when it is created")
    raw_days: int = Field(62, ge=1, le=62, description="days that raw provider requests are kept")

    @property
    def reached_at(self) -> str:
        """The address that providers are told and sign, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def webhook_url(self, connection_id: object) -> str:
        """Where a connection's provider reports to."""
        return f"{self.reached_at}/v1/webhooks/{connection_id}"

    @property
    def documents_dir(self) -> Path:
        return self.data_dir / "documents"
