"""A real Apache Kafka (KRaft, one node) whose jars Maven fetches once and the JVM runs."""

import base64
import fcntl
import hashlib
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.certificates import certificate
from tests.support.eventually import eventually
from tests.support.guard import ends_with_us
from tests.support.ports import free_ports

ROOT = Path(__file__).parent.parent.parent
POM = ROOT / "deploy" / "kafka-broker" / "pom.xml"
CACHE = ROOT / ".cache" / "kafka-broker"
_START = 90.0
"""Seconds. It is up after 3, and 4 after a kill; but others may use the processor."""

USER, PASSWORD = "sendtrail", "hush-hush"

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listener.security.protocol.map=OPEN:PLAINTEXT,ASKING:SASL_PLAINTEXT,TLS:SSL,ASKING_TLS:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.asking.sasl.enabled.mechanisms=PLAIN
listener.name.asking.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
listener.name.asking_tls.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.asking_tls.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
log.dirs={data}
num.partitions=1
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


def missing_tools() -> list[str]:
    return [tool for tool in ("java", "mvn") if shutil.which(tool) is None]


def jars() -> Path:
    """The folder with Kafka's jars, fetched on the first call after the pom changed."""
    folder = CACHE / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            options = ["-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"]
            _run(["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", *options])
            unfinished.rename(folder)
    return folder


class KafkaBroker:
    """One broker with its data in `folder`, at the same addresses after a restart.

    At `asking` it asks who comes (PLAIN), at `tls` it speaks TLS, at `asking_tls` it does both (SCRAM-SHA-512).
    `authority` is the file of who vouches for it.
    """

    def __init__(self, folder: Path, class_path: Path) -> None:
        self.folder = folder
        self.log = folder / "broker.log"
        self.class_path = class_path
        self.port, asking, tls, asking_tls, controller = free_ports(5)
        places = {"OPEN": self.port, "ASKING": asking, "TLS": tls, "ASKING_TLS": asking_tls}
        self.bootstrap, self.asking, self.tls, self.asking_tls = (f"127.0.0.1:{port}" for port in places.values())
        self._settings = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = ExitStack()
        folder.mkdir(parents=True, exist_ok=True)
        self.authority, key = certificate(folder)
        keystore = folder / "keystore.pem"
        keystore.write_bytes(key.read_bytes() + self.authority.read_bytes())
        told = {
            "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in places.items()),
            "controller": controller, "user": USER, "password": PASSWORD, "keystore": keystore, "data": folder / "data",
        }  # fmt: skip
        self._settings.write_text(_PROPERTIES.format(**told))

    def start(self) -> None:
        """Returns when the broker answers. Raises AssertionError with the end of its log when it does not."""
        if not (self.folder / "data").exists():
            user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
            options = ["-t", _cluster_id(), "-c", str(self._settings), "--add-scram", user]
            _run([*self._java(), "kafka.tools.StorageTool", "format", *options])
        with self.log.open("ab") as log:
            command = [*self._java(), "kafka.Kafka", str(self._settings)]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        self._guard.enter_context(ends_with_us(f"kill -KILL {self._process.pid}"))
        eventually(self._ready, within=_START)

    def kill(self) -> None:
        """As a power cut would; the data folder stays."""
        self._end(lambda process: process.kill())

    def stop(self) -> None:
        self._end(lambda process: process.terminate())

    def restart(self) -> None:
        self.stop()
        self.start()

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is None:
            return
        self._guard.close()
        how(self._process)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Kafka ended: {self.log.read_text()[-2000:]}"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return bool(AdminClient({"bootstrap.servers": self.bootstrap}).list_topics(timeout=2).brokers)
        except (OSError, KafkaException):
            return False

    def _java(self) -> list[str]:
        return ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.class_path}/*"]


def _cluster_id() -> str:
    """A random UUID as Kafka writes it: base64, 22 characters, not beginning with a dash."""
    return base64.urlsafe_b64encode(b"K" + uuid4().bytes[1:]).decode().rstrip("=")


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
