"""One HTTP call is bounded in time and size, whatever dribbles in."""

import datetime
import ipaddress
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edgelock.kalshi.rest_call import BODY_BYTES_MAX, CallLimits, VenueConnection, VenueUnreachable
from tests.kalshi.loopback_venue import LoopbackVenue, Reply

FOR_EVER = 100_000
DEADLINE_S = 0.3


def a_connection(venue):
    """Nothing but the deadline can end a call: single reads may wait for long."""
    return VenueConnection(venue.url, None, CallLimits(connect_s=60, read_s=60))


def call(connection, method="GET"):
    return connection.send(method, "/exchange/status", deadline=time.monotonic() + DEADLINE_S)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of this machine: the server's context, and the file that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("reply", [Reply(body={}, drip=FOR_EVER), Reply(body={}, drip_head=FOR_EVER)])
def test_an_answer_that_drips_ends_at_the_deadline(reply, method):
    with LoopbackVenue(reply) as venue:
        connection = a_connection(venue)
        with pytest.raises(VenueUnreachable, match=f"^{method} /exchange/status: the answer did not end in time$"):
            call(connection, method)
        connection.close()


def test_an_answer_that_drips_through_tls_ends_at_the_deadline(certificate):
    context, path = certificate
    with LoopbackVenue(Reply(body={}), Reply(body={}, drip_head=FOR_EVER), tls=context) as venue:
        connection = a_connection(venue)
        connection._session.verify = str(path)
        assert call(connection).body == b"{}"
        with pytest.raises(VenueUnreachable, match="did not end in time"):
            call(connection)
        connection.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    with LoopbackVenue(Reply(body={}), tls=certificate[0]) as venue:
        connection = a_connection(venue)
        with pytest.raises(VenueUnreachable, match="SSLError"):
            call(connection)
        connection.close()

    assert venue.asked == []


def test_a_connection_is_kept_and_every_call_has_its_own_deadline():
    with LoopbackVenue(Reply(body={}), Reply(body={}, drip=2), Reply(body={})) as venue:
        connection = a_connection(venue)
        for _ in range(3):
            assert call(connection).body.strip() == b"{}"
        connection.close()

    assert len(venue.asked) == 3


@pytest.mark.parametrize("late", [{"drip": 20}, {"drip_head": 20}])
def test_an_answer_that_came_too_late_is_never_taken_for_the_next_one(late):
    with LoopbackVenue(Reply(body={"of": "the first"}, **late), Reply(body={"of": "the second"})) as venue:
        connection = a_connection(venue)
        with pytest.raises(VenueUnreachable, match="did not end in time"):
            call(connection)
        second = connection.send("GET", "/exchange/status", deadline=time.monotonic() + 60)
        connection.close()

    assert second.body == b'{"of": "the second"}'


def test_a_body_that_ends_too_early_is_no_answer():
    with LoopbackVenue(Reply(body=b"{}" + b" " * 100, cut_after=50)) as venue:
        connection = a_connection(venue)
        with pytest.raises(VenueUnreachable):
            call(connection)
        connection.close()


def test_a_huge_body_is_not_read_to_its_end():
    with LoopbackVenue(Reply(body=b" " * (BODY_BYTES_MAX + 1))) as venue:
        connection = VenueConnection(venue.url, None, CallLimits())
        with pytest.raises(VenueUnreachable, match="longer than"):
            connection.send("GET", "/markets", deadline=time.monotonic() + 60)
        connection.close()
