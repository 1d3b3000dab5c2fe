import pytest
from django.utils import translation

from dangol.channels.email.autoconfig import Endpoint, provider_at, provider_of


@pytest.mark.parametrize(
    ("address", "imap", "smtp"),
    [
        ("minji@gmail.com", ("imap.gmail.com", 993, "tls"), ("smtp.gmail.com", 465, "tls")),
        ("Minji@NAVER.com", ("imap.naver.com", 993, "tls"), ("smtp.naver.com", 465, "tls")),
        ("minji@daum.net", ("imap.daum.net", 993, "tls"), ("smtp.daum.net", 465, "tls")),
        ("minji@hanmail.net", ("imap.daum.net", 993, "tls"), ("smtp.daum.net", 465, "tls")),
        ("minji@kakao.com", ("imap.kakao.com", 993, "tls"), ("smtp.kakao.com", 465, "tls")),
        ("minji@nate.com", ("imap.nate.com", 993, "tls"), ("smtp.mail.nate.com", 465, "tls")),
        ("icloud.com", ("imap.mail.me.com", 993, "tls"), ("smtp.mail.me.com", 587, "starttls")),
    ],
)
def test_known_domains_have_their_servers(
    address: str, imap: tuple[str, int, str], smtp: tuple[str, int, str]
) -> None:
    provider = provider_of(address)
    assert provider.is_known
    assert provider.imap == Endpoint(*imap)  # type: ignore[arg-type]
    assert provider.smtp == Endpoint(*smtp)  # type: ignore[arg-type]


def test_every_other_domain_is_a_guess_that_says_so() -> None:
    provider = provider_of("shop@moonburger.test")
    assert not provider.is_known
    assert provider.imap == Endpoint("imap.moonburger.test", 993, "tls")
    assert provider.smtp == Endpoint("smtp.moonburger.test", 465, "tls")
    assert str(provider.hint) == ""


@pytest.mark.parametrize(
    "domain", ["gmail.com", "naver.com", "daum.net", "kakao.com", "icloud.com", "yahoo.com"]
)
def test_who_asks_for_an_app_password_is_told_before_the_first_try(domain: str) -> None:
    provider = provider_of(domain)
    assert provider.password == "app"
    with translation.override("en"):
        assert "app password" in str(provider.hint)
    with translation.override("ko"):
        assert "앱 비밀번호" in str(provider.hint)


def test_microsofts_closed_door_is_known() -> None:
    assert provider_of("minji@hotmail.com").password == "closed"


def test_a_business_with_its_own_domain_is_recognised_by_the_server_it_uses() -> None:
    naver = provider_at("SMTP.naver.com.")
    assert naver is not None
    assert naver.name == "Naver"
    assert provider_at("smtp.moonburger.test") is None
    assert provider_at("127.0.0.1") is None
